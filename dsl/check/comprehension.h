// Comprehensions and their reductions.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value eval_build(Context& cx, const ast::Build& node, Span span, const ScopePtr& scope);
Value eval_reduce(Context& cx, const ast::Reduce& node, Span span, const ScopePtr& scope);
Value index_value(Context& cx, ValueId id, const Affine& low, const Affine& high, Span span);
std::optional<Dim> rectangle(const Context& cx, const Affine& a0);

}  // namespace rg::dsl
