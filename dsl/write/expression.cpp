// One instruction as an expression.
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "dsl/write/writer.h"

namespace rg::dsl {

using namespace ir;
using ast::BinaryOp;
using ast::ExprPtr;
using ops::opcode;

ExprPtr Writer::expression(const Instr& i) {
  struct Row {
    Opcode op;
    ExprPtr (*write)(Writer&, const Instr&);
  };
  static const Row rows[] = {
      {opcode<ops::Constant>(), [](Writer& w, const Instr& i) { return w.constant(i); }},
      {opcode<ops::Size>(), [](Writer& w, const Instr& i) { return w.extent_of(ops::attrs_of<ops::Size>(i).dim); }},
      {opcode<ops::Convert>(), [](Writer& w, const Instr& i) { return w.convert(i); }},
      {opcode<ops::Iota>(), [](Writer& w, const Instr& i) { return w.iota(i); }},
      {opcode<ops::Broadcast>(), [](Writer& w, const Instr& i) { return w.broadcast(i); }},
      {opcode<ops::Transpose>(), [](Writer& w, const Instr& i) { return w.transpose(i); }},
      {opcode<ops::Reshape>(), [](Writer& w, const Instr& i) { return w.reshape(i); }},
      {opcode<ops::Recast>(), [](Writer& w, const Instr& i) { return w.reshape(i); }},
      {opcode<ops::Slice>(), [](Writer& w, const Instr& i) { return w.slice(i); }},
      {opcode<ops::Place>(), [](Writer& w, const Instr& i) { return w.place(i); }},
      {opcode<ops::Concat>(), [](Writer& w, const Instr& i) { return w.concat(i); }},
      {opcode<ops::Contract>(), [](Writer& w, const Instr& i) { return w.contract(i); }},
      {opcode<ops::Gather>(), [](Writer& w, const Instr& i) { return w.gather(i); }},
      {opcode<ops::ScatterAdd>(), [](Writer& w, const Instr& i) { return w.scatter_add(i); }},
  };
  if (const auto* row = std::ranges::find(rows, i.op, &Row::op); row != std::end(rows)) return row->write(*this, i);
  if (ops::info(i.op).elementwise) return elementwise(i);
  const std::string_view op = ops::info(i.op).name;
  if (op.starts_with("reduce_") || op == "argmin" || op == "argmax") return reduction(i);
  throw Unspellable(std::string(op));
}

/// A constant or a scalar that is broadcast, else null.
const Instr* Writer::scalar_of(ValueId v) const {
  const Instr* d = f_.definition(v);
  if (d == nullptr) return nullptr;
  const bool splat = d->op == opcode<ops::Constant>() && ops::attrs_of<ops::Constant>(*d).is_splat();
  const bool spread = d->op == opcode<ops::Broadcast>() && dims(d->operands[0]).empty();
  return splat || spread ? d : nullptr;
}

// A constant or a broadcast scalar stands as a scalar beside an operand that has the extents and the type. The
// condition of a select gives no type to its neighbours.
Writer::Exprs Writer::elementwise_operands(const Instr& i) const {
  const std::size_t first = ops::has_condition(ops::info(i.op).rule) ? 1 : 0;
  bool peer = false;
  for (std::size_t k = first; k < i.operands.size(); ++k) peer = peer || scalar_of(i.operands[k]) == nullptr;
  Exprs out;
  for (std::size_t k = 0; k < i.operands.size(); ++k) {
    const Instr* d = peer && k >= first ? scalar_of(i.operands[k]) : nullptr;
    if (d == nullptr)
      out.push_back(text(i.operands[k]));
    else
      out.push_back(d->op == opcode<ops::Constant>() ? splat(*d, false) : text(d->operands[0]));
  }
  return out;
}

ExprPtr Writer::elementwise(const Instr& i) const {
  Exprs x = elementwise_operands(i);
  const std::string_view op = ops::info(i.op).name;
  if (op == "square") return tree::binary(BinaryOp::pow, std::move(x[0]), tree::integer(2));
  if (const auto* a = i.attrs.get_if<ops::PowI::Attrs>())
    return tree::binary(BinaryOp::pow, std::move(x[0]), tree::integer(a->exponent));
  if (const auto* a = i.attrs.get_if<ops::OrderAttrs>()) {
    ExprPtr order = tree::integer(a->order);
    if (i.op == opcode<ops::Polygamma>()) return tree::call(op, tree::list(std::move(order), std::move(x[0])));
    if (a->order > 0) return tree::call(std::string(op) + "_derivative", tree::list(std::move(order), std::move(x[0])));
  }
  const auto* prefix = std::ranges::find(ast::unary_operators, op, &ast::UnaryInfo::elementwise);
  if (prefix != std::end(ast::unary_operators)) return tree::unary(prefix->op, std::move(x[0]));
  const auto* infix = std::ranges::find_if(
      ast::binary_operators, [&](const ast::BinaryInfo& o) { return op == o.elementwise || op == o.of_floats; });
  if (infix != std::end(ast::binary_operators)) return tree::binary(infix->op, std::move(x[0]), std::move(x[1]));
  return tree::call(op == "select" ? "where" : op, std::move(x));
}

ExprPtr Writer::splat(const Instr& i, bool typed) const {
  const auto& a = ops::attrs_of<ops::Constant>(i);
  return is_float(a.elem) ? real_literal(a.elem, a.reals[0], typed) : integer_literal(a.elem, a.integers[0], typed);
}

ExprPtr Writer::constant(const Instr& i) const {
  const auto& a = ops::attrs_of<ops::Constant>(i);
  if (a.is_splat())
    return a.dims.empty() ? splat(i, true) : tree::call("full", tree::list(shape(a.dims), splat(i, true)));
  std::size_t next = 0;
  const std::function<ExprPtr(std::size_t)> list = [&](std::size_t depth) -> ExprPtr {
    if (depth == a.dims.size()) {
      const std::size_t k = next++;
      return is_float(a.elem) ? real_literal(a.elem, a.reals[k], true) : integer_literal(a.elem, a.integers[k], true);
    }
    Exprs parts;
    for (std::int64_t k = 0; k < a.dims[depth].constant(); ++k) parts.push_back(list(depth + 1));
    return tree::array(std::move(parts));
  };
  return list(0);
}

ExprPtr Writer::convert(const Instr& i) const {
  const ValueId x = i.operands[0];
  const Elem from = f_.type(x).elem, to = ops::attrs_of<ops::Convert>(i).elem;
  if (to == Elem::boolean) return tree::binary(BinaryOp::ne, text(x), tree::integer(0));
  if (from != Elem::boolean) return one(name(to), x);
  const auto literal = [&](int v) { return is_float(to) ? real_literal(to, v, true) : integer_literal(to, v, true); };
  return tree::call("where", tree::list(text(x), literal(1), literal(0)));
}

ExprPtr Writer::iota(const Instr& i) {
  const auto& a = ops::attrs_of<ops::Iota>(i);
  const Strings names = index_names(a.dims.size());
  ExprPtr index = tree::name(names[static_cast<std::size_t>(a.axis)]);
  return tree::build(indices(names, a.dims), tree::call(name(a.elem), tree::list(std::move(index))));
}

// The language adds leading dimensions; others are 1 first.
ExprPtr Writer::broadcast(const Instr& i) const {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Broadcast>(i);
  if (a.axes.empty()) return tree::call("full", tree::list(shape(a.dims), text(x)));
  const auto rank = static_cast<std::int64_t>(a.dims.size());
  std::vector<Dim> with_ones;
  bool gaps = false;
  std::size_t next = 0;
  for (std::int64_t d = a.axes[0]; d < rank; ++d) {
    const bool own = next < a.axes.size() && a.axes[next] == d;
    with_ones.push_back(own ? a.dims[static_cast<std::size_t>(d)] : Dim(1));
    gaps = gaps || !own;
    next += own;
  }
  ExprPtr inner = gaps ? tree::call("reshape", tree::list(text(x), shape(with_ones))) : text(x);
  return tree::call("broadcast", tree::list(std::move(inner), shape(a.dims)));
}

ExprPtr Writer::transpose(const Instr& i) const {
  const auto& a = ops::attrs_of<ops::Transpose>(i);
  if (a.axes.size() == 2) return one("transpose", i.operands[0]);
  Exprs axes;
  for (const std::int64_t axis : a.axes) axes.push_back(tree::integer(axis));
  return tree::call("transpose", tree::list(text(i.operands[0]), tree::array(std::move(axes))));
}

ExprPtr Writer::reshape(const Instr& i) {
  const ValueId x = i.operands[0];
  const std::vector<Dim>& to = i.attrs.as<ops::ExtentAttrs>().dims;
  if (to.empty()) {
    Exprs first;
    for (std::size_t d = 0; d < dims(x).size(); ++d) first.push_back(tree::integer(0));
    return first.empty() ? text(x) : tree::at(named(x), std::move(first));
  }
  if (dims(x).empty()) return tree::call("full", tree::list(shape(to), text(x)));
  return tree::call("reshape", tree::list(text(x), shape(to)));
}

ExprPtr Writer::concat(const Instr& i) const {
  Exprs parts;
  for (const ValueId v : i.operands) parts.push_back(text(v));
  return tree::call("concat", std::move(parts), "axis", tree::integer(ops::attrs_of<ops::Concat>(i).axis));
}

ExprPtr Writer::reduction(const Instr& i) const {
  const std::string_view op = ops::info(i.op).name;
  const bool folds = op.starts_with("reduce_");
  const std::string_view shown = folds ? op.substr(7) : op;
  const Integers axes = ops::reduced_axes(i.attrs);
  if (axes.empty()) return text(i.operands[0]);
  if (folds && axes.size() == dims(i.operands[0]).size()) return one(shown, i.operands[0]);
  Exprs list;
  for (const std::int64_t axis : axes) list.push_back(tree::integer(axis));
  return tree::call(shown, tree::list(text(i.operands[0])), "axis", tree::tuple(std::move(list)));
}

namespace {

using Labels = std::vector<std::vector<std::int64_t>>;

// Whether the labels are those of the pattern but for their names.
bool same_labels(const Labels& labels, const Labels& pattern) {
  std::map<std::int64_t, std::int64_t> to, from;
  if (pattern.size() != labels.size()) return false;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (pattern[k].size() != labels[k].size()) return false;
    for (std::size_t d = 0; d < labels[k].size(); ++d) {
      if (to.emplace(labels[k][d], pattern[k][d]).first->second != pattern[k][d]) return false;
      if (from.emplace(pattern[k][d], labels[k][d]).first->second != labels[k][d]) return false;
    }
  }
  return true;
}

}  // namespace

