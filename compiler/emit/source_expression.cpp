// One instruction as an expression.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/emit/source_writer.h"
#include "compiler/ops/all.h"

namespace rg::emit {

using namespace ir;
using ops::opcode;

namespace {

struct Infix {
  std::string_view op, sign;
  Binds binds, left, right;
};
constexpr Infix kInfix[] = {
    {"add", "+", Binds::sum, Binds::sum, Binds::product},
    {"sub", "-", Binds::sum, Binds::sum, Binds::product},
    {"mul", "*", Binds::product, Binds::product, Binds::unary},
    {"div", "/", Binds::product, Binds::product, Binds::unary},
    {"idiv", "div", Binds::product, Binds::product, Binds::unary},
    {"imod", "mod", Binds::product, Binds::product, Binds::unary},
    {"floor_mod", "mod", Binds::product, Binds::product, Binds::unary},
    {"eq", "==", Binds::compare, Binds::sum, Binds::sum},
    {"ne", "!=", Binds::compare, Binds::sum, Binds::sum},
    {"lt", "<", Binds::compare, Binds::sum, Binds::sum},
    {"le", "<=", Binds::compare, Binds::sum, Binds::sum},
    {"gt", ">", Binds::compare, Binds::sum, Binds::sum},
    {"ge", ">=", Binds::compare, Binds::sum, Binds::sum},
    {"and", "&&", Binds::logical_and, Binds::logical_and, Binds::compare},
    {"or", "||", Binds::logical_or, Binds::logical_or, Binds::logical_and},
};

}  // namespace

Text Writer::expression(const Instr& i) {
  const auto& o = i.operands;
  if (i.op == opcode<ops::Constant>()) return constant(i);
  if (i.op == opcode<ops::Size>()) return extent_of(ops::attrs_of<ops::Size>(i).dim);
  if (i.op == opcode<ops::Convert>()) return convert(i);
  if (ops::info(i.op).elementwise) return elementwise(i);
  if (i.op == opcode<ops::Iota>()) {
    const auto& a = ops::attrs_of<ops::Iota>(i);
    const auto names = index_names(a.dims.size());
    const std::string& index = names[static_cast<std::size_t>(a.axis)];
    const std::string element = fmt::format("{}({})", name(a.elem), index);
    return {fmt::format("[{} => {}]", indices(names, a.dims), element)};
  }
  if (i.op == opcode<ops::Broadcast>()) return broadcast(i);
  if (i.op == opcode<ops::Transpose>()) {
    const auto& a = ops::attrs_of<ops::Transpose>(i);
    if (a.axes.size() == 2) return {fmt::format("transpose({})", arg(o[0]))};
    return {fmt::format("transpose({}, [{}])", arg(o[0]), fmt::join(a.axes, ", "))};
  }
  if (i.op == opcode<ops::Reshape>() || i.op == opcode<ops::Recast>()) {
    const auto& a = i.attrs.as<ops::ExtentAttrs>();
    if (a.dims.empty()) {
      const std::vector<std::string> first(dims(o[0]).size(), "0");
      return first.empty() ? text(o[0]) : Text{subscript(o[0], first)};
    }
    if (dims(o[0]).empty()) return {fmt::format("full({}, {})", shape(a.dims), arg(o[0]))};
    return {fmt::format("reshape({}, {})", arg(o[0]), shape(a.dims))};
  }
  if (i.op == opcode<ops::Slice>()) return slice(i);
  if (i.op == opcode<ops::Place>()) return place(i);
  if (i.op == opcode<ops::Concat>()) {
    std::vector<std::string> parts;
    for (const ValueId v : o) parts.push_back(arg(v));
    return {fmt::format("concat({}, axis: {})", joined(parts), ops::attrs_of<ops::Concat>(i).axis)};
  }
  if (i.op == opcode<ops::Contract>()) return contract(i);
  if (i.op == opcode<ops::Gather>()) return gather(i);
  if (i.op == opcode<ops::ScatterAdd>()) return scatter_add(i);
  const std::string_view op = ops::info(i.op).name;
  if (op.starts_with("reduce_") || op == "argmin" || op == "argmax") return reduce(i);
  throw Unspellable(std::string(op));
}

// A constant or a broadcast scalar stands as a scalar beside an operand that has the extents and the type.
Text Writer::elementwise(const Instr& i) {
  const auto& o = i.operands;
  const std::string_view op = ops::info(i.op).name;
  const auto scalar_of = [&](ValueId v) -> const Instr* {
    const Instr* d = f_.definition(v);
    if (d == nullptr) return nullptr;
    const bool splat = d->op == opcode<ops::Constant>() && ops::attrs_of<ops::Constant>(*d).is_splat();
    const bool spread = d->op == opcode<ops::Broadcast>() && dims(d->operands[0]).empty();
    return splat || spread ? d : nullptr;
  };
  // The condition of a select gives no type to its neighbours.
  const std::size_t first = ops::has_condition(ops::info(i.op).rule) ? 1 : 0;
  bool peer = false;
  for (std::size_t k = first; k < o.size(); ++k) peer = peer || scalar_of(o[k]) == nullptr;
  std::vector<Text> x;
  for (std::size_t k = 0; k < o.size(); ++k) {
    const Instr* d = scalar_of(o[k]);
    const bool stretch = peer && k >= first && d != nullptr;
    if (!stretch)
      x.push_back(text(o[k]));
    else if (d->op == opcode<ops::Constant>())
      x.push_back(splat(*d, false));
    else
      x.push_back(text(d->operands[0]));
  }
  if (op == "neg") return {"-" + x[0].at(Binds::power), Binds::unary};
  if (op == "not") return {"!" + x[0].at(Binds::power), Binds::unary};
  if (op == "square") return {x[0].at(Binds::postfix) + "^2", Binds::power};
  if (const auto* a = i.attrs.get_if<ops::PowI::Attrs>())
    return {fmt::format("{}^{}", x[0].at(Binds::postfix), a->exponent), Binds::power};
  if (const auto* a = i.attrs.get_if<ops::OrderAttrs>()) {
    if (i.op == opcode<ops::Polygamma>()) return {fmt::format("polygamma({}, {})", a->order, x[0].text)};
    if (a->order > 0) return {fmt::format("{}_derivative({}, {})", op, a->order, x[0].text)};
  }
  const auto* infix = std::ranges::find(kInfix, op, &Infix::op);
  if (infix != std::end(kInfix))
    return {fmt::format("{} {} {}", x[0].at(infix->left), infix->sign, x[1].at(infix->right)), infix->binds};
  std::vector<std::string> parts;
  for (const Text& t : x) parts.push_back(t.text);
  return {fmt::format("{}({})", op == "select" ? "where" : op, joined(parts))};
}

Text Writer::splat(const Instr& i, bool typed) const {
  const auto& a = ops::attrs_of<ops::Constant>(i);
  return is_float(a.elem) ? real_literal(a.elem, a.reals[0], typed) : integer_literal(a.elem, a.integers[0], typed);
}

Text Writer::constant(const Instr& i) const {
  const auto& a = ops::attrs_of<ops::Constant>(i);
  const Elem e = a.elem;
  if (a.is_splat())
    return a.dims.empty() ? splat(i, true) : Text{fmt::format("full({}, {})", shape(a.dims), splat(i, true).text)};
  std::size_t next = 0;
  const std::function<std::string(std::size_t)> list = [&](std::size_t depth) -> std::string {
    if (depth == a.dims.size()) {
      const std::size_t k = next++;
      return is_float(e) ? real_literal(e, a.reals[k], true).text : integer_literal(e, a.integers[k], true).text;
    }
    std::vector<std::string> parts;
    for (std::int64_t k = 0; k < a.dims[depth].constant(); ++k) parts.push_back(list(depth + 1));
    return "[" + joined(parts) + "]";
  };
  return {list(0)};
}

Text Writer::convert(const Instr& i) const {
  const ValueId x = i.operands[0];
  const Elem from = f_.type(x).elem, to = ops::attrs_of<ops::Convert>(i).elem;
  if (to == Elem::boolean) return {at(x, Binds::sum) + " != 0", Binds::compare};
  if (from != Elem::boolean) return {fmt::format("{}({})", name(to), arg(x))};
  const auto literal = [&](int v) {
    return is_float(to) ? real_literal(to, v, true).text : integer_literal(to, v, true).text;
  };
  return {fmt::format("where({}, {}, {})", arg(x), literal(1), literal(0))};
}

// The language adds leading dimensions; others are 1 first.
Text Writer::broadcast(const Instr& i) const {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Broadcast>(i);
  if (a.axes.empty()) return {fmt::format("full({}, {})", shape(a.dims), arg(x))};
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
  const std::string inner = gaps ? fmt::format("reshape({}, {})", arg(x), shape(with_ones)) : arg(x);
  return {fmt::format("broadcast({}, {})", inner, shape(a.dims))};
}

Text Writer::slice(const Instr& i) {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Slice>(i);
  const bool forward = std::ranges::all_of(a.steps, [](std::int64_t s) { return s > 0; });
  std::vector<std::string> parts;
  if (forward) {
    for (std::size_t d = 0; d < a.dims.size(); ++d) {
      const Dim end = a.starts[d] + Dim(a.steps[d]) * (a.dims[d] - Dim(1)) + Dim(1);
      const bool whole = a.steps[d] == 1 && a.starts[d] == Dim(0) && end == dims(x)[d];
      if (whole) {
        parts.emplace_back(":");
        continue;
      }
      std::string part = extent_of(a.starts[d]).text + ":" + extent_of(end).text;
      if (a.steps[d] != 1) part += fmt::format(":{}", a.steps[d]);
      parts.push_back(part);
    }
    return {fmt::format("{}[{}]", at(x, Binds::postfix), joined(parts))};
  }
  const auto names = index_names(a.dims.size());
  for (std::size_t d = 0; d < a.dims.size(); ++d)
    parts.push_back(fmt::format("{} + {} * {}", extent_of(a.starts[d]).text,
                                a.steps[d] < 0 ? fmt::format("({})", a.steps[d]) : std::to_string(a.steps[d]),
                                names[d]));
  const std::string element = subscript(x, parts);
  return {fmt::format("[{} => {}]", indices(names, a.dims), element)};
}

Text Writer::place(const Instr& i) {
  const ValueId x = i.operands[0];
  const auto& a = ops::attrs_of<ops::Place>(i);
  const auto& from = dims(x);
  if (std::ranges::all_of(a.steps, [](std::int64_t s) { return s == 1; }) && f_.type(x).elem != Elem::boolean) {
    std::vector<Dim> after;
    for (std::size_t d = 0; d < from.size(); ++d) after.push_back(a.dims[d] - a.starts[d] - from[d]);
    return {fmt::format("pad({}, {}, {})", arg(x), shape(a.starts), shape(after))};
  }
  const auto names = index_names(a.dims.size());
  std::vector<std::string> guards, parts;
  for (std::size_t d = 0; d < a.dims.size(); ++d) {
    const std::string start = extent_of(a.starts[d]).at(Binds::product);
    const std::int64_t k = a.steps[d];
    const std::string offset =
        k > 0 ? fmt::format("({} - {})", names[d], start) : fmt::format("({} - {})", start, names[d]);
    const std::string index = k == 1 || k == -1 ? offset : fmt::format("{} div {}", offset, k < 0 ? -k : k);
    guards.push_back(fmt::format("{} >= 0 && {} < {}", offset, index, extent_of(from[d]).text));
    if (k != 1 && k != -1) guards.push_back(fmt::format("{} mod {} == 0", offset, k < 0 ? -k : k));
    parts.push_back(index);
  }
  const std::string element = subscript(x, parts);
  return {fmt::format("[{} => if {} {{ {} }} else {{ {} }}]", indices(names, a.dims), joined(guards, " && "), element,
                      zero(f_.type(x).elem))};
}

Text Writer::reduce(const Instr& i) const {
  const std::string_view op = ops::info(i.op).name;
  const std::string_view shown = op.starts_with("reduce_") ? op.substr(7) : op;
  const Integers axes = ops::reduced_axes(i.attrs);
  if (axes.empty()) return text(i.operands[0]);
  const bool arg_extreme = shown != op ? false : true;
  if (!arg_extreme && axes.size() == dims(i.operands[0]).size())
    return {fmt::format("{}({})", shown, arg(i.operands[0]))};
  const std::string list = axes.size() == 1 ? std::to_string(axes[0]) : fmt::format("({})", fmt::join(axes, ", "));
  return {fmt::format("{}({}, axis: {})", shown, arg(i.operands[0]), list)};
}

Text Writer::contract(const Instr& i) {
  const auto& labels = ops::attrs_of<ops::Contract>(i).labels;
  const auto& o = i.operands;
  const auto is = [&](std::vector<std::vector<std::int64_t>> pattern) {
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
  };
  const auto product = [&] { return Text{at(o[0], Binds::product) + " @ " + at(o[1], Binds::unary), Binds::product}; };
  if (is({{0, 1}, {1, 2}, {0, 2}}) || is({{0, 1}, {1}, {0}}) || is({{0}, {0, 1}, {1}})) return product();
  std::map<std::int64_t, char> letters;
  std::string spec;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (k > 0) spec += k + 1 == labels.size() ? "->" : ",";
    for (const std::int64_t l : labels[k]) {
      const std::size_t n = letters.size();
      if (n >= 44 && !letters.contains(l)) throw Unspellable("a contraction over more than 44 axes");
      spec += letters.emplace(l, n < 18 ? static_cast<char>('i' + n) : static_cast<char>('A' + (n - 18))).first->second;
    }
  }
  // A scalar factor is no operand of einsum.
  std::vector<std::string> parts;
  for (const ValueId v : o) parts.push_back(arg(v));
  std::vector<std::string> scalars, arrays, specs;
  std::size_t start = 0;
  const std::string left = spec.substr(0, spec.find("->"));
  for (std::size_t k = 0; k < o.size(); ++k) {
    const std::size_t end = std::min(left.find(',', start), left.size());
    if (labels[k].empty()) {
      scalars.push_back(at(o[k], Binds::unary));
    } else {
      specs.push_back(left.substr(start, end - start));
      arrays.push_back(parts[k]);
    }
    start = end + 1;
  }
  if (arrays.empty()) return {joined(scalars, " * "), scalars.size() == 1 ? Binds::unary : Binds::product};
  const std::string sum =
      fmt::format("einsum(\"{}{}\", {})", joined(specs, ","), spec.substr(spec.find("->")), joined(arrays));
  if (scalars.empty()) return {sum};
  return {joined(scalars, " * ") + " * " + sum, Binds::product};
}

