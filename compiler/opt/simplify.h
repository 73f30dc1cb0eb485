// Simplification and common subexpressions, in one walk: every instruction is rebuilt through the equations of its op
// (rules.h), then looked up among those that dominate it.
#pragma once

#include "compiler/ir/clone.h"

namespace rg::opt {

ir::Function simplify(const ir::Function& f);

/// Equal instructions become one; nothing else changes.
ir::Function share_equal(const ir::Function& f);

}  // namespace rg::opt
