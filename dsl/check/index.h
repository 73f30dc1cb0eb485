// Subscripts and slices.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

struct Axis {
  enum class Kind { whole, slice, at, array } kind = Kind::whole;
  Dim start, length;
  std::int64_t step = 1;
  Value index;
  Span span;
};

Value eval_index(Context& cx, const ast::Index& node, Span span, const ScopePtr& scope);
std::optional<Dim> bound(Context& cx, const ast::Bound& bound, const Dim& extent, const ScopePtr& scope);
Value take(Context& cx, const Value& base, std::vector<Axis> axes, Span span);

}  // namespace rg::dsl
