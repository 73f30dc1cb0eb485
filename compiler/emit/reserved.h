// Names that C and C++ have taken.
#pragma once

#include <string_view>

namespace rg::emit {

/// Why no function of that name can be exported, "is a word of C or C++"; empty where it can. A function of C's library
/// is none that a program may define (ISO C 7.1.3): what is compiled, the runtime and the library itself call it.
std::string_view reserved_in_c(std::string_view name);

/// Whether a parameter of that name would not be one: words of the language, types, macros.
bool taken_for_parameters(std::string_view name);

}  // namespace rg::emit
