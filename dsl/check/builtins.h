// The tables of builtins, and what their handlers share.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// The handler of a builtin operation, or null. Elementwise ops of the registry are among them.
Builtin find_builtin(const std::string& name);
/// Whether a program's function may take the builtin's name: those that are functions of a library, not operations.
bool may_be_hidden(const std::string& name);
std::vector<std::string> builtin_names();
/// The tables of the families, which find_builtin joins.
struct BuiltinRow {
  std::string_view name;
  Builtin handler;
};
std::span<const BuiltinRow> shape_builtins();
std::span<const BuiltinRow> reduce_builtins();
std::span<const BuiltinRow> axis_builtins();
std::span<const BuiltinRow> array_builtins();
std::span<const BuiltinRow> elementwise_builtins();

/// Options of a builtin.
const ArgValue* option(const BuiltinCall& call, std::string_view name);
bool only_options(BuiltinCall& call, std::initializer_list<std::string_view> allowed);
bool expect_args(BuiltinCall& call, std::size_t low, std::size_t high, const char* usage);
std::optional<std::vector<std::int64_t>> integer_list(BuiltinCall& call, const Value& v, const char* what);
std::optional<std::vector<Dim>> shape_list(BuiltinCall& call, const Value& v);

}  // namespace rg::dsl
