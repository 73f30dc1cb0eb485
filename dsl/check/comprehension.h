// Index comprehensions: arrays by an expression of their indices, and reductions of them.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_build(Context& cx, const ast::Build& node, Span span, const ScopePtr& scope);
Value eval_reduce(Context& cx, const ast::Reduce& node, Span span, const ScopePtr& scope);

}  // namespace rg::dsl
