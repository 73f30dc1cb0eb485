// Which values get memory (or a register of their own) instead of being computed again in each statement that uses
// them.
#pragma once

#include <set>

#include "compiler/plan/build/dag.h"

namespace rg::plan {

/// Whether all extents are constants with a product of at most `limit`.
bool small_static(const std::vector<Dim>& extents, std::int64_t limit);

/// The values whose elements are known where their index is.
class OfIndex {
 public:
  explicit OfIndex(const ir::Function& f);
  bool operator()(ValueId v) const { return known_[v.index]; }

 private:
  std::vector<bool> known_;
};

/// True for a reduction or contraction that is written out as straight-line code where it is used.
bool unrolled_reduction(const ir::Function& f, const ir::Instr& in, const PlanOptions& options);

/// The values of a block (not of its regions) that are materialised: results of reductions and control flow, what
/// regions capture, and what is expensive and read in several statements or repeated along an axis. `elsewhere`: values
/// that are roots for reasons outside of the block. `added`: values that statements of their own add to a
/// part of a state; what is added to all of it shares the loop of other values of the shape.
std::set<ValueId> find_roots(const ir::Function& f, const OfIndex& of_index, ir::BlockId block,
                             const PlanOptions& options, const std::set<ValueId>& elsewhere,
                             const std::set<ValueId>& added);

}  // namespace rg::plan
