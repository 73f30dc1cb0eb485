#include "compiler/plan/nodes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "compiler/ops/all.h"
#include "compiler/plan/dims.h"
#include "compiler/support/id_set.h"
#include "compiler/support/internal_error.h"

namespace rg::plan {

ir::Opcode fold_op(Monoid monoid) {
  return ops::with_fold(monoid, []<class Op>() { return ops::opcode<Op>(); });
}

void Nodes::restore(State state) {
  plan_.nodes.resize(state.nodes);
  plan_.vars.resize(state.vars);
  for (; !shared_order_.empty() && shared_order_.back()->second.index >= state.nodes; shared_order_.pop_back())
    shared_.erase(shared_order_.back());
  for (; !node_var_order_.empty() && node_var_order_.back()->second.index >= state.vars; node_var_order_.pop_back())
    node_vars_.erase(node_var_order_.back());
}

VarId Nodes::add_var(Var var) {
  plan_.vars.push_back(std::move(var));
  return VarId(plan_.vars.size() - 1);
}

NodeId Nodes::add(Node node) {
  constexpr std::size_t most = std::size_t{1} << 24, most_an_instruction = std::size_t{1} << 14;
  if (++work_ > most + most_an_instruction * plan_.function.instrs.size())
    internal_error("more nodes than the budget of the phase allows");
  std::vector<Dim> dims{node.dim};
  dims.insert(dims.end(), node.access.index.begin(), node.access.index.end());
  std::vector<NodeId> args = node.args;
  args.push_back(node.guard);
  const std::uint32_t number = node.kind == Node::Kind::load      ? node.access.buffer.index
                               : node.kind == Node::Kind::reduced ? node.reduction.index
                                                                  : node.op.index;
  const std::int64_t bits = ir::is_float(node.elem) ? std::bit_cast<std::int64_t>(node.real) : node.integer;
  const auto flags = static_cast<std::uint32_t>(node.fused + 1) * 2 + (node.absent ? 1 : 0);
  Key key{static_cast<int>(node.kind), static_cast<int>(node.elem), number, args, dims, flags, bits, node.attrs};
  if (const auto it = shared_.find(key); it != shared_.end()) return it->second;
  std::set<VarId> vars(node.vars.begin(), node.vars.end());
  for (const Dim& d : dims) {
    d.for_each_size([&](std::uint32_t s) {
      if (s < plan_.size_count) return;
      const VarId v(s - plan_.size_count);
      vars.insert(v);
      if (plan_.vars[v.index].kind == Var::Kind::node) {
        const Node& n = plan_.node(plan_.vars[v.index].node);
        vars.insert(n.vars.begin(), n.vars.end());
      }
    });
  }
  for (const NodeId a : args) {
    if (a.valid()) vars.insert(plan_.node(a).vars.begin(), plan_.node(a).vars.end());
  }
  node.vars.assign(vars.begin(), vars.end());
  plan_.nodes.push_back(std::move(node));
  const NodeId id(plan_.nodes.size() - 1);
  shared_order_.push_back(shared_.emplace(std::move(key), id).first);
  return id;
}

NodeId Nodes::constant(Elem elem, double real, std::int64_t integer) {
  if (elem == Elem::i64) return index_node(integer);
  Node n;
  n.kind = Node::Kind::constant;
  n.elem = elem;
  n.real = ir::is_float(elem) ? real : 0;
  n.integer = ir::is_float(elem) ? 0 : integer;
  return add(std::move(n));
}

NodeId Nodes::absent(Elem elem) {
  Node n;
  n.kind = Node::Kind::constant;
  n.elem = elem;
  n.absent = ir::is_float(elem);
  return elem == Elem::i64 ? index_node(0) : add(std::move(n));
}

NodeId Nodes::index_node(const Dim& dim) {
  // A variable that stands for a node is the node itself.
  if (const auto v = plan_.as_var(dim); v && plan_.vars[v->index].kind == Var::Kind::node)
    return plan_.vars[v->index].node;
  Node n;
  n.kind = Node::Kind::index;
  n.elem = Elem::i64;
  n.dim = dim;
  return add(std::move(n));
}

NodeId Nodes::load(Access access, NodeId guard) {
  Node n;
  n.kind = Node::Kind::load;
  n.elem = plan_.buffer(access.buffer).elem;
  n.access = std::move(access);
  n.guard = guard;
  return add(std::move(n));
}

NodeId Nodes::reduced(ReductionId r, Elem elem, std::vector<VarId> vars) {
  Node n;
  n.kind = Node::Kind::reduced;
  n.elem = elem;
  n.reduction = r;
  n.vars = std::move(vars);
  return add(std::move(n));
}

NodeId Nodes::folded(ir::Opcode op, const std::vector<NodeId>& args) {
  using ops::opcode;
  const auto value = [&](NodeId a) -> std::optional<double> {
    const Node& n = plan_.node(a);
    if (n.kind != Node::Kind::constant) return std::nullopt;
    return ir::is_float(n.elem) ? n.real : static_cast<double>(n.integer);
  };
  const auto is = [&](std::size_t k, double v) { return value(args[k]) == v; };
  if (op == opcode<ops::StopGradient>()) return args[0];
  if (op == opcode<ops::Select>()) {
    if (args[1] == args[2]) return args[1];
    if (const auto c = value(args[0])) return args[*c != 0 ? 1 : 2];
  }
  if (op == opcode<ops::And>() || op == opcode<ops::Or>()) {
    if (args[0] == args[1]) return args[0];
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
      if (const auto c = value(args[k])) return args[(*c != 0) == (op == opcode<ops::And>()) ? 1 - k : k];
    }
  }
  if (op == opcode<ops::Not>()) {
    if (const auto c = value(args[0])) return constant(Elem::boolean, 0, *c == 0 ? 1 : 0);
  }
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (op == opcode<ops::Add>() && is(k, 0)) {
      const Node& zero = plan_.node(args[k]);
      if (zero.absent || !ir::is_float(zero.elem) || std::signbit(zero.real) || never_negative_zero(args[1 - k]))
        return args[1 - k];
    }
    if (op == opcode<ops::Mul>() && plan_.node(args[k]).absent) return args[k];
    if (op == opcode<ops::Mul>() && is(k, 1)) return args[1 - k];
  }
  return {};
}

