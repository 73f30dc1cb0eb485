// The language's operators: on tensors, on numbers of open type, on structs, and what is known of integers by them.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value unary(Context& cx, ast::UnaryOp op, const Value& x, Span span);
Value binary(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span, Span op_span);

}  // namespace rg::dsl
