// Values: making them, using them in the function under construction, taking them apart and putting them together.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// What stands for a value after a report.
Value error_value(Span span);
/// A value of the function under construction.
Value make_tensor(Context& cx, ValueId id, Span span);
/// An integer that is a size expression.
Value make_int(Context& cx, const Dim& value, Span span);
Value make_number(Context& cx, double value, Span span);
Value make_flex(Flex flex, Span span);
/// `labels`: what its fields are called, where a derivative gives it.
Value make_tuple(std::vector<Value> fields, Span span, std::vector<std::string> labels = {});
Value make_function(FnValue fn, Span span);

/// The value in the current function: captured where it is an outer function's, with extents as asserted.
ValueId use(Context& cx, const Value& v);
/// Of a tensor or a number, the latter with the default element type.
ir::Type type_of(const Context& cx, const Value& v);
/// A number or array as a tensor of the element type, the default one where none is given.
Value materialize(Context& cx, const Value& v, std::optional<Elem> elem = {});
/// The value as a tensor; reports what is none, as what is needed there.
Value tensor(Context& cx, const Value& v, const char* what = nullptr);
/// The value with the default types for the numbers within.
Value default_typed(Context& cx, const Value& v);

/// Appends the parts of the value that are no tuples and no structs.
void flatten(const Value& v, std::vector<Value>& leaves);
/// The parts as values of the current function.
std::vector<ValueId> leaf_ids(Context& cx, const Value& v);
/// A value like `shape`, made of the ids from `at` on, which moves behind them.
Value rebuild(Context& cx, const Value& shape, std::span<const ValueId> ids, std::size_t& at);
/// How the value is made of parts, for a function's signature.
ir::Tree tree_of(const Value& v, const std::string& name);

/// For messages: its type, or what it is.
std::string describe(const Context& cx, const Value& v);

}  // namespace rg::dsl
