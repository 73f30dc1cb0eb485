// What an op is: a struct of static members in one of this folder's headers, listed at the header's end. Everything
// else about it is generated from the struct by rows.h and by the templates of the phases.
//
// A struct says:
//   name, doc        the op's name in IR text (and in `.rg`, when `builtin`), and one sentence with its formula
//   infer            the result types from operand types and attributes, or the reason why there are none
//   eval             what the op means, for the oracle. Of elementwise ops it is the function of one element, on
//                    floating values a template over their type T; of others template <class S> static void eval(S& s)
//                    over tensors: `operands`, `results` (made with the right shapes, zero filled), `attrs` (extents
//                    are numbers); floating elements are of type S::Number, with their arithmetic in `numbers`; a
//                    failure is a message in `error`
//   derivative       one of the classes below, and the functions that the class asks for
//   batch            the op over a new leading axis (derived for elementwise ops)
//   One of these says how the op is computed:
//   lower            for elementwise ops: scalar or vector code against the abstract builder of vecmath/vecmath.h
//   element          template <class E> static auto element(const ElementSite<E, Attrs>& s, const Index& index): one
//                    element of the result from elements of the operands (element.h). With `monoid`, what a reduction
//                    folds with, it is what is done where the reduced extents are small constants
//   kernel           Kernel: a function of the runtime computes all results at once (kernel.h)
//                    Derivatives of the class `control` and what stands beside them are for the plan itself.
//   samples          for elementwise ops: where its tests draw operands from, and special points; where the op has
//                    attributes, sample_attrs() for its tests and check(), which says what is wrong with them, if
//                    anything
//   consistent       for elementwise ops whose last operand is a function of the others: all operands, from the others
//   examples         for other ops: operands and attributes for its tests (example.h)
//
// Derivative classes and what the author writes (templates over the builder B, so that the formula is one text):
//   by_partials          static std::array<V, N> partials(B& b, V x1, …, V xN, V y): dy/dx_k elementwise, from operands
//                        and the result. Where a partial derivative can overflow though its product with a tangent
//                        or an adjoint t does not, also static V scaled(B& b, int k, V t, V x1, …, V xN, V y):
//                        dy/dx_k t
//   linear, multilinear  static V transpose(Site<B>& s, int k, V y_adj): the adjoint that operand k receives. Linear is
//                        jointly linear in all floating operands, multilinear in each separately.
//   by_expansion         static std::vector<V> expand(Site<B>& s): the op in simpler ops, used only to differentiate
//   custom               static std::vector<V> jvp(Site<B>&, span<const V> x_tan), static std::vector<V>
//                        vjp(Site<B>&, span<const V> y_adj); an invalid V stands for zero in arguments and results
//   not_differentiable   static constexpr std::string_view reason
//   control              differentiated by ad/ itself: the structured control flow and calls
//
// Hard zeros. A derivative carries predicates: where one is false, the derivative is exactly 0 and no partial
// derivative that it meets (infinite, NaN) makes anything else of it. How a predicate passes an op:
//   guard    static V guard(Site<B>& s, int k): of an op whose result is one of its operands, where it is operand k. It
//            is where a predicate begins.
//   reach    static V reach(Site<B>& s, int k, V y_pred): which elements of operand k take part in an element of the
//            result that the predicate picks
//   reached  static V reached(Site<B>& s, span<const V> x_pred): which elements of the result have part in an element
//            of some operand that its predicate picks; an invalid V stands for an operand of which no element is picked
// Elementwise ops have both by default: the predicate as it is, and "or" over the operands. So have ops that move
// elements (`moves_elements`): the transpose of the predicate, and the op on predicates. All others say theirs.
//   reads_all  whether every element of each operand is in the result; of a moving op that leaves some unread (slice),
//              a predicate begins at the operand
//   fills      whether the result has elements that are in no operand (place): there a predicate begins at the result
//   smooth     of elementwise ops: partial derivatives are finite wherever operands are (also where the function
//              overflows)
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/ops/example.h"
#include "compiler/support/result.h"

namespace rg::ops {

using ir::Attributes;
using ir::Dim;
using ir::Elem;
using ir::field;
using ir::Integers;
using ir::NoAttrs;
using ir::Tensor;
using ir::Type;

enum class Derivative { by_partials, linear, multilinear, by_expansion, custom, not_differentiable, control };

/// Types of a region: its parameters and what it yields.
struct RegionTypes {
  std::vector<Type> params;
  std::vector<Type> yields;
};

/// What a type rule sees; A is the op's struct of attributes.
template <class A = NoAttrs>
struct Input {
  std::span<const Type> operands;
  const A& attrs;
  std::span<const RegionTypes> regions = {};
  std::span<const std::string> size_names = {};  // for messages
};
using InferInput = Input<Attributes>;
using Inferred = Result<std::vector<Type>>;

/// An instruction at which a rule builds code: `operands` and `results` are values of the function being built.
/// A is the op's struct of attributes.
template <class B, class A = NoAttrs>
struct Site {
  using V = typename B::Val;
  B& b;
  const A& attrs;
  std::span<const V> operands;
  std::span<const V> results;

