// Array and struct literals.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_array(Context& cx, const ast::ArrayLit& node, Span span, const ScopePtr& scope);
Value eval_struct(Context& cx, const ast::StructLit& node, Span span, const ScopePtr& scope);
/// The values side by side along a new axis.
Value stack_values(Context& cx, std::vector<Value> items, std::int64_t axis, Span span);

}  // namespace rg::dsl
