// Equations of labelled ops: contractions, sums, gather and scatter-add at indices that are affine.
#pragma once

#include <optional>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"

namespace rg::opt {

using Simpler = std::optional<ir::ValueId>;

/// Σ over repeated axes of a broadcast: the operand times their extents.
Simpler sum_of_broadcast(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// Σ a b where a or b is a broadcast of some axes: a contraction.
Simpler sum_of_product(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// The same where a or b is any broadcast or a number.
Simpler sum_of_scaled(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// Σ s c for a number s and a contraction c of several arrays: s Σ c.
Simpler sum_of_scaled_contract(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// Σ over labels of a contraction's result: the contraction without them.
Simpler sum_of_contract(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ReductionAttrs& a);
/// An operand with labels `own` as an array over `labels` (of extents `dims`), of which it carries some.
ir::ValueId aligned(ir::Builder& b, ir::ValueId v, const ops::Labels& own, const ops::Labels& labels,
                    const std::vector<ir::Dim>& dims);
// Steps towards a contraction of plain operands.
/// An operand that is absent: so is the result.
Simpler contract_of_absent(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);
/// Transposes and broadcasts become labels, a number multiplies the operand beside it, and what sums nothing is a
/// product.
Simpler contract_of_views(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);
/// Signs go outside.
Simpler contract_of_negative(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);
/// Where that saves products: outer products become two operands, numbers that multiply contractions go outside, and a
/// label of one operand alone is summed there.
Simpler contract_by_parts(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);
/// All products with broadcasts become operands, numbers go outside, and labels of one operand are summed there.
Simpler contract_of_scaled(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::Contract::Attrs& a);
/// x read at i + c for an index i of the result: a slice.
Simpler gather_of_affine(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::GatherAttrs& a);
/// Updates added at i + c for an index i of theirs: placed among zeros.
Simpler scatter_at_affine(ir::Builder& b, const std::vector<ir::ValueId>& x, const ops::ScatterAttrs& a);

}  // namespace rg::opt
