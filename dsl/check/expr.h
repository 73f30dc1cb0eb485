// Expressions and statements.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

bool too_deep(const Context& cx);
Value eval(Context& cx, const ast::Expr& expr, const ScopePtr& scope);
ScopePtr eval_statement(Context& cx, const ast::Stmt& stmt, ScopePtr scope);
Value emit_if(Context& cx, ValueId condition, Span span, const std::function<Value()>& then_arm,
              const std::function<Value()>& else_arm);
Value stack_values(Context& cx, std::vector<Value> items, std::int64_t axis, Span span);
std::optional<bool> constant_condition(Context& cx, const Value& v);

}  // namespace rg::dsl
