// Loops that carry state and branches as items.
#include <algorithm>

#include "compiler/code/subscript.h"
#include "compiler/ops/all.h"
#include "compiler/plan/build/planner.h"
#include "compiler/support/internal_error.h"

namespace rg::plan {

// The buffer of a state around the loop that is updated in place and handed to this one, with what is added to it
// before. Invalid where there is none.
BufferId Planner::handed_state(ValueId start) {
  const auto in_place = [&](ValueId v) {
    const Access* at = dag_.bound(v);
    return at && at->index.empty() && in_place_.contains(at->buffer);
  };
  std::vector<ValueId> terms;
  const ValueId from = accumulations_->start(start, in_place, terms);
  if (!from.valid()) return {};
  const BufferId state = dag_.bound(from)->buffer;
  std::vector<std::pair<Placed, BufferId>> open;
  for (const ValueId t : terms) {
    const Placed term = without_views(plan_, *accumulations_, t);
    if (!added_.contains(term.value)) open.emplace_back(term, state);
  }
  add_terms(open);
  return state;
}

// The buffers of state k: two that change places, or one where the steps only add to it. That may be the one of the
// loop around it, which hands its state through.
For::Carried Planner::state_of(const ir::Instr& in, std::size_t k, std::vector<std::pair<Placed, BufferId>>& terms) {
  const ir::Function& f = plan_.function;
  const ir::Type type = f.type(in.operands[k]);
  const ValueId param = f.block(in.regions[0]).params[k + 1];
  const std::string name = f.value(param).name.empty() ? "carry" : f.value(param).name;
  const std::string number = "." + std::to_string(plan_.buffers.size());
  const auto added = options_.strict ? std::nullopt : accumulations_->terms(in, k);
  For::Carried state;
  if (added) state.current = handed_state(in.operands[k]);
  if (!state.current.valid()) {
    state.current = buffer(Storage::workspace, type, name + number);
    materialise(in.operands[k], {state.current, {}}, true);
  }
  state.next = added ? state.current : buffer(Storage::workspace, type, name + ".next" + number);
  dag_.bind(param, state.current);
  if (!added) return state;
  in_place_.insert(state.current);
  const auto each = [&](const std::vector<ValueId>& values, bool last) {
    for (const ValueId t : values) {
      const Placed term = without_views(plan_, *accumulations_, t);
      if (is_op<ops::ScatterAdd>(f, term.value) && accumulations_->uses(term.value) == 1) {
        added_[term.value] = {state.current, term.place};
      } else if (last) {
        terms.emplace_back(term, state.current);
      }
    }
  };
  each(added->before, false);
  each(added->after, true);
  return state;
}

void Planner::plan_for(const ir::Instr& in, std::vector<Item>& out) {
  const ir::Function& f = plan_.function;
  const auto& [trip, carried, reversed] = ops::attrs_of<ops::For>(in);
  const ir::Block region = f.block(in.regions[0]);
  For loop;
  loop.trip = trip;
  loop.reversed = reversed;
  loop.counter = dag_.add_var({Var::Kind::counter, loop.trip, {}, "t" + std::to_string(plan_.vars.size())});
  dag_.bind_node(region.params[0], dag_.index_node(plan_.var_dim(loop.counter)));
  std::vector<Access> targets;
  std::vector<std::pair<Placed, BufferId>> terms;
  for (std::size_t k = 0; k < carried; ++k) {
    loop.carried.push_back(state_of(in, k, terms));
    const For::Carried& state = loop.carried.back();
    targets.push_back({state.next == state.current ? BufferId() : state.next, {}});
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
  block(in.regions[0], targets, loop.body, terms);
  for (std::size_t k = 0; k < carried; ++k) {
    if (loop.carried[k].current != loop.carried[k].next) continue;
    const auto added = accumulations_->terms(in, k);
    for (const ValueId given_back : added->handed) {
      if (dag_.bound(given_back)->buffer != loop.carried[k].current)
        internal_error("a loop inside did not update the state that it was handed");
    }
  }
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

NodeId Planner::wrong_position(const ir::Instr& in, std::vector<Item>& search) {
  const auto check = ir::subscript_of(plan_.function, in.operands[0]);
  if (!check) return {};
  Index index;
  std::vector<Loop> loops;
  for (const Dim& extent : check->axes) {
    Loop loop;
    loop.extent = extent;
    loop.var = dag_.add_var({Var::Kind::axis, extent, {}, "s" + std::to_string(plan_.vars.size())});
    index.push_back(plan_.var_dim(loop.var));
    loops.push_back(std::move(loop));
  }
  const auto element = [&](const ir::SubscriptCheck::Term& t) {
    Index at;
    for (const std::size_t axis : t.axes) at.push_back(index[axis]);
    return dag_.eval(t.value, at);
  };
  const NodeId position = element(check->index);
  if (loops.empty()) return position;
  // The last one that is wrong.
  const NodeId negative = dag_.op<ops::Lt>({position, dag_.constant(Elem::i64, 0, 0)}, Elem::boolean);
  const NodeId extent = dag_.index_node(ops::attrs_of<ops::Assert>(in).subscript[0]);
  NodeId wrong = dag_.op<ops::Or>({negative, dag_.op<ops::Ge>({position, extent}, Elem::boolean)}, Elem::boolean);
  for (const ir::SubscriptCheck::Term& t : check->skipped)
    wrong = dag_.logical_and(wrong, dag_.op<ops::Not>({element(t)}, Elem::boolean));
  const BufferId found =
      buffer(Storage::workspace, {Elem::i64, {}}, "position." + std::to_string(plan_.buffers.size()));
  search.push_back({Store{{found, {}}, dag_.constant(Elem::i64, 0, -1)}});
  std::vector<Item> body{{If{wrong, {{Store{{found, {}}, position}}}, {}}}};
  for (std::size_t d = loops.size(); d-- > 0;) {
    loops[d].body = std::move(body);
    body.clear();
    body.push_back({std::move(loops[d])});
  }
  std::ranges::move(body, std::back_inserter(search));
  return dag_.load({found, {}}, {});
}

Assert Planner::assertion(const ir::Instr& in, NodeId condition) {
  const auto& [message, subscript] = ops::attrs_of<ops::Assert>(in);
  Assert out{.condition = condition, .message = message, .subscript = !subscript.empty(), .place = in.span};
  if (!out.subscript) return out;
  const std::vector<std::string> words = ir::words_of_check(subscript, plan_.function.size_names);
  for (std::size_t k = 0; k < subscript.size(); ++k) out.numbers.push_back({words[k], dag_.index_node(subscript[k])});
  if (subscript.size() > 1) return out;
  const NodeId position = wrong_position(in, out.search);
  if (position.valid()) out.numbers.push_back({words.back(), position});
  return out;
}

}  // namespace rg::plan
