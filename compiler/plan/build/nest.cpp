#include "compiler/plan/build/nest.h"

#include <algorithm>

#include "compiler/ops/op.h"

namespace rg::plan {

std::size_t Nest::result_rank() const {
  return static_cast<std::size_t>(std::ranges::count_if(axes, [](const Axis& a) { return !a.reduced; }));
}

Access Nest::stored_at(const Index& index) const {
  Access a = target;
  const Index at = place ? place(index) : index;
  a.index.insert(a.index.end(), at.begin(), at.end());
  return a;
}

// Whether the nest may run inside of the loop with its axis as the loop's: each read of what is made in the loop is at
// the loop's index.
bool Fusion::axis_matches(const Nest& nest, std::size_t axis, const LoopTree& loop, bool& depends, bool& shares) const {
  const Dim own = plan_.var_dim(nest.axes[axis].own);
  for (const Nest::Read& r : nest.reads) {
    if (const auto made = loop.stored.find(r.buffer); made != loop.stored.end()) {
      const Nest& p = nests_[made->second.nest];
      depends = true;
      if (p.place) return false;
      const std::size_t prefix = p.target.index.size();
      bool at_index = false;
      for (std::size_t d = 0; d < p.axes.size(); ++d) {
        if (p.axes[d].loop == loop.var && !p.axes[d].reduced) at_index = r.index[prefix + d] == own;
      }
      if (!at_index) return false;
    }
    for (std::size_t d = 0; d < r.index.size() && !shares; ++d)
      shares = r.index[d] == own && loop.read_along.contains({r.buffer, d});
  }
  return true;
}

// A cheap elementwise use of the contraction's elements, over the same loops.
bool Fusion::may_join_blocked(const Nest& nest, const Nest& blocked) const {
  if (nest.monoid || blocked.place || nest.cost >= ops::kFunctionCost || nest.axes.size() != blocked.result_rank())
    return false;
  bool reads = false;
  for (const Nest::Read& r : nest.reads) {
    if (r.buffer != blocked.target.buffer) continue;
    reads = true;
    for (std::size_t d = 0; d < nest.axes.size(); ++d) {
      const Nest::Axis& a = nest.axes[d];
      if (a.unrolled || !(r.index[blocked.target.index.size() + d] == plan_.var_dim(a.own))) return false;
    }
  }
  return reads;
}

std::optional<std::size_t> Fusion::joining_axis(const Nest& nest, const LoopTree& loop) const {
  for (const std::size_t n : loop.of_tile) {
    if (nest.blocked || !may_join_blocked(nest, nests_[n])) return std::nullopt;
  }
  const auto open = [](const Nest::Axis& a) { return !a.unrolled && !a.loop.valid(); };
  const bool any_parallel = std::ranges::any_of(nest.axes, [&](const Nest::Axis& a) { return open(a) && !a.reduced; });
  const auto left = std::ranges::count_if(nest.axes, open);
  std::size_t last = 0;
  for (std::size_t d = 0; d < nest.axes.size(); ++d) {
    if (!nest.axes[d].unrolled) last = d;
  }
  for (std::size_t d = 0; d < nest.axes.size(); ++d) {
    const Nest::Axis& a = nest.axes[d];
    if (!open(a) || a.reduced == any_parallel || !(a.extent == loop.extent) || (nest.blocked && !a.batch)) continue;
    // The last axis of what is stored stays innermost: rows are written in order.
    if (!a.reduced && !nest.monoid && left > 1 && d == last) continue;
    bool depends = false, shares = false;
    if (!axis_matches(nest, d, loop, depends, shares)) continue;
    if (depends || (shares && (left > 1) == loop.has_loops)) return d;
  }
  return std::nullopt;
}

void Fusion::add(Nest nest) {
  nests_.push_back(std::move(nest));
  insert(nests_.size() - 1, root_);
}

void Fusion::put(std::size_t n, LoopTree& at, LoopTree::Entry entry) {
  at.has_loops = at.has_loops || entry.loop != nullptr;
  at.entries.push_back(std::move(entry));
  at.stored.at(nests_[n].target.buffer).entry = at.entries.size() - 1;
}

void Fusion::insert(std::size_t n, LoopTree& at) {
  Nest& nest = nests_[n];
  if (&at != &root_) at.nests.push_back(n);
  std::size_t first = 0;
  for (const Nest::Read& r : nest.reads) {
    const auto made = at.stored.find(r.buffer);
    if (made != at.stored.end()) first = std::max(first, made->second.entry);
  }
  LoopTree::Stored& own = at.stored.try_emplace(nest.target.buffer, LoopTree::Stored{n, 0}).first->second;
  const auto descend = [&](LoopTree& loop, std::size_t entry, std::size_t axis) {
    own.entry = std::max(own.entry, entry);
    Nest::Axis& a = nest.axes[axis];
    a.loop = loop.var;
    if (nest.blocked && !a.batch) loop.of_tile.push_back(n);
    for (const Nest::Read& r : nest.reads) {
      for (std::size_t d = 0; d < r.index.size(); ++d) {
        if (r.index[d] == plan_.var_dim(a.own)) loop.read_along.emplace(r.buffer, d);
      }
    }
    const bool outermost = a.reduced && !nest.outer_reduced.valid();
    if (outermost) nest.outer_reduced = loop.var;
    insert(n, loop);
    if (outermost) put(n, at, {nullptr, n, true});
  };
  for (std::size_t e = first; e < at.entries.size(); ++e) {
    if (!at.entries[e].loop) continue;
    LoopTree& loop = *at.entries[e].loop;
    if (const auto axis = joining_axis(nest, loop)) return descend(loop, e, *axis);
  }
  for (const std::size_t d : nest.order) {
    Nest::Axis& a = nest.axes[d];
    if (a.unrolled || a.loop.valid()) continue;
    auto loop = std::make_unique<LoopTree>();
    loop->var = a.own;
    loop->extent = a.extent;
    LoopTree& made = *loop;
    put(n, at, {std::move(loop), 0, false});
    return descend(made, at.entries.size() - 1, d);
  }
  put(n, at, {nullptr, n, false});
}

}  // namespace rg::plan
