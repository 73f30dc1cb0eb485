// Files as texts.
#pragma once

#include <string>

#include "compiler/support/result.h"

namespace rg::api {

/// The text of a file, or why it cannot be read.
Result<std::string> read_file(const std::string& path);

}  // namespace rg::api