// A sum is -0 only of two -0, a difference only of -0 and 0.
bool Nodes::never_negative_zero(NodeId node, int depth) const {
  const Node& n = plan_.node(node);
  if (n.kind == Node::Kind::constant) return n.real != 0 || !std::signbit(n.real);
  if (n.kind != Node::Kind::op || depth == 0) return false;
  using ops::opcode;
  const auto arg = [&](std::size_t k) { return never_negative_zero(n.args[k], depth - 1); };
  if (n.op == opcode<ops::Add>()) return arg(0) || arg(1);
  if (n.op == opcode<ops::Sub>()) return arg(0);
  if (n.op == opcode<ops::Mul>()) return n.args[0] == n.args[1];
  if (n.op == opcode<ops::Select>()) return arg(1) && arg(2);
  if (n.op == opcode<ops::Convert>()) return !ir::is_float(plan_.node(n.args[0]).elem) || arg(0);
  return n.op == opcode<ops::Exp>() || n.op == opcode<ops::Exp2>() || n.op == opcode<ops::Abs>() ||
         n.op == opcode<ops::Square>() || n.op == opcode<ops::Sigmoid>() || n.op == opcode<ops::Cosh>();
}

NodeId Nodes::op(ir::Opcode code, std::vector<NodeId> args, Elem elem, int fused) {
  Node n;
  n.kind = Node::Kind::op;
  n.elem = elem;
  n.fused = fused;
  n.op = code;
  if (n.op == ops::opcode<ops::Convert>()) n.attrs = ops::Convert::Attrs{elem};
  return rebuilt(std::move(n), std::move(args), {});
}

