// The node of one element: by the op's own `element`, or for elementwise ops by the op on the operands' elements.
#include <algorithm>

#include "compiler/code/clone.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/build/dag.h"
#include "compiler/plan/build/fused.h"
#include "compiler/plan/walk.h"
#include "compiler/support/internal_error.h"

namespace rg::plan {

using ops::opcode;

/// The builder of elements (ops/element.h) whose elements are nodes.
class Elements {
 public:
  using Val = NodeId;

  Elements(Dag& dag, const ir::Instr& in, ValueId v, NodeId guard) : dag_(dag), in_(in), v_(v), guard_(guard) {}

  NodeId guard() const { return guard_; }
  NodeId read(std::size_t k, const Index& index, NodeId where) { return dag_.eval(in_.operands[k], index, where); }
  NodeId constant(Elem elem, double real, std::int64_t integer) { return dag_.constant(elem, real, integer); }
  NodeId absent(Elem elem) { return dag_.absent(elem); }
  NodeId index(const Dim& e) { return dag_.index_node(e); }
  Dim dim(NodeId v) { return dag_.dim_of(v); }
  NodeId listed(const std::vector<double>& reals, const std::vector<std::int64_t>& integers, Elem elem, const Dim& i) {
    return dag_.load({dag_.constant_buffer(v_, elem, reals, integers), {i}}, guard_);
  }
  template <class Op>
  NodeId op(Elem elem, std::vector<NodeId> x) {
    return dag_.op<Op>(std::move(x), elem);
  }
  NodeId both(NodeId a, NodeId b) { return dag_.logical_and(a, b); }
  NodeId in_range(const Dim& e, const Dim& extent) { return dag_.in_range(e, extent); }
  NodeId in_range(std::size_t k, const Dim& e, const Dim& extent) {
    return dag_.in_range(in_.operands[k], e, extent, dag_.plan_.function.type(v_).dims);
  }
  bool never(NodeId c) const { return is_truth(c, 0); }
  bool always(NodeId c) const { return is_truth(c, 1); }
  bool nothing(NodeId v) const { return dag_.plan_.node(v).absent || (dag_.fast_ && dag_.is_zero(v)); }
  bool same(NodeId a, NodeId b) const { return a == b; }
  std::pair<Dim, Dim> split(const Dim& e, const Dim& base) const { return plan::split(dag_.plan_, e, base); }
  Index reshaped(const Index& index, const std::vector<Dim>& to, const std::vector<Dim>& from) const {
    return plan::reshaped(dag_.plan_, index, to, from);
  }
  template <class F>
  void each(const std::vector<Dim>& extents, const F& f) {
    for_each_constant_index(extents, f);
  }
  // A product goes into a sum without being rounded.
  NodeId fold(Monoid monoid, Elem elem, NodeId sum, NodeId term) {
    const int fused = monoid == Monoid::sum && is_product(dag_.plan_, term) ? 1 : -1;
    return sum.valid() ? dag_.op(fold_op(monoid), {sum, term}, elem, fused) : term;
  }

 private:
  bool is_truth(NodeId c, std::int64_t truth) const {
    if (!c.valid()) return false;
    const Node& n = dag_.plan_.node(c);
    return n.kind == Node::Kind::constant && n.integer == truth;
  }

