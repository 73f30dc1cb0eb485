#include "compiler/plan/build/facts.h"

#include <algorithm>
#include <optional>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/build/dag.h"

namespace rg::plan {

using ir::Dim;
using ir::ValueId;
using ops::opcode;

namespace {

// The value whose elements, repeated or in another integer type, v has.
ValueId source(const ir::Function& f, ValueId v) {
  for (;;) {
    const bool converted = is_op<ops::Convert>(f, v);
    if (!converted && !is_op<ops::Broadcast>(f, v)) return v;
    const ValueId x = f.definition(v)->operands[0];
    if (converted && (ir::is_float(f.type(x).elem) || f.type(v).elem != ir::Elem::i64)) return v;
    v = x;
  }
}

// The one integer that all elements of v are.
std::optional<Dim> uniform(const ir::Function& f, ValueId v) {
  const ir::Instr* in = f.definition(source(f, v));
  if (!in) return std::nullopt;
  if (const auto* a = in->attrs.get_if<ops::Size::Attrs>()) return a->dim;
  const auto* a = in->attrs.get_if<ops::Constant::Attrs>();
  return a != nullptr && a->integers.size() == 1 ? std::optional(Dim(a->integers[0])) : std::nullopt;
}

// The extent of which the condition says that it is 0.
std::optional<Dim> said_empty(const ir::Function& f, ValueId condition) {
  const ir::Instr* in = f.definition(condition);
  if (!in || in->op != opcode<ops::Eq>() || uniform(f, in->operands[1]) != Dim(0)) return std::nullopt;
  return uniform(f, in->operands[0]);
}

}  // namespace

void Facts::assume(ValueId condition) {
  struct Open {
    ValueId condition;
    std::vector<Dim> empty;
  };
  std::vector<Open> open{{condition, {}}};
  while (!open.empty()) {
    const auto [next, empty] = std::move(open.back());
    const ir::Instr* in = function_.definition(next);
    open.pop_back();
    if (!in) continue;
    if (in->op == opcode<ops::ReduceAll>() || in->op == opcode<ops::And>()) {
      for (const ValueId x : in->operands) open.push_back({x, empty});
    } else if (in->op == opcode<ops::Or>()) {
      for (const std::size_t k : {0U, 1U}) {
        const auto extent = said_empty(function_, in->operands[k]);
        if (!extent) continue;
        open.push_back({in->operands[1 - k], empty});
        open.back().empty.push_back(*extent);
        break;
      }
    } else if (in->op == opcode<ops::Ge>() || in->op == opcode<ops::Lt>()) {
      const bool low = in->op == opcode<ops::Ge>();
      const auto bound = uniform(function_, in->operands[1]);
      if (!bound || (low && !(*bound == Dim(0)))) continue;
      const ValueId v = source(function_, in->operands[0]);
      conditions_[v].push_back({low, *bound, empty});
      order_.push_back(v);
    }
  }
}

void Facts::forget(std::size_t mark) {
  for (; order_.size() > mark; order_.pop_back()) conditions_[order_.back()].pop_back();
}

bool Facts::valid_subscript(ValueId v, const Dim& extent, std::span<const Dim> around) const {
  const auto at = conditions_.find(source(function_, v));
  if (at == conditions_.end()) return false;
  const auto known = [&](bool low) {
    return std::ranges::any_of(at->second, [&](const Condition& c) {
      const auto filled = [&](const Dim& d) { return std::ranges::find(around, d) != around.end(); };
      return c.low == low && (low || c.extent == extent) && std::ranges::all_of(c.empty, filled);
    });
  };
  return known(true) && known(false);
}

}  // namespace rg::plan
