// Fused multiply-add: which sums take a product as it is, without rounding it first.
#pragma once

#include <span>

#include "compiler/plan/plan.h"

namespace rg::plan {

/// The operand of the addition or subtraction whose product is fused with it, -1 for none. It is a product that nothing
/// else reads, so that no one sees it rounded and unrounded, and the other is no product: the difference of two equal
/// products is 0, as it is where both are rounded. Both are read off the function, so that it does not matter where
/// values are kept. `uses`: how often each value of the function is read.
int fused_operand(const Plan& plan, std::span<const std::uint32_t> uses, const ir::Instr& sum,
                  const std::vector<NodeId>& args);

}  // namespace rg::plan
