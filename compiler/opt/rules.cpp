#include "compiler/opt/rules.h"

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/opt/arithmetic_rules.h"
#include "compiler/opt/choice_rules.h"
#include "compiler/opt/contraction_rules.h"
#include "compiler/opt/function_rules.h"
#include "compiler/opt/guard_rules.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;
using X = const std::vector<ValueId>&;
using Found = std::optional<ValueId>;

/// A rule that rebuilds through the builder's folding, and applies where that gave something else than the op itself.
template <auto Fold, class A>
Found folded(Builder& b, X x, const A& a) {
  Block& block = b.function().block(b.current_block());
  const std::size_t before = block.instrs.size();
  const ValueId v = Fold(b, x, a);
  if (block.instrs.size() == before) return v;
  const Instr* def = b.function().definition(v);
  if (def != nullptr && def->op == opcode<ops::Constant>()) return v;
  if (block.instrs.size() == before + 1 && def == &b.function().instrs.back() && def->operands == x &&
      def->attrs == Attributes(a)) {
    block.instrs.pop_back();  // the op itself: emitted again by the caller, who may have it already
    return std::nullopt;
  }
  return v;
}

constexpr auto kAdd = [](Builder& b, X x, const auto&) { return b.add(x[0], x[1]); };
constexpr auto kSub = [](Builder& b, X x, const auto&) { return b.sub(x[0], x[1]); };
constexpr auto kMul = [](Builder& b, X x, const auto&) { return b.mul(x[0], x[1]); };
constexpr auto kDiv = [](Builder& b, X x, const auto&) { return b.div(x[0], x[1]); };
constexpr auto kNeg = [](Builder& b, X x, const auto&) { return b.neg(x[0]); };
constexpr auto kSelect = [](Builder& b, X x, const auto&) { return b.select(x[0], x[1], x[2]); };
constexpr auto kAnd = [](Builder& b, X x, const auto&) { return b.logical_and(x[0], x[1]); };
constexpr auto kOr = [](Builder& b, X x, const auto&) { return b.logical_or(x[0], x[1]); };
constexpr auto kNot = [](Builder& b, X x, const auto&) { return b.logical_not(x[0]); };
constexpr auto kConvert = [](Builder& b, X x, const auto& a) { return b.convert(x[0], a.elem); };
constexpr auto kBroadcast = [](Builder& b, X x, const auto& a) { return b.broadcast(x[0], a.dims, a.axes); };
constexpr auto kTranspose = [](Builder& b, X x, const auto& a) { return b.transpose(x[0], a.axes); };
constexpr auto kReshape = [](Builder& b, X x, const auto& a) { return b.reshape(x[0], a.dims); };
constexpr auto kSlice = [](Builder& b, X x, const auto& a) { return b.slice(x[0], a.starts, a.steps, a.dims); };

Found iota_broadcast(Builder& b, X x, const ops::Broadcast::Attrs& a) {
  const Instr* iota = defined_by<ops::Iota>(b, x[0]);
  if (iota == nullptr) return std::nullopt;
  const auto& index = ops::attrs_of<ops::Iota>(*iota);
  return b.iota(index.elem, a.dims, a.axes[static_cast<std::size_t>(index.axis)]);
}

Found transpose_transpose(Builder& b, X x, const ops::Transpose::Attrs& a) {
  const Instr* inner = defined_by<ops::Transpose>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  std::vector<std::int64_t> composed;
  for (const std::int64_t i : a.axes)
    composed.push_back(ops::attrs_of<ops::Transpose>(*inner).axes[static_cast<std::size_t>(i)]);
  return b.transpose(inner->operands[0], composed);
}

Found reshape_reshape(Builder& b, X x, const ops::Reshape::Attrs& a) {
  const Instr* inner = defined_by<ops::Reshape>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  return b.reshape(inner->operands[0], a.dims);
}

