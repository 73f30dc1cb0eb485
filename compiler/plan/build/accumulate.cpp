#include "compiler/plan/build/accumulate.h"

#include <algorithm>

#include "compiler/code/clone.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::plan {

Accumulations::Accumulations(const ir::Function& f) : f_(f), uses_(ir::use_counts(f)), readers_(f.values.size()) {
  for (const ir::Block& b : f.blocks) {
    for (const ir::InstrId i : b.instrs) {
      const ir::Instr& in = f.instr(i);
      for (const ValueId v : in.operands) {
        auto& by = readers_[v.index];
        if (by.empty() || by.back() != &in) by.push_back(&in);
      }
    }
  }
}

std::optional<Accumulations::Way> Accumulations::way(ValueId v, const std::function<bool(ValueId)>& ends,
                                                     const std::function<std::vector<std::size_t>(ValueId)>& on) const {
  struct Visit {
    ValueId v;
    std::size_t from;
    Step by;
  };
  std::vector<Visit> visits{{v, 0, {nullptr, 0}}};
  std::vector<std::size_t> open{0};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    const ValueId here = visits[at].v;
    if (ends(here)) {
      Way way{here, {}};
      for (std::size_t k = at; visits[k].by.through; k = visits[k].from) way.steps.push_back(visits[k].by);
      return way;
    }
    const std::vector<std::size_t> next = on(here);
    for (std::size_t k = next.size(); k-- > 0;) {
      const ir::Instr* in = f_.definition(here);
      open.push_back(visits.size());
      visits.push_back({in->operands[next[k]], at, {in, next[k]}});
    }
  }
  return std::nullopt;
}

std::optional<Accumulations::Terms> Accumulations::terms(const ir::Instr& loop, std::size_t k) const {
  const ir::Block& region = f_.block(loop.regions[0]);
  const ValueId state = region.params[k + 1];
  if (uses_[state.index] != 1 || f_.type(state).is_scalar()) return std::nullopt;
  const auto found = way(
      region.yields[k], [&](ValueId v) { return v == state; },
      [&](ValueId v) -> std::vector<std::size_t> {
        const ir::Instr* in = f_.definition(v);
        if (!in || uses_[v.index] != 1 || f_.value(v).block != f_.value(state).block) return {};
        if (in->op == ops::opcode<ops::Add>()) return {0, 1};
        const std::size_t number = f_.value(v).number;
        if (in->op != ops::opcode<ops::For>() || number >= ops::attrs_of<ops::For>(*in).states) return {};
        if (uses_[in->operands[number].index] != 1 || !this->terms(*in, number)) return {};
        return {number};
      });
  if (!found) return std::nullopt;
  Terms out;
  // What is added on this side of the last loop is added after it.
  const auto is_loop = [](const Step& s) { return s.through->op == ops::opcode<ops::For>(); };
  const std::size_t after =
      static_cast<std::size_t>(found->steps.rend() - std::find_if(found->steps.rbegin(), found->steps.rend(), is_loop));
  for (std::size_t s = 0; s < found->steps.size(); ++s) {
    const Step& by = found->steps[s];
    if (is_loop(by))
      out.handed.push_back(by.through->results[by.operand]);
    else
      (s < after ? out.before : out.after).push_back(by.through->operands[1 - by.operand]);
  }
  return out;
}

ValueId Accumulations::start(ValueId v, const std::function<bool(ValueId)>& is_state,
                             std::vector<ValueId>& terms) const {
  const auto once = [&](ValueId x) { return uses_[x.index] == 1; };
  const auto found = way(
      v, [&](ValueId x) { return once(x) && is_state(x); },
      [&](ValueId x) -> std::vector<std::size_t> {
        if (!once(x) || !is_op<ops::Add>(f_, x)) return {};
        return {0, 1};
      });
  if (!found) return {};
  for (const Step& s : found->steps) terms.push_back(s.through->operands[1 - s.operand]);
  return found->to;
}

Placed without_views(const Plan& plan, const Accumulations& accumulations, ValueId term) {
  Placed out{term, {}};
  for (;;) {
    const ir::Instr* in = plan.function.definition(out.value);
    if (!in || accumulations.uses(out.value) != 1) return out;
    Placement step;
    if (in->op == ops::opcode<ops::Place>()) {
      const auto& at = ops::attrs_of<ops::Place>(*in);
      step = [starts = at.starts, steps = at.steps](const Index& i) {
        Index at;
        for (std::size_t d = 0; d < i.size(); ++d) at.push_back(starts[d] + Dim(steps[d]) * i[d]);
        return at;
      };
    } else if (in->op == ops::opcode<ops::Reshape>()) {
      step = [&plan, from = plan.function.type(in->operands[0]).dims,
              to = plan.function.type(out.value).dims](const Index& i) { return reshaped(plan, i, from, to); };
    } else {
      return out;
    }
    out.place = out.place ? Placement([outer = out.place, step](const Index& i) { return outer(step(i)); }) : step;
    out.value = in->operands[0];
  }
}

}  // namespace rg::plan
