// Scatter-additions as items: zeros, what is added to them, and what the additions lost to rounding.
#include <algorithm>
#include <cmath>

#include "compiler/ops/all.h"
#include "compiler/plan/build/planner.h"

namespace rg::plan {

// Short axes are written out, but for the last: what differs from one index to the next is known then.
void Planner::each_element(const std::vector<Dim>& extents, const std::function<Item(const Index&)>& body,
                           std::vector<Item>& out) {
  Index index;
  std::vector<Loop> loops;
  std::vector<Dim> written;
  std::vector<std::size_t> axes;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    const Dim& e = extents[d];
    if (!options_.strict && d + 1 < extents.size() && small_static({e}, 8)) {
      written.push_back(e);
      axes.push_back(d);
      index.emplace_back(0);
      continue;
    }
    const VarId var = dag_.add_var({Var::Kind::axis, e, {}, "s" + std::to_string(plan_.vars.size())});
    index.push_back(plan_.var_dim(var));
    Loop loop;
    loop.var = var;
    loop.extent = e;
    loops.push_back(std::move(loop));
  }
  std::vector<Item> items;
  for_each_constant_index(written, [&](const Index& at) {
    for (std::size_t k = 0; k < at.size(); ++k) index[axes[k]] = at[k];
    items.push_back(body(index));
  });
  for (std::size_t d = loops.size(); d-- > 0;) {
    loops[d].body = std::move(items);
    items.clear();
    items.push_back({std::move(loops[d])});
  }
  std::ranges::move(items, std::back_inserter(out));
}

Access Planner::error_of(const Access& element) const {
  const auto it = errors_.find(element.buffer);
  if (it == errors_.end()) return {};
  const std::size_t rank = plan_.buffer(it->second).dims.size();  // the target may be a part of its buffer
  return {it->second, {element.index.end() - static_cast<std::ptrdiff_t>(rank), element.index.end()}};
}

void Planner::keep_errors(BufferId of, const ir::Type& type, std::vector<Item>& out) {
  const BufferId errors = buffer(Storage::workspace, type, "errors." + std::to_string(plan_.buffers.size()));
  errors_[of] = errors;
  each_element(
      type.dims, [&](const Index& index) { return Item{Store{{errors, index}, dag_.constant(type.elem, 0, 0)}}; }, out);
}

void Planner::add_errors(const Access& to, BufferId errors, std::vector<Item>& out) {
  each_element(
      plan_.buffer(errors).dims,
      [&](const Index& index) {
        Access a = to;
        a.index.insert(a.index.end(), index.begin(), index.end());
        const NodeId sum = dag_.load(a, {}), error = dag_.load({errors, index}, {});
        return Item{Store{a, dag_.op<ops::Add>({sum, error}, plan_.buffer(errors).elem)}};
      },
      out);
}

namespace {

constexpr std::int64_t few_terms = 2, few_places = 1024, places_for_each_term = 8;

// Whether the errors of a scatter-addition of so many terms to each column of so many places are kept: not where memory
// for them is more than the terms are worth.
constexpr bool keeps_errors(std::int64_t terms, std::int64_t places) {
  return terms > few_terms && (places <= few_places || places < places_for_each_term * terms);
}

// Terms that may come to one place, and the places that an index may name.
std::pair<Dim, Dim> terms_and_places(const ir::Function& f, const ir::Instr& in) {
  const auto& attrs = ops::attrs_of<ops::ScatterAdd>(in);
  const auto& updates = attrs.labels[0];
  const auto& target = attrs.labels.back();
  Dim terms = 1, places = 1;
  for (std::size_t d = 0; d < updates.size(); ++d) {
    if (std::ranges::find(target, updates[d]) == target.end()) terms = terms * f.type(in.operands[0]).dims[d];
  }
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] < 0) places = places * attrs.dims[d];
  }
  return {terms, places};
}

}  // namespace

// keeps_errors of the extents: constant where they are.
NodeId Planner::errors_wanted(const Dim& terms, const Dim& places) {
  if (terms.is_constant() && places.is_constant())
    return dag_.constant(Elem::boolean, 0, keeps_errors(terms.constant(), places.constant()) ? 1 : 0);
  const auto less = [&](const Dim& a, const Dim& b) {
    return dag_.op<ops::Lt>({dag_.index_node(a), dag_.index_node(b)}, Elem::boolean);
  };
  const NodeId dense = less(places, Dim(places_for_each_term) * terms);
  const NodeId small = less(places, Dim(few_places + 1));
  return dag_.logical_and(less(Dim(few_terms), terms), dag_.op<ops::Or>({small, dense}, Elem::boolean));
}

