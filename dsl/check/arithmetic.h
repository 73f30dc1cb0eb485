// Operators and elementwise operations.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value unary(Context& cx, ast::UnaryOp op, const Value& x, Span span);
Value binary(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span, Span op_span);
Value elementwise(Context& cx, std::string_view op, std::vector<Value> operands, Span span, std::string_view shown);
std::optional<Elem> common_elem(Context& cx, std::span<const Value> operands, Span span, std::string_view shown);
std::optional<std::vector<Dim>> broadcast_dims(Context& cx, std::span<const Value> operands, Span span,
                                               std::string_view shown);
ValueId stretch(Context& cx, ValueId v, const std::vector<Dim>& to);

}  // namespace rg::dsl
