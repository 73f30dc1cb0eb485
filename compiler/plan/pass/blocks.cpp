// Sums whose terms may be many are laid aside after blocks, so that no chain of additions is long:
//
//   lanes that fill with terms           32 additions in each lane of four vectors
//   one after the other, or a lane a sum 32 terms, as ops::SumTree adds them
//   tiles of a contraction               256 terms, as those with copied factors have, or 32 in each lane
#include <algorithm>

#include "compiler/ops/sum_tree.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

constexpr std::int64_t chain = ops::SumTree<double>::block;

struct Blocks {
  Plan& plan;
  std::vector<const Loop*> around;

  bool is_sum(ReductionId id) const {
    const Reduction& r = plan.reductions[id.index];
    return r.monoid == Monoid::sum && ir::is_float(r.elem);
  }

  // Terms of a sum that accumulates in the innermost loop around here, where that is known.
  std::optional<std::int64_t> terms(ReductionId id) const {
    std::int64_t count = 1;
    for (std::size_t k = around.size(); k-- > 0;) {
      const Dim& extent = around[k]->extent;
      if (!extent.is_constant()) return std::nullopt;
      count *= extent.constant();
      if (count > chain * plan.target.vector_bytes) return std::nullopt;
      if (std::ranges::find(around[k]->reductions, id) != around[k]->reductions.end()) return count;
    }
    return std::nullopt;
  }

  std::int64_t lanes() const { return plan.target.vector_bytes / 8; }

  void visit(Loop& l) {
    around.push_back(&l);
    for (Item& item : l.body) {
      const auto* a = std::get_if<Accumulate>(&item.what);
      if (!a || !is_sum(a->reduction)) continue;
      const std::int64_t block = l.is_vector() && is_leaf(l) ? 4 * chain * lanes() : chain;
      if (const auto n = terms(a->reduction); n && *n <= block) continue;
      l.block = block;
      plan.reductions[a->reduction.index].in_blocks = true;
    }
    walk(l.body);
    around.pop_back();
  }

  // Copied factors have blocks of their own.
  void visit(Tiles& t) const {
    if (t.packing || !is_sum(t.sum)) return;
    const std::int64_t block = t.lanes_are_columns() ? Packing::block_depth : chain * lanes();
    if (t.reduced.extent.is_constant() && t.reduced.extent.constant() <= block) return;
    t.block = block;
    plan.reductions[t.sum.index].in_blocks = true;
  }

  void walk(std::vector<Item>& items) {
    for (Item& item : items) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        visit(*l);
      } else if (auto* t = std::get_if<Tiles>(&item.what)) {
        visit(*t);
      } else {
        for (std::vector<Item>* body : bodies(item)) walk(*body);
      }
    }
  }
};

}  // namespace

void choose_blocks(Plan& plan, const PlanOptions&) { Blocks{plan, {}}.walk(plan.body); }

}  // namespace rg::plan
