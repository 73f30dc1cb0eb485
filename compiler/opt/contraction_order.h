// The last pass: in which order contractions multiply, and which of their intermediate arrays are made at all.
#pragma once

#include "compiler/ir/module.h"

namespace rg::opt {

/// `f` with each contraction of floating elements as steps of one or two operands, in the order of least counted cost.
/// A contraction that others contract again (and that is else only reduced) becomes part of these where that saves
/// more traffic than it costs multiplications: then no array of its shape is kept.
///
/// Costs are counted for assumed extents: many for a size that is only ever the first extent of a parameter (items,
/// samples), few for the others (features). The order of the summation changes, so results may differ by rounding.
/// Exhaustive up to six operands, as in Pfeifer, Haegeman, Verstraete, "Faster identification of optimal contraction
/// sequences for tensor networks", Phys. Rev. E 90 (2014); greedy above.
ir::Function order_contractions(ir::Function f);

}  // namespace rg::opt
