// The vector loop of each nest: the innermost, or the loop around the innermost ones where its accesses cost less.
#include <algorithm>
#include <set>

#include "compiler/plan/planner.h"

namespace rg::plan {

namespace {

struct Vectoriser {
  Plan& plan;

  std::int64_t access_cost(const Access& a, VarId var) const {
    const auto c = coefficient(linear_address(plan, a), plan.size_count + var.index);
    if (!c) return 16;
    if (!c->is_constant()) return 16;
    return c->constant() == 0 ? 0 : c->constant() == 1 ? 1 : c->constant() <= 16 && c->constant() >= -1 ? 6 : 16;
  }

  std::int64_t node_cost(NodeId id, VarId var, std::set<NodeId>& seen) const {
    if (!id.valid() || !seen.insert(id).second) return 0;
    const Node& n = plan.node(id);
    if (!std::ranges::binary_search(n.vars, var)) return 0;
    std::int64_t sum = n.kind == Node::Kind::load ? access_cost(n.access, var) : 0;
    for (const NodeId a : n.args) sum += node_cost(a, var, seen);
    return sum;
  }

  std::int64_t cost(std::vector<Item>& items, VarId var) const {
    std::int64_t sum = 0;
    std::set<NodeId> seen;
    for (Item& item : items) {
      for_each_root_node(plan, item, [&](NodeId n) { sum += node_cost(n, var, seen); });
      if (const auto* s = std::get_if<Store>(&item.what)) sum += access_cost(s->target, var);
      for (std::vector<Item>* body : bodies(item)) sum += cost(*body, var);
    }
    return sum;
  }

  static bool has(std::vector<Item>& items, bool (*test)(const Item&)) {
    return std::ranges::any_of(items, [&](Item& item) {
      if (test(item)) return true;
      return std::ranges::any_of(bodies(item), [&](std::vector<Item>* b) { return has(*b, test); });
    });
  }

  // Lanes of a scatter-addition must not meet: the target's index has the variable itself.
  bool lanes_meet(std::vector<Item>& items, VarId var) const {
    return std::ranges::any_of(items, [&](Item& item) {
      if (const auto* s = std::get_if<ScatterAdd>(&item.what))
        return std::ranges::find(s->target.index, plan.var_dim(var)) == s->target.index.end();
      return std::ranges::any_of(bodies(item), [&](std::vector<Item>* b) { return lanes_meet(*b, var); });
    });
  }

  static bool is_loop(const Item& item) { return std::holds_alternative<Loop>(item.what); }
  bool reduces(const Loop& l) const { return !l.reductions.empty(); }

  void visit(Loop& loop) const {
    const bool leaf = !has(loop.body, is_loop);
    if (leaf) {
      loop.vector = !lanes_meet(loop.body, loop.var);
      return;
    }
    std::int64_t inner = 0;
    bool shallow = true;
    for (Item& item : loop.body) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        shallow = shallow && !has(l->body, is_loop);
        inner += cost(l->body, l->var) + (reduces(*l) ? 1 : 0);
      }
    }
    if (shallow && !reduces(loop) && !lanes_meet(loop.body, loop.var) && cost(loop.body, loop.var) < inner) {
      loop.vector = true;
      return;
    }
    visit_all(loop.body);
  }

  void visit_all(std::vector<Item>& items) const {
    for (Item& item : items) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        visit(*l);
      } else {
        for (std::vector<Item>* b : bodies(item)) visit_all(*b);
      }
    }
  }
};

}  // namespace

void vectorise(Plan& plan, const PlanOptions&) { Vectoriser{plan}.visit_all(plan.body); }

}  // namespace rg::plan
