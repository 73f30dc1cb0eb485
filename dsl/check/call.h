// Calls: functions of the file, lambdas, vmap, derivatives, builtins.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// An argument after evaluation.
struct ArgValue {
  std::string name;  // empty for a positional one
  Span name_span;
  Value value;
  const ast::Expr* expr = nullptr;
};
using Args = std::vector<ArgValue>;

Value eval_call(Context& cx, const ast::Call& node, Span span, const ScopePtr& scope);
/// What the function gives for the arguments.
Value apply(Context& cx, const FnValue& fn, Args args, Span span);

/// What messages call the function.
std::string shown(const FnValue& fn);
/// By which arguments may be named.
std::vector<std::string> param_names(Context& cx, const FnValue& fn);

}  // namespace rg::dsl