  V x(int k) const { return operands[static_cast<std::size_t>(k)]; }
  V y(int k = 0) const { return results[static_cast<std::size_t>(k)]; }
  const Type& x_type(int k) const { return b.type(x(k)); }
};

/// The attributes of an instruction of the op.
template <class Op>
const typename Op::Attrs& attrs_of(const ir::Instr& instr) {
  return instr.attrs.as<typename Op::Attrs>();
}

/// "Or" of the predicates that are valid; an invalid one holds nowhere.
template <class B, class V = typename B::Val>
V any_of(B& b, std::span<const V> predicates) {
  V all{};
  for (const V p : predicates) {
    if (p.valid()) all = all.valid() ? b.logical_or(all, p) : p;
  }
  return all;
}

/// Cost of a division or a root, and of a function such as exp.
inline constexpr int kDivisionCost = 8, kFunctionCost = 12;

/// What an elementwise op does to element types.
enum class ElemRule {
  floating,  // (T, …) -> T, T floating
  number,    // (T, …) -> T, T floating or integer
  integer,   // (T, …) -> T, T integer
  boolean,   // (bool, …) -> bool
  compare,   // (T, T) -> bool, T any
  test,      // (T) -> bool, T floating
  select,    // (bool, T, T) -> T
  guarded,   // (bool, T, T) -> T, T floating
  convert,   // (T) -> attrs.elem
};

/// Whether the first operand is a condition.
constexpr bool has_condition(ElemRule rule) { return rule == ElemRule::select || rule == ElemRule::guarded; }

/// Where tests draw the operands of an elementwise op from; `special` points are tested besides, in every operand.
struct Samples {
  double low = -3;
  double high = 3;
  std::array<double, 8> special = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.0,
                                   std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity(),
                                   std::numeric_limits<double>::quiet_NaN(),
                                   0.5};
  /// Error allowed to compiled code against eval, in units in the last place (f64; f32 the same).
  double ulp = 4;
  /// Errors allowed to compiled partial derivatives and to theirs against exact ones, over the whole range of operands:
  /// in units in the last place of the derivative, or in what one in an operand makes of it where that is more.
  double partial_ulp = 8;
  double second_ulp = 32;
  /// Second operand's own interval, where it differs (pow, atan2); equal bounds mean the first's.
  double low2 = 0;
  double high2 = 0;
};

/// Base of every op: the defaults that an op may hide by its own member.
struct OpBase {
  /// What the op is besides its operands (ir/attributes.h).
  using Attrs = NoAttrs;
  static constexpr bool elementwise = false;
  static constexpr bool builtin = false;  // callable by its name in `.rg`, operands as written
  static constexpr bool commutative = false;
  static constexpr bool effect = false;  // kept though nothing reads a result
  /// For linear ops that only move elements: `transpose` carries a bool predicate as well (sum is then "any").
  static constexpr bool moves_elements = false;
  static constexpr bool reads_all(const auto&) { return true; }
  static constexpr bool fills(const auto&) { return false; }
  static constexpr bool smooth = false;
  static constexpr int regions = 0;
  /// An element of the result is one of the operand's, at an index that is computed from its own.
  static constexpr bool is_view = false;
  /// Elements of the result come from different operands or none, by their index.
  static constexpr bool in_pieces = false;
  /// Elements differ by more than their index: written out, each may be simpler than a loop's.
  static constexpr bool is_uneven = false;
  /// Which elements are zero can be seen from the operands.
  static constexpr bool shows_zeros = false;
  /// Of elementwise ops: operations on one element, in additions.
  static constexpr int cost = 1;
  static constexpr std::string_view reason = "";
};

/// Base of elementwise ops on N operands of equal shape; scalars are not stretched, `broadcast` is an op.
template <int N, ElemRule Rule>
struct Elementwise : OpBase {
  static constexpr bool elementwise = true;
  static constexpr bool builtin = true;
  static constexpr int operands = N;
  static constexpr ElemRule rule = Rule;
  static constexpr Samples samples = {};
};

/// The ops of a header, or of all of them.
template <class... Ops>
struct OpList {
  static constexpr std::size_t size = sizeof...(Ops);
};

template <class... A, class... B>
consteval OpList<A..., B...> operator+(OpList<A...>, OpList<B...>) {
  return {};
}

}  // namespace rg::ops
