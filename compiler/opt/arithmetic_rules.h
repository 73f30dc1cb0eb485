// Equations of sums, products and powers of floating numbers.
#pragma once

#include <optional>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"

namespace rg::opt {

using Simpler = std::optional<ir::ValueId>;

/// x^0 = 1, x^1 = x, x^2 = x x.
Simpler powi_small(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::PowI::Attrs& a);
/// x^2 = x x.
Simpler square_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// x c = c x, c (-x) = (-c) x.
Simpler constant_first(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// (c x) d = (c d) x where one of the constants is a power of two and that loses nothing.
Simpler power_of_two_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// (c x) d = (c d) x.
Simpler constant_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// c Σ (d x) y = ± Σ x y where c and d are powers of two and c d = ±1.
Simpler cancelled_factor(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);

/// x + x = 2 x, and c x + d x = (c + d) x for powers of two that are at least 1 and of one sign.
Simpler add_doubles(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// c x + d x = (c + d) x.
Simpler add_multiples(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// x + 0 = x, also where x is -0.
Simpler add_any_zero(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// (1 / y) a = a / y, where y is no number that is repeated.
Simpler product_with_reciprocal(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// 0 - x = -x, also where x is 0.
Simpler sub_from_zero(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);

}  // namespace rg::opt
