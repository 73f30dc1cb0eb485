// Loops that carry state, branches and scatter-additions as items.
#include <algorithm>

#include "compiler/ops/registry.h"
#include "compiler/plan/planner.h"

namespace rg::plan {

void Planner::scatter(const ir::Instr& in, std::vector<Item>& out) {
  flush(out);
  const ir::Function& f = plan_.function;
  const ValueId result = in.results[0];
  const Access target = target_of(result, "scatter");
  const auto nested = [&](const std::vector<Dim>& extents, const std::function<Item(const Index&)>& body) {
    Index index;
    std::vector<Loop> loops;
    for (const Dim& e : extents) {
      const VarId var = dag_.add_var({Var::Kind::axis, e, {}, "s" + std::to_string(plan_.vars.size())});
      index.push_back(plan_.var_dim(var));
      Loop loop;
      loop.var = var;
      loop.extent = e;
      loops.push_back(std::move(loop));
    }
    Item item = body(index);
    for (std::size_t d = loops.size(); d-- > 0;) {
      loops[d].body.push_back(std::move(item));
      item = Item{std::move(loops[d])};
    }
    out.push_back(std::move(item));
  };
  const auto at_target = [&](const Index& index) {
    Access a = target;
    a.index.insert(a.index.end(), index.begin(), index.end());
    return a;
  };
  nested(f.type(result).dims,
         [&](const Index& index) { return Item{Store{at_target(index), dag_.constant(f.type(result).elem, 0, 0)}}; });

  const auto& labels = in.attrs.labels;
  const bool has_mask = !in.attrs.integers.empty() && in.attrs.integers[0] != 0;
  nested(f.type(in.operands[0]).dims, [&](const Index& index) {
    std::map<std::int64_t, Dim> at;
    for (std::size_t d = 0; d < index.size(); ++d) at[labels[0][d]] = index[d];
    const auto index_of = [&](std::size_t k) {
      Index i;
      for (const std::int64_t l : labels[k]) i.push_back(at.at(l));
      return i;
    };
    NodeId mask;
    if (has_mask) mask = dag_.eval(in.operands.back(), index_of(in.operands.size() - 1));
    Index to;
    const auto& target_labels = labels.back();
    for (std::size_t d = 0; d < target_labels.size(); ++d) {
      if (target_labels[d] >= 0) {
        to.push_back(at.at(target_labels[d]));
        continue;
      }
      const auto k = static_cast<std::size_t>(-target_labels[d]);
      NodeId i = dag_.eval(in.operands[k], index_of(k));
      if (plan_.node(i).elem != Elem::i64) i = dag_.op("convert", {i}, Elem::i64);
      to.push_back(dag_.dim_of(i));
      mask = dag_.logical_and(mask, dag_.in_range(to.back(), f.type(result).dims[d]));
    }
    return Item{ScatterAdd{at_target(to), dag_.eval(in.operands[0], index), mask}};
  });
  dag_.bind(result, target.buffer, target.index);
}

void Planner::plan_for(const ir::Instr& in, std::vector<Item>& out) {
  const ir::Function& f = plan_.function;
  const auto carried = static_cast<std::size_t>(in.attrs.integers[0]);
  const ir::Block region = f.block(in.regions[0]);
  For loop;
  loop.trip = in.attrs.dims[0];
  loop.reversed = in.attrs.integers.size() > 1 && in.attrs.integers[1] != 0;
  loop.counter = dag_.add_var({Var::Kind::counter, loop.trip, {}, "t" + std::to_string(plan_.vars.size())});
  dag_.bind_node(region.params[0], dag_.index_node(plan_.var_dim(loop.counter)));
  std::vector<Access> targets;
  for (std::size_t k = 0; k < carried; ++k) {
    const ir::Type type = f.type(in.operands[k]);
    const std::string name = f.value(region.params[k + 1]).name.empty() ? "carry" : f.value(region.params[k + 1]).name;
    const std::string number = "." + std::to_string(plan_.buffers.size());
    const BufferId current = buffer(Storage::workspace, type, name + number),
                   next = buffer(Storage::workspace, type, name + ".next" + number);
    materialise(in.operands[k], {current, {}}, true);
    dag_.bind(region.params[k + 1], current);
    loop.carried.push_back({current, next});
    targets.push_back({next, {}});
  }
  for (std::size_t k = carried; k < in.operands.size(); ++k)
    dag_.bind_slice(region.params[k + 1], in.operands[k], {plan_.var_dim(loop.counter)});
  flush(out);
  for (std::size_t k = carried; k < in.results.size(); ++k) {
    const Access stack = target_of(in.results[k], "stack");
    dag_.bind(in.results[k], stack.buffer, stack.index);
    Access slice = stack;
    slice.index.push_back(plan_.var_dim(loop.counter));
    targets.push_back(std::move(slice));
  }
  block(in.regions[0], targets, loop.body);
  for (std::size_t k = 0; k < carried; ++k) dag_.bind(in.results[k], loop.carried[k].current);
  out.push_back({std::move(loop)});
}

void Planner::plan_if(const ir::Instr& in, std::vector<Item>& out) {
  flush(out);
  If branch;
  branch.condition = dag_.eval(in.operands[0], {});
  std::vector<Access> targets;
  for (const ValueId r : in.results) targets.push_back(target_of(r, "if"));
  block(in.regions[0], targets, branch.then_body);
  block(in.regions[1], targets, branch.else_body);
  for (std::size_t k = 0; k < in.results.size(); ++k) dag_.bind(in.results[k], targets[k].buffer, targets[k].index);
  out.push_back({std::move(branch)});
}

}  // namespace rg::plan
