// Files as texts.
#pragma once

#include <string>

#include "compiler/support/result.h"

namespace rg::api {

/// The text of a file, or why it cannot be read.
Result<std::string> read_file(const std::string& path);

/// Writes a file whole and gives its path, or why it cannot be written; then there is no part of it, either.
Result<std::string> write_file(const std::string& path, const std::string& bytes);

}  // namespace rg::api
