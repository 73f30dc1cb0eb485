// From the tensor IR back to the language. Input: a prepared function (no map, call or derive). Output: a syntax tree
// of one exported `fn` whose parameters and results are the flattened tensors (results as a tuple where there are
// several); printed, it parses and checks again and computes the same values.
#pragma once

#include "compiler/ir/module.h"
#include "compiler/support/result.h"
#include "dsl/parse/ast.h"

namespace rg::dsl {

/// Fails with a message that names the construct for which the language has no spelling.
Result<ast::Module> write(const ir::Function& f);

}  // namespace rg::dsl
