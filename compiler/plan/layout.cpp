// Arrays of the workspace are laid out along the axis along which they are made:
//
//   loop j < n { loop k < m { t[j, k] = x[v[k] + j] } }
//
// reads x side by side along j only, so that t is stored with the axis of j last.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan/planner.h"

namespace rg::plan {

namespace {

struct Layout {
  Plan& plan;
  std::map<BufferId, int> stores;  // statements that write
  std::set<BufferId> fixed;        // carried states, and what is added to
  struct Swap {
    std::size_t a, b;
  };
  std::map<BufferId, Swap> swaps;

  void survey(std::vector<Item>& items) {
    for (Item& item : items) {
      if (const Access* a = stored_by(item)) ++stores[a->buffer];
      if (const auto* s = std::get_if<ScatterAdd>(&item.what)) fixed.insert(s->target.buffer);
      if (const auto* f = std::get_if<For>(&item.what)) {
        for (const For::Carried& c : f->carried) fixed.insert({c.current, c.next});
      }
      for (std::vector<Item>* body : bodies(item)) survey(*body);
    }
  }

  // Loads of the value that are not of neighbouring elements along the variable.
  int apart(NodeId value, VarId var) const {
    int count = 0;
    for_each_node(plan, {value}, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind != Node::Kind::load) return;
      const auto step = coefficient(linear_address(plan, n.access), plan.size_count + var.index);
      if (!step || (!(*step == Dim(0)) && !(*step == Dim(1)))) ++count;
    });
    return count;
  }

  void choose(const Loop& j, const Loop& k) {
    for (const Item& item : k.body) {
      const auto* s = std::get_if<Store>(&item.what);
      if (!s) return;
      const BufferId b = s->target.buffer;
      const Index& index = s->target.index;
      if (plan.buffer(b).storage != Storage::workspace || stores[b] != 1 || fixed.contains(b) || index.size() < 2 ||
          plan.as_var(index.back()) != k.var)
        continue;
      const auto of_j = std::ranges::find_if(index, [&](const Dim& d) { return plan.as_var(d) == j.var; });
      if (of_j == index.end() || apart(s->value, j.var) > 0 || apart(s->value, k.var) == 0) continue;
      swaps[b] = {static_cast<std::size_t>(of_j - index.begin()), index.size() - 1};
    }
  }

  void walk(std::vector<Item>& items) {
    for (Item& item : items) {
      auto* j = std::get_if<Loop>(&item.what);
      for (std::vector<Item>* body : bodies(item)) {
        for (Item& inner : *body) {
          const auto* k = std::get_if<Loop>(&inner.what);
          if (j && k && k->reductions.empty()) choose(*j, *k);
        }
        walk(*body);
      }
    }
  }

  void move(Access& a) const {
    const auto s = swaps.find(a.buffer);
    if (s != swaps.end()) std::swap(a.index[s->second.a], a.index[s->second.b]);
  }

  void move(std::vector<Item>& items) const {
    for (Item& item : items) {
      if (Access* a = stored_by(item)) move(*a);
      for (std::vector<Item>* body : bodies(item)) move(*body);
    }
  }

  void run() {
    survey(plan.body);
    walk(plan.body);
    for (const auto& [id, s] : swaps) {
      Buffer& b = plan.buffers[id.index];
      std::swap(b.dims[s.a], b.dims[s.b]);
    }
    for (Node& n : plan.nodes) {
      if (n.kind == Node::Kind::load) move(n.access);
    }
    move(plan.body);
  }
};

}  // namespace

void lay_out(Plan& plan) { Layout{plan, {}, {}, {}}.run(); }

}  // namespace rg::plan
