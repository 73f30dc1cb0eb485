#include "compiler/plan/nest.h"

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

const Nest* Fusion::producer(BufferId buffer, const std::vector<std::size_t>& among) const {
  for (const std::size_t n : among) {
    if (nests_[n].target.buffer == buffer) return &nests_[n];
  }
  return nullptr;
}

bool Fusion::depends(const Nest& nest, const LoopTree::Entry& entry) const {
  const std::vector<std::size_t> own{entry.nest};
  const auto& among = entry.loop ? entry.loop->nests : own;
  return std::ranges::any_of(nest.reads, [&](const Nest::Read& r) { return producer(r.buffer, among) != nullptr; });
}

// Whether the nest may run inside of the loop with its axis as the loop's: each read of what is made in the loop is at
// the loop's index.
bool Fusion::axis_matches(const Nest& nest, std::size_t axis, const LoopTree& loop, bool& depends, bool& shares) const {
  const Dim own = plan_.var_dim(nest.axes[axis].own);
  for (const Nest::Read& r : nest.reads) {
    if (const Nest* p = producer(r.buffer, loop.nests)) {
      depends = true;
      if (p->place) return false;
      const std::size_t prefix = p->target.index.size();
      bool at_index = false;
      for (std::size_t d = 0; d < p->axes.size(); ++d) {
        if (p->axes[d].loop == loop.var && !p->axes[d].reduced) at_index = r.index[prefix + d] == own;
      }
      if (!at_index) return false;
    }
    for (const std::size_t n : loop.nests) {
      const Nest& other = nests_[n];
      for (const Nest::Axis& a : other.axes) {
        if (a.loop != loop.var) continue;
        for (const Nest::Read& s : other.reads) {
          if (s.buffer != r.buffer) continue;
          for (std::size_t d = 0; d < s.index.size(); ++d)
            shares = shares || (r.index[d] == own && s.index[d] == plan_.var_dim(a.own));
        }
      }
    }
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
  for (const std::size_t n : loop.nests) {
    const bool of_tile = nests_[n].blocked && std::ranges::any_of(nests_[n].axes, [&](const Nest::Axis& a) {
                           return a.loop == loop.var && !a.batch;
                         });
    if (of_tile && (nest.blocked || !may_join_blocked(nest, nests_[n]))) return std::nullopt;
  }
  const auto open = [](const Nest::Axis& a) { return !a.unrolled && !a.loop.valid(); };
  const bool any_parallel = std::ranges::any_of(nest.axes, [&](const Nest::Axis& a) { return open(a) && !a.reduced; });
  const auto left = std::ranges::count_if(nest.axes, open);
  const bool leaf = std::ranges::none_of(loop.entries, [](const LoopTree::Entry& e) { return e.loop != nullptr; });
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
    if (depends || (shares && (left > 1) != leaf)) return d;
  }
  return std::nullopt;
}

void Fusion::add(Nest nest) {
  nests_.push_back(std::move(nest));
  insert(nests_.size() - 1, root_);
}

void Fusion::insert(std::size_t n, LoopTree& at) {
  Nest& nest = nests_[n];
  if (&at != &root_) at.nests.push_back(n);
  std::size_t first = 0;
  for (std::size_t e = 0; e < at.entries.size(); ++e) {
    if (depends(nest, at.entries[e])) first = e;
  }
  const auto descend = [&](LoopTree& loop, std::size_t axis) {
    nest.axes[axis].loop = loop.var;
    const bool outermost = nest.axes[axis].reduced && !nest.outer_reduced.valid();
    if (outermost) nest.outer_reduced = loop.var;
    insert(n, loop);
    if (outermost) at.entries.push_back({nullptr, n, true});
  };
  for (std::size_t e = first; e < at.entries.size(); ++e) {
    if (!at.entries[e].loop) continue;
    LoopTree& loop = *at.entries[e].loop;
    if (const auto axis = joining_axis(nest, loop)) return descend(loop, *axis);
  }
  for (const std::size_t d : nest.order) {
    Nest::Axis& a = nest.axes[d];
    if (a.unrolled || a.loop.valid()) continue;
    auto loop = std::make_unique<LoopTree>();
    loop->var = a.own;
    loop->extent = a.extent;
    LoopTree& made = *loop;
    at.entries.push_back({std::move(loop), 0, false});
    return descend(made, d);
  }
  at.entries.push_back({nullptr, n, false});
}

}  // namespace rg::plan
