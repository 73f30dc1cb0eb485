// Files and items: loading with imports and the prelude, declaring structs and functions, building each function.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

void declare_struct(Context& cx, StructDecl& d);
void declare_function(Context& cx, FnDecl& d);
void collect_sizes(Context& cx, const ast::TypeExpr& type, FnDecl& d);
void build_function(Context& cx, FnDecl& d);

}  // namespace rg::dsl
