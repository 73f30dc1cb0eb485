#include "compiler/plan/build/planner.h"

#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

using ops::opcode;

BufferId Planner::buffer(Storage storage, const ir::Type& type, std::string name, std::uint32_t number) {
  Buffer b;
  b.storage = storage;
  b.elem = type.elem;
  b.dims = type.dims;
  b.kept.assign(type.dims.size(), true);
  b.name = std::move(name);
  b.number = number;
  plan_.buffers.push_back(std::move(b));
  return BufferId(plan_.buffers.size() - 1);
}

void Planner::run() {
  const ir::Function& f = plan_.function;
  const ir::Block& body = f.block(f.body);
  accumulations_.emplace(f);
  for (std::uint32_t i = 0; i < body.params.size(); ++i) {
    const ir::Value& v = f.value(body.params[i]);
    plan_.inputs.push_back(buffer(Storage::in, v.type, v.name.empty() ? "in" + std::to_string(i) : v.name, i));
    dag_.bind(body.params[i], plan_.inputs.back());
    needs_.know(v.type);
  }
  std::vector<Access> targets;
  for (std::uint32_t i = 0; i < body.yields.size(); ++i) {
    plan_.outputs.push_back(buffer(Storage::out, f.type(body.yields[i]), "out" + std::to_string(i), i));
    targets.push_back({plan_.outputs.back(), {}});
    needs_.know(f.type(body.yields[i]));
  }
  block(f.body, targets, plan_.body);
}

void Planner::block(ir::BlockId id, const std::vector<Access>& targets, std::vector<Item>& out,
                    const std::vector<std::pair<Placed, BufferId>>& terms) {
  const ir::Function& f = plan_.function;
  const ir::Block body = f.block(id);
  std::set<ValueId> elsewhere;
  std::vector<std::size_t> copies;
  for (std::size_t i = 0; i < body.yields.size(); ++i) {
    const ValueId v = body.yields[i];
    if (!targets[i].buffer.valid()) continue;
    const ir::Instr* in = f.definition(v);
    const bool here =
        in && f.value(v).block == id && !dag_.bound(v) && ops::info(in->op).regions == 0 && !wanted_.contains(v);
    if (here) {
      wanted_[v] = targets[i];
      elsewhere.insert(v);
    } else {
      copies.push_back(i);
    }
  }
  const std::size_t mark = dag_.mark(), known = dag_.facts().mark();
  const SizeNeeds::Mark sizes = needs_.mark();
  std::set<ValueId> added;
  for (const auto& [term, state] : terms) {
    if (term.place) added.insert(term.value);
  }
  const std::set<ValueId> roots = find_roots(f, of_index_, id, options_, elsewhere, added);
  // What is scattered into a state waits for the end: its loops would part those of what is before and after.
  std::vector<ir::Instr> scattered;
  for (const ir::InstrId i : body.instrs) {
    const ir::Instr in = f.instr(i);
    if (!in.results.empty() && added_.contains(in.results[0])) {
      scattered.push_back(in);
    } else {
      instruction(in, roots, out);
    }
  }
  add_terms(terms);
  for (const std::size_t i : copies) materialise(body.yields[i], targets[i], true);
  flush(out);
  for (const ir::Instr& in : scattered) scatter(in, out);
  dag_.forget(mark);
  dag_.facts().forget(known);
  needs_.forget(sizes);
}

SizeNeeds::Mark Planner::check_sizes(const ir::Instr& in, std::vector<Item>& out) {
  SizeNeeds::Needs needs = needs_.of(in);
  const SizeNeeds::Mark behind = needs.behind;
  if (in.op == ops::opcode<ops::For>()) {
    if (checked_.contains(in.regions[0])) needs.loops.clear();
    note_checked(in.regions[0]);
  }
  check_sizes(std::move(needs), out);
  return behind;
}

// The loops in a loop's body: what they ask is checked before the outermost.
void Planner::note_checked(ir::BlockId body) {
  checked_.insert(body);
  for (const ir::InstrId i : plan_.function.block(body).instrs) {
    const ir::Instr& in = plan_.function.instr(i);
    if (in.op == ops::opcode<ops::For>()) note_checked(in.regions[0]);
  }
}

