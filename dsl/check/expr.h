// Expressions: each evaluates to a Value, and emits what it computes.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Nesting of expressions and of calls expanded in place, taken together: a bound on the stack.
inline constexpr int max_depth = 1000;

/// Whether nothing more may nest.
bool too_deep(const Context& cx);

/// The expression's value; an error value after a report.
Value eval(Context& cx, const ast::Expr& expr, const ScopePtr& scope);
/// The scope behind the statement.
ScopePtr eval_statement(Context& cx, const ast::Stmt& stmt, ScopePtr scope);

}  // namespace rg::dsl
