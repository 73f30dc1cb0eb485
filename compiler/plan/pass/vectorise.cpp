// The vector loop of each nest: the innermost, or the loop around the innermost ones where its accesses cost less.
// Contractions become tiles.
#include <algorithm>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Vectoriser {
  Plan& plan;
  const PlanOptions& options;
  static constexpr std::int64_t steps = plan::cost("inner-trips");

  std::int64_t access_cost(const Access& a, VarId var) const {
    const auto c = step(plan, linear_address(plan, a), var);
    if (!c || !c->is_constant()) return plan::cost("gather");
    const std::int64_t by = c->constant();
    return by == 0 || by == 1 ? by : by <= 16 && by >= -1 ? plan::cost("strided") : plan::cost("gather");
  }

  // Accesses under a node, `steps` each; those that are the same in every step of the loop over `repeated` are made
  // once.
  std::int64_t node_cost(NodeId root, VarId var, IdSet<NodeId>& seen, VarId repeated = {}) const {
    std::int64_t sum = 0;
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!id.valid() || !seen.insert(id)) continue;
      const Node& n = plan.node(id);
      if (!std::ranges::binary_search(n.vars, var)) continue;
      const bool each_step = !repeated.valid() || std::ranges::binary_search(n.vars, repeated);
      if (n.kind == Node::Kind::load) sum += access_cost(n.access, var) * (each_step ? steps : 1);
      open.insert(open.end(), n.args.begin(), n.args.end());
    }
    return sum;
  }

  // What lanes along `var` cost: accesses in an inner loop are made in each of its steps.
  std::int64_t cost(std::vector<Item>& items, VarId var, const Loop* inner = nullptr) const {
    std::int64_t sum = 0;
    IdSet<NodeId> seen;
    for (Item& item : items) {
      for_each_root_node(plan, item, [&](NodeId n) {
        const std::int64_t c = node_cost(n, var, seen, inner ? inner->var : VarId());
        sum += inner ? c : c / steps;
      });
      if (const auto* s = std::get_if<Store>(&item.what)) sum += access_cost(s->target, var) * (inner ? steps : 1);
      if (auto* l = std::get_if<Loop>(&item.what)) {
        sum += cost(l->body, var, l);
      } else {
        for (std::vector<Item>* body : bodies(item)) sum += cost(*body, var, inner);
      }
    }
    return sum;
  }

  static bool has(std::vector<Item>& items, bool (*test)(const Item&)) {
    return std::ranges::any_of(items, [&](Item& item) {
      if (test(item)) return true;
      return std::ranges::any_of(bodies(item), [&](std::vector<Item>* b) { return has(*b, test); });
    });
  }

  // Lanes of a scatter-addition must not meet: an index of the target runs along with the variable.
  bool lanes_meet(std::vector<Item>& items, VarId var) const {
    return std::ranges::any_of(items, [&](Item& item) {
      if (const auto* s = std::get_if<ScatterAdd>(&item.what))
        return std::ranges::none_of(s->target.index, [&](const Dim& d) {
          const auto by = step(plan, d, var);
          return by && by->is_constant() && by->constant() != 0;
        });
      return std::ranges::any_of(bodies(item), [&](std::vector<Item>* b) { return lanes_meet(*b, var); });
    });
  }

  static bool is_loop(const Item& item) { return std::holds_alternative<Loop>(item.what); }
  bool reduces(const Loop& l) const { return !l.reductions.empty(); }

  // rows { columns { reduced { accumulate } store … } }, each factor of what is summed repeated along one of the two.
  bool is_tiled(const Loop& rows) const {
    const auto* columns = rows.body.size() == 1 ? std::get_if<Loop>(&rows.body[0].what) : nullptr;
    const auto* inner = columns && !columns->body.empty() ? std::get_if<Loop>(&columns->body[0].what) : nullptr;
    if (!inner || reduces(rows) || reduces(*columns) || inner->reductions.size() != 1 || inner->body.size() != 1)
      return false;
    const auto* sum = std::get_if<Accumulate>(&inner->body[0].what);
    if (!sum || plan.reductions[sum->reduction.index].monoid != Monoid::sum) return false;
    for (std::size_t k = 1; k < columns->body.size(); ++k) {
      if (!std::holds_alternative<Store>(columns->body[k].what)) return false;
    }
    const Node& product = plan.node(plan.reductions[sum->reduction.index].value);
    const auto depends = [&](NodeId id, VarId v) { return std::ranges::binary_search(plan.node(id).vars, v); };
    return product.args.size() == 2 && depends(product.args[0], rows.var) != depends(product.args[1], rows.var) &&
           depends(product.args[0], columns->var) != depends(product.args[1], columns->var);
  }

  // The loops of such a shape as one item, lanes and tiles still to be chosen.
  static Tiles without_loops(Loop& rows) {
    auto& columns = std::get<Loop>(rows.body[0].what);
    auto& reduced = std::get<Loop>(columns.body[0].what);
    Tiles t;
    t.rows = {rows.var, rows.extent};
    t.columns = {columns.var, columns.extent};
    t.reduced = {reduced.var, reduced.extent};
    t.sum = reduced.reductions[0];
    t.zeros = reduced.zeros;
    t.body = std::move(reduced.body);
    t.finish.assign(std::make_move_iterator(columns.body.begin() + 1), std::make_move_iterator(columns.body.end()));
    return t;
  }

  Tiles tiles(Loop& rows) const {
    Tiles t = without_loops(rows);
    const auto along = [&](NodeId factor, const Tiles::Axis& axis) {
      IdSet<NodeId> seen;
      return node_cost(factor, axis.var, seen);
    };
    if (auto p = choose_packing(plan, t)) {
      p->rows_across = along(p->row_value, t.rows) < along(p->row_value, t.reduced);
      p->columns_across = along(p->column_value, t.reduced) < along(p->column_value, t.columns);
      if (!reads_in_place(*p, t)) {
        t.row_count = p->height;
        t.column_count = 2;
        t.packing = p;
        return t;
      }
    }
    const NodeId value = plan.reductions[t.sum.index].value;
    const bool by_columns = along(value, t.columns) <= along(value, t.reduced);
    t.lanes = by_columns ? Tiles::Lanes::columns : Tiles::Lanes::reduced;
    t.row_count = by_columns ? 6 : 4;
    t.column_count = 4;
    return t;
  }

  // Lanes of sums and products would be added in another order than the elements stand in.
  bool in_order(const Loop& l) const {
    return options.strict && std::ranges::any_of(l.reductions, [&](ReductionId id) {
             const Reduction& r = plan.reductions[id.index];
             return ops::is_ordered(r.monoid, r.elem);
           });
  }

  // Chains of dependent operations as long as a function's polynomial leave the units idle unless two run at once; what
  // is long by the number of its operations fills the registers by itself.
  bool long_chains(Loop& loop) const {
    if (!std::ranges::all_of(loop.body, [](const Item& i) { return std::holds_alternative<Store>(i.what); }))
      return false;
    IdSet<NodeId> seen;
    std::int64_t sum = 0;
    bool function = false;
    std::vector<NodeId> open;
    for (Item& item : loop.body) for_each_root_node(plan, item, [&](NodeId n) { open.push_back(n); });
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!id.valid() || !seen.insert(id)) continue;
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::op) {
        sum += ops::info(n.op).cost;
        function = function || ops::info(n.op).cost >= ops::kFunctionCost;
      }
      open.insert(open.end(), n.args.begin(), n.args.end());
      open.push_back(n.guard);
    }
    return function && sum <= plan::cost("chain-body");
  }

  // A sum over an inner loop is one chain of additions for each vector: four at once fill the gaps.
  bool waits_for_sums(Loop& loop) const {
    const Dim& n = loop.extent;
    if (n.is_constant() && n.constant() * 8 < 4 * plan.target.vector_bytes) return false;
    return std::ranges::all_of(loop.body, [&](Item& item) {
      const auto* inner = std::get_if<Loop>(&item.what);
      if (!inner) return std::holds_alternative<Store>(item.what);
      return inner->reductions.size() == 1 && inner->body.size() == 1 &&
             std::holds_alternative<Accumulate>(inner->body[0].what);
    });
  }

  void visit(Loop& loop) const {
    const bool leaf = !has(loop.body, is_loop);
    if (leaf) {
      if (in_order(loop) || lanes_meet(loop.body, loop.var)) return;
      loop.kind = Loop::Kind::vector;
      if (long_chains(loop)) loop.together = 2;
      return;
    }
    std::int64_t inner = 0;
    bool shallow = true;
    for (Item& item : loop.body) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        shallow = shallow && !has(l->body, is_loop);
        inner += steps * (cost(l->body, l->var) + (reduces(*l) ? 1 : 0));
      }
    }
    if (shallow && !in_order(loop) && !lanes_meet(loop.body, loop.var) && cost(loop.body, loop.var) < inner) {
      loop.kind = Loop::Kind::vector;
      if (waits_for_sums(loop)) loop.together = 4;
      return;
    }
    visit_all(loop.body);
  }

  void visit_all(std::vector<Item>& items) const {
    for (Item& item : items) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        if (!options.strict && is_tiled(*l))
          item.what = tiles(*l);
        else
          visit(*l);
      } else if (!std::holds_alternative<Assert>(item.what)) {  // what looks for an error branches at each element
        for (std::vector<Item>* b : bodies(item)) visit_all(*b);
      }
    }
  }
};

}  // namespace

void vectorise(Plan& plan, const PlanOptions& options) { Vectoriser{plan, options}.visit_all(plan.body); }

}  // namespace rg::plan
