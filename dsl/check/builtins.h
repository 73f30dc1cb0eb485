// Builtin operations: a table of handlers, a part of it from each family, and what the handlers share.
#pragma once

#include "dsl/check/call.h"

namespace rg::dsl {

/// What a call of a builtin is given.
struct BuiltinCall {
  Context& cx;
  std::string name;
  Span span;  // of the call
  Span callee_span;
  Args args;     // positional ones
  Args options;  // named ones
  const Value& arg(std::size_t i) const { return args[i].value; }
};
using Builtin = Value (*)(BuiltinCall&);

/// The handler of a builtin operation, or null. Elementwise ops of the registry are among them.
Builtin find_builtin(const std::string& name);
/// Whether a program's function may take the builtin's name: those that are functions of a library, not operations.
bool may_be_hidden(const std::string& name);
/// Of all operations.
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

/// The option that a call gives, or null.
const ArgValue* option(const BuiltinCall& call, std::string_view name);
/// Whether the call has no other options; false after a report.
bool only_options(BuiltinCall& call, std::initializer_list<std::string_view> allowed);
/// Whether the call has so many positional arguments; false after a report.
bool expect_args(BuiltinCall& call, std::size_t low, std::size_t high, const char* usage);
/// An integer or a list of integers known while the program is checked; none after a report.
std::optional<std::vector<std::int64_t>> integer_list(BuiltinCall& call, const Value& v, const char* what);
/// A list of size expressions; none after a report.
std::optional<std::vector<Dim>> shape_list(BuiltinCall& call, const Value& v);

}  // namespace rg::dsl