// As the op does it: integers wrap, floating numbers are truncated and saturate, everything but 0 is true.
Found convert_constant(Builder& b, X x, const ops::Convert::Attrs& a) {
  if (!b.splat(x[0])) return std::nullopt;
  const auto c = ops::attrs_of<ops::Constant>(*b.function().definition(b.splat_of(x[0], {})));
  const Elem to = a.elem;
  const std::vector<Dim> dims = b.dims(x[0]);
  if (is_float(to) && b.is_absent(x[0])) return b.absent({to, dims});
  if (is_float(c.elem)) {
    const double v = *b.splat(x[0]);
    return to == Elem::boolean ? b.boolean(v != 0, dims) : b.constant(to, v, dims);
  }
  const std::int64_t v = c.integers[0];
  if (to == Elem::f32) return b.constant(to, static_cast<double>(static_cast<float>(v)), dims);
  if (to == Elem::f64) return b.constant(to, static_cast<double>(v), dims);
  return to == Elem::boolean ? b.boolean(v != 0, dims) : b.integer(to, wrap(to, v), dims);
}

// Views of a splat.
Found splat_view(Builder& b, X x, const std::vector<Dim>& dims) {
  if (!b.splat(x[0])) return std::nullopt;
  return b.splat_of(x[0], dims);
}
template <class A>
Found splat_to_dims(Builder& b, X x, const A& a) {
  return splat_view(b, x, a.dims);
}
Found splat_transposed(Builder& b, X x, const ops::Transpose::Attrs& a) {
  std::vector<Dim> dims;
  for (const std::int64_t i : a.axes) dims.push_back(b.dims(x[0])[static_cast<std::size_t>(i)]);
  return splat_view(b, x, dims);
}

// Left sides for the tests. Parameters are arrays of the size n, of n x m, or numbers.

const Dim kN = Dim::size(0), kM = Dim::size(1);

ValueId number(Builder& b, Elem e) { return b.add_param({e, {}}); }
ValueId vector(Builder& b, Elem e) { return b.add_param({e, {kN}}); }
ValueId matrix(Builder& b, Elem e) { return b.add_param({e, {kN, kM}}); }
/// The constant for every element.
ValueId splat(Builder& b, Elem e, double v) { return b.constant(e, v, {kN}); }
ValueId test(Builder& b, ValueId x) { return b.compare("gt", x, b.zero(x)); }
template <class Op>
ValueId raw(Builder& b, std::vector<ValueId> x, typename Op::Attrs a = {}) {
  return b.emit_op<Op>(std::move(x), std::move(a));
}
/// c x, c y and so on.
ValueId scaled(Builder& b, double c, ValueId x) { return raw<ops::Mul>(b, {b.like(x, c), x}); }
ValueId repeated(Builder& b, ValueId v, std::vector<Dim> to, std::vector<std::int64_t> axes) {
  return raw<ops::Broadcast>(b, {v}, {.axes = std::move(axes), .dims = std::move(to)});
}
ValueId summed(Builder& b, ValueId v, std::vector<std::int64_t> axes) {
  return raw<ops::ReduceSum>(b, {v}, {.axes = std::move(axes)});
}
ValueId contracted(Builder& b, std::vector<ValueId> x, std::vector<ops::Labels> labels) {
  return raw<ops::Contract>(b, std::move(x), {.labels = std::move(labels)});
}
/// [row = column] among n x n.
ValueId diagonal(Builder& b, ValueId yes, ValueId no) {
  return raw<ops::Select>(b,
                          {b.compare("eq", b.iota(Elem::i64, {kN, kN}, 0), b.iota(Elem::i64, {kN, kN}, 1)), yes, no});
}

using enum RuleClass;

/// The equation of an op whose rule sees the op's own attributes.
template <class Op, auto Apply>
Rule of(std::string_view equation, RuleClass kind, std::vector<LeftSide> left) {
  return {Op::name, equation, kind,
          [](Builder& b, X x, const Attributes& a) { return Apply(b, x, a.as<typename Op::Attrs>()); },
          std::move(left)};
}

