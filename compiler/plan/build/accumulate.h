// States of loops that steps only add to: next = state + term + …, the state read nowhere else. They are updated in
// place, the terms added where they belong.
#pragma once

#include <optional>

#include "compiler/plan/build/nest.h"

namespace rg::plan {

class Accumulations {
 public:
  explicit Accumulations(const ir::Function& f);
  /// What a step adds: before and after loops inside, which get the state handed and give it back.
  struct Terms {
    std::vector<ValueId> before, after;
    std::vector<ValueId> handed;  // what those loops give back
  };
  /// The terms of state `k` of a `for`; empty where its steps do more with it than add.
  std::optional<Terms> terms(const ir::Instr& loop, std::size_t k) const;
  /// The state in v = state + term + …, with the terms; invalid where there is none.
  ValueId start(ValueId v, const std::function<bool(ValueId)>& is_state, std::vector<ValueId>& terms) const;
  std::uint32_t uses(ValueId v) const { return uses_[v.index]; }
  /// The instructions that have the value as an operand, each once.
  const std::vector<const ir::Instr*>& readers(ValueId v) const { return readers_[v.index]; }

 private:
  // From a value to an operand of the instruction that defines it.
  struct Step {
    const ir::Instr* through;
    std::size_t operand;
  };
  struct Way {
    ValueId to;
    std::vector<Step> steps;  // the one that leads to the end comes first
  };
  /// The way from v to the first value that is an end, over the operands that `on` gives, the first ones first.
  std::optional<Way> way(ValueId v, const std::function<bool(ValueId)>& ends,
                         const std::function<std::vector<std::size_t>(ValueId)>& on) const;
  const ir::Function& f_;
  std::vector<std::uint32_t> uses_;
  std::vector<std::vector<const ir::Instr*>> readers_;
};

/// A term as the scatter_add or other value that its views place somewhere in the state, with that placement.
struct Placed {
  ValueId value;
  Placement place;
};
Placed without_views(const Plan& plan, const Accumulations& accumulations, ValueId term);

}  // namespace rg::plan
