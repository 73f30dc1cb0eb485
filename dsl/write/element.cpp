// Instructions that are written element by element: `[i: n => …]`.
#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/write/writer.h"

namespace rg::dsl {

using namespace ir;
using ast::BinaryOp;
using ast::ExprPtr;

Writer::Strings Writer::index_names(std::size_t count) {
  Strings out;
  for (std::size_t k = 0; k < count; ++k) out.push_back(names_.fresh(std::string(1, "ijklmnopqr"[k % 10])));
  return out;
}

tree::Indices Writer::indices(const Strings& names, std::span<const Dim> extents) const {
  tree::Indices out;
  for (std::size_t k = 0; k < names.size(); ++k) out.push_back({{names[k], {}}, extent_of(extents[k])});
  return out;
}

ExprPtr Writer::element(ValueId v, const Strings& at) {
  Exprs positions;
  for (const std::string& n : at) positions.push_back(tree::name(n));
  return tree::at(named(v), std::move(positions));
}

// Forward slices have a spelling, others are read in steps.
ExprPtr Writer::slice(const Instr& i) {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Slice>(i);
  if (std::ranges::all_of(a.steps, [](std::int64_t s) { return s > 0; })) {
    ast::Index out{text(x), {}};
    for (std::size_t d = 0; d < a.dims.size(); ++d) {
      const Dim end = a.starts[d] + Dim(a.steps[d]) * (a.dims[d] - Dim(1)) + Dim(1);
      const bool whole = a.steps[d] == 1 && a.starts[d] == Dim(0) && end == dims(x)[d];
      ast::Slice s;
      if (!whole) s = {{extent_of(a.starts[d]), false, {}}, {extent_of(end), false, {}}, nullptr};
      if (a.steps[d] != 1) s.step = tree::integer(a.steps[d]);
      out.subscripts.push_back({{}, std::move(s)});
    }
    return tree::expr(std::move(out));
  }
  const Strings names = index_names(a.dims.size());
  Exprs positions;
  for (std::size_t d = 0; d < a.dims.size(); ++d) {
    ExprPtr offset = tree::binary(BinaryOp::mul, tree::integer(a.steps[d]), tree::name(names[d]));
    positions.push_back(tree::binary(BinaryOp::add, extent_of(a.starts[d]), std::move(offset)));
  }
  ExprPtr value = tree::at(named(x), std::move(positions));
  return tree::build(indices(names, a.dims), std::move(value));
}

// Where steps are 1 it is padding; else an element is the operand's, or zero.
ExprPtr Writer::place(const Instr& i) {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Place>(i);
  const auto& from = dims(x);
  if (std::ranges::all_of(a.steps, [](std::int64_t s) { return s == 1; }) && f_.type(x).elem != Elem::boolean) {
    std::vector<Dim> after;
    for (std::size_t d = 0; d < from.size(); ++d) after.push_back(a.dims[d] - a.starts[d] - from[d]);
    return tree::call("pad", tree::list(text(x), shape(a.starts), shape(after)));
  }
  const Strings names = index_names(a.dims.size());
  Exprs guards, positions;
  for (std::size_t d = 0; d < a.dims.size(); ++d) {
    const std::int64_t k = a.steps[d], stride = k < 0 ? -k : k;
    const auto offset = [&] {
      ExprPtr start = extent_of(a.starts[d]), index = tree::name(names[d]);
      return k > 0 ? tree::binary(BinaryOp::sub, std::move(index), std::move(start))
                   : tree::binary(BinaryOp::sub, std::move(start), std::move(index));
    };
    const auto position = [&] {
      return stride == 1 ? offset() : tree::binary(BinaryOp::int_div, offset(), tree::integer(stride));
    };
    guards.push_back(tree::binary(BinaryOp::ge, offset(), tree::integer(0)));
    guards.push_back(tree::binary(BinaryOp::lt, position(), extent_of(from[d])));
    if (stride != 1) {
      ExprPtr rest = tree::binary(BinaryOp::int_mod, offset(), tree::integer(stride));
      guards.push_back(tree::binary(BinaryOp::eq, std::move(rest), tree::integer(0)));
    }
    positions.push_back(position());
  }
  ExprPtr value = tree::at(named(x), std::move(positions));
  return tree::build(indices(names, a.dims), tree::choose(tree::chain(BinaryOp::logical_and, std::move(guards)),
                                                          std::move(value), zero_literal(f_.type(x).elem)));
}

// Read at indices.
ExprPtr Writer::gather(const Instr& i) {
  const auto& a = ops::attrs_of<ops::Gather>(i);
  const auto& labels = a.labels;
  const auto& result = labels.back();
  const Strings names = index_names(result.size());
  const auto name_of = [&](std::int64_t l) {
    return names[static_cast<std::size_t>(std::ranges::find(result, l) - result.begin())];
  };
  const auto indexed = [&](std::size_t k) {
    Strings at;
    for (const std::int64_t l : labels[k]) at.push_back(name_of(l));
    return element(i.operands[k], at);
  };
  Exprs at;
  for (const std::int64_t l : labels[0])
    at.push_back(l >= 0 ? tree::name(name_of(l)) : indexed(static_cast<std::size_t>(-l)));
  ExprPtr value = tree::at(named(i.operands[0]), std::move(at));
  if (a.masked)
    value = tree::choose(indexed(i.operands.size() - 1), std::move(value), zero_literal(f_.type(i.operands[0]).elem));
  return result.empty() ? std::move(value) : tree::build(indices(names, dims(i.results[0])), std::move(value));
}

// Every element of the result sums the updates whose index is its own.
ExprPtr Writer::scatter_add(const Instr& i) {
  const auto& a = ops::attrs_of<ops::ScatterAdd>(i);
  const auto& labels = a.labels;
  const auto& target = labels.back();
  const Strings names = index_names(target.size());
  std::map<std::int64_t, std::string> name_of;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] >= 0) name_of[target[d]] = names[d];
  }
  Strings inner;
  std::vector<Dim> inner_dims;
  for (std::size_t d = 0; d < labels[0].size(); ++d) {
    if (name_of.contains(labels[0][d])) continue;
    inner.push_back(index_names(1)[0]);
    inner_dims.push_back(dims(i.operands[0])[d]);
    name_of[labels[0][d]] = inner.back();
  }
  const auto indexed = [&](std::size_t k) {
    Strings at;
    for (const std::int64_t l : labels[k]) at.push_back(name_of.at(l));
    return element(i.operands[k], at);
  };
  Exprs guards;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] >= 0) continue;
    guards.push_back(tree::binary(BinaryOp::eq, indexed(static_cast<std::size_t>(-target[d])), tree::name(names[d])));
  }
  if (a.masked) guards.push_back(indexed(i.operands.size() - 1));
  ExprPtr value = indexed(0);
  if (!guards.empty())
    value = tree::choose(tree::chain(BinaryOp::logical_and, std::move(guards)), std::move(value),
                         zero_literal(f_.type(i.operands[0]).elem));
  if (!inner.empty()) value = tree::reduce("sum", indices(inner, inner_dims), std::move(value));
  return tree::build(indices(names, a.dims), std::move(value));
}

}  // namespace rg::dsl
