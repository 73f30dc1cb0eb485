// The .rg files of this folder, by name, as text.
#pragma once

#include <string_view>

namespace rg::gradbench {

/// Empty for a name that is no program's.
std::string_view source_of(std::string_view name);

}  // namespace rg::gradbench
