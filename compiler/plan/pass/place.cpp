// Where buffers live: stores that nothing reads go, what is used inside of one iteration keeps no extent for that loop,
// small static buffers are on the stack, and the others share slots of the workspace by lifetime.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan/cost.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Use {
  std::vector<VarId> loops;  // around the access, outermost first; not the vector loop
  Index index;
  bool store = false;
  std::size_t top = 0;  // number of the top-level item
};

struct Placer {
  Plan& plan;
  std::map<BufferId, std::vector<Use>> uses;
  std::set<BufferId> carried;
  std::map<BufferId, BufferId> partner;  // of a carried buffer the other of its pair
  std::vector<VarId> loops;
  std::size_t top = 0;

  void node(NodeId root, IdSet<NodeId>& seen) {
    for_each_node(plan, {root}, seen, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::load) uses[n.access.buffer].push_back({loops, n.access.index, false, top});
    });
  }

  // A list's statements share what they compute: its loads are noted once, those of the function's own list with the
  // first and with the last statement that they are for.
  void walk(std::vector<Item>& items) {
    const bool own = &items == &plan.body;
    IdSet<NodeId> seen, from_behind;
    for (std::size_t i = items.size(); own && i > 0; --i) {
      top = i - 1;
      for_each_root_node(plan, items[top], [&](NodeId n) { node(n, from_behind); });
    }
    for (Item& item : items) {
      if (own) top = static_cast<std::size_t>(&item - items.data());
      for_each_root_node(plan, item, [&](NodeId n) { node(n, seen); });
      if (const auto* s = std::get_if<Store>(&item.what))
        uses[s->target.buffer].push_back({loops, s->target.index, true, top});
      if (const auto* s = std::get_if<ScatterAdd>(&item.what)) {
        for (const Access* a : {&s->target, &s->errors}) {
          if (!a->buffer.valid()) continue;
          for (const bool store : {true, false}) uses[a->buffer].push_back({loops, a->index, store, top});
        }
      }
      if (const auto* k = std::get_if<Kernel>(&item.what)) {
        for_each_array(*k, [&](const Access& a, bool written) {
          uses[a.buffer].push_back({loops, a.index, written, top});
          if (a.buffer == k->workspace) uses[a.buffer].push_back({loops, a.index, false, top});
        });
      }
      if (const auto* l = std::get_if<For>(&item.what)) {
        for (const For::Carried& c : l->carried) {
          carried.insert({c.current, c.next});
          partner[c.current] = c.next;
          partner[c.next] = c.current;
          for (const BufferId b : {c.current, c.next}) uses[b].push_back({loops, {}, false, top});
        }
      }
      if (auto* t = std::get_if<Tiles>(&item.what)) {
        tiles(*t);
        continue;
      }
      const auto* loop = std::get_if<Loop>(&item.what);
      if (loop) loops.push_back(loop->is_vector() ? VarId() : loop->var);
      for (std::vector<Item>* body : bodies(item)) walk(*body);
      if (loop) loops.pop_back();
    }
  }

  void tiles(Tiles& t) {
    const std::size_t around = loops.size();
    loops.push_back(t.rows.var);
    loops.push_back(t.lanes_are_columns() ? VarId() : t.columns.var);
    loops.push_back(t.lanes_are_columns() ? t.reduced.var : VarId());
    walk(t.body);
    loops.pop_back();
    walk(t.finish);
    loops.resize(around);
  }

  void survey() {
    uses.clear();
    walk(plan.body);
  }

  bool remove_dead(std::vector<Item>& items) {
    const auto dead = [&](Item& item) {
      bool gone = false;
      for (std::vector<Item>* body : bodies(item)) gone = remove_dead(*body) || gone;
      if (const auto* l = std::get_if<Loop>(&item.what)) return l->body.empty();
      const auto* s = std::get_if<Store>(&item.what);
      if (!s || plan.buffer(s->target.buffer).storage != Storage::workspace) return false;
      return std::ranges::none_of(uses[s->target.buffer], [](const Use& u) { return !u.store; });
    };
    return std::erase_if(items, dead) > 0;
  }
};

void prune(Placer& p) {
  for (int round = 0; round < 16; ++round) {
    p.survey();
    const std::size_t before = p.uses.size();
    p.remove_dead(p.plan.body);
    p.survey();
    if (p.uses.size() == before) return;
  }
}

void contract(Placer& p) {
  for (auto& [id, uses] : p.uses) {
    Buffer& b = p.plan.buffers[id.index];
    if (b.storage != Storage::workspace || p.carried.contains(id) || uses.empty()) continue;
    for (std::size_t d = 0; d < b.dims.size(); ++d) {
      const auto var = p.plan.as_var(uses[0].index[d]);
      if (!var) continue;
      const bool everywhere = std::ranges::all_of(uses, [&](const Use& u) {
        return u.index[d] == uses[0].index[d] && std::ranges::find(u.loops, *var) != u.loops.end();
      });
      if (everywhere) b.kept[d] = false;
    }
  }
}

void assign_slots(Placer& p) {
  struct Live {
    BufferId id;
    std::size_t first, last;
  };
  std::vector<Live> live;
  for (const auto& [id, uses] : p.uses) {
    Buffer& b = p.plan.buffers[id.index];
    if (b.storage != Storage::workspace || uses.empty()) continue;
    const Dim bytes = b.count() * Dim(ir::byte_size(b.elem));
    if (bytes.is_constant() && bytes.constant() <= cost("stack")) {
      b.storage = b.count() == Dim(1) ? Storage::scalar : Storage::tile;
      continue;
    }
    if (std::ranges::find(b.kept, false) != b.kept.end()) b.storage = Storage::tile;
    // The two buffers of a carried state change places, so that either may hold the final value.
    std::vector<Use> all = uses;
    if (const auto other = p.partner.find(id); other != p.partner.end()) {
      const auto& more = p.uses[other->second];
      all.insert(all.end(), more.begin(), more.end());
    }
    const auto [low, high] = std::ranges::minmax(all, {}, &Use::top);
    live.push_back({id, low.top, high.top});
  }
  std::ranges::sort(live, {}, [](const Live& l) { return std::pair(l.first, l.id); });
  std::vector<std::size_t> free_after;
  for (const Live& l : live) {
    std::size_t s = 0;
    while (s < free_after.size() && free_after[s] >= l.first) ++s;
    if (s == free_after.size()) {
      free_after.push_back(0);
      p.plan.slots.emplace_back();
    }
    free_after[s] = l.last;
    Buffer& b = p.plan.buffers[l.id.index];
    b.slot = static_cast<int>(s);
    const Dim bytes = b.count() * Dim(ir::byte_size(b.elem));
    if (std::ranges::find(p.plan.slots[s].bytes, bytes) == p.plan.slots[s].bytes.end())
      p.plan.slots[s].bytes.push_back(bytes);
  }
}

}  // namespace

void remove_dead_stores(Plan& plan, const PlanOptions&) {
  Placer p{plan, {}, {}, {}, {}, 0};
  prune(p);
}

void assign_storage(Plan& plan, const PlanOptions&) {
  Placer p{plan, {}, {}, {}, {}, 0};
  p.survey();
  contract(p);
  assign_slots(p);
}

}  // namespace rg::plan
