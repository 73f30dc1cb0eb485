// Derivatives of functions.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

struct Lifted {
  std::string callee;
  std::vector<Dim> sizes;
  std::vector<ValueId> operands;
  std::vector<std::vector<std::int64_t>> param_leaves;  // flattened parameter numbers of each argument
  Value result;                                         // its shape, in the current context
  bool ok = false;
};

bool is_operator(const Context& cx, const std::string& name);
Value eval_operator(Context& cx, const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope);
Value apply_derived(Context& cx, const FnValue& fn, Args args, Span span);
Lifted lift(Context& cx, const FnValue& fn, std::vector<Value>& args, Span span);
bool check_floats(Context& cx, const Value& v, const std::string& what, Span span, const std::string& path = "");
std::vector<std::string> extra_params(Context& cx, const FnValue& fn);

}  // namespace rg::dsl
