// Derivative operators: what is differentiated with respect to what, and the `derive` instruction that says so.
#pragma once

#include "dsl/check/call.h"

namespace rg::dsl {

/// Whether the name is an operator on functions: a derivative, `vmap` or `checkpoint`.
bool is_operator(const std::string& name);
/// The function that an operator makes of one.
Value eval_operator(Context& cx, const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope);
/// A derived function's value for the arguments of the original one and its extra ones.
Value apply_derived(Context& cx, const FnValue& fn, Args args, Span span);
/// What a derived function has behind the parameters of the original one.
std::vector<std::string> extra_params(Context& cx, const FnValue& fn);

/// A function value as an IR function of its own, with what it captures.
struct Lifted {
  std::string callee;
  std::vector<Dim> sizes;
  std::vector<ValueId> operands;
  std::vector<std::vector<std::int64_t>> param_leaves;  // flattened parameter numbers of each argument
  Value result;                                         // its shape, in the current function
  bool ok = false;
};
/// Gives the arguments their types too.
Lifted lift(Context& cx, const FnValue& fn, std::vector<Value>& args, Span span);
/// Whether all parts of the value are of float type, else after a report.
bool check_floats(Context& cx, const Value& v, const std::string& what, Span span, const std::string& path = "");

}  // namespace rg::dsl
