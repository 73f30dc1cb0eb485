#include "compiler/plan/build/dag.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/id_set.h"
#include "compiler/support/internal_error.h"

namespace rg::plan {

void for_each_constant_index(const std::vector<Dim>& extents, const std::function<void(const Index&)>& f) {
  Index index(extents.size(), Dim(0));
  std::vector<std::int64_t> at(extents.size(), 0);
  for (const Dim& e : extents) {
    if (e.constant() <= 0) return;
  }
  for (;;) {
    f(index);
    std::size_t d = extents.size();
    while (d > 0 && ++at[d - 1] == extents[d - 1].constant()) {
      at[d - 1] = 0;
      index[--d] = 0;
    }
    if (d == 0) return;
    index[d - 1] = at[d - 1];
  }
}

std::map<std::int64_t, Dim> label_extents(const ir::Function& f, const ir::Instr& in) {
  std::map<std::int64_t, Dim> extents;
  for (std::size_t k = 0; k < in.operands.size(); ++k) {
    const auto& dims = f.type(in.operands[k]).dims;
    for (std::size_t d = 0; d < dims.size(); ++d)
      extents.emplace(ops::attrs_of<ops::Contract>(in).labels[k][d], dims[d]);
  }
  return extents;
}

std::vector<std::int64_t> summed_labels(const ir::Instr& in) {
  return ops::summed_labels(ops::attrs_of<ops::Contract>(in).labels);
}

const Access* Dag::bound(ValueId v) const {
  const auto it = bound_.find(v);
  return it == bound_.end() ? nullptr : &it->second;
}

Access Dag::access(ValueId v, const Index& index) const {
  Access a = bound_.at(v);
  a.index.insert(a.index.end(), index.begin(), index.end());
  return a;
}

void Dag::forward(ValueId v, const Index& index, NodeId node) {
  forwarded_[v].emplace_back(index, node);
  forwarded_order_.push_back(v);
}

void Dag::forget(std::size_t mark) {
  if (forwarded_order_.size() == mark) return;
  for (; forwarded_order_.size() > mark; forwarded_order_.pop_back()) forwarded_[forwarded_order_.back()].pop_back();
  memo_.clear();
}

void Dag::restore(State state) {
  Nodes::restore(state);
  memo_.clear();
}

bool Dag::shows_zeros(ValueId v) const {
  const ir::Instr* in = plan_.function.definition(v);
  return in != nullptr && ops::info(in->op).shows_zeros;
}

NodeId Dag::eval_structure(ValueId v, const Index& index) {
  memo_.clear();
  structure_only_ = true;
  const NodeId node = eval(v, index);
  structure_only_ = false;
  memo_.clear();
  return node;
}

namespace {
constexpr int deepest = 100;  // evaluations inside of each other
}

// What is too deep is evaluated first, by itself, and what needs it once more: the stack stays short however long the
// chains of operations are.
NodeId Dag::eval(ValueId v, const Index& index, NodeId guard) {
  if (depth_ > 0) return eval_inside({v, index, guard});
  std::vector<Key> open{{v, index, guard}};
  for (;;) {
    try {
      const NodeId node = eval_inside(open.back());
      open.pop_back();
      if (open.empty()) return node;
    } catch (const TooDeep& t) {
      open.push_back(t.key);
    }
  }
}

NodeId Dag::eval_inside(const Key& key) {
  const auto& [v, index, guard] = key;
  if (const auto it = memo_.find(key); it != memo_.end()) return it->second;
  if (const auto it = scalars_.find(v); it != scalars_.end()) return it->second;
  if (const auto it = forwarded_.find(v); it != forwarded_.end()) {
    const auto at = std::ranges::find(it->second, index, &std::pair<Index, NodeId>::first);
    if (at != it->second.end()) return at->second;
  }
  if (depth_ == deepest) throw TooDeep{key};
  const Deeper deeper(depth_);
  NodeId result;
  if (bound_.contains(v) && !(structure_only_ && shows_zeros(v))) {
    result = load(access(v, index), guard);
  } else if (const auto it = slices_.find(v); it != slices_.end()) {
    Index full = it->second.second;
    full.insert(full.end(), index.begin(), index.end());
    result = eval(it->second.first, full, guard);
  } else {
    result = eval_definition(v, index, guard);
  }
  memo_.emplace(key, result);
  return result;
}

NodeId Dag::eval_definition(ValueId v, const Index& index, NodeId guard) {
  const ir::Instr* in = plan_.function.definition(v);
  if (!in) return eval(v, index, guard);
  const ir::Instr copy = *in;
  return eval_op(v, copy, index, guard);
}

}  // namespace rg::plan
