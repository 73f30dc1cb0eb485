// Expressions of the command and the API as IR functions: `grad(f)` gets f's parameters, in f's words.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Fills `f` with what the expression denotes: a function's body and parameters, or a value.
void build_entry(Context& cx, ir::Function& f, const ast::Expr& expr);

}  // namespace rg::dsl
