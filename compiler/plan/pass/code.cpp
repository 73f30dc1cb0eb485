// How vectors become code: their lanes, the accumulators that vectors add to in turn (unrolling), whether whole vectors
// have a body without a mask beside the masked one, and how far ahead large arrays are asked for (software prefetch).
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

struct Coder {
  Plan& plan;

  std::vector<NodeId> nodes_of(const Item& item) const {
    std::vector<NodeId> roots, nodes;
    for (const auto* list : bodies(item)) {
      for_each_item(*list,
                    [&](const Item& inner) { for_each_root_node(plan, inner, [&](NodeId n) { roots.push_back(n); }); });
    }
    for_each_node(plan, std::move(roots), [&](NodeId n) { nodes.push_back(n); });
    return nodes;
  }

  // By the widest floating element, else by the widest integer.
  int lanes_of(const std::vector<NodeId>& nodes) const {
    int real = 0, other = 1;
    for (const NodeId id : nodes) {
      int& most = ir::is_float(plan.node(id).elem) ? real : other;
      most = std::max(most, ir::byte_size(plan.node(id).elem));
    }
    return plan.target.lanes(real > 0 ? real : other);
  }

  // Whether functions such as exp are evaluated, which take dozens of instructions.
  bool calls_functions(const std::vector<NodeId>& nodes) const {
    return std::ranges::any_of(nodes, [&](NodeId id) {
      const Node& n = plan.node(id);
      return n.kind == Node::Kind::op && ops::info(n.op).cost >= ops::kFunctionCost;
    });
  }

  std::int64_t operations(const std::vector<NodeId>& nodes) const {
    std::int64_t sum = 0;
    for (const NodeId id : nodes) {
      const Node& n = plan.node(id);
      sum += n.kind == Node::Kind::op ? ops::info(n.op).cost : 1;
    }
    return sum;
  }

  // Accumulators of a reduction whose terms fill the lanes of the loop. Those of a sum are as many lanes whatever else
  // the loop does: its order must not depend on that. That of `and` and `or` costs nothing to wait for.
  int accumulators(const Loop& l, const Reduction& r, bool light) const {
    constexpr int most = plan::cost("accumulators");
    if (!is_leaf(l) || r.monoid == Monoid::any || r.monoid == Monoid::all) return 1;
    if (!ops::is_ordered(r.monoid, r.elem)) return light ? most : 1;
    return std::max(1, most * (plan.target.vector_bytes / ir::byte_size(r.elem)) / l.code.lanes);
  }

  void choose(Loop& l, const std::vector<NodeId>& nodes) {
    VectorCode& code = l.code;
    code.lanes = lanes_of(nodes);
    const bool light = static_cast<std::int64_t>(nodes.size()) < plan::cost("light-body");
    for (const Item& item : l.body) {
      const auto* a = std::get_if<Accumulate>(&item.what);
      if (!a) continue;
      Reduction& r = plan.reductions[a->reduction.index];
      r.accumulators = accumulators(l, r, light);
      code.accumulators = std::max(code.accumulators, r.accumulators);
    }
    code.side_by_side = code.accumulators > 1 && light;
    // A body that is long by its functions, or seldom run, is there once, under a mask: compiling it takes as long as
    // it is.
    code.unmasked = !code.side_by_side && l.ranges.size() < 2 && !calls_functions(nodes);
    const std::int64_t length = is_leaf(l) ? operations(nodes) : 0;
    if (length >= plan::cost("prefetch-body"))
      code.ahead = 1 + static_cast<int>(plan::cost("prefetch-distance") / length);
  }

  void run() {
    for_each_item(plan.body, [&](Item& item) {
      if (auto* l = std::get_if<Loop>(&item.what); l && l->is_vector()) choose(*l, nodes_of(item));
      if (auto* t = std::get_if<Tiles>(&item.what)) t->code.lanes = lanes_of(nodes_of(item));
    });
  }
};

}  // namespace

void choose_code(Plan& plan, const PlanOptions&) { Coder{plan}.run(); }

}  // namespace rg::plan
