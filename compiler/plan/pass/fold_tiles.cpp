// Sums over the rows of a product by tiles that nothing else reads:
//
//   loop i { rows j { columns k { loop l sum r { … }; t[j, k] = r } }
//            loop k { loop j sum s { f(t[j, k]) }; y[k] = s } }
//
// are made of each tile when it is finished, and t is never stored:
//
//   loop i { loop k { y[k] = 0 }
//            rows j { columns k { loop l sum r { … }; y[k] += f(r) } } }
//
// The sums of tiles are added with the errors kept, where they are not few. Only inside of another loop: the function's
// own rows are divided among threads, which would meet in y.
#include <algorithm>
#include <map>

#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/nodes.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

struct TileFolder {
  Plan& plan;

  struct Match {
    Tiles* tiles;
    Store* stored;      // of the product
    NodeId term;        // summed
    VarId row, column;  // of the sum
    Store* result;
  };

  std::optional<Match> match(Tiles& tiles, Item& next) const {
    auto* sum = std::get_if<Loop>(&next.what);
    if (!sum || !sum->reductions.empty() || !sum->ranges.empty() || !(sum->extent == tiles.columns.extent) ||
        sum->body.size() != 2 || tiles.finish.size() != 1)
      return std::nullopt;
    auto* over = std::get_if<Loop>(&sum->body[0].what);
    auto* result = std::get_if<Store>(&sum->body[1].what);
    auto* stored = std::get_if<Store>(&tiles.finish[0].what);
    if (!over || !result || !stored || !over->ranges.empty() || !(over->extent == tiles.rows.extent) ||
        over->reductions.size() != 1 || over->body.size() != 1)
      return std::nullopt;
    const auto* add = std::get_if<Accumulate>(&over->body[0].what);
    const Node &value = plan.node(result->value), &product = plan.node(stored->value);
    if (!add || plan.reductions[add->reduction.index].monoid != Monoid::sum || value.kind != Node::Kind::reduced ||
        !(value.reduction == add->reduction) || product.kind != Node::Kind::reduced ||
        plan.buffer(stored->target.buffer).storage != Storage::workspace)
      return std::nullopt;
    return Match{&tiles, stored, plan.reductions[add->reduction.index].value, over->var, sum->var, result};
  }

  Dim moved(Dim d, const Match& m) const {
    d = replace(plan, d, m.row, plan.var_dim(m.tiles->rows.var));
    return replace(plan, d, m.column, plan.var_dim(m.tiles->columns.var));
  }

  // Whether the product is read by the term alone, at the sum's own index.
  bool only_read(const Match& m) const {
    IdSet<NodeId> own;
    bool here = true;
    for_each_node(plan, {m.term}, own, [&](NodeId id) {
      const Node& n = plan.node(id);
      here = here && n.kind != Node::Kind::reduced;
      const auto plain = [&](const Dim& d) { for_each_node_in(plan, d, [&](NodeId) { here = false; }); };
      plain(n.dim);
      for (const Dim& d : n.access.index) plain(d);
      if (n.kind != Node::Kind::load || !(n.access.buffer == m.stored->target.buffer)) return;
      here = here && !n.guard.valid() &&
             std::ranges::equal(n.access.index, m.stored->target.index,
                                [&](const Dim& d, const Dim& e) { return moved(d, m) == e; });
    });
    for_each_item(std::as_const(plan.body), [&](const Item& item) {
      const auto* a = std::get_if<Accumulate>(&item.what);
      if (!here || (a && plan.reductions[a->reduction.index].value == m.term)) return;
      for_each_node(plan, item, [&](NodeId id) {
        const Node& n = plan.node(id);
        here = here && !(n.kind == Node::Kind::load && n.access.buffer == m.stored->target.buffer);
      });
    });
    return here;
  }

  // The loop that sets the sums to zero and what is to follow; the tiles add the term at the product's own index, of
  // its sum as it is in registers.
  std::vector<Item> fold(const Match& m) {
    Nodes made(plan);
    const auto to_rows = [&](const Dim& d) { return moved(d, m); };
    const auto in_register = [&](NodeId id) -> std::optional<NodeId> {
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::load && n.access.buffer == m.stored->target.buffer) return m.stored->value;
      return std::nullopt;
    };
    Nodes::Rewrite at_product{in_register, to_rows};
    const NodeId value = made.rewritten(m.term, at_product), zero = made.constant(plan.node(value).elem, 0, 0);
    Access to = m.result->target;
    for (Dim& d : to.index) d = to_rows(d);
    Loop clear;
    clear.var = m.column;
    clear.extent = m.tiles->columns.extent;
    clear.kind = Loop::Kind::vector;
    clear.body.push_back({Store{m.result->target, zero}});
    const Access errors = kept_errors(m);
    if (errors.buffer.valid()) clear.body.push_back({Store{errors, zero}});
    Access errors_to = errors;
    for (Dim& d : errors_to.index) d = to_rows(d);
    m.tiles->finish[0] = {ScatterAdd{std::move(to), value, {}, std::move(errors_to)}};
    std::vector<Item> around;
    around.push_back({std::move(clear)});
    if (errors.buffer.valid()) around.push_back(added(m, errors));
    return around;
  }

  // Memory for the errors of adding the tiles' sums, as the result's is: none where the tiles are few.
  Access kept_errors(const Match& m) {
    const Dim& rows = m.tiles->rows.extent;
    if (rows.is_constant() && rows.constant() <= cost("folded-rows")) return {};
    Buffer b = plan.buffer(m.result->target.buffer);
    b.storage = Storage::workspace;
    b.name = "errors." + std::to_string(plan.buffers.size());
    plan.buffers.push_back(std::move(b));
    return {BufferId(plan.buffers.size() - 1), m.result->target.index};
  }

  // The loop that adds the errors to the sums.
  Item added(const Match& m, const Access& errors) {
    Nodes made(plan);
    const Access& sum = m.result->target;
    Loop l;
    l.var = m.column;
    l.extent = m.tiles->columns.extent;
    l.kind = Loop::Kind::vector;
    l.body.push_back(
        {Store{sum, made.op<ops::Add>({made.load(sum, {}), made.load(errors, {})}, plan.buffer(sum.buffer).elem)}});
    return {std::move(l)};
  }

  void walk(std::vector<Item>& items, bool inside) {
    for (std::size_t k = 0; k < items.size(); ++k) {
      auto* tiles = std::get_if<Tiles>(&items[k].what);
      if (!tiles) {
        const bool loop = std::holds_alternative<Loop>(items[k].what);
        for (std::vector<Item>* body : bodies(items[k])) walk(*body, inside || loop);
        continue;
      }
      if (!inside || !tiles->packing || tiles->symmetric || k + 1 == items.size()) continue;
      const auto found = match(*tiles, items[k + 1]);
      if (!found || !only_read(*found)) continue;
      std::vector<Item> around = fold(*found);
      items[k + 1] = std::move(items[k]);
      items[k] = std::move(around[0]);
      ++k;
      if (around.size() > 1) items.insert(items.begin() + static_cast<std::ptrdiff_t>(k) + 1, std::move(around[1]));
    }
  }
};

}  // namespace

void fold_tiles(Plan& plan, const PlanOptions&) { TileFolder{plan}.walk(plan.body, false); }

}  // namespace rg::plan
