// The table of ops as data, generated from the list in all.h: what passes, verifier, printer, interpreter and checker
// ask about an op without naming it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/ops/kernel.h"
#include "compiler/ops/monoid.h"
#include "compiler/ops/op.h"
#include "compiler/ops/opcode.h"

namespace rg::ir {
class Builder;
}

namespace rg::ops {

using ir::Builder;
using ir::ValueId;

/// The place of a rule, whatever the op: its struct of attributes is in `attrs`.
template <class B>
using AnySite = Site<B, Attributes>;

/// One row. Function pointers that an op's class does not have are null.
struct OpInfo {
  Opcode code;
  std::string_view name;
  std::string_view doc;
  const ir::AttrsType* attrs = nullptr;  // what it is besides its operands
  bool elementwise = false;
  bool builtin = false;
  bool commutative = false;
  bool effect = false;
  bool moves_elements = false;
  bool smooth = false;
  bool is_view = false;
  bool in_pieces = false;
  bool is_uneven = false;
  bool shows_zeros = false;
  std::optional<Monoid> monoid;  // of reductions
  /// Of kernel ops: the runtime's functions by element type, and the bytes that they work in.
  std::span<const Kernel> kernels;
  Dim (*workspace)(std::span<const Type> operands, const ir::Attributes& attrs) = nullptr;
  int operands = -1;  // -1: any number
  int cost = 0;       // of elementwise ops: operations on one element, in additions
  int regions = 0;
  Derivative derivative = Derivative::not_differentiable;
  std::string_view reason;
  ElemRule rule = ElemRule::floating;
  Samples samples;
  Inferred (*infer)(const InferInput&) = nullptr;
  /// by_partials: all partials.
  std::vector<ValueId> (*partials)(AnySite<Builder>&) = nullptr;
  /// by_partials, where there is one: the product of partial k and t.
  ValueId (*scaled)(AnySite<Builder>&, int k, ValueId t) = nullptr;
  /// linear, multilinear.
  ValueId (*transpose)(AnySite<Builder>&, int k, ValueId y_adj) = nullptr;
  std::vector<ValueId> (*expand)(AnySite<Builder>&) = nullptr;
  std::vector<ValueId> (*jvp)(AnySite<Builder>&, std::span<const ValueId> x_tan) = nullptr;
  std::vector<ValueId> (*vjp)(AnySite<Builder>&, std::span<const ValueId> y_adj) = nullptr;
  /// What generated tests run the op on, for operands of the element type; empty where the op does not take it.
  std::vector<Example> (*examples)(Elem) = nullptr;
  /// Where the result is operand k (select); null where every operand always takes part.
  ValueId (*guard)(AnySite<Builder>&, int k) = nullptr;
  /// Predicates of an operand from the result's, and of the result from the operands'. Null where nothing passes.
  ValueId (*reach)(AnySite<Builder>&, int k, ValueId y_pred) = nullptr;
  ValueId (*reached)(AnySite<Builder>&, std::span<const ValueId> x_pred) = nullptr;
  bool (*reads_all)(const ir::Attributes&) = nullptr;
  bool (*fills)(const ir::Attributes&) = nullptr;
  /// multilinear: the terms x_1 … t … x_n with t in place of operand k, and the transpose of them, where t (y_adj) is a
  /// hard zero outside of the predicate: no other operand makes anything else of it.
  ValueId (*guarded_term)(AnySite<Builder>&, int k, ValueId t, ValueId t_pred) = nullptr;
  ValueId (*guarded_transpose)(AnySite<Builder>&, int k, ValueId y_adj, ValueId y_pred) = nullptr;
  /// The op with a leading axis of the given extent on the operands marked in `batched`; results carry it leading.
  std::vector<ValueId> (*batch)(AnySite<Builder>&, std::span<const bool> batched, const Dim& extent) = nullptr;
};

/// All ops, indexed by opcode.
std::span<const OpInfo> all_ops();
const OpInfo& info(Opcode code);
std::optional<Opcode> opcode_named(std::string_view name);

}  // namespace rg::ops