void Planner::check_sizes(SizeNeeds::Needs needs, std::vector<Item>& out) {
  if (!needs.here.empty()) {
    // Of neighbours one check: what is pending between has no effect.
    auto* last = out.empty() ? nullptr : std::get_if<Sizes>(&out.back().what);
    if (!last) last = &std::get<Sizes>(out.emplace_back(Item{Sizes{}}).what);
    std::ranges::move(needs.here.values, std::back_inserter(last->values));
    std::ranges::move(needs.here.arrays, std::back_inserter(last->arrays));
  }
  for (SizeNeeds::Needs::Steps& l : needs.loops) {
    if (l.trip.proven_positive()) {
      check_sizes(std::move(l.inside), out);
      continue;
    }
    If some;
    some.condition = dag_.op<ops::Gt>({dag_.index_node(l.trip), dag_.constant(Elem::i64, 0, 0)}, Elem::boolean);
    check_sizes(std::move(l.inside), some.then_body);
    out.push_back({std::move(some)});
  }
}

Access Planner::target_of(ValueId v, std::string_view name) {
  if (const auto it = wanted_.find(v); it != wanted_.end()) return it->second;
  const ir::Value& value = plan_.function.value(v);
  return {buffer(Storage::workspace, value.type,
                 (value.name.empty() ? std::string(name) : value.name) + "." + std::to_string(v.index)),
          {}};
}

void Planner::instruction(const ir::Instr& in, const std::set<ValueId>& roots, std::vector<Item>& out) {
  const SizeNeeds::Mark behind = check_sizes(in, out);
  if (in.op == opcode<ops::For>()) {
    plan_for(in, out);
    needs_.forget(behind);
    return;
  }
  if (in.op == opcode<ops::If>()) return plan_if(in, out);
  if (in.op == opcode<ops::Assert>()) {
    // What is pending has no effect and stays so, unless the condition reads it.
    const NodeId condition = dag_.eval(in.operands[0], {});
    if (reads_pending(condition)) flush(out);
    out.push_back({assertion(in, condition)});
    dag_.facts().assume(in.operands[0]);
    return;
  }
  if (in.op == opcode<ops::ScatterAdd>()) return scatter(in, out);
  if (!ops::info(in.op).kernels.empty()) return plan_kernel(in, out);
  if (in.results.size() != 1 || !roots.contains(in.results[0])) return;
  const Access target = target_of(in.results[0], ops::info(in.op).name);
  materialise(in.results[0], target, false);
  dag_.bind(in.results[0], target.buffer, target.index);
}

namespace {

// Calls f once with the value and each that it is computed from, as long as f says to go on below it.
void for_each_below(const ir::Function& function, ValueId top,
                    const std::function<bool(ValueId, const ir::Instr&)>& f) {
  std::vector<ValueId> open{top};
  IdSet<ValueId> seen;
  while (!open.empty()) {
    const ValueId v = open.back();
    open.pop_back();
    const ir::Instr* in = function.definition(v);
    if (in && seen.insert(v) && f(v, *in)) open.insert(open.end(), in->operands.begin(), in->operands.end());
  }
}

}  // namespace

// Along an axis without pieces, choices by the index or small reductions, elements are computed alike: a loop is as
// good as unrolling.
bool Planner::homogeneous(ValueId top) const {
  bool alike = true;
  for_each_below(plan_.function, top, [&](ValueId v, const ir::Instr& in) {
    if (v != top && dag_.bound(v)) return false;
    const ops::OpInfo& info = ops::info(in.op);
    const auto* constant = in.attrs.get_if<ops::Constant::Attrs>();
    const bool uneven = info.is_uneven && !(constant != nullptr && constant->is_splat());
    alike = alike && !(uneven && !plan_.function.type(v).is_scalar()) && (v == top || !info.monoid) &&
            !(in.op == opcode<ops::Select>() && of_index_(in.operands[0]));
    return alike;
  });
  return alike;
}

bool Planner::in_pieces(ValueId top) const {
  bool found = false;
  for_each_below(plan_.function, top, [&](ValueId v, const ir::Instr& in) {
    if (v != top && dag_.bound(v)) return false;
    found = found || ops::info(in.op).in_pieces;
    return !found;
  });
  return found;
}

namespace {
bool is_short(const Nest::Axis& a) {
  return a.extent.is_constant() && a.extent.constant() <= cost("short-axis") && a.extent.constant() >= 1;
}
}  // namespace

