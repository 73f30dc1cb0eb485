// Puts called functions in the place of the calls, however long the chain of calls: with a list of open bodies of its
// own, so that the stack grows with the nesting of regions only.
#pragma once

#include <functional>

#include "compiler/code/clone.h"

namespace rg::opt {

/// Regions nest at most this deep in a function, the bodies of what it calls included.
inline constexpr int kMostNested = 256;

/// What the calls of a chain would nest deeper than kMostNested.
struct NestedTooDeep {};

/// `from` rebuilt with the body of each function that `callee` gives for an instruction in its place, theirs treated
/// alike; null: the instruction goes through the hook. Throws NestedTooDeep.
ir::Function inline_calls(const ir::Function& from, const std::function<const ir::Function*(const ir::Instr&)>& callee,
                          const ir::Cloner::Hook& hook);

/// How deep the regions of the function nest.
int nesting(const ir::Function& f);

}  // namespace rg::opt