  Dag& dag_;
  const ir::Instr& in_;
  ValueId v_;
  NodeId guard_;
};

namespace {

struct Wanted {
  const ir::Attributes& attrs;
  std::span<const ir::Type> operands;
  const ir::Type& result;
};
using Element = NodeId (*)(Elements&, const Wanted&, const Index&);

template <class Op>
NodeId element_of(Elements& e, const Wanted& w, const Index& index) {
  using A = typename Op::Attrs;
  const ops::ElementSite<Elements, A> site{e, w.attrs.as<A>(), w.operands, w.result};
  if constexpr (requires { Op::element(site, index); }) {
    return Op::element(site, index);
  } else if constexpr (std::is_same_v<A, ops::ReductionAttrs>) {
    return ops::folded_element(site, Op::monoid, index);
  } else {
    internal_error("the plan met an op that has no elements: " + std::string(Op::name));
  }
}

template <class... Ops>
constexpr std::array<Element, sizeof...(Ops)> elements_of(ops::OpList<Ops...>) {
  return {element_of<Ops>...};
}

// The comparison of two integers whose difference is known; nothing of other ops.
std::optional<bool> compared(ir::Opcode op, std::int64_t difference) {
  if (op == opcode<ops::Eq>()) return difference == 0;
  if (op == opcode<ops::Ne>()) return difference != 0;
  if (op == opcode<ops::Lt>()) return difference < 0;
  if (op == opcode<ops::Le>()) return difference <= 0;
  if (op == opcode<ops::Gt>()) return difference > 0;
  if (op == opcode<ops::Ge>()) return difference >= 0;
  return std::nullopt;
}

}  // namespace

NodeId Dag::eval_op(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  static constexpr auto table = elements_of(ops::AllOps{});
  if (ops::info(in.op).elementwise) return eval_elementwise(v, in, index, guard);
  std::vector<ir::Type> operands;
  for (const ValueId x : in.operands) operands.push_back(plan_.function.type(x));
  Elements elements(*this, in, v, guard);
  return table[in.op.index](elements, {in.attrs, operands, plan_.function.type(v)}, index);
}

BufferId Dag::constant_buffer(ValueId v, Elem elem, const std::vector<double>& reals,
                              const std::vector<std::int64_t>& integers) {
  auto [it, fresh] = constants_.emplace(v, BufferId());
  if (fresh) {
    Buffer b;
    b.storage = Storage::constant;
    b.elem = elem;
    b.dims = {Dim(static_cast<std::int64_t>(reals.size() + integers.size()))};
    b.kept = {true};
    b.name = "constant";
    b.reals = reals;
    b.integers = integers;
    plan_.buffers.push_back(std::move(b));
    it->second = BufferId(plan_.buffers.size() - 1);
  }
  return it->second;
}

// Arithmetic of indices stays an expression; a comparison of two is known where their difference or its sign is.
NodeId Dag::eval_indices(ir::Opcode op, std::span<const NodeId> args) {
  const auto dim = [&](std::size_t k) { return plan_.node(args[k]).dim; };
  if (op == opcode<ops::Neg>()) return index_node(Dim(0) - dim(0));
  if (args.size() != 2) return {};
  if (op == opcode<ops::Add>()) return index_node(dim(0) + dim(1));
  if (op == opcode<ops::Sub>()) return index_node(dim(0) - dim(1));
  if (op == opcode<ops::Mul>()) return index_node(dim(0) * dim(1));
  const Dim difference = dim(0) - dim(1);
  if (!compared(op, 1)) return {};
  if (difference.is_constant()) return constant(Elem::boolean, 0, *compared(op, difference.constant()) ? 1 : 0);
  for (const std::int64_t sign : {1, -1}) {
    if (proven_nonnegative(plan_, Dim(sign) * difference - Dim(1)))
      return constant(Elem::boolean, 0, *compared(op, sign) ? 1 : 0);
  }
  return {};
}

NodeId Dag::eval_elementwise(ValueId v, const ir::Instr& in, const Index& index, NodeId guard) {
  std::vector<NodeId> args;
  if (in.op == opcode<ops::Select>()) {
    const NodeId c = eval(in.operands[0], index, guard);
    const Node& n = plan_.node(c);
    if (n.kind == Node::Kind::constant) return eval(in.operands[n.integer != 0 ? 1 : 2], index, guard);
    args.push_back(c);
  }
  for (std::size_t k = args.size(); k < in.operands.size(); ++k) args.push_back(eval(in.operands[k], index, guard));
  const Elem elem = plan_.function.type(v).elem;
  const auto is_index = [&](NodeId a) { return plan_.node(a).kind == Node::Kind::index; };
  if (std::ranges::all_of(args, is_index)) {
    if (const NodeId known = eval_indices(in.op, args); known.valid()) return known;
  }
  if (in.op == opcode<ops::Convert>() && plan_.node(args[0]).elem == elem) return args[0];
  Node n;
  n.kind = Node::Kind::op;
  n.elem = elem;
  n.op = in.op;
  n.attrs = in.attrs;
  if (uses_.empty()) uses_ = ir::use_counts(plan_.function);
  n.fused = fused_operand(plan_, uses_, in, args);
  return rebuilt(std::move(n), std::move(args), {});
}

}  // namespace rg::plan