// Whether a long axis of the result lies inside of the short ones: then its loop is the one to make fast, and what is
// written out around it stays in memory all the same.
bool Planner::long_rows(const Nest& nest) const {
  bool after_short = false;
  for (const Nest::Axis& a : nest.axes) {
    if (a.reduced) continue;
    if (!is_short(a) && after_short) return !in_pieces(nest.value);
    after_short = after_short || is_short(a);
  }
  return false;
}

// Whether the elements along the short axes are many operations, and each has its own.
bool Planner::long_and_apart(Nest nest) {
  const Dag::State before = dag_.state();
  for (Nest::Axis& a : nest.axes) {
    a.unrolled = !a.reduced && is_short(a);
    if (!a.unrolled) a.own = dag_.add_var({Var::Kind::axis, a.extent, {}, "any"});
  }
  std::int64_t one = 0, all = 0, count = 0;
  IdSet<NodeId> seen;
  for_each_unrolled(nest, [&](const Index& result, const Index& reduced) {
    for_each_node(plan_, {element(nest, result, reduced, nullptr)}, seen, [&](NodeId id) {
      const Node& n = plan_.node(id);
      all += n.kind == Node::Kind::op ? ops::info(n.op).cost : 0;
    });
    if (count++ == 0) one = all;
  });
  dag_.restore(before);
  return all > cost("written-body") && 2 * all > one * count;
}

void Planner::choose_unrolled(Nest& nest) {
  std::int64_t product = 1;
  bool all_static = true;
  std::vector<std::size_t> small;
  for (std::size_t d = 0; d < nest.axes.size(); ++d) {
    const Nest::Axis& a = nest.axes[d];
    if (!a.reduced && is_short(a)) {
      small.push_back(d);
      product *= a.extent.constant();
    } else {
      all_static = false;
    }
  }
  if (small.empty() || product > options_.unroll_limit || long_rows(nest)) return;
  const bool alike = homogeneous(nest.value);
  // A vector's width of elements, and no other loop that could run in vectors.
  if (all_static && product >= options_.target.vector_bytes / 8 && !in_pieces(nest.value)) return;
  if (all_static ? alike && product > 3 : alike && product > 6) return;
  if (!all_static && long_and_apart(nest)) return;
  for (const std::size_t d : small) nest.axes[d].unrolled = true;
}

// Whether all that is made of the value are sums (or products, extremes) over the axis of a function of its elements.
bool Planner::only_summed(ValueId top, std::size_t axis) const {
  const ir::Function& f = plan_.function;
  std::vector<ValueId> open{top};
  IdSet<ValueId> seen;
  while (!open.empty()) {
    const ValueId v = open.back();
    open.pop_back();
    if (!seen.insert(v)) continue;
    std::uint32_t times = 0;
    for (const ir::Instr* in : accumulations_->readers(v)) {
      if (!in->results.empty() && f.value(in->results[0]).block != f.value(top).block) continue;
      times += static_cast<std::uint32_t>(std::ranges::count(in->operands, v));
      const ops::OpInfo& info = ops::info(in->op);
      const ir::Integers axes = info.monoid ? ops::reduced_axes(in->attrs) : ir::Integers();
      const bool sum = std::ranges::find(axes, static_cast<std::int64_t>(axis)) != axes.end();
      if (!sum && !info.elementwise) return false;
      if (!sum) open.push_back(in->results[0]);
    }
    if (times == 0 || times != accumulations_->uses(v)) return false;
  }
  return true;
}

// A product of two arrays with free axes of both uses each element of an operand many times: its loops are the axes of
// both, then one row and one column axis and the reduced one, to be run by tiles. Otherwise loops are as the axes are.
void Planner::choose_order(const ir::Instr* in, Nest& nest) const {
  for (std::size_t d = 0; d < nest.axes.size(); ++d) nest.order.push_back(d);
  if (!in || !nest.monoid || in->op != opcode<ops::Contract>() || in->operands.size() != 2) return;
  const auto& labels = ops::attrs_of<ops::Contract>(*in).labels;
  const auto on = [&](std::size_t k, std::size_t d) {
    return std::ranges::find(labels[k], labels.back()[d]) != labels[k].end();
  };
  std::optional<std::size_t> own[2];  // the last free axis of each operand
  std::size_t reduced = 0;
  for (std::size_t d = 0; d < nest.axes.size(); ++d) {
    const Nest::Axis& a = nest.axes[d];
    reduced += a.reduced && !a.unrolled ? 1 : 0;
    if (a.reduced || a.unrolled) continue;
    if (on(0, d) != on(1, d)) own[on(0, d) ? 0 : 1] = d;
  }
  if (reduced != 1 || !own[0] || !own[1]) return;
  nest.blocked = true;
  std::size_t column = std::max(*own[0], *own[1]), row = std::min(*own[0], *own[1]);
  // Sums over the columns would fold lanes: where nothing else is wanted, the rows' axis is that of the lanes.
  if (plan_.buffer(nest.target.buffer).storage == Storage::workspace && only_summed(nest.value, column))
    std::swap(row, column);
  for (std::size_t d = 0; d < nest.axes.size(); ++d) {
    Nest::Axis& a = nest.axes[d];
    a.batch = !a.reduced && !a.unrolled && d != row && d != column;
  }
  std::ranges::stable_sort(nest.order, {}, [&](std::size_t d) {
    return nest.axes[d].batch ? 0 : d == row ? 1 : d == column ? 2 : 3;
  });
}

