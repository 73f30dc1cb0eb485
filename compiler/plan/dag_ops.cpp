// How each op maps the index of a result element to the elements of its operands.
#include <algorithm>

#include "compiler/code/clone.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/dag.h"
#include "compiler/plan/fused.h"

namespace rg::plan {

namespace {

std::optional<std::int64_t> compare_constant(std::string_view op, std::int64_t difference) {
  if (op == "eq") return difference == 0;
  if (op == "ne") return difference != 0;
  if (op == "lt") return difference < 0;
  if (op == "le") return difference <= 0;
  if (op == "gt") return difference > 0;
  if (op == "ge") return difference >= 0;
  return std::nullopt;
}

}  // namespace

NodeId Dag::eval_op(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ir::Function& f = plan_.function;
  const std::string_view name = ops::info(in.op).name;
  const auto x_rank = [&] { return f.type(in.operands[0]).rank(); };
  if (ops::info(in.op).elementwise) return eval_elementwise(v, in, index, guard);
  if (name == "constant") return eval_constant(v, in, index, guard);
  if (name == "size") return index_node(ops::attrs_of<ops::Size>(in).dim);
  if (name == "iota") {
    const NodeId i = index_node(index[static_cast<std::size_t>(ops::attrs_of<ops::Iota>(in).axis)]);
    const Elem elem = f.type(v).elem;
    return elem == Elem::i64 ? i : op("convert", {i}, elem);
  }
  if (name == "broadcast") {
    Index x;
    for (const std::int64_t a : ops::attrs_of<ops::Broadcast>(in).axes) x.push_back(index[static_cast<std::size_t>(a)]);
    return eval(in.operands[0], x, guard);
  }
  if (name == "transpose") {
    Index x(x_rank());
    for (std::size_t d = 0; d < x.size(); ++d)
      x[static_cast<std::size_t>(ops::attrs_of<ops::Transpose>(in).axes[d])] = index[d];
    return eval(in.operands[0], x, guard);
  }
  if (name == "reshape")
    return eval(in.operands[0], reshaped(plan_, index, f.type(v).dims, f.type(in.operands[0]).dims), guard);
  if (name == "recast") return eval(in.operands[0], index, guard);
  if (name == "slice") {
    const auto& at = ops::attrs_of<ops::Slice>(in);
    Index x(x_rank());
    for (std::size_t d = 0; d < x.size(); ++d) x[d] = at.starts[d] + Dim(at.steps[d]) * index[d];
    return eval(in.operands[0], x, guard);
  }
  if (name == "place") return eval_place(v, in, index, guard);
  if (name == "concat") return eval_concat(in, index, guard);
  if (name == "gather") return eval_gather(v, in, index, guard);
  if (name == "contract") return eval_contract(v, in, index, guard);
  if (monoid_of(name)) return eval_reduce(v, in, index, guard);
  throw std::logic_error("the plan met an op that it cannot evaluate: " + std::string(name));
}

NodeId Dag::eval_constant(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ir::Type& type = plan_.function.type(v);
  const bool real = ir::is_float(type.elem);
  const auto& attrs = ops::attrs_of<ops::Constant>(in);
  const std::size_t count = real ? attrs.reals.size() : attrs.integers.size();
  if (attrs.absent) return absent(type.elem);
  const auto at = [&](std::size_t i) {
    return constant(type.elem, real ? attrs.reals[i] : 0, real ? 0 : attrs.integers[i]);
  };
  if (count == 1) return at(0);
  Dim linear = 0;
  for (std::size_t d = 0; d < index.size(); ++d) linear = linear * type.dims[d] + index[d];
  if (linear.is_constant() && linear.constant() >= 0 && linear.constant() < static_cast<std::int64_t>(count))
    return at(static_cast<std::size_t>(linear.constant()));
  auto [it, fresh] = constants_.emplace(v, BufferId());
  if (fresh) {
    Buffer b;
    b.storage = Storage::constant;
    b.elem = type.elem;
    b.dims = {Dim(static_cast<std::int64_t>(count))};
    b.kept = {true};
    b.name = "constant";
    b.reals = attrs.reals;
    b.integers = attrs.integers;
    plan_.buffers.push_back(std::move(b));
    it->second = BufferId(plan_.buffers.size() - 1);
  }
  return load({it->second, {linear}}, guard);
}

NodeId Dag::eval_elementwise(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ops::OpInfo& info = ops::info(in.op);
  std::vector<NodeId> args;
  if (info.name == "select") {
    const NodeId c = eval(in.operands[0], index, guard);
    const Node& n = plan_.node(c);
    if (n.kind == Node::Kind::constant) return eval(in.operands[n.integer != 0 ? 1 : 2], index, guard);
    args.push_back(c);
  }
  for (std::size_t k = args.size(); k < in.operands.size(); ++k) args.push_back(eval(in.operands[k], index, guard));
  const Elem elem = plan_.function.type(v).elem;
  const auto is_index = [&](NodeId a) { return plan_.node(a).kind == Node::Kind::index; };
  const bool all_index = std::ranges::all_of(args, is_index);
  if (all_index && args.size() == 2) {
    const Dim a = plan_.node(args[0]).dim, b = plan_.node(args[1]).dim;
    if (info.name == "add") return index_node(a + b);
    if (info.name == "sub") return index_node(a - b);
    if (info.name == "mul") return index_node(a * b);
    const Dim difference = a - b;
    if (const auto c = compare_constant(info.name, 1); c && difference.is_constant())
      return constant(Elem::boolean, 0, *compare_constant(info.name, difference.constant()));
    // Proven signs: the comparison is as with any difference of the sign.
    for (const std::int64_t sign : {1, -1}) {
      if (const auto c = compare_constant(info.name, sign);
          c && proven_nonnegative(plan_, Dim(sign) * difference - Dim(1)))
        return constant(Elem::boolean, 0, *c ? 1 : 0);
    }
  }
  if (all_index && info.name == "neg") return index_node(Dim(0) - plan_.node(args[0]).dim);
  if (info.name == "convert" && plan_.node(args[0]).elem == elem) return args[0];
  Node n;
  n.kind = Node::Kind::op;
  n.elem = elem;
  n.op = in.op;
  n.attrs = in.attrs;
  if (uses_.empty()) uses_ = ir::use_counts(plan_.function);
  n.fused = fused_operand(plan_, uses_, in, args);
  return rebuilt(std::move(n), std::move(args), {});
}

NodeId Dag::eval_concat(const ir::Instr& in, const Index& index, NodeId guard) {
  const auto axis = static_cast<std::size_t>(ops::attrs_of<ops::Concat>(in).axis);
  Dim start = 0;
  struct Piece {
    NodeId inside;
    NodeId value;
  };
  std::vector<Piece> pieces;
  for (const ValueId x : in.operands) {
    const Dim extent = plan_.function.type(x).dims[axis];
    Index piece = index;
    piece[axis] = index[axis] - start;
    start = start + extent;
    const NodeId inside = in_range(piece[axis], extent);
    if (inside.valid() && plan_.node(inside).kind == Node::Kind::constant) continue;
    pieces.push_back({inside, eval(x, piece, logical_and(guard, inside))});
    if (!inside.valid()) return pieces.back().value;
  }
  if (pieces.empty()) return constant(plan_.function.type(in.results[0]).elem, 0, 0);
  NodeId result = pieces.back().value;
  for (std::size_t k = pieces.size() - 1; k-- > 0;) {
    result = op("select", {pieces[k].inside, pieces[k].value, result}, plan_.node(result).elem);
  }
  return result;
}

NodeId Dag::eval_place(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ir::Type& from = plan_.function.type(in.operands[0]);
  const Elem elem = plan_.function.type(v).elem;
  const auto& attrs = ops::attrs_of<ops::Place>(in);
  const NodeId zero = attrs.absent ? absent(elem) : constant(elem, 0, 0);
  Index x(index.size());
  NodeId inside;
  for (std::size_t d = 0; d < index.size(); ++d) {
    const std::int64_t step = attrs.steps[d];
    const Dim offset = (index[d] - attrs.starts[d]) * Dim(step < 0 ? -1 : 1);
    const Dim magnitude = step < 0 ? -step : step;
    const auto [q, r] = split(plan_, offset, magnitude);
    if (r.is_constant()) {
      if (r.constant() != 0) return zero;
    } else {
      inside = logical_and(inside, op("eq", {index_node(r), index_node(0)}, Elem::boolean));
    }
    x[d] = q;
    const NodeId within = in_range(q, from.dims[d]);
    if (within.valid() && plan_.node(within).kind == Node::Kind::constant) return zero;
    inside = logical_and(inside, within);
  }
  const NodeId value = eval(in.operands[0], x, logical_and(guard, inside));
  if (!inside.valid() || value == zero) return value;
  return op("select", {inside, value, zero}, plan_.node(zero).elem);
}

NodeId Dag::eval_gather(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ir::Function& f = plan_.function;
  const auto& [labels, has_mask] = ops::attrs_of<ops::Gather>(in);
  std::map<std::int64_t, Dim> at;
  for (std::size_t d = 0; d < index.size(); ++d) at[labels.back()[d]] = index[d];
  const auto index_of = [&, &labels = labels](std::size_t k) {
    Index i;
    for (const std::int64_t l : labels[k]) i.push_back(at.at(l));
    return i;
  };
  NodeId mask;
  if (has_mask) {
    const std::size_t k = in.operands.size() - 1;
    mask = eval(in.operands[k], index_of(k), guard);
    const Node& m = plan_.node(mask);
    if (m.kind == Node::Kind::constant && m.integer == 0) return constant(f.type(v).elem, 0, 0);
    if (m.kind == Node::Kind::constant) mask = {};
  }
  const NodeId reading = logical_and(guard, mask);
  Index x;
  NodeId bounded = reading;
  for (std::size_t d = 0; d < labels[0].size(); ++d) {
    const std::int64_t l = labels[0][d];
    if (l >= 0) {
      x.push_back(at.at(l));
      continue;
    }
    const auto k = static_cast<std::size_t>(-l);
    NodeId i = eval(in.operands[k], index_of(k), guard);
    if (plan_.node(i).elem != Elem::i64) i = op("convert", {i}, Elem::i64);
    x.push_back(dim_of(i));
    // An index that is not proven reads nothing when it is out of range.
    bounded = logical_and(bounded, in_range(in.operands[k], x.back(), f.type(in.operands[0]).dims[d], f.type(v).dims));
  }
  const NodeId value = eval(in.operands[0], x, bounded);
  if (!mask.valid()) return value;
  const NodeId zero = constant(f.type(v).elem, 0, 0);
  return value == zero ? value : op("select", {mask, value, zero}, f.type(v).elem);
}

NodeId Dag::eval_reduce(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const ir::Type& x = plan_.function.type(in.operands[0]);
  const Monoid monoid = *monoid_of(ops::info(in.op).name);
  const Elem elem = plan_.function.type(v).elem;
  std::vector<Dim> extents;
  const ir::Integers axes = ops::reduced_axes(in.attrs);
  for (const std::int64_t a : axes) extents.push_back(x.dims[static_cast<std::size_t>(a)]);
  NodeId sum;
  for_each_constant_index(extents, [&](const Index& r) {
    const NodeId term = eval(in.operands[0], merged_index(x.rank(), axes, index, r), guard);
    const int fused = monoid == Monoid::sum && is_product(plan_, term) ? 1 : -1;
    sum = sum.valid() ? op(fold_op(monoid), {sum, term}, elem, fused) : term;
  });
  const auto start = neutral(monoid, elem);
  return sum.valid() ? sum : constant(elem, start.first, start.second);
}

bool Dag::is_zero(NodeId id) const {
  const Node& n = plan_.node(id);
  return n.kind == Node::Kind::constant && n.real == 0 && n.integer == 0;
}

NodeId Dag::eval_contract(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  const auto extents = label_extents(plan_.function, in);
  const auto summed = summed_labels(in);
  const Elem elem = plan_.function.type(v).elem;
  const auto& labels = ops::attrs_of<ops::Contract>(in).labels;
  std::map<std::int64_t, Dim> at;
  for (std::size_t d = 0; d < index.size(); ++d) at[labels.back()[d]] = index[d];
  std::vector<Dim> sizes;
  for (const std::int64_t l : summed) sizes.push_back(extents.at(l));
  NodeId sum;
  for_each_constant_index(sizes, [&](const Index& r) {
    for (std::size_t q = 0; q < summed.size(); ++q) at[summed[q]] = r[q];
    NodeId product;
    for (std::size_t k = 0; k < in.operands.size(); ++k) {
      Index x;
      for (const std::int64_t l : labels[k]) x.push_back(at.at(l));
      const NodeId factor = eval(in.operands[k], x, guard);
      if (plan_.node(factor).absent || (fast_ && is_zero(factor))) return;
      product = product.valid() ? op("mul", {product, factor}, elem) : factor;
    }
    sum = sum.valid() ? op("add", {sum, product}, elem, is_product(plan_, product) ? 1 : -1) : product;
  });
  return sum.valid() ? sum : constant(elem, 0, 0);
}

}  // namespace rg::plan
