// The prelude's text, made from prelude.rg by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace rg::dsl {

std::string_view prelude_text();

}  // namespace rg::dsl
