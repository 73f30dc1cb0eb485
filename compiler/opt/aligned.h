// Arrays brought to the axes of others.
#pragma once

#include "compiler/code/builder.h"
#include "compiler/ops/contract.h"

namespace rg::opt {

/// An operand with labels `own` as an array over `labels` (of extents `dims`), of which it carries some.
ir::ValueId aligned(ir::Builder& b, ir::ValueId v, const ops::Labels& own, const ops::Labels& labels,
                    const std::vector<ir::Dim>& dims);

}  // namespace rg::opt
