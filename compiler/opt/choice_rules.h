// Equations of choices: select under a condition that is known, and sums in which an index picks the terms.
#pragma once

#include <optional>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"

namespace rg::opt {

using Simpler = std::optional<ir::ValueId>;

/// select(p, f(select(p, a, b)), c) = select(p, f(a), c) for elementwise f, and the same in the other branch.
Simpler select_known(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// A broadcast of a choice between constants: the choice by the broadcast condition.
Simpler broadcast_of_choice(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Broadcast::Attrs& a);
/// Σ -x = 0 - Σ x: a sum begins at 0, so that neither side is -0.
Simpler sum_of_negative(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// Σ 2^k x = 2^k Σ x for k >= 0.
Simpler sum_of_doubles(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// Σ c x = c Σ x for a constant c.
Simpler sum_of_multiple(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// y[…, k, …] = Σ_n [k = q_n] v[n, …, k, …]: v at k = q_n, added at q_n.
Simpler sum_of_picked(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// A contraction over j with [i = j] of a derivative: the other operands at j = i.
Simpler contract_with_delta(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);

}  // namespace rg::opt
