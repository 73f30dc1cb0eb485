// Arrays of the workspace are laid out along the axis along which they are made:
//
//   loop j < n { loop k < m { t[j, k] = x[v[k] + j] } }
//
// reads x side by side along j only, so that t is stored with the axis of j last.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan/dims.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/rewrite.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

struct Layout {
  Plan& plan;
  std::map<BufferId, int> stores;  // statements that write
  std::set<BufferId> fixed;        // carried states, and what is added to

  void survey() {
    for_each_item(std::as_const(plan.body), [this](const Item& item) {
      if (const Access* a = stored_by(item)) ++stores[a->buffer];
      if (const auto* s = std::get_if<ScatterAdd>(&item.what)) fixed.insert({s->target.buffer, s->errors.buffer});
      if (const auto* k = std::get_if<Kernel>(&item.what))
        for_each_array(*k, [this](const Access& a, bool) { fixed.insert(a.buffer); });
      if (const auto* f = std::get_if<For>(&item.what)) {
        for (const For::Carried& c : f->carried) fixed.insert({c.current, c.next});
      }
    });
  }

  // Loads of the value that are not of neighbouring elements along the variable.
  int apart(NodeId value, VarId var) const {
    int count = 0;
    for_each_node(plan, {value}, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind != Node::Kind::load) return;
      const auto by = step(plan, linear_address(plan, n.access), var);
      if (!by || (!(*by == Dim(0)) && !(*by == Dim(1)))) ++count;
    });
    return count;
  }

  void choose(const Loop& j, const Loop& k) {
    for (const Item& item : k.body) {
      const auto* s = std::get_if<Store>(&item.what);
      if (!s) continue;
      const BufferId b = s->target.buffer;
      const Index& index = s->target.index;
      if (plan.buffer(b).storage != Storage::workspace || stores[b] != 1 || fixed.contains(b) || index.size() < 2)
        continue;
      // It is stored along the outer loop's axis though the inner one fills it, or is better stored along the outer
      // one.
      const auto last = plan.as_var(index.back());
      const bool by_j = last == j.var;
      if (!by_j && !(last == k.var && apart(s->value, j.var) == 0 && apart(s->value, k.var) > 0)) continue;
      const auto other =
          std::ranges::find_if(index, [&](const Dim& d) { return plan.as_var(d) == (by_j ? k.var : j.var); });
      if (other == index.end()) continue;
      exchange(b, static_cast<std::size_t>(other - index.begin()), index.size() - 1);
    }
  }

  void walk(std::vector<Item>& items) {
    for (Item& item : items) {
      auto* j = std::get_if<Loop>(&item.what);
      for (std::vector<Item>* body : bodies(item)) {
        for (Item& inner : *body) {
          const auto* k = std::get_if<Loop>(&inner.what);
          if (j && k) choose(*j, *k);
        }
        walk(*body);
      }
    }
  }

  void exchange(BufferId id, std::size_t a, std::size_t b) {
    Buffer& buffer = plan.buffers[id.index];
    std::swap(buffer.dims[a], buffer.dims[b]);
    move_array(plan, id, [&](Access& access) { std::swap(access.index[a], access.index[b]); });
  }
};

}  // namespace

void lay_out(Plan& plan, const PlanOptions&) {
  Layout layout{plan, {}, {}};
  layout.survey();
  layout.walk(plan.body);
}

}  // namespace rg::plan
