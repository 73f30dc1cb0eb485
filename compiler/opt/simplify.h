// Simplification and common subexpressions, in one walk: every instruction is rebuilt through the equations of its op
// (rules.h), then looked up among those that dominate it.
#pragma once

#include "compiler/code/clone.h"
#include "compiler/opt/rules.h"

namespace rg::opt {

/// By the rules up to and including the class.
ir::Function simplify(const ir::Function& f, RuleClass most = RuleClass::contraction);
/// By these rules alone.
ir::Function simplify(const ir::Function& f, std::span<const Rule> rules);

/// Equal instructions become one; nothing else changes.
ir::Function share_equal(const ir::Function& f);

}  // namespace rg::opt
