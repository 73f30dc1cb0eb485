// Makes nodes: equal ones are one (hash-consing), what is known is put in (constant folding), and a rewriting makes new
// ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/ops/opcode.h"
#include "compiler/plan/plan.h"

namespace rg::plan {

/// The nodes that are made through one object are shared among each other, and not with those made before it.
class Nodes {
 public:
  explicit Nodes(Plan& plan) : plan_(plan) {}

  NodeId constant(Elem elem, double real, std::int64_t integer);
  /// The zero of a derivative that is not there.
  NodeId absent(Elem elem);
  NodeId index_node(const Dim& dim);
  NodeId load(Access access, NodeId guard);
  /// fused: as in Node.
  NodeId op(ir::Opcode code, std::vector<NodeId> args, Elem elem, int fused = -1);
  template <class Op>
  NodeId op(std::vector<NodeId> args, Elem elem, int fused = -1) {
    return op(ops::opcode<Op>(), std::move(args), elem, fused);
  }
  NodeId reduced(ReductionId r, Elem elem, std::vector<VarId> vars);
  NodeId logical_and(NodeId a, NodeId b);
  /// The node with other arguments and another guard (a load's); where they are known, what it then is.
  NodeId rebuilt(Node node, std::vector<NodeId> args, NodeId guard);
  /// What is put in for nodes and in indices; the nodes that were rewritten.
  struct Rewrite {
    std::function<std::optional<NodeId>(NodeId)> known;
    std::function<Dim(const Dim&)> index;
    std::map<NodeId, NodeId> made = {};
  };
  /// The node with what the rewriting puts in; itself where nothing of it changes.
  NodeId rewritten(NodeId id, Rewrite& rewrite);
  bool is_zero(NodeId id) const;
  /// 0 <= e && e < extent; invalid where proven.
  NodeId in_range(const Dim& e, const Dim& extent);
  /// The dim whose value a node of type i64 has: symbolic, with fresh variables for what is not.
  Dim dim_of(NodeId node);
  VarId add_var(Var var);

  /// Forgets all nodes and variables made since; for trial runs.
  struct State {
    std::size_t nodes, vars;
  };
  State state() const { return {plan_.nodes.size(), plan_.vars.size()}; }
  void restore(State state);

 protected:
  Plan& plan_;

 private:
  using Key = std::tuple<int, int, std::uint32_t, std::vector<NodeId>, std::vector<Dim>, std::uint32_t, std::int64_t,
                         ir::Attributes>;
  NodeId add(Node node);
  NodeId rewritten_one(NodeId id, const Rewrite& rewrite);
  /// What an operation equals without being computed: x + 0, 1 x, choices and truth values that are known. Invalid: it
  /// is computed.
  NodeId folded(ir::Opcode op, const std::vector<NodeId>& args);
  /// Whether 0 can be added to the node without changing it: it is never -0.
  bool never_negative_zero(NodeId node, int depth = 4) const;

  // Each with its entries in the order in which they were added, to be taken back.
  std::map<Key, NodeId> shared_;
  std::vector<std::map<Key, NodeId>::iterator> shared_order_;
  std::map<NodeId, VarId> node_vars_;
  std::vector<std::map<NodeId, VarId>::iterator> node_var_order_;
  std::size_t work_ = 0;  // nodes asked for
};

/// The op that folds two values of a monoid.
ir::Opcode fold_op(Monoid monoid);

}  // namespace rg::plan
