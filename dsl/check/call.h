// Calls: of functions, lambdas, vmap and builtins.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_call(Context& cx, const ast::Call& node, Span span, const ScopePtr& scope);
Value apply(Context& cx, const FnValue& fn, Args args, Span span);
std::vector<std::string> param_names(Context& cx, const FnValue& fn);
std::string shown(Context& cx, const FnValue& fn);

}  // namespace rg::dsl
