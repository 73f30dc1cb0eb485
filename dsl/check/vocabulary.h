// The names that the language itself gives a meaning, keywords apart: for lookup, for suggestions, and for whoever
// writes programs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rg::dsl {

/// `pi`, `inf`, `nan`: the number, or nothing.
std::optional<double> constant_named(std::string_view name);
/// Operators on functions: derivatives, `vmap`, `checkpoint`.
std::span<const std::string_view> function_operators();
/// Types: of elements, `size`, `float`.
std::vector<std::string> type_names();
/// What an expression may name: element types (which convert), constants, operators on functions, builtin operations.
std::vector<std::string> value_names();
/// Whether no item of a program may take the name.
bool is_taken(const std::string& name);
/// Keywords and all of the above: what no binding of a written program is called.
std::vector<std::string> all_names();

}  // namespace rg::dsl
