// Workspace in the memory of a result:
//
//   loop i { w[i] = … }  …  loop i { out[i] = f(w[i]) }
//
// keeps w in `out`, where each element is read last in the statement that overwrites it.
#include <algorithm>
#include <map>
#include <optional>
#include <ranges>
#include <set>

#include "compiler/plan/pass/passes.h"
#include "compiler/plan/rewrite.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Results {
  Plan& plan;
  struct User {
    Item* item;
    std::size_t top;  // number of the item of the function's own body that it is in
  };
  std::map<BufferId, std::vector<User>> users = {};  // statements that read, store to or carry a buffer
  std::set<BufferId> carried = {};                   // states, and arrays of kernels: they stay where they are

  static void each(Item& item, const std::function<void(Item&)>& f) {
    f(item);
    for (std::vector<Item>* body : bodies(item)) {
      for (Item& inner : *body) each(inner, f);
    }
  }

  void use(BufferId b, Item& item, std::size_t top) {
    auto& by = users[b];
    if (by.empty() || by.back().item != &item) by.push_back({&item, top});
  }

  // Calls f with each element that the item's statement reads; what is seen is left out.
  void reads(const Item& item, IdSet<NodeId>& seen, const std::function<void(const Access&)>& f) const {
    std::vector<NodeId> roots;
    for_each_root_node(plan, item, [&](NodeId n) { roots.push_back(n); });
    for_each_node(plan, std::move(roots), seen, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::load) f(n.access);
    });
    if (const auto* s = std::get_if<ScatterAdd>(&item.what)) {
      f(s->target);
      if (s->errors.buffer.valid()) f(s->errors);
    }
  }

  // A list's statements share what they compute: an element is noted with the first and with the last statement that
  // it is for, so that a buffer has one user only where all its elements are read there.
  void survey(std::vector<Item>& items, std::optional<std::size_t> inside) {
    IdSet<NodeId> from_front, from_behind;
    const auto top = [&](const Item& item) { return inside.value_or(static_cast<std::size_t>(&item - items.data())); };
    const auto note = [&](Item& item, IdSet<NodeId>& seen) {
      reads(item, seen, [&](const Access& a) { use(a.buffer, item, top(item)); });
    };
    for (Item& item : items) {
      if (const Access* a = stored_by(item)) use(a->buffer, item, top(item));
      if (const auto* l = std::get_if<For>(&item.what)) {
        for (const For::Carried& c : l->carried) {
          for (const BufferId b : {c.current, c.next}) {
            use(b, item, top(item));
            carried.insert(b);
          }
        }
      }
      if (const auto* k = std::get_if<Kernel>(&item.what)) {
        for_each_array(*k, [&](const Access& a, bool) {
          use(a.buffer, item, top(item));
          carried.insert(a.buffer);
        });
      }
      note(item, from_front);
    }
    for (Item& item : items | std::views::reverse) note(item, from_behind);
    for (Item& item : items) {
      for (std::vector<Item>* body : bodies(item)) survey(*body, top(item));
    }
  }

  // The only statement that has to do with the result, and the item of the function's own body that it is in.
  Store* only_store(BufferId out, std::size_t& top) {
    const auto& by = users[out];
    if (by.size() != 1) return nullptr;
    top = by[0].top;
    return std::get_if<Store>(&by[0].item->what);
  }

  // Whether nothing but `last` uses the buffer in and after the item `top`, and that at the element it stores.
  bool may_stay(BufferId w, const Store& last, std::size_t top) {
    if (carried.contains(w)) return false;
    return std::ranges::all_of(users[w], [&](const User& u) {
      if (u.top < top) return true;
      if (std::get_if<Store>(&u.item->what) != &last) return false;
      bool at_own = true;
      IdSet<NodeId> seen;
      reads(*u.item, seen,
            [&](const Access& a) { at_own = at_own && (!(a.buffer == w) || a.index == last.target.index); });
      return at_own;
    });
  }

  void rename(BufferId from, BufferId to) {
    move_array(plan, from, [to](Access& a) { a.buffer = to; });
    for (const User& u : users[from]) use(to, *u.item, u.top);
    users.erase(from);
  }

  static bool only_loops(Item& item) {
    bool only = true;
    each(item,
         [&](Item& i) { only = only && !std::holds_alternative<For>(i.what) && !std::holds_alternative<If>(i.what); });
    return only;
  }

  void place(BufferId out) {
    std::size_t top = 0;
    Store* store = only_store(out, top);
    if (!store || !std::holds_alternative<Loop>(plan.body[top].what) || !only_loops(plan.body[top])) return;
    std::vector<BufferId> candidates;
    const Item copy{*store};
    IdSet<NodeId> seen;
    reads(copy, seen, [&](const Access& a) {
      const Buffer &b = plan.buffer(a.buffer), &o = plan.buffer(out);
      if (b.storage == Storage::workspace && b.elem == o.elem && b.dims == o.dims && a.index == store->target.index)
        candidates.push_back(a.buffer);
    });
    for (const BufferId w : candidates) {
      if (may_stay(w, *store, top)) return rename(w, out);
    }
  }
};

}  // namespace

void place_in_results(Plan& plan, const PlanOptions&) {
  Results results{plan};
  results.survey(plan.body, std::nullopt);
  for (const BufferId out : plan.outputs) results.place(out);
}

}  // namespace rg::plan
