// Functions made of an expression.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

void build_entry(Context& cx, ir::Function& f, const ast::Expr& expr);

}  // namespace rg::dsl
