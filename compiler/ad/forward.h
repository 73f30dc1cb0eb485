// Forward mode: the primal together with its tangents, in one pass over the code.
#pragma once

#include "compiler/ad/guards.h"
#include "compiler/code/clone.h"

namespace rg::ad {

/// An invalid value is zero.
struct Tangent {
  ir::ValueId value = {};
  Guards guards = {};
};

/// Emits the body of `f` for `arguments` at the builder's current block, and the tangents of its floating results for
/// the tangents `seeds` of the parameters numbered `wrt`. Sizes of `f` are replaced by `sizes`. `f` holds no map, call,
/// derive, and no op that is differentiated by expansion of an active operand.
struct ForwardResult {
  std::vector<ir::ValueId> primals;
  std::vector<ir::ValueId> tangents;  // one for each floating result
};
ForwardResult forward(const ir::Function& f, ir::Builder& to, std::span<const ir::ValueId> arguments,
                      std::vector<ir::Dim> sizes, std::span<const std::int64_t> wrt, std::span<const Tangent> seeds);

}  // namespace rg::ad
