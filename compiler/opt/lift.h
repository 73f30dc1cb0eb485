// Lift: turns every `map` into whole-array code over a new leading axis, by the batching rule of each op.
//
// What does not depend on the index stays without the axis. A branch on a batched condition becomes both arms with
// selections; what may not run where its condition is false (a read at an index, an assertion) gets the condition as a
// mask. A loop carries batched states. No `map` is left.
#pragma once

#include "compiler/code/clone.h"

namespace rg::opt {

/// `f` without `map`. `f` holds no call and no derive.
ir::Function lift(const ir::Function& f);

}  // namespace rg::opt
