// Simplification and common subexpressions, in one walk: every instruction is rebuilt through the equations of its op
// (rules.h), then looked up among those that dominate it.
#pragma once

#include "compiler/ir/clone.h"

namespace rg::opt {

/// With `exact_only` no rule that reassociates or loses the sign of a zero.
ir::Function simplify(const ir::Function& f, bool exact_only = false);

/// Equal instructions become one; nothing else changes.
ir::Function share_equal(const ir::Function& f);

}  // namespace rg::opt
