#include "compiler/plan/facts.h"

#include <algorithm>
#include <optional>

#include "compiler/ops/registry.h"
#include "compiler/plan/dag.h"

namespace rg::plan {

using ir::Dim;
using ir::ValueId;

namespace {

// The value whose elements, repeated or in another integer type, v has.
ValueId source(const ir::Function& f, ValueId v) {
  for (;;) {
    const std::string_view op = op_name(f, v);
    if (op != "broadcast" && op != "convert") return v;
    const ValueId x = f.definition(v)->operands[0];
    if (op == "convert" && (ir::is_float(f.type(x).elem) || f.type(v).elem != ir::Elem::i64)) return v;
    v = x;
  }
}

// The one integer that all elements of v are.
std::optional<Dim> uniform(const ir::Function& f, ValueId v) {
  const ir::Instr* in = f.definition(source(f, v));
  if (!in) return std::nullopt;
  const std::string_view op = ops::info(in->op).name;
  if (op == "size") return in->attrs.dims[0];
  if (op == "constant" && in->attrs.integers.size() == 1) return Dim(in->attrs.integers[0]);
  return std::nullopt;
}

}  // namespace

void Facts::assume(ValueId condition) {
  const ir::Instr* in = function_.definition(condition);
  if (!in) return;
  const std::string_view op = ops::info(in->op).name;
  if (op == "reduce_all" || op == "and") {
    for (const ValueId x : in->operands) assume(x);
  } else if (op == "ge" || op == "lt") {
    const auto bound = uniform(function_, in->operands[1]);
    if (bound && (op == "lt" || *bound == Dim(0)))
      conditions_.push_back({source(function_, in->operands[0]), op == "ge", *bound});
  }
}

bool Facts::valid_subscript(ValueId v, const Dim& extent) const {
  const ValueId x = source(function_, v);
  const auto known = [&](bool low) {
    return std::ranges::any_of(
        conditions_, [&](const Condition& c) { return c.v == x && c.low == low && (low || c.extent == extent); });
  };
  return known(true) && known(false);
}

}  // namespace rg::plan
