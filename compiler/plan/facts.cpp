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
  std::vector<ValueId> open{condition};
  while (!open.empty()) {
    const ir::Instr* in = function_.definition(open.back());
    open.pop_back();
    if (!in) continue;
    const std::string_view op = ops::info(in->op).name;
    if (op == "reduce_all" || op == "and") {
      open.insert(open.end(), in->operands.begin(), in->operands.end());
    } else if (op == "ge" || op == "lt") {
      const auto bound = uniform(function_, in->operands[1]);
      if (!bound || (op == "ge" && !(*bound == Dim(0)))) continue;
      const ValueId v = source(function_, in->operands[0]);
      conditions_[v].push_back({op == "ge", *bound});
      order_.push_back(v);
    }
  }
}

void Facts::forget(std::size_t mark) {
  for (; order_.size() > mark; order_.pop_back()) conditions_[order_.back()].pop_back();
}

bool Facts::valid_subscript(ValueId v, const Dim& extent) const {
  const auto at = conditions_.find(source(function_, v));
  if (at == conditions_.end()) return false;
  const auto known = [&](bool low) {
    return std::ranges::any_of(at->second,
                               [&](const Condition& c) { return c.low == low && (low || c.extent == extent); });
  };
  return known(true) && known(false);
}

}  // namespace rg::plan
