// Names that are bound by `let` and never read.
#pragma once

#include "compiler/support/diagnostic.h"
#include "dsl/parse/ast.h"

namespace rg::dsl {

/// Warns of each name of a `let` that nothing in its scope mentions, but for names that start with `_`.
void warn_of_unused(const ast::Module& module, Diagnostics& diagnostics);

}  // namespace rg::dsl