// Read at indices, element by element.
Text Writer::gather(const Instr& i) {
  const auto& labels = ops::attrs_of<ops::Gather>(i).labels;
  const auto& result = labels.back();
  const auto names = index_names(result.size());
  const auto name_of = [&](std::int64_t l) {
    return names[static_cast<std::size_t>(std::ranges::find(result, l) - result.begin())];
  };
  const auto indexed = [&](std::size_t k) {
    std::vector<std::string> at;
    for (const std::int64_t l : labels[k]) at.push_back(name_of(l));
    return subscript(i.operands[k], at);
  };
  std::vector<std::string> at;
  for (const std::int64_t l : labels[0]) at.push_back(l >= 0 ? name_of(l) : indexed(static_cast<std::size_t>(-l)));
  std::string element = subscript(i.operands[0], at);
  if (ops::attrs_of<ops::Gather>(i).masked)
    element = fmt::format("if {} {{ {} }} else {{ {} }}", indexed(i.operands.size() - 1), element,
                          zero(f_.type(i.operands[0]).elem));
  if (result.empty()) return {element, Binds::lambda};
  return {fmt::format("[{} => {}]", indices(names, dims(i.results[0])), element)};
}

// Every element of the result sums the updates whose index is its own.
Text Writer::scatter_add(const Instr& i) {
  const auto& attrs = ops::attrs_of<ops::ScatterAdd>(i);
  const auto& labels = attrs.labels;
  const auto& target = labels.back();
  const auto names = index_names(target.size());
  std::map<std::int64_t, std::string> name_of;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] >= 0) name_of[target[d]] = names[d];
  }
  std::vector<std::string> inner;
  std::vector<Dim> inner_dims;
  for (std::size_t d = 0; d < labels[0].size(); ++d) {
    if (name_of.contains(labels[0][d])) continue;
    inner.push_back(index_names(1)[0]);
    inner_dims.push_back(dims(i.operands[0])[d]);
    name_of[labels[0][d]] = inner.back();
  }
  const auto indexed = [&](std::size_t k) {
    std::vector<std::string> at;
    for (const std::int64_t l : labels[k]) at.push_back(name_of.at(l));
    return subscript(i.operands[k], at);
  };
  std::vector<std::string> guards;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] < 0)
      guards.push_back(fmt::format("{} == {}", indexed(static_cast<std::size_t>(-target[d])), names[d]));
  }
  if (attrs.masked) guards.push_back(indexed(i.operands.size() - 1));
  std::string element = indexed(0);
  if (!guards.empty())
    element =
        fmt::format("if {} {{ {} }} else {{ {} }}", joined(guards, " && "), element, zero(f_.type(i.operands[0]).elem));
  if (!inner.empty()) element = fmt::format("sum[{} => {}]", indices(inner, inner_dims), element);
  return {fmt::format("[{} => {}]", indices(names, attrs.dims), element)};
}

}  // namespace rg::emit
