// Equations that the language states of what a program writes down. They hold before any pass, in the interpreter and
// under --strict too: the parts of the left sides do not have the derivatives, or the range, that the whole has.
#pragma once

#include <optional>

#include "compiler/code/builder.h"

namespace rg::dsl {

/// r² where r is `norm` of an array, as far as the function shows it: the sum of squares, which is differentiable at
/// the origin.
std::optional<ir::ValueId> square_of_norm(ir::Builder& b, ir::ValueId r);

/// log(x) where x is `erfc` of something: log_erfc of that, which does not vanish.
std::optional<ir::ValueId> log_of_erfc(ir::Builder& b, ir::ValueId x);

}  // namespace rg::dsl