using B = Builder;
using E = Elem;
using V = ValueId;

const std::vector<Rule>& table() {
  static const std::vector<Rule> rows{
      of<ops::Add, folded<kAdd, ops::Add::Attrs>>(
          "x + (-0) = x, x + 0 = x where x is never -0, constants", exact,
          {[](B& b, E e) { return raw<ops::Add>(b, {vector(b, e), splat(b, e, -0.0)}); },
           [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0), raw<ops::Abs>(b, {vector(b, e)})}); },
           [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}),
      of<ops::Add, add_doubles>("x + x = 2 x, c x + d x = (c + d) x for c, d = 1, 2, 4, …", exact,
                                {[](B& b, E e) {
                                   const V x = vector(b, e);
                                   return raw<ops::Add>(b, {x, x});
                                 },
                                 [](B& b, E e) {
                                   const V x = vector(b, e);
                                   return raw<ops::Add>(b, {x, scaled(b, 2, x)});
                                 },
                                 [](B& b, E e) {
                                   const V x = vector(b, e);
                                   return raw<ops::Add>(b, {scaled(b, -4, x), scaled(b, -2, x)});
                                 }}),
      of<ops::Add, add_any_zero>("x + 0 = x", fast,
                                 {[](B& b, E e) { return raw<ops::Add>(b, {vector(b, e), splat(b, e, 0)}); }}),
      of<ops::Add, add_multiples>("c x + d x = (c + d) x", fast, {[](B& b, E e) {
                                    const V x = vector(b, e);
                                    return raw<ops::Add>(b, {scaled(b, 3, x), scaled(b, 0.1, x)});
                                  }}),
      of<ops::Sub, folded<kSub, ops::Sub::Attrs>>(
          "x - 0 = x, -0 - x = -x, constants", exact,
          {[](B& b, E e) { return raw<ops::Sub>(b, {vector(b, e), splat(b, e, 0)}); },
           [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, -0.0), vector(b, e)}); },
           [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}),
      of<ops::Sub, sub_from_zero>("0 - x = -x", fast,
                                  {[](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, 0), vector(b, e)}); }}),
      of<ops::Mul, folded<kMul, ops::Mul::Attrs>>(
          "1 x = x, -1 x = -x, constants", exact,
          {[](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 1), vector(b, e)}); },
           [](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, -1)}); },
           [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), splat(b, e, 3)}); }}),
      of<ops::Mul, constant_first>(
          "x c = c x, c (-x) = (-c) x for a constant c", exact,
          {[](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, 0.1)}); },
           [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), raw<ops::Neg>(b, {vector(b, e)})}); }}),
      of<ops::Mul, power_of_two_product>("(c x) d = (c d) x where c or d is a power of two and c d is in range",
                                         regrouping,
                                         {[](B& b, E e) { return scaled(b, 2, scaled(b, 0.1, vector(b, e))); },
                                          [](B& b, E e) { return scaled(b, 0.25, scaled(b, 0.1, vector(b, e))); },
                                          [](B& b, E e) { return scaled(b, 0.1, scaled(b, 4, vector(b, e))); },
                                          [](B& b, E e) { return scaled(b, 3, scaled(b, 0.125, vector(b, e))); }}),
      of<ops::Mul, constant_product>("(c x) d = (c d) x", fast,
                                     {[](B& b, E e) { return scaled(b, 3, scaled(b, 0.1, vector(b, e))); }}),
      of<ops::Mul, product_with_reciprocal>("(1 / y) a = a / y", regrouping, {[](B& b, E e) {
                                              const V x = vector(b, e), y = vector(b, e);
                                              return raw<ops::Mul>(b, {raw<ops::Div>(b, {splat(b, e, 1), y}), x});
                                            }}),
      of<ops::Div, folded<kDiv, ops::Div::Attrs>>(
          "x / 1 = x, x / -1 = -x, constants", exact,
          {[](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, 1)}); },
           [](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, -1)}); },
           [](B& b, E e) { return raw<ops::Div>(b, {splat(b, e, 1), splat(b, e, 3)}); }}),
      of<ops::Neg, folded<kNeg, ops::Neg::Attrs>>(
          "-(-x) = x, constants", exact,
          {[](B& b, E e) { return raw<ops::Neg>(b, {raw<ops::Neg>(b, {vector(b, e)})}); },
           [](B& b, E e) { return raw<ops::Neg>(b, {splat(b, e, 0)}); }}),
      of<ops::Select, folded<kSelect, ops::Select::Attrs>>("select(c, x, x) = x, constant conditions", exact,
                                                           {[](B& b, E e) {
                                                              const V x = vector(b, e);
                                                              return raw<ops::Select>(b, {test(b, x), x, x});
                                                            },
                                                            [](B& b, E e) {
                                                              const V x = vector(b, e), y = vector(b, e);
                                                              return raw<ops::Select>(b,
                                                                                      {b.boolean(false, {kN}), x, y});
                                                            }}),
      of<ops::Select, select_known>("under a condition that is known", exact, {[](B& b, E e) {
                                      const V x = vector(b, e), c = test(b, x);
                                      const V inner = raw<ops::Select>(b, {c, x, splat(b, e, 0)});
                                      return raw<ops::Select>(b, {c, raw<ops::Mul>(b, {inner, inner}), splat(b, e, 1)});
                                    }}),
      of<ops::Select, select_of_truths>("select(c, true, false) = c", exact, {[](B& b, E e) {
                                          const V c = test(b, vector(b, e));
                                          const V chosen =
                                              raw<ops::Select>(b, {c, b.boolean(true, {kN}), b.boolean(false, {kN})});
                                          return raw<ops::Convert>(b, {chosen}, {.elem = e});
                                        }}),
      of<ops::GuardedMul, guarded_product>("under a condition that is known", exact, {[](B& b, E e) {
                                             const V x = vector(b, e), y = vector(b, e);
                                             return raw<ops::GuardedMul>(b, {b.boolean(true, {kN}), x, y});
                                           }}),
      of<ops::Ne, unequal_constants>("of constants", exact, {[](B& b, E e) {
                                       return raw<ops::Convert>(b, {raw<ops::Ne>(b, {splat(b, e, 1), splat(b, e, 0)})},
                                                                {.elem = e});
                                     }}),
      of<ops::And, folded<kAnd, ops::And::Attrs>>(
          "x and true = x", exact, {[](B& b, E e) {
            const V x = vector(b, e);
            return raw<ops::Convert>(b, {raw<ops::And>(b, {test(b, x), b.boolean(true, {kN})})}, {.elem = e});
          }}),
      of<ops::Or, folded<kOr, ops::Or::Attrs>>(
          "x or false = x", exact, {[](B& b, E e) {
            const V x = vector(b, e);
            return raw<ops::Convert>(b, {raw<ops::Or>(b, {b.boolean(false, {kN}), test(b, x)})}, {.elem = e});
          }}),
      of<ops::Not, folded<kNot, ops::Not::Attrs>>("not not x = x", exact, {[](B& b, E e) {
                                                    const V c = test(b, vector(b, e));
                                                    return raw<ops::Convert>(
                                                        b, {raw<ops::Not>(b, {raw<ops::Not>(b, {c})})}, {.elem = e});
                                                  }}),
      of<ops::PowI, powi_small>("x^0 = 1, x^1 = x, x^2 = x x", exact,
                                {[](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 0}); },
                                 [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 1}); },
                                 [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 2}); }}),
      of<ops::Square, square_product>("x^2 = x x", exact,
                                      {[](B& b, E e) { return raw<ops::Square>(b, {vector(b, e)}); }}),
      of<ops::Mul, cancelled_factor>(
          "c Σ (d x) y = ± Σ x y where c d = ±1 are powers of two", regrouping,
          {[](B& b, E e) {
             return scaled(b, 2, contracted(b, {scaled(b, 0.5, matrix(b, e)), vector(b, e)}, {{0, 1}, {0}, {1}}));
           },
           [](B& b, E e) {
             return scaled(b, 4, contracted(b, {matrix(b, e), scaled(b, -0.25, vector(b, e))}, {{0, 1}, {0}, {1}}));
           }}),
      of<ops::Mul, square_of_root>("r r = s where r is the root of a sum of squares s", regrouping, {[](B& b, E e) {
                                     const V x = vector(b, e), r = raw<ops::Sqrt>(b, {raw<ops::Mul>(b, {x, x})});
                                     return raw<ops::Mul>(b, {r, r});
                                   }}),
      of<ops::Log, log_of_erfc>("log erfc x = log_erfc x", regrouping,
                                {[](B& b, E e) { return raw<ops::Log>(b, {raw<ops::Erfc>(b, {vector(b, e)})}); }}),
      of<ops::Convert, convert_constant>(
          "of constants", exact,
          {[](B& b, E e) { return raw<ops::Convert>(b, {b.integer(Elem::i64, 9007199254740993, {kN})}, {.elem = e}); },
           [](B& b, E e) { return raw<ops::Convert>(b, {b.constant(Elem::f64, 0.1, {kN})}, {.elem = e}); },
           [](B& b, E e) {
             const V integer = raw<ops::Convert>(b, {b.constant(Elem::f64, 1e300, {kN})}, {.elem = Elem::i32});
             return raw<ops::Convert>(b, {integer}, {.elem = e});
           }}),
      of<ops::Convert, folded<kConvert, ops::Convert::Attrs>>(
          "of its own type", exact, {[](B& b, E e) { return raw<ops::Convert>(b, {vector(b, e)}, {.elem = e}); }}),
      of<ops::Broadcast, iota_broadcast>("of an index is an index", exact,
                                         {[](B& b, E e) { return repeated(b, b.iota(e, {kM}, 0), {kN, kM}, {1}); }}),
      of<ops::Broadcast, broadcast_of_choice>(
          "of a choice between constants", exact, {[](B& b, E e) {
            const V c = test(b, vector(b, e));
            return repeated(b, raw<ops::Select>(b, {c, splat(b, e, 1), splat(b, e, -0.0)}), {kN, kM}, {0});
          }}),
      of<ops::Broadcast, folded<kBroadcast, ops::Broadcast::Attrs>>(
          "of a broadcast or a constant", exact,
          {[](B& b, E e) { return repeated(b, repeated(b, number(b, e), {kN}, {}), {kN, kM}, {0}); },
           [](B& b, E e) { return repeated(b, splat(b, e, -0.0), {kN, kM}, {0}); }}),
      of<ops::Transpose, splat_transposed>(
          "of a constant", exact,
          {[](B& b, E e) { return raw<ops::Transpose>(b, {b.constant(e, -0.0, {kN, kM})}, {.axes = {1, 0}}); }}),
      of<ops::Transpose, transpose_transpose>(
          "of a transpose", exact, {[](B& b, E e) {
            return raw<ops::Transpose>(b, {raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}})}, {.axes = {1, 0}});
          }}),
      of<ops::Transpose, folded<kTranspose, ops::Transpose::Attrs>>(
          "identity", exact, {[](B& b, E e) { return raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {0, 1}}); }}),
      of<ops::Reshape, splat_to_dims<ops::Reshape::Attrs>>(
          "of a constant", exact,
          {[](B& b, E e) { return raw<ops::Reshape>(b, {b.constant(e, -0.0, {kN, kM})}, {.dims = {kN * kM}}); }}),
      of<ops::Reshape, reshape_reshape>("of a reshape", exact, {[](B& b, E e) {
                                          const V flat = raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN * kM}});
                                          return raw<ops::Reshape>(b, {flat}, {.dims = {kM, kN}});
                                        }}),
      of<ops::Reshape, folded<kReshape, ops::Reshape::Attrs>>(
          "identity", exact, {[](B& b, E e) { return raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN, kM}}); }}),
      of<ops::Slice, splat_to_dims<ops::Slice::Attrs>>(
          "of a constant", exact, {[](B& b, E e) {
            return raw<ops::Slice>(b, {splat(b, e, -0.0)}, {.dims = {kN}, .starts = {0}, .steps = {1}});
          }}),
      of<ops::Slice, folded<kSlice, ops::Slice::Attrs>>(
          "identity", exact,
          {[](B& b, E e) { return raw<ops::Slice>(b, {vector(b, e)}, {.dims = {kN}, .starts = {0}, .steps = {1}}); }}),
      of<ops::Gather, gather_of_affine>("x[i + c] over an index i is a slice", exact, {[](B& b, E e) {
                                          return raw<ops::Gather>(b, {matrix(b, e), b.iota(Elem::i64, {kN}, 0)},
                                                                  {.labels = {{-1, 1}, {0}, {0, 1}}});
                                        }}),
      of<ops::ScatterAdd, scatter_at_affine>(
          "at i + c over an index i is place", exact, {[](B& b, E e) {
            const V index = b.add(b.iota(Elem::i64, {kN}, 0), b.integer(Elem::i64, 2, {kN}));
            return raw<ops::ScatterAdd>(b, {vector(b, e), index}, {.dims = {kN + Dim(3)}, .labels = {{0}, {0}, {-1}}});
          }}),
      of<ops::ReduceSum, sum_of_negative>("of -x is 0 less the sum of x", exact,
                                          {[](B& b, E e) { return summed(b, raw<ops::Neg>(b, {matrix(b, e)}), {1}); }}),
      of<ops::ReduceSum, sum_of_doubles>("of c x is c times the sum of x for c = 1, 2, 4, …", regrouping,
                                         {[](B& b, E e) { return summed(b, scaled(b, 4, matrix(b, e)), {1}); }}),
      of<ops::ReduceSum, sum_of_multiple>("of c x is c times the sum of x", fast,
                                          {[](B& b, E e) { return summed(b, scaled(b, 0.1, matrix(b, e)), {1}); }}),
      of<ops::ReduceSum, sum_of_picked>(
          "of terms picked by an index is a scatter", regrouping, {[](B& b, E e) {
            const V x = matrix(b, e);
            const V best = raw<ops::ArgMax>(b, {x}, {.axis = 1});
            const V here = b.compare("eq", b.iota(Elem::i64, {kN, kM}, 1), b.broadcast(best, {kN, kM}, {0}));
            return summed(b, raw<ops::Select>(b, {here, x, b.constant(e, 0, {kN, kM})}), {0});
          }}),
      of<ops::ReduceSum, sum_of_broadcast>(
          "of repeated terms is a multiple", regrouping,
          {[](B& b, E e) { return summed(b, repeated(b, vector(b, e), {kN, kM}, {0}), {1}); },
           [](B& b, E e) { return summed(b, b.constant(e, 0.1, {kN, kM}), {1}); }}),
      of<ops::ReduceSum, sum_of_product>("of a product with a broadcast is a contraction", regrouping, {[](B& b, E e) {
                                           const V x = matrix(b, e), y = b.add_param({e, {kM}});
                                           return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {1})}), {1});
                                         }}),
      of<ops::ReduceSum, sum_of_scaled>("of a product with a number is a contraction", fast, {[](B& b, E e) {
                                          const V x = matrix(b, e), y = number(b, e);
                                          return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {})}), {1});
                                        }}),
      of<ops::ReduceSum, sum_of_scaled_contract>(
          "of a contraction by a number is the number times its sum", contraction, {[](B& b, E e) {
            const V x = matrix(b, e), y = matrix(b, e);
            const V inner = contracted(b, {x, y}, {{0, 1}, {2, 1}, {0, 2}});
            return summed(b, raw<ops::Mul>(b, {repeated(b, number(b, e), {kN, kN}, {}), inner}), {0});
          }}),
      of<ops::ReduceSum, sum_of_contract>("of a contraction is a contraction", regrouping, {[](B& b, E e) {
                                            const V x = matrix(b, e), y = matrix(b, e);
                                            return summed(b, contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}}), {0});
                                          }}),
      of<ops::Contract, contract_of_absent>("of an absent derivative is absent", exact, {[](B& b, E e) {
                                              return contracted(b, {vector(b, e), b.absent({e, {kN}})}, {{0}, {0}, {}});
                                            }}),
      of<ops::Contract, contract_of_scaled>(
          "numbers and sums of one operand go outside, products with broadcasts are operands", fast, {[](B& b, E e) {
            const V x = vector(b, e), y = vector(b, e);
            return contracted(b, {raw<ops::Mul>(b, {repeated(b, number(b, e), {kN}, {}), x}), y}, {{0}, {0}, {}});
          }}),
      of<ops::Contract, contract_with_delta>("with [i = j] of a derivative renames", regrouping, {[](B& b, E e) {
                                               const V x = matrix(b, e);
                                               const V delta =
                                                   diagonal(b, b.constant(e, 0.1, {kN, kN}), b.absent({e, {kN, kN}}));
                                               return contracted(b, {x, delta}, {{0, 1}, {0, 2}, {1, 2}});
                                             }}),
      of<ops::Contract, contract_of_views>("views and numbers in operands", regrouping,
                                           {[](B& b, E e) {
                                              const V x = raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}}),
                                                      y = vector(b, e);
                                              return contracted(b, {x, y}, {{1, 0}, {0}, {1}});
                                            },
                                            [](B& b, E e) {
                                              const V x = matrix(b, e), y = repeated(b, vector(b, e), {kN, kM}, {0});
                                              return contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}});
                                            },
                                            [](B& b, E e) {
                                              const V x = vector(b, e), y = number(b, e);
                                              return contracted(b, {y, x}, {{}, {0}, {}});
                                            },
                                            [](B& b, E e) {
                                              const V x = vector(b, e), y = vector(b, e);
                                              return contracted(b, {x, y}, {{0}, {0}, {0}});
                                            }}),
      of<ops::Contract, contract_of_negative>("of -x is 0 less the contraction of x", exact, {[](B& b, E e) {
                                                const V x = raw<ops::Neg>(b, {matrix(b, e)}), y = vector(b, e);
                                                return contracted(b, {x, y}, {{0, 1}, {0}, {1}});
                                              }}),
      of<ops::Contract, contract_by_parts>(
          "outer products and products with contractions are operands, their numbers go outside, sums of one operand "
          "are "
          "inside",
          contraction,
          {[](B& b, E e) {
             const V x = matrix(b, e), y = b.add_param({e, {kM, Dim(3)}});
             return contracted(b, {x, y}, {{0, 1}, {1, 2}, {2}});
           },
           [](B& b, E e) {
             const V x = vector(b, e), y = b.add_param({e, {kM}}), z = matrix(b, e);
             const V outer = raw<ops::Mul>(b, {repeated(b, x, {kN, kM}, {0}), repeated(b, y, {kN, kM}, {1})});
             return contracted(b, {outer, z}, {{0, 1}, {0, 1}, {0}});
           },
           [](B& b, E e) {
             const V x = matrix(b, e), y = vector(b, e);
             const V inner = contracted(b, {x, y}, {{0, 1}, {0}, {1}});
             return contracted(b, {scaled(b, 0.1, inner), b.add_param({e, {kM}})}, {{0}, {0}, {}});
           }}),
  };
  return rows;
}
}  // namespace

std::string_view name(RuleClass c) {
  constexpr std::string_view names[] = {"exact", "regrouping", "contraction", "fast"};
  return names[static_cast<std::size_t>(c)];
}

std::span<const Rule> rules() { return table(); }

}  // namespace rg::opt
