// Loops whose conditions on the index are settled but for the first and the last iterations, as shifted arrays have:
//
//   loop i < n { y[i] = select(i < 1, a, x[i - 1] if i >= 1) }
//
// becomes one loop over 0 .. 1 and n .. n as it stands and one over 1 .. n with the conditions known, y[i] = x[i - 1].
#include <algorithm>
#include <map>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/nodes.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

namespace {

constexpr std::int64_t widest = cost("border");

// Where a condition on the loop's index holds: from `from` on, below `from`, at `from` only, or elsewhere only.
struct Switch {
  enum class Kind : std::uint8_t { at_least, below, at, not_at } kind;
  Dim from;
};

// The comparison of c * i + rest with 0, c = 1 or -1.
std::optional<Switch> switch_of(ir::Opcode op, std::int64_t c, const Dim& rest) {
  using Kind = Switch::Kind;
  const bool rising = c == 1;
  const Dim zero = rising ? Dim(0) - rest : rest;  // the i where the two sides are equal
  if (op == ops::opcode<ops::Eq>()) return Switch{Kind::at, zero};
  if (op == ops::opcode<ops::Ne>()) return Switch{Kind::not_at, zero};
  if (op == ops::opcode<ops::Ge>()) return rising ? Switch{Kind::at_least, zero} : Switch{Kind::below, zero + Dim(1)};
  if (op == ops::opcode<ops::Gt>()) return rising ? Switch{Kind::at_least, zero + Dim(1)} : Switch{Kind::below, zero};
  if (op == ops::opcode<ops::Lt>()) return rising ? Switch{Kind::below, zero} : Switch{Kind::at_least, zero + Dim(1)};
  if (op == ops::opcode<ops::Le>()) return rising ? Switch{Kind::below, zero + Dim(1)} : Switch{Kind::at_least, zero};
  return std::nullopt;
}

struct Interior {
  Plan& plan;
  Nodes made;
  const Loop& loop;
  std::int64_t head = 0, tail = 0;  // iterations in the borders
  std::map<NodeId, bool> known;     // conditions, inside
  Nodes::Rewrite inside;

  explicit Interior(Plan& p, const Loop& l) : plan(p), made(p), loop(l) {
    inside.known = [this](NodeId id) -> std::optional<NodeId> {
      if (const auto k = known.find(id); k != known.end()) return made.constant(Elem::boolean, 0, k->second ? 1 : 0);
      if (!std::ranges::binary_search(plan.node(id).vars, loop.var)) return id;
      return std::nullopt;
    };
    inside.index = [](const Dim& d) { return d; };
  }

  void condition(NodeId id) {
    const Node& n = plan.node(id);
    if (n.kind != Node::Kind::op || n.elem != Elem::boolean || n.args.size() != 2) return;
    const Node &a = plan.node(n.args[0]), &b = plan.node(n.args[1]);
    if (a.kind != Node::Kind::index || b.kind != Node::Kind::index) return;
    const std::uint32_t i = plan.size_count + loop.var.index;
    const Dim difference = a.dim - b.dim;
    const auto c = step(plan, difference, loop.var);
    if (!c || !c->is_constant() || (c->constant() != 1 && c->constant() != -1)) return;
    const auto s = switch_of(n.op, c->constant(), replace(difference, i, 0));
    if (!s) return;
    const bool point = s->kind == Switch::Kind::at || s->kind == Switch::Kind::not_at;
    const Dim left = loop.extent - s->from;
    if (s->from.is_constant() && s->from.constant() >= 0 && s->from.constant() <= widest) {
      head = std::max(head, s->from.constant() + (point ? 1 : 0));
      known[id] = s->kind == Switch::Kind::at_least || s->kind == Switch::Kind::not_at;
    } else if (left.is_constant() && left.constant() >= 0 && left.constant() <= widest) {
      tail = std::max(tail, left.constant());
      known[id] = s->kind == Switch::Kind::below || s->kind == Switch::Kind::not_at;
    }
  }

  NodeId node(NodeId id) { return made.rewritten(id, inside); }
};

// The borders' loop; `loop` becomes that of the interior. Empty where nothing would be gained.
std::optional<Loop> split(Plan& plan, Loop& loop) {
  const bool leaf = std::ranges::all_of(loop.body, [](const Item& i) {
    return std::holds_alternative<Store>(i.what) || std::holds_alternative<ScatterAdd>(i.what);
  });
  if (!leaf || !loop.reductions.empty() || !loop.ranges.empty() ||
      (loop.extent.is_constant() && loop.extent.constant() <= 4 * widest))
    return std::nullopt;
  std::vector<NodeId> roots;
  for (const Item& item : loop.body) for_each_root_node(plan, item, [&](NodeId n) { roots.push_back(n); });
  Interior interior(plan, loop);
  std::size_t count = 0;
  for_each_node(plan, roots, [&](NodeId n) {
    ++count;
    interior.condition(n);
  });
  if (count > cost("peeled-body")) return std::nullopt;
  if (interior.known.empty()) return std::nullopt;
  Loop borders = loop;
  const Dim from = Dim::min(interior.head, loop.extent);
  const Dim to = Dim::max(from, loop.extent - Dim(interior.tail));
  borders.ranges = {{0, from}, {to, loop.extent}};
  loop.ranges = {{from, to}};
  for (Item& item : loop.body) {
    if (auto* s = std::get_if<Store>(&item.what)) s->value = interior.node(s->value);
    if (auto* s = std::get_if<ScatterAdd>(&item.what)) {
      s->value = interior.node(s->value);
      s->mask = interior.node(s->mask);
      if (s->mask.valid() && plan.node(s->mask).kind == Node::Kind::constant && plan.node(s->mask).integer != 0)
        s->mask = {};
    }
  }
  return borders;
}

void split_all(Plan& plan, std::vector<Item>& items) {
  std::vector<Item> out;
  for (Item& item : items) {
    if (auto* l = std::get_if<Loop>(&item.what)) {
      if (auto borders = split(plan, *l)) out.push_back({std::move(*borders)});
    }
    for (std::vector<Item>* body : bodies(item)) split_all(plan, *body);
    out.push_back(std::move(item));
  }
  items = std::move(out);
}

}  // namespace

void split_borders(Plan& plan, const PlanOptions&) { split_all(plan, plan.body); }

}  // namespace rg::plan
