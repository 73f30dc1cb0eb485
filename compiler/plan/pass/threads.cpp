// Parallelisation: the outermost loops whose iterations threads may share, with the memory that each thread has of its
// own (privatisation).
#include <algorithm>
#include <set>

#include "compiler/plan/cost.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

// Whether the threads may share the iterations; collects the buffers of which each thread needs its own: memory of one
// iteration. Other memory without an extent for a loop, and scatter-additions, are in the way.
bool collect_private(const Plan& plan, std::vector<Item>& items, VarId var, std::set<BufferId>& own) {
  return std::ranges::all_of(items, [&](Item& item) {
    if (const auto* s = std::get_if<Store>(&item.what)) {
      const Buffer& b = plan.buffer(s->target.buffer);
      bool dropped = false, by_iteration = false;
      for (std::size_t d = 0; d < s->target.index.size(); ++d) {
        dropped = dropped || !b.kept[d];
        by_iteration = by_iteration || (!b.kept[d] && plan.as_var(s->target.index[d]) == var);
      }
      if (dropped && !by_iteration) return false;
      if (by_iteration) own.insert(s->target.buffer);
    }
    if (std::holds_alternative<Assert>(item.what)) return false;
    // Additions of different iterations must not meet.
    if (const auto* s = std::get_if<ScatterAdd>(&item.what);
        s && std::ranges::none_of(s->target.index, [&](const Dim& d) { return plan.as_var(d) == var; }))
      return false;
    return std::ranges::all_of(bodies(item), [&](std::vector<Item>* b) { return collect_private(plan, *b, var, own); });
  });
}

}  // namespace

namespace {

// How threads share the iterations of the item over `var`; empty where they cannot, or are too few for it.
std::optional<Threads> shared(Plan& plan, Item& item, VarId var, const Dim& extent) {
  std::set<BufferId> own;
  if (extent.is_constant() && extent.constant() <= cost("thread-iterations")) return std::nullopt;
  for (std::vector<Item>* body : bodies(item)) {
    if (!collect_private(plan, *body, var, own)) return std::nullopt;
  }
  for (const BufferId b : own) {
    if (plan.buffer(b).slot >= 0) plan.slots[static_cast<std::size_t>(plan.buffer(b).slot)].per_thread = true;
  }
  return Threads{{own.begin(), own.end()}};
}

void choose_threads(Plan& plan, std::vector<Item>& items) {
  for (Item& item : items) {
    if (std::holds_alternative<If>(item.what)) {
      for (std::vector<Item>* body : bodies(item)) choose_threads(plan, *body);
      continue;
    }
    if (auto* l = std::get_if<Loop>(&item.what); l && l->reductions.empty() && l->ranges.size() <= 1)
      l->threads = shared(plan, item, l->var, l->extent);
    if (auto* t = std::get_if<Tiles>(&item.what)) t->threads = shared(plan, item, t->rows.var, t->rows.extent);
  }
}

}  // namespace

void choose_threads(Plan& plan, const PlanOptions&) { choose_threads(plan, plan.body); }

}  // namespace rg::plan
