// Equations of labelled ops: contractions, sums, gather and scatter-add at indices that are affine.
#pragma once

#include <optional>

#include "compiler/ir/builder.h"
#include "compiler/ops/contract.h"

namespace rg::opt {

using Simpler = std::optional<ir::ValueId>;

/// Σ over repeated axes of a broadcast: the operand times their extents.
Simpler sum_of_broadcast(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
/// Σ a b where a or b is a broadcast: a contraction.
Simpler sum_of_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
/// Σ over labels of a contraction's result: the contraction without them.
Simpler sum_of_contract(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
/// An operand with labels `own` as an array over `labels` (of extents `dims`), of which it carries some.
ir::ValueId aligned(ir::Builder& b, ir::ValueId v, const ops::Labels& own, const ops::Labels& labels,
                    const std::vector<ir::Dim>& dims);
/// One step towards a contraction of plain operands: transposes and broadcasts become labels, products with broadcasts
/// become operands, factors without labels and signs go outside, a label of one operand alone is summed there, and what
/// sums nothing is a product.
Simpler simpler_contract(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
/// x read at i + c for an index i of the result: a slice.
Simpler gather_of_affine(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
/// Updates added at i + c for an index i of theirs: placed among zeros.
Simpler scatter_at_affine(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);

}  // namespace rg::opt