NodeId Nodes::rebuilt(Node node, std::vector<NodeId> args, NodeId guard) {
  if (node.kind == Node::Kind::op) {
    if (const NodeId known = folded(node.op, args); known.valid()) return known;
  }
  if (guard.valid() && plan_.node(guard).kind == Node::Kind::constant) {
    if (plan_.node(guard).integer == 0) return constant(node.elem, 0, 0);
    guard = {};
  }
  if (node.kind != Node::Kind::reduced) node.vars.clear();
  node.args = std::move(args);
  node.guard = guard;
  return add(std::move(node));
}

// A node is made after those that it is computed from: in the order of their numbers, each finds its own made.
NodeId Nodes::rewritten(NodeId root, Rewrite& rewrite) {
  if (!root.valid()) return root;
  std::vector<NodeId> open{root}, order;
  IdSet<NodeId> seen;
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (!id.valid() || rewrite.made.contains(id) || !seen.insert(id)) continue;
    if (const auto known = rewrite.known(id)) {
      rewrite.made.emplace(id, *known);
      continue;
    }
    order.push_back(id);
    const Node& n = plan_.node(id);
    open.insert(open.end(), n.args.begin(), n.args.end());
    open.push_back(n.guard);
  }
  std::ranges::sort(order);
  for (const NodeId id : order) rewrite.made.emplace(id, rewritten_one(id, rewrite));
  return rewrite.made.at(root);
}

NodeId Nodes::rewritten_one(NodeId id, const Rewrite& rewrite) {
  const auto made = [&](NodeId x) { return x.valid() ? rewrite.made.at(x) : x; };
  const Node old = plan_.node(id);
  Node n = old;
  n.dim = rewrite.index(old.dim);
  for (Dim& d : n.access.index) d = rewrite.index(d);
  for (NodeId& a : n.args) a = made(a);
  n.guard = made(old.guard);
  if (n.kind == Node::Kind::index) return n.dim == old.dim ? id : index_node(n.dim);
  if (n.args == old.args && n.guard == old.guard && n.access.index == old.access.index) return id;
  std::vector<NodeId> args = n.args;
  const NodeId guard = n.guard;
  return rebuilt(std::move(n), std::move(args), guard);
}

NodeId Nodes::logical_and(NodeId a, NodeId b) {
  if (!a.valid() || a == b) return b;
  if (!b.valid()) return a;
  return op<ops::And>({a, b}, Elem::boolean);
}

NodeId Nodes::in_range(const Dim& e, const Dim& extent) {
  NodeId low, high;
  if (!proven_nonnegative(plan_, e)) low = op<ops::Ge>({index_node(e), index_node(0)}, Elem::boolean);
  if (!proven_less(plan_, e, extent)) high = op<ops::Lt>({index_node(e), index_node(extent)}, Elem::boolean);
  if (low.valid() && e.is_constant()) return constant(Elem::boolean, 0, 0);
  if (high.valid() && e.is_constant() && extent.is_constant()) return constant(Elem::boolean, 0, 0);
  return logical_and(low, high);
}

Dim Nodes::dim_of(NodeId node) {
  const Node& n = plan_.node(node);
  if (n.kind == Node::Kind::index) return n.dim;
  const bool arithmetic = n.kind == Node::Kind::op && n.elem == Elem::i64;
  if (arithmetic && n.op == ops::opcode<ops::Add>()) return dim_of(n.args[0]) + dim_of(n.args[1]);
  if (arithmetic && n.op == ops::opcode<ops::Sub>()) return dim_of(n.args[0]) - dim_of(n.args[1]);
  const auto [it, fresh] = node_vars_.emplace(node, VarId());
  if (fresh) {
    it->second = add_var({Var::Kind::node, 0, node, "v" + std::to_string(node.index)});
    node_var_order_.push_back(it);
  }
  return plan_.var_dim(it->second);
}

bool Nodes::is_zero(NodeId id) const {
  const Node& n = plan_.node(id);
  return n.kind == Node::Kind::constant && n.real == 0 && n.integer == 0;
}

}  // namespace rg::plan
