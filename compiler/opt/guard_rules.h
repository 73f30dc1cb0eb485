// Equations of what derivatives are guarded by, once it is known.
#pragma once

#include "compiler/opt/rules.h"

namespace rg::opt {

/// guarded_mul(true, a, t) = a t.
std::optional<ir::ValueId> guarded_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// select(c, true, false) = c.
std::optional<ir::ValueId> select_of_truths(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);
/// c != d of floating constants.
std::optional<ir::ValueId> unequal_constants(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);

}  // namespace rg::opt
