// Workspace in the memory of a result:
//
//   loop i { w[i] = … }  …  loop i { out[i] = f(w[i]) }
//
// keeps w in `out`, where each element is read last in the statement that overwrites it.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "compiler/plan/planner.h"

namespace rg::plan {

namespace {

struct Results {
  Plan& plan;
  std::unordered_map<const Item*, std::set<BufferId>> used = {};

  static void each(Item& item, const std::function<void(Item&)>& f) {
    f(item);
    for (std::vector<Item>* body : bodies(item)) {
      for (Item& inner : *body) each(inner, f);
    }
  }

  void each(const std::function<void(Item&)>& f) {
    for (Item& item : plan.body) each(item, f);
  }

  // Calls f with each element that the item's statement reads.
  void reads(const Item& item, const std::function<void(const Access&)>& f) const {
    for_each_node(plan, item, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::load) f(n.access);
    });
    if (const auto* s = std::get_if<ScatterAdd>(&item.what)) f(s->target);
  }

  // Buffers that a statement reads, stores to or carries.
  const std::set<BufferId>& used_by(Item& item) {
    const auto [at, is_new] = used.try_emplace(&item);
    if (!is_new) return at->second;
    if (const Access* a = stored_by(item)) at->second.insert(a->buffer);
    reads(item, [&](const Access& a) { at->second.insert(a.buffer); });
    if (const auto* l = std::get_if<For>(&item.what)) {
      for (const For::Carried& c : l->carried) at->second.insert({c.current, c.next});
    }
    return at->second;
  }

  bool uses(Item& item, BufferId b) { return used_by(item).contains(b); }

  // The only statement that has to do with the result, and the item of the function's own body that it is in.
  Store* only_store(BufferId out, std::size_t& top) {
    Store* only = nullptr;
    int count = 0;
    for (std::size_t t = 0; t < plan.body.size(); ++t) {
      each(plan.body[t], [&](Item& item) {
        if (!uses(item, out)) return;
        ++count;
        only = std::get_if<Store>(&item.what);
        top = t;
      });
    }
    return count == 1 ? only : nullptr;
  }

  // Whether nothing but `last` uses the buffer in and after the item `top`, and that at the element it stores.
  bool may_stay(BufferId w, const Store& last, std::size_t top) {
    bool may = true;
    const auto visit = [&](Item& item) {
      if (std::get_if<Store>(&item.what) == &last) {
        reads(item, [&](const Access& a) { may = may && (!(a.buffer == w) || a.index == last.target.index); });
      } else {
        may = may && !uses(item, w);
      }
    };
    for (std::size_t t = top; t < plan.body.size(); ++t) each(plan.body[t], visit);
    bool carried = false;
    each([&](Item& item) {
      if (const auto* l = std::get_if<For>(&item.what)) {
        for (const For::Carried& c : l->carried) carried = carried || c.current == w || c.next == w;
      }
    });
    return may && !carried;
  }

  void rename(BufferId from, BufferId to) {
    for (auto& [item, buffers] : used) {
      if (buffers.erase(from) > 0) buffers.insert(to);
    }
    for (Node& n : plan.nodes) {
      if (n.kind == Node::Kind::load && n.access.buffer == from) n.access.buffer = to;
    }
    each([&](Item& item) {
      if (Access* a = stored_by(item); a && a->buffer == from) a->buffer = to;
    });
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
    reads(copy, [&](const Access& a) {
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

void place_in_results(Plan& plan) {
  Results results{plan};
  for (const BufferId out : plan.outputs) results.place(out);
}

}  // namespace rg::plan
