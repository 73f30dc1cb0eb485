// A function of the tensor IR as `.rg` text. Input: a prepared function (no map, call or derive). Output: one `fn`
// whose parameters and results are the flattened tensors (results as a tuple where there are several), which parses and
// checks again and computes the same values.
#pragma once

#include <string>

#include "compiler/ir/module.h"
#include "compiler/support/result.h"

namespace rg::emit {

/// Fails with a message that names the construct for which the language has no spelling.
Result<std::string> source(const ir::Function& f);

}  // namespace rg::emit
