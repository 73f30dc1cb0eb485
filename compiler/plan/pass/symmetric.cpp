// Products of an array with itself:
//
//   rows j < d { columns k < d { loop l sum { f[j, l] f[k, l] w[l] }; s[j, k] = … } }
//
// have s[j, k] = s[k, j]: tiles below the diagonal are left out, and what is below it is a copy of what is above:
//
//   loop j < d { loop k < j { s[j, k] = s[k, j] } }
#include <algorithm>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/nodes.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

constexpr std::size_t most_factors = cost("symmetric-factors");

struct Mirror {
  Plan& plan;

  Dim moved(const Dim& d, VarId from, VarId to) const { return replace(plan, d, from, plan.var_dim(to)); }

  // Whether b is a with the variable `to` for `from`.
  bool same(NodeId a, NodeId b, VarId from, VarId to) const {
    std::vector<std::pair<NodeId, NodeId>> open{{a, b}};
    std::set<std::pair<NodeId, NodeId>> seen;
    while (!open.empty()) {
      const auto [x, y] = open.back();
      open.pop_back();
      if (x.valid() != y.valid()) return false;
      if (!x.valid() || !seen.emplace(x, y).second) continue;
      if (!same_operation(x, y, from, to)) return false;
      const Node &p = plan.node(x), &q = plan.node(y);
      open.emplace_back(p.guard, q.guard);
      for (std::size_t k = 0; k < p.args.size(); ++k) open.emplace_back(p.args[k], q.args[k]);
    }
    return true;
  }

  // The same of the operations by themselves, their arguments left out.
  bool same_operation(NodeId a, NodeId b, VarId from, VarId to) const {
    const Node &x = plan.node(a), &y = plan.node(b);
    if (x.kind != y.kind || x.elem != y.elem || x.args.size() != y.args.size() || !(x.op == y.op) ||
        !(x.attrs == y.attrs))
      return false;
    switch (x.kind) {
      case Node::Kind::constant:
        return a == b;
      case Node::Kind::reduced:
        return a == b && !std::ranges::binary_search(x.vars, from);
      case Node::Kind::index:
        return moved(x.dim, from, to) == y.dim;
      case Node::Kind::load:
        return x.access.buffer == y.access.buffer &&
               std::ranges::equal(x.access.index, y.access.index,
                                  [&](const Dim& d, const Dim& e) { return moved(d, from, to) == e; });
      case Node::Kind::op:
        return true;
    }
    return false;
  }

  // The factors of the product that depend on the variable; more than `most_factors` are none that is looked at.
  void factors(NodeId product, VarId of, std::vector<NodeId>& found) const {
    std::vector<NodeId> open{product};
    while (!open.empty() && open.size() + found.size() <= most_factors) {
      const NodeId id = open.back();
      open.pop_back();
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::op && n.op == ops::opcode<ops::Mul>()) {
        open.insert(open.end(), n.args.rbegin(), n.args.rend());
      } else if (std::ranges::binary_search(n.vars, of)) {
        found.push_back(id);
      }
    }
    if (!open.empty()) found.assign(most_factors + 1, {});
  }

  // Whether the summed product stays the same when the two variables change places.
  bool symmetric(NodeId product, VarId row, VarId column) const {
    std::vector<NodeId> of_row, of_column;
    factors(product, row, of_row);
    factors(product, column, of_column);
    if (of_row.size() != of_column.size() || of_row.size() > most_factors) return false;
    for (const NodeId x : of_row) {
      const auto pair = std::ranges::find_if(of_column, [&](NodeId y) { return same(x, y, row, column); });
      if (pair == of_column.end()) return false;
      of_column.erase(pair);
    }
    return true;
  }

  // Where the element of the other side of the diagonal is; empty where that is not in the same array.
  std::optional<Index> other_side(const Index& index, VarId row, VarId column) const {
    Index other = index;
    for (Dim& d : other) {
      if (plan.as_var(d) == row) {
        d = plan.var_dim(column);
      } else if (plan.as_var(d) == column) {
        d = plan.var_dim(row);
      } else if (mentions(d, plan.size_count + row.index) || mentions(d, plan.size_count + column.index)) {
        return std::nullopt;
      }
    }
    return other;
  }

  Loop loop(const Dim& extent) {
    plan.vars.push_back({Var::Kind::axis, extent, {}, "m" + std::to_string(plan.vars.size())});
    Loop l;
    l.var = VarId(plan.vars.size() - 1);
    l.extent = extent;
    return l;
  }

  // The loops that copy, for tiles of a product that is symmetric and is stored as it is.
  std::optional<Loop> copies(Tiles& tiles) {
    const Tiles::Axis &rows = tiles.rows, &columns = tiles.columns;
    const auto* store = tiles.finish.size() == 1 ? std::get_if<Store>(&tiles.finish[0].what) : nullptr;
    if (!store || !(rows.extent == columns.extent)) return std::nullopt;
    const bool plain = plan.node(store->value).kind == Node::Kind::reduced;
    const NodeId product = plan.reductions[tiles.sum.index].value;
    if (!plain || !symmetric(product, rows.var, columns.var)) return std::nullopt;
    const auto from = other_side(store->target.index, rows.var, columns.var);
    if (!from) return std::nullopt;
    Loop j = loop(rows.extent), k = loop(columns.extent);
    const auto at = [&](const Index& index) {
      Index moved_index;
      for (const Dim& d : index) moved_index.push_back(moved(moved(d, rows.var, j.var), columns.var, k.var));
      return Access{store->target.buffer, moved_index};
    };
    const NodeId above = Nodes(plan).load(at(*from), {});
    k.kind = Loop::Kind::vector;
    k.ranges.push_back({0, plan.var_dim(j.var)});
    k.body.push_back({Store{at(store->target.index), above}});
    j.body.push_back({std::move(k)});
    tiles.symmetric = true;
    return j;
  }

  void walk(std::vector<Item>& items) {
    std::vector<Item> out;
    for (Item& item : items) {
      auto* tiles = std::get_if<Tiles>(&item.what);
      std::optional<Loop> after;
      if (tiles)
        after = copies(*tiles);
      else
        for (std::vector<Item>* body : bodies(item)) walk(*body);
      out.push_back(std::move(item));
      if (after) out.push_back({std::move(*after)});
    }
    items = std::move(out);
  }
};

}  // namespace

void use_symmetry(Plan& plan, const PlanOptions&) { Mirror{plan}.walk(plan.body); }

}  // namespace rg::plan
