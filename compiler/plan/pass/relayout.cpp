// Transposed copies of arrays that are read along the wrong axis, over and over.
//
//   for i { for j { for l { … b[j, l] … } … } … }     with b[j, l] and b[j, l + 1] side by side, for many i
//
// has its lanes along j once b is copied to t[l, j]: then no lanes are folded after each loop over l, and what follows
// that loop (a minimum over j) runs on vectors. The copy is made before the loop over i. Products whose tiles are held
// in registers have copies of their own kind and are left alone.
#include <algorithm>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/nodes.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/rewrite.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Relayout {
  Plan& plan;

  std::optional<Dim> along(const Access& a, VarId var) const { return step(plan, linear_address(plan, a), var); }
  bool is(const std::optional<Dim>& c, std::int64_t v) const { return c && *c == Dim(v); }
  bool far(const std::optional<Dim>& c) const {
    return c && (!c->is_constant() || c->constant() > cost("near-stride"));
  }

  // The loads below a node that were not seen before, in the order of evaluation.
  void loads_in(NodeId root, IdSet<NodeId>& seen, std::vector<NodeId>& loads) const {
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!id.valid() || !seen.insert(id)) continue;
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::load) loads.push_back(id);
      open.push_back(n.guard);
      open.insert(open.end(), n.args.rbegin(), n.args.rend());
    }
  }

  // Stores and loads of the items; false where there is more than loops, stores and reductions.
  bool collect(std::vector<Item>& items, std::set<BufferId>& stored, std::vector<Access>& stores,
               std::vector<NodeId>& loads, IdSet<NodeId>& seen) const {
    return std::ranges::all_of(items, [&](Item& item) {
      for_each_root_node(plan, item, [&](NodeId n) { loads_in(n, seen, loads); });
      if (const auto* s = std::get_if<Store>(&item.what)) {
        stored.insert(s->target.buffer);
        stores.push_back(s->target);
        return true;
      }
      if (std::holds_alternative<Accumulate>(item.what)) return true;
      auto* l = std::get_if<Loop>(&item.what);
      return l && collect(l->body, stored, stores, loads, seen);
    });
  }

  // A product of a factor of i and a factor of j.
  bool separate_product(const Loop& inner, VarId j) const {
    return std::ranges::any_of(inner.body, [&](const Item& item) {
      const auto* a = std::get_if<Accumulate>(&item.what);
      if (!a) return false;
      const Node& n = plan.node(plan.reductions[a->reduction.index].value);
      if (n.kind != Node::Kind::op || n.op != ops::opcode<ops::Mul>()) return false;
      const auto depends = [&](NodeId id) { return std::ranges::binary_search(plan.node(id).vars, j); };
      return depends(n.args[0]) != depends(n.args[1]);
    });
  }

  BufferId transposed(const Access& from, const Loop& columns, const Loop& inner, std::vector<Item>& copies) {
    Buffer b;
    b.storage = Storage::workspace;
    b.elem = plan.buffer(from.buffer).elem;
    b.dims = {inner.extent, columns.extent};
    b.kept = {true, true};
    b.name = plan.buffer(from.buffer).name + ".across." + std::to_string(plan.buffers.size());
    plan.buffers.push_back(std::move(b));
    const BufferId to(plan.buffers.size() - 1);
    const auto loop = [&](const Loop& like, const std::string& name) {
      plan.vars.push_back({Var::Kind::axis, like.extent, {}, name + std::to_string(plan.vars.size())});
      Loop l;
      l.var = VarId(plan.vars.size() - 1);
      l.extent = like.extent;
      return l;
    };
    Loop outer = loop(inner, "l"), lanes = loop(columns, "j");
    Access source = from;
    for (Dim& d : source.index) {
      d = replace(plan, d, inner.var, plan.var_dim(outer.var));
      d = replace(plan, d, columns.var, plan.var_dim(lanes.var));
    }
    const NodeId value = Nodes(plan).load(std::move(source), {});
    lanes.body.push_back({Store{{to, {plan.var_dim(outer.var), plan.var_dim(lanes.var)}}, value}});
    outer.body.push_back({std::move(lanes)});
    copies.push_back({std::move(outer)});
    return to;
  }

  // The copies for the loop over j, which stands somewhere in `outer`.
  void columns(Loop& outer, Loop& j, const std::set<BufferId>& written, std::vector<Item>& copies) {
    if (j.body.empty()) return;
    const auto* inner = std::get_if<Loop>(&j.body[0].what);
    if (!inner || inner->reductions.empty() || separate_product(*inner, j.var)) return;
    std::set<BufferId> stored;
    IdSet<NodeId> seen;
    std::vector<Access> stores;
    std::vector<NodeId> loads, wrong;
    if (!collect(j.body, stored, stores, loads, seen)) return;
    for (const Access& s : stores) {
      if (!is(along(s, j.var), 0) && !is(along(s, j.var), 1)) return;
    }
    for (const NodeId id : loads) {
      const Node& n = plan.node(id);
      if (is(along(n.access, j.var), 0) || is(along(n.access, j.var), 1)) continue;
      const bool only_here = n.vars == std::vector<VarId>{std::min(j.var, inner->var), std::max(j.var, inner->var)};
      if (n.guard.valid() || !only_here || !is(along(n.access, inner->var), 1) || !far(along(n.access, j.var)) ||
          written.contains(n.access.buffer) || outer.var == j.var)
        return;
      wrong.push_back(id);
    }
    if (wrong.empty()) return;
    std::vector<Access> across;
    for (const NodeId id : wrong) {
      const BufferId to = transposed(plan.node(id).access, j, *inner, copies);
      across.push_back({to, {plan.var_dim(inner->var), plan.var_dim(j.var)}});
    }
    Nodes made(plan);
    Nodes::Rewrite from_copies{[&](NodeId id) -> std::optional<NodeId> {
                                 const auto at = std::ranges::find(wrong, id);
                                 if (at == wrong.end()) return std::nullopt;
                                 return made.load(across[static_cast<std::size_t>(at - wrong.begin())], {});
                               },
                               [](const Dim& d) { return d; }};
    replace_values(plan, j.body, [&](NodeId n) { return made.rewritten(n, from_copies); });
  }

  void inside(Loop& outer, Loop& l, const std::set<BufferId>& written, std::vector<Item>& copies) {
    columns(outer, l, written, copies);
    for (Item& item : l.body) {
      if (auto* next = std::get_if<Loop>(&item.what)) inside(outer, *next, written, copies);
    }
  }

  void list(std::vector<Item>& items) {
    std::vector<Item> out;
    for (Item& item : items) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        std::set<BufferId> written;
        IdSet<NodeId> seen;
        std::vector<Access> stores;
        std::vector<NodeId> loads;
        if (collect(l->body, written, stores, loads, seen)) inside(*l, *l, written, out);
      } else {
        for (std::vector<Item>* b : bodies(item)) list(*b);
      }
      out.push_back(std::move(item));
    }
    items = std::move(out);
  }
};

}  // namespace

void copy_transposed(Plan& plan, const PlanOptions&) { Relayout{plan}.list(plan.body); }

}  // namespace rg::plan
