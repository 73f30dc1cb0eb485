// `if`: arms in blocks of their own, of one type.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_if(Context& cx, const ast::If& node, Span span, const ScopePtr& scope);
/// The condition's value where it is known while the program is checked.
std::optional<bool> constant_condition(Context& cx, const Value& v);
/// An `if` whose arms are evaluated, each in a block of its own, by the functions.
Value emit_if(Context& cx, ValueId condition, Span span, const std::function<Value()>& then_arm,
              const std::function<Value()>& else_arm);

}  // namespace rg::dsl