// Whether sums of the updates are exact without their errors: all are one small integer, of which f64 holds multiples.
bool Planner::counts(const ir::Instr& in) {
  const ir::Type& updates = plan_.function.type(in.operands[0]);
  if (updates.elem != Elem::f64) return false;
  const Dag::State before = dag_.state();
  Index index;
  for (const Dim& e : updates.dims) index.push_back(plan_.var_dim(dag_.add_var({Var::Kind::axis, e, {}, "any"})));
  const Node& n = plan_.node(dag_.eval_structure(in.operands[0], index));
  constexpr double most = 1 << 20;
  const bool exact = n.kind == Node::Kind::constant && n.real == std::trunc(n.real) && std::fabs(n.real) <= most;
  dag_.restore(before);
  return exact;
}

// target[…, index, …] += update, at every update.
void Planner::scatter_updates(const ir::Instr& in, const Access& target, const Placement& place,
                              std::vector<Item>& out) {
  const ir::Function& f = plan_.function;
  const auto& attrs = ops::attrs_of<ops::ScatterAdd>(in);
  const auto& labels = attrs.labels;
  const auto addition = [&](const Index& index) {
    std::map<std::int64_t, Dim> at;
    for (std::size_t d = 0; d < index.size(); ++d) at[labels[0][d]] = index[d];
    const auto index_of = [&](std::size_t k) {
      Index i;
      for (const std::int64_t l : labels[k]) i.push_back(at.at(l));
      return i;
    };
    NodeId mask;
    if (attrs.masked) mask = dag_.eval(in.operands.back(), index_of(in.operands.size() - 1));
    Index to;
    const auto& target_labels = labels.back();
    for (std::size_t d = 0; d < target_labels.size(); ++d) {
      if (target_labels[d] >= 0) {
        to.push_back(at.at(target_labels[d]));
        continue;
      }
      const auto k = static_cast<std::size_t>(-target_labels[d]);
      NodeId i = dag_.eval(in.operands[k], index_of(k));
      if (plan_.node(i).elem != Elem::i64) i = dag_.op<ops::Convert>({i}, Elem::i64);
      to.push_back(dag_.dim_of(i));
      mask =
          dag_.logical_and(mask, dag_.in_range(in.operands[k], to.back(), attrs.dims[d], f.type(in.operands[0]).dims));
    }
    Access element = target;
    const Index placed = place ? place(to) : to;
    element.index.insert(element.index.end(), placed.begin(), placed.end());
    return Item{ScatterAdd{element, dag_.eval(in.operands[0], index), mask, error_of(element)}};
  };
  each_element(f.type(in.operands[0]).dims, addition, out);
}

void Planner::scatter(const ir::Instr& in, std::vector<Item>& out) {
  flush(out);
  const ir::Type type = plan_.function.type(in.results[0]);
  if (const auto added = added_.find(in.results[0]); added != added_.end())
    return scatter_updates(in, {added->second.first, {}}, added->second.second, out);
  const Access target = target_of(in.results[0], "scatter");
  const auto zeros = [&](const Access& to) {
    each_element(
        type.dims,
        [&](const Index& index) {
          Access a = to;
          a.index.insert(a.index.end(), index.begin(), index.end());
          return Item{Store{a, dag_.constant(type.elem, 0, 0)}};
        },
        out);
  };
  zeros(target);
  const auto [terms, places] = terms_and_places(plan_.function, in);
  const bool inexact = ir::is_float(type.elem) && !counts(in);
  const NodeId wanted = inexact ? errors_wanted(terms, places) : dag_.constant(Elem::boolean, 0, 0);
  const bool known = plan_.node(wanted).kind == Node::Kind::constant;
  If choice;
  choice.condition = wanted;
  if (!known || plan_.node(wanted).integer != 0) {
    std::vector<Item>& exact = known ? out : choice.then_body;
    keep_errors(target.buffer, type, exact);
    scatter_updates(in, target, {}, exact);
    add_errors(target, errors_.at(target.buffer), exact);
    errors_.erase(target.buffer);
  }
  if (!known || plan_.node(wanted).integer == 0) scatter_updates(in, target, {}, known ? out : choice.else_body);
  if (!known) out.push_back({std::move(choice)});
  dag_.bind(in.results[0], target.buffer, target.index);
}

}  // namespace rg::plan
