// Expands the instruction `derive`: the derivative of a function as ordinary code in the caller.
#pragma once

#include "compiler/code/clone.h"
#include "compiler/ops/control.h"

namespace rg::ad {

/// Rewrites ops that are differentiated by expansion, where an active value reaches them. `wrt` numbers parameters.
ir::Function prepared(const ir::Function& f, std::span<const std::int64_t> wrt);

/// Emits what `derive` stands for at the builder's current block and gives its results. `callee` holds no map, call or
/// derive; `operands` and `attrs` are those of the instruction, in the function being built. A Jacobian is emitted as a
/// `map` over seeds around a tangent or a pullback; the primal of a pullback stands before it.
std::vector<ir::ValueId> expand_derive(const ir::Function& callee, ir::Builder& to,
                                       std::span<const ir::ValueId> operands, const ops::Derive::Attrs& attrs);

}  // namespace rg::ad
