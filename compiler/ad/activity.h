// Activity: which values carry a derivative with respect to chosen parameters.
#pragma once

#include <unordered_set>

#include "compiler/ir/module.h"

namespace rg::ad {

/// The floating values of `f` that depend on a value of `wrt` through differentiable operations. A state of a loop is
/// active when it is in any step.
std::unordered_set<ir::ValueId> active_values(const ir::Function& f, std::span<const ir::ValueId> wrt);

}  // namespace rg::ad
