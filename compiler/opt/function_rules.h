// Equations between functions of one variable, whose right sides are defined and accurate where a part of the left one
// is not.
#pragma once

#include <optional>
#include <vector>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"

namespace rg::opt {

/// r r = s for r = sqrt(s) and for r = where(s > 0, sqrt(s), s), where s is not negative by what it is made of. So the
/// square of a norm has derivatives at 0, where the norm has none.
std::optional<ir::ValueId> square_of_root(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);

/// log erfc x = log_erfc x, also where erfc x vanishes.
std::optional<ir::ValueId> log_of_erfc(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::NoAttrs& a);

}  // namespace rg::opt