// Whether the elements of a factor after (before) the diagonal of its reduced axis and the axis `own` are the constant
// zero, at any distance from it.
bool Planner::zero_beside(ValueId factor, const std::vector<std::int64_t>& labels, std::int64_t own,
                          std::int64_t reduced, bool after) {
  const auto axis = [&](const Dim& extent) {
    return plan_.var_dim(dag_.add_var({Var::Kind::axis, extent, {}, "beside"}));
  };
  const Dag::State before = dag_.state();
  const auto& extents = plan_.function.type(factor).dims;
  Index index;
  for (const Dim& e : extents) index.push_back(axis(e));
  const auto place = [&](std::int64_t l) {
    return static_cast<std::size_t>(std::ranges::find(labels, l) - labels.begin());
  };
  const std::size_t near = place(after ? own : reduced), far = place(after ? reduced : own);
  index[far] = index[near] + Dim(1) + axis(extents[far]);
  const bool zero = dag_.is_zero(dag_.eval_structure(factor, index));
  dag_.restore(before);
  return zero;
}

// Whether a factor is zero on one side of a diagonal of the reduced axis and a row or column axis.
void Planner::find_zeros(const ir::Instr& in, Nest& nest) {
  const std::int64_t reduced = summed_labels(in)[0];
  for (std::size_t k = 0; k < in.operands.size(); ++k) {
    const auto& labels = ops::attrs_of<ops::Contract>(in).labels[k];
    const auto has = [&](std::int64_t l) { return std::ranges::find(labels, l) != labels.end(); };
    for (std::size_t d = 0; has(reduced) && d < nest.result_rank(); ++d) {
      const std::int64_t own = ops::attrs_of<ops::Contract>(in).labels.back()[d];
      if (nest.axes[d].batch || !has(own)) continue;
      for (const bool after : {true, false}) {
        if (!zero_beside(in.operands[k], labels, own, reduced, after)) continue;
        nest.zeros = {d, after};
        return;
      }
    }
  }
}

// Terms for all of a state are added together: one load and one store an element.
void Planner::add_terms(const std::vector<std::pair<Placed, BufferId>>& terms) {
  std::map<BufferId, std::vector<ValueId>> whole;
  for (const auto& [term, state] : terms) {
    if (term.place)
      materialise(term.value, {state, {}}, is_stored(term.value), term.place, true);
    else
      whole[state].push_back(term.value);
  }
  for (const auto& [state, values] : whole)
    store(values[0], {state, {}}, true, {}, true, {values.begin() + 1, values.end()});
}

// Whether the value is read where it is, and not computed.
bool Planner::is_stored(ValueId v) const {
  return dag_.bound(v) != nullptr || dag_.is_slice(v) || !plan_.function.definition(v);
}