ExprPtr Writer::contract(const Instr& i) const {
  static const Labels products[] = {{{0, 1}, {1, 2}, {0, 2}}, {{0, 1}, {1}, {0}}, {{0}, {0, 1}, {1}}};
  const auto& labels = ops::attrs_of<ops::Contract>(i).labels;
  if (std::ranges::any_of(products, [&](const Labels& p) { return same_labels(labels, p); }))
    return tree::binary(BinaryOp::matmul, text(i.operands[0]), text(i.operands[1]));
  return einsum(i);
}

// A scalar factor is no operand of einsum.
ExprPtr Writer::einsum(const Instr& i) const {
  const auto& labels = ops::attrs_of<ops::Contract>(i).labels;
  std::map<std::int64_t, char> letters;
  const auto spelled = [&](const std::vector<std::int64_t>& list) {
    std::string out;
    for (const std::int64_t l : list) {
      const std::size_t n = letters.size();
      if (n >= 44 && !letters.contains(l)) throw Unspellable("a contraction over more than 44 axes");
      out += letters.emplace(l, static_cast<char>(n < 18 ? 'i' + n : 'A' + (n - 18))).first->second;
    }
    return out;
  };
  std::string spec;
  Exprs factors, arrays;
  arrays.emplace_back();  // the subscripts
  for (std::size_t k = 0; k < i.operands.size(); ++k) {
    if (labels[k].empty()) {
      factors.push_back(text(i.operands[k]));
      continue;
    }
    spec += (spec.empty() ? "" : ",") + spelled(labels[k]);
    arrays.push_back(text(i.operands[k]));
  }
  if (arrays.size() > 1) {
    arrays[0] = tree::expr(ast::StringLit{spec + "->" + spelled(labels.back())});
    factors.push_back(tree::call("einsum", std::move(arrays)));
  }
  return tree::chain(BinaryOp::mul, std::move(factors));
}

}  // namespace rg::dsl
