#include "compiler/plan/accumulate.h"

#include <algorithm>

#include "compiler/ir/clone.h"
#include "compiler/ops/registry.h"

namespace rg::plan {

Accumulations::Accumulations(const ir::Function& f) : f_(f), uses_(ir::use_counts(f)) {}

bool Accumulations::chain(ValueId v, ValueId state, std::vector<ValueId>& terms, std::vector<ValueId>& before) const {
  if (v == state) return true;
  const ir::Instr* in = f_.definition(v);
  if (!in || uses_[v.index] != 1 || f_.value(v).block != f_.value(state).block) return false;
  const std::string_view name = ops::info(in->op).name;
  if (name == "add") {
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
      std::vector<ValueId> here, earlier;
      if (!chain(in->operands[k], state, here, earlier)) continue;
      terms.insert(terms.end(), here.begin(), here.end());
      terms.push_back(in->operands[1 - k]);
      before.insert(before.end(), earlier.begin(), earlier.end());
      return true;
    }
    return false;
  }
  if (name != "for") return false;
  const std::size_t k = f_.value(v).number;
  if (k >= static_cast<std::size_t>(in->attrs.integers[0])) return false;
  const ValueId start = in->operands[k];
  return uses_[start.index] == 1 && this->terms(*in, k) && chain(start, state, before, before);
}

std::optional<Accumulations::Terms> Accumulations::terms(const ir::Instr& loop, std::size_t k) const {
  const ir::Block& region = f_.block(loop.regions[0]);
  const ValueId state = region.params[k + 1];
  Terms out;
  if (uses_[state.index] != 1 || f_.type(state).is_scalar() || !chain(region.yields[k], state, out.after, out.before))
    return std::nullopt;
  return out;
}

ValueId Accumulations::start(ValueId v, const std::function<bool(ValueId)>& is_state,
                             std::vector<ValueId>& terms) const {
  if (uses_[v.index] != 1) return {};
  if (is_state(v)) return v;
  const ir::Instr* in = f_.definition(v);
  if (!in || ops::info(in->op).name != "add") return {};
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const ValueId from = start(in->operands[k], is_state, terms);
    if (!from.valid()) continue;
    terms.push_back(in->operands[1 - k]);
    return from;
  }
  return {};
}

Placed without_views(const Plan& plan, const Accumulations& accumulations, ValueId term) {
  Placed out{term, {}};
  for (;;) {
    const ir::Instr* in = plan.function.definition(out.value);
    if (!in || accumulations.uses(out.value) != 1) return out;
    const std::string_view name = ops::info(in->op).name;
    Placement step;
    if (name == "place") {
      step = [starts = in->attrs.starts, steps = in->attrs.steps](const Index& i) {
        Index at;
        for (std::size_t d = 0; d < i.size(); ++d) at.push_back(starts[d] + Dim(steps[d]) * i[d]);
        return at;
      };
    } else if (name == "reshape") {
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