void Planner::materialise(ValueId v, const Access& target, bool copy, const Placement& place, bool add) {
  const ir::Function& f = plan_.function;
  const ir::Instr* in = copy ? nullptr : f.definition(v);
  const auto part = [&](ValueId x, const Placement& inner) {
    const Placement whole = place ? [place, inner](const Index& i) { return place(inner(i)); } : inner;
    materialise(x, target, is_stored(x), whole, add);
  };
  if (in && in->op == opcode<ops::Concat>()) {
    const auto axis = static_cast<std::size_t>(ops::attrs_of<ops::Concat>(*in).axis);
    const std::vector<ValueId> pieces = in->operands;
    const auto small = [&](ValueId x) { return small_static({f.type(x).dims[axis]}, options_.unroll_limit); };
    if (!std::ranges::all_of(pieces, small)) {
      Dim start = 0;
      for (const ValueId x : pieces) {
        part(x, [axis, start](const Index& i) {
          Index at = i;
          at[axis] = at[axis] + start;
          return at;
        });
        start = start + f.type(x).dims[axis];
      }
      return;
    }
  }
  if (in && in->op == opcode<ops::Reshape>() && place && !dag_.bound(in->operands[0])) {
    const ValueId x = in->operands[0];
    part(x,
         [this, from = f.type(x).dims, to = f.type(v).dims](const Index& i) { return reshaped(plan_, i, from, to); });
    return;
  }
  store(v, target, copy, place, add);
}

void Planner::store(ValueId v, Access target, bool copy, Placement place, bool add, std::vector<ValueId> more) {
  const ir::Function& f = plan_.function;
  Nest nest;
  nest.value = v;
  nest.copy = copy;
  nest.target = std::move(target);
  nest.place = std::move(place);
  nest.add = add;
  nest.more = std::move(more);
  for (const Dim& e : f.type(v).dims) nest.axes.push_back({e, {}, {}, false, false});
  const ir::Instr* in = copy ? nullptr : f.definition(v);
  if (in) {
    const bool contraction = in->op == opcode<ops::Contract>();
    const auto monoid = ops::info(in->op).monoid;
    if ((contraction || monoid) && !unrolled_reduction(f, *in, options_)) {
      nest.monoid = contraction ? Monoid::sum : *monoid;
      if (contraction) {
        const auto extents = label_extents(f, *in);
        for (const std::int64_t l : summed_labels(*in)) nest.axes.push_back({extents.at(l), {}, {}, true, false});
      } else {
        for (const std::int64_t a : ops::reduced_axes(in->attrs))
          nest.axes.push_back({f.type(in->operands[0]).dims[static_cast<std::size_t>(a)], {}, {}, true, false});
      }
    }
  }
  choose_unrolled(nest);
  choose_order(in, nest);
  if (nest.blocked) find_zeros(*in, nest);
  std::size_t number = 0;
  for (Nest::Axis& a : nest.axes) {
    if (!a.unrolled)
      a.own = dag_.add_var({Var::Kind::axis,
                            a.extent,
                            {},
                            std::string(1, static_cast<char>('i' + number % 15)) + std::to_string(plan_.vars.size())});
    ++number;
  }
  find_reads(nest);
  fusion_.add(std::move(nest));
}

void Planner::for_each_unrolled(const Nest& nest, const std::function<void(const Index&, const Index&)>& f) const {
  std::vector<Dim> extents;
  for (const Nest::Axis& a : nest.axes) {
    if (a.unrolled) extents.push_back(a.extent);
  }
  for_each_constant_index(extents, [&](const Index& at) {
    Index result, reduced;
    std::size_t u = 0;
    for (const Nest::Axis& a : nest.axes) {
      const Dim i = a.unrolled ? at[u++] : plan_.var_dim(a.loop.valid() ? a.loop : a.own);
      (a.reduced ? reduced : result).push_back(i);
    }
    f(result, reduced);
  });
}

NodeId Planner::element(const Nest& nest, const Index& result, const Index& reduced, Dim* position) {
  if (!nest.monoid) {
    NodeId sum = nest.copy ? dag_.eval(nest.value, result) : dag_.eval_definition(nest.value, result);
    for (const ValueId v : nest.more) sum = dag_.op<ops::Add>({sum, dag_.eval(v, result)}, plan_.node(sum).elem);
    return sum;
  }
  const ir::Function& f = plan_.function;
  const ir::Instr in = *f.definition(nest.value);
  if (in.op != opcode<ops::Contract>()) {
    if (position) *position = reduced[0];
    return dag_.eval(in.operands[0],
                     ops::merged_index(f.type(in.operands[0]).rank(), ops::reduced_axes(in.attrs), result, reduced));
  }
  const auto& labels = ops::attrs_of<ops::Contract>(in).labels;
  std::map<std::int64_t, Dim> at;
  for (std::size_t d = 0; d < result.size(); ++d) at[labels.back()[d]] = result[d];
  const auto summed = summed_labels(in);
  for (std::size_t d = 0; d < summed.size(); ++d) at[summed[d]] = reduced[d];
  NodeId product;
  for (std::size_t k = 0; k < in.operands.size(); ++k) {
    Index x;
    for (const std::int64_t l : labels[k]) x.push_back(at.at(l));
    const NodeId factor = dag_.eval(in.operands[k], x);
    product = product.valid() ? dag_.op<ops::Mul>({product, factor}, plan_.node(factor).elem) : factor;
  }
  return product;
}

