// Structs and functions of a file: their types, and the IR of their bodies, each made when it is first needed.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Resolves the types of the fields, once.
void declare_struct(Context& cx, StructDecl& d);
/// Resolves the types of a signature, once; the declaration is broken after a report.
void declare_function(Context& cx, FnDecl& d);
/// Adds the names of sizes that the type brings in to those of the function.
void collect_sizes(const ast::TypeExpr& type, FnDecl& d);
/// Makes the function's IR, once.
void build_function(Context& cx, FnDecl& d);

}  // namespace rg::dsl
