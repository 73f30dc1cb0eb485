// `loop … for`: carried state, a counter and what is collected, as the IR's `for`.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_loop(Context& cx, const ast::Loop& node, Span span, const ScopePtr& scope);

}  // namespace rg::dsl
