// Subscripts: slices and positions by size expressions (views), by run-time integers and integer arrays (gathers).
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// What a subscript takes of one axis.
struct Axis {
  enum class Kind { whole, slice, at, array } kind = Kind::whole;
  Dim start, length;
  std::int64_t step = 1;
  Value index;
  Span span;
};

Value eval_index(Context& cx, const ast::Index& node, Span span, const ScopePtr& scope);
/// The parts of an array that the axes say, one of them for each of its dimensions.
Value take(Context& cx, const Value& base, std::vector<Axis> axes, Span span);

/// A bool of run time: no arithmetic of the subscript wraps. Invalid where it cannot.
ValueId exactness(Context& cx, ValueId index);

}  // namespace rg::dsl
