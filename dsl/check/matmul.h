// `a @ b`: vectors, matrices and stacks of matrices, as one contraction.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Value product(Context& cx, const Value& left, const Value& right, Span span);

}  // namespace rg::dsl