void Planner::find_reads(Nest& nest) {
  const Dag::State before = dag_.state();
  std::vector<NodeId> values;
  for_each_unrolled(nest, [&](const Index& result, const Index& reduced) {
    values.push_back(element(nest, result, reduced, nullptr));
  });
  if (nest.add) {
    for_each_unrolled(
        nest, [&](const Index& result, const Index&) { values.push_back(dag_.load(nest.stored_at(result), {})); });
  }
  for_each_node(plan_, std::move(values), [&](NodeId id) {
    const Node& n = plan_.node(id);
    if (n.kind == Node::Kind::op) nest.cost += ops::info(n.op).cost;
    if (n.kind == Node::Kind::load) nest.reads.push_back({n.access.buffer, n.access.index});
  });
  dag_.restore(before);
}

bool Planner::reads_pending(NodeId value) {
  bool pending = false;
  for_each_node(plan_, {value}, [&](NodeId id) {
    const Node& n = plan_.node(id);
    pending = pending || (n.kind == Node::Kind::load && fusion_.stores(n.access.buffer));
  });
  return pending;
}

void Planner::flush(std::vector<Item>& out) {
  if (fusion_.empty()) return;
  emit(fusion_.entries(), out);
  fusion_.clear();
}

void Planner::emit(std::vector<LoopTree::Entry>& entries, std::vector<Item>& out) {
  for (LoopTree::Entry& e : entries) {
    Nest* nest = &fusion_.nests()[e.nest];
    if (!e.loop) {
      e.finish ? emit_finish(*nest, out) : emit_body(*nest, out);
      continue;
    }
    Loop loop;
    loop.var = e.loop->var;
    loop.extent = e.loop->extent;
    const std::size_t mark = dag_.mark();
    emit(e.loop->entries, loop.body);
    dag_.forget(mark);
    for (const std::size_t n : e.loop->nests) {
      const Nest& inner = fusion_.nests()[n];
      if (inner.outer_reduced == loop.var && inner.zeros)
        loop.zeros = Zeros{inner.axes[inner.zeros->first].loop, inner.zeros->second};
      if (inner.outer_reduced == loop.var)
        loop.reductions.insert(loop.reductions.end(), inner.reductions.begin(), inner.reductions.end());
    }
    out.push_back({std::move(loop)});
  }
}

Item Planner::stored(const Nest& nest, const Index& result, NodeId value) const {
  if (nest.add) return {ScatterAdd{nest.stored_at(result), value, {}, error_of(nest.stored_at(result))}};
  return {Store{nest.stored_at(result), value}};
}

void Planner::emit_body(Nest& nest, std::vector<Item>& out) {
  for_each_unrolled(nest, [&](const Index& result, const Index& reduced) {
    Dim position = 0;
    const NodeId value = element(nest, result, reduced, &position);
    if (!nest.monoid) {
      out.push_back(stored(nest, result, value));
      if (!nest.copy) dag_.forward(nest.value, result, value);
      return;
    }
    plan_.reductions.push_back({*nest.monoid, plan_.node(value).elem, value, position});
    nest.reductions.push_back(ReductionId(plan_.reductions.size() - 1));
    out.push_back({Accumulate{nest.reductions.back()}});
  });
}

std::vector<VarId> Planner::loop_vars(const Nest& nest) const {
  std::set<VarId> vars;
  for (const Nest::Axis& a : nest.axes) {
    if (!a.reduced && a.loop.valid()) vars.insert(a.loop);
  }
  return {vars.begin(), vars.end()};
}

void Planner::emit_finish(Nest& nest, std::vector<Item>& out) {
  std::size_t k = 0;
  const Elem elem = plan_.function.type(nest.value).elem;
  for_each_unrolled(nest, [&](const Index& result, const Index&) {
    const NodeId value = dag_.reduced(nest.reductions[k++], elem, loop_vars(nest));
    out.push_back(stored(nest, result, value));
    dag_.forward(nest.value, result, value);
  });
}

}  // namespace rg::plan
