// A function of the tensor IR as `.rg` text: what dsl/write makes of it, printed.
#pragma once

#include <string>

#include "compiler/ir/module.h"
#include "compiler/support/result.h"

namespace rg::emit {

/// Fails with a message that names the construct for which the language has no spelling.
Result<std::string> source(const ir::Function& f);

}  // namespace rg::emit
