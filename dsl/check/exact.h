// Whether the arithmetic of a subscript stays in its type.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

ValueId exactness(Context& cx, ValueId index);

}  // namespace rg::dsl
