// Builds the scalar computation of one element of a value: views turn into index arithmetic, elementwise ops into
// nodes, reductions and contractions over small static extents into straight-line code, materialised values into loads.
//
// Input: the function, which values are bound to buffers, an index. Output: a node of the plan, shared with equal ones.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "compiler/ops/opcode.h"
#include "compiler/plan/build/facts.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/nodes.h"

namespace rg::plan {

class Dag : public Nodes {
 public:
  /// fast: terms of a contraction with a factor that is the constant 0 are left out.
  explicit Dag(Plan& plan, bool fast = false) : Nodes(plan), facts_(plan.function), fast_(fast) {}

  // Where values are.
  /// The value is read from a buffer, at prefix ++ index.
  void bind(ValueId v, BufferId buffer, Index prefix = {}) { bound_[v] = {buffer, std::move(prefix)}; }
  /// The value is a slice of another: v[index] = of[prefix ++ index].
  void bind_slice(ValueId v, ValueId of, Index prefix) { slices_[v] = {of, std::move(prefix)}; }
  /// The scalar is this node.
  void bind_node(ValueId v, NodeId node) { scalars_[v] = node; }
  const Access* bound(ValueId v) const;
  bool is_slice(ValueId v) const { return slices_.contains(v); }
  Access access(ValueId v, const Index& index) const;

  /// The node of v[index]. Loads happen only where `guard` (if valid) is true.
  NodeId eval(ValueId v, const Index& index, NodeId guard = {});
  /// The same from v's own definition, though v is bound.
  NodeId eval_definition(ValueId v, const Index& index, NodeId guard = {});
  /// The node of v[index] with views, choices and products computed though they are bound, to see what is constant.
  NodeId eval_structure(ValueId v, const Index& index);
  /// From here on v[index] is known to be `node`, until `forget` to the mark.
  void forward(ValueId v, const Index& index, NodeId node);
  std::size_t mark() const { return forwarded_order_.size(); }
  void forget(std::size_t mark);
  /// What is certain where `eval`'s nodes will run.
  Facts& facts() { return facts_; }

  using Nodes::in_range;
  /// in_range of a subscript that is an element of v, in a loop over the axes `around`.
  NodeId in_range(ValueId v, const Dim& e, const Dim& extent, std::span<const Dim> around) {
    return facts_.valid_subscript(v, extent, around) ? NodeId() : in_range(e, extent);
  }

  /// Forgets all nodes, variables and memos made since; for trial runs.
  void restore(State state);

 private:
  friend class Elements;
  using Key = std::tuple<ValueId, Index, NodeId>;
  struct TooDeep {
    Key key;
  };
  struct Deeper {
    explicit Deeper(int& depth) : depth_(++depth) {}
    ~Deeper() { --depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    int& depth_;
  };
  NodeId eval_inside(const Key& key);
  NodeId eval_op(ValueId v, const ir::Instr& in, const Index& index, NodeId guard);
  NodeId eval_elementwise(ValueId v, const ir::Instr& in, const Index& index, NodeId guard);
  bool shows_zeros(ValueId v) const;
  NodeId eval_indices(ir::Opcode op, std::span<const NodeId> args);
  BufferId constant_buffer(ValueId v, Elem elem, const std::vector<double>& reals,
                           const std::vector<std::int64_t>& integers);

  Facts facts_;
  bool fast_;
  std::vector<std::uint32_t> uses_;  // of the function's values, counted where first asked for
  std::map<ValueId, Access> bound_;
  std::map<ValueId, std::pair<ValueId, Index>> slices_;
  std::map<ValueId, NodeId> scalars_;
  std::map<Key, NodeId> memo_;
  std::unordered_map<ValueId, std::vector<std::pair<Index, NodeId>>> forwarded_;
  std::vector<ValueId> forwarded_order_;
  std::map<ValueId, BufferId> constants_;
  int depth_ = 0;
  bool structure_only_ = false;
};

/// Whether the value is defined by an Op.
template <class Op>
bool is_op(const ir::Function& f, ValueId v) {
  const ir::Instr* in = f.definition(v);
  return in != nullptr && in->op == ops::opcode<Op>();
}
/// Calls f with every index of the constant extents, row-major.
void for_each_constant_index(const std::vector<Dim>& extents, const std::function<void(const Index&)>& f);
/// The extents of a contraction's labels, and those that the result lacks in order of first occurrence.
std::map<std::int64_t, Dim> label_extents(const ir::Function& f, const ir::Instr& in);
std::vector<std::int64_t> summed_labels(const ir::Instr& in);

}  // namespace rg::plan
