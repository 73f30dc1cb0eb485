// Elementwise operations: element types, broadcasting, numbers of open type.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// The elementwise op of the registry on values that are stretched to one shape; `shown` is what messages call it.
Value elementwise(Context& cx, std::string_view op, std::vector<Value> operands, Span span, std::string_view shown);

/// The element type that the operands share; none after a report.
std::optional<Elem> common_elem(Context& cx, std::span<const Value> operands, Span span, std::string_view shown);
/// The shape that all operands stretch to; none after a report.
std::optional<std::vector<Dim>> broadcast_dims(Context& cx, std::span<const Value> operands, Span span,
                                               std::string_view shown);
/// The value broadcast to the shape.
ValueId stretch(Context& cx, ValueId v, const std::vector<Dim>& to);

}  // namespace rg::dsl
