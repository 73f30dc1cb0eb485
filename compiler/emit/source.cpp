#include "compiler/emit/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "compiler/emit/source_text.h"
#include "compiler/ir/clone.h"
#include "compiler/ops/all.h"
#include "compiler/support/diagnostic.h"

namespace rg::emit {

using namespace ir;
using ops::opcode;

namespace {

constexpr std::size_t kInlineWidth = 60;  // longer expressions get a name

struct Unspellable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

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
    {"eq", "==", Binds::compare, Binds::sum, Binds::sum},
    {"ne", "!=", Binds::compare, Binds::sum, Binds::sum},
    {"lt", "<", Binds::compare, Binds::sum, Binds::sum},
    {"le", "<=", Binds::compare, Binds::sum, Binds::sum},
    {"gt", ">", Binds::compare, Binds::sum, Binds::sum},
    {"ge", ">=", Binds::compare, Binds::sum, Binds::sum},
    {"and", "&&", Binds::logical_and, Binds::logical_and, Binds::compare},
    {"or", "||", Binds::logical_or, Binds::logical_or, Binds::logical_and},
};

class Writer {
 public:
  explicit Writer(const Function& f) : f_(f), uses_(use_counts(f)), sizes_(f.size_names) {
    for (const std::string& s : sizes_) names_.take(s);
  }

  std::string function();

 private:
  // ---- values ----
  const std::vector<Dim>& dims(ValueId v) const { return f_.type(v).dims; }
  Text text(ValueId v) const { return text_.at(v); }
  std::string at(ValueId v, Binds least) const { return text_.at(v).at(least); }
  std::string arg(ValueId v) const { return at(v, Binds::lambda); }
  /// A name for the value, whatever its text.
  std::string named(ValueId v);
  std::string wanted_name(ValueId v) const { return f_.value(v).name.empty() ? "t" : f_.value(v).name; }
  void line(const std::string& s) { out_ += std::string(2 * indent_, ' ') + s + "\n"; }
  void define(ValueId v, const Text& t);
  void bind(const std::vector<ValueId>& results, const std::string& value);
  std::string shape(const std::vector<Dim>& d) const { return shape_list(d, sizes_); }
  Text extent_of(const Dim& d) const { return extent(d, sizes_); }

  // ---- instructions ----
  void block(const Block& b);
  void instruction(const Instr& i);
  Text expression(const Instr& i);
  Text elementwise(const Instr& i);
  Text constant(const Instr& i) const;
  Text splat(const Instr& i, bool typed) const;
  Text convert(const Instr& i) const;
  Text broadcast(const Instr& i) const;
  Text slice(const Instr& i);
  Text place(const Instr& i);
  Text reduce(const Instr& i) const;
  Text contract(const Instr& i);
  Text gather(const Instr& i);
  Text scatter_add(const Instr& i);
  void loop(const Instr& i);
  void branch(const Instr& i);
  std::string tuple(const std::vector<ValueId>& values) const;
  std::string zero(Elem e) const {
    return e == Elem::boolean ? "false"
           : is_float(e)      ? real_literal(e, 0, true).text
                              : integer_literal(e, 0, true).text;
  }
  /// One index variable a dimension, and "i: n, j: m".
  std::vector<std::string> index_names(std::size_t count);
  std::string indices(const std::vector<std::string>& names, const std::vector<Dim>& extents) const;
  std::string subscript(ValueId v, const std::vector<std::string>& at);

  const Function& f_;
  std::vector<std::uint32_t> uses_;
  std::vector<std::string> sizes_;
  Names names_;
  std::map<ValueId, Text> text_;
  std::string out_;
  std::size_t indent_ = 1;
};

std::string Writer::named(ValueId v) {
  Text& t = text_.at(v);
  const bool name = std::ranges::all_of(t.text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }) &&
                    std::isdigit(static_cast<unsigned char>(t.text[0])) == 0;
  if (!name) {
    const std::string n = names_.fresh(wanted_name(v));
    line(fmt::format("let {} = {};", n, t.text));
    t = {n};
  }
  return t.text;
}

void Writer::define(ValueId v, const Text& t) {
  // Numbers and extents stand where they are used.
  const Instr& i = *f_.definition(v);
  const bool splat = i.op == opcode<ops::Constant>() && i.attrs.reals.size() + i.attrs.integers.size() == 1;
  if (splat || i.op == opcode<ops::Size>()) {
    text_[v] = t;
    return;
  }
  if (uses_[v.index] <= 1 && t.text.size() <= kInlineWidth && f_.value(v).name.empty()) {
    text_[v] = t;
    return;
  }
  const std::string n = names_.fresh(wanted_name(v));
  line(fmt::format("let {} = {};", n, t.text));
  text_[v] = {n};
}

void Writer::bind(const std::vector<ValueId>& results, const std::string& value) {
  std::vector<std::string> parts;
  for (const ValueId r : results) {
    parts.push_back(names_.fresh(wanted_name(r)));
    text_[r] = {parts.back()};
  }
  line(fmt::format("let {} = {};", parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")", value));
}

std::vector<std::string> Writer::index_names(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t k = 0; k < count; ++k) out.push_back(names_.fresh(std::string(1, "ijklmnopqr"[k % 10])));
  return out;
}

std::string Writer::indices(const std::vector<std::string>& names, const std::vector<Dim>& extents) const {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < names.size(); ++k) parts.push_back(names[k] + ": " + extents[k].str(sizes_));
  return joined(parts);
}

std::string Writer::subscript(ValueId v, const std::vector<std::string>& at) {
  return at.empty() ? named(v) : named(v) + "[" + joined(at) + "]";
}

std::string Writer::tuple(const std::vector<ValueId>& values) const {
  std::vector<std::string> parts;
  for (const ValueId v : values) parts.push_back(arg(v));
  return parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")";
}

void Writer::block(const Block& b) {
  for (const InstrId id : b.instrs) instruction(f_.instr(id));
}

void Writer::instruction(const Instr& i) {
  if (i.op == opcode<ops::For>()) return loop(i);
  if (i.op == opcode<ops::If>()) return branch(i);
  if (i.op == opcode<ops::Assert>()) {
    std::string message;
    for (const char c : i.attrs.text) message += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    line(fmt::format("assert {}{};", arg(i.operands[0]), message.empty() ? "" : ", \"" + message + "\""));
    return;
  }
  if (i.results.size() != 1) throw Unspellable(std::string(ops::info(i.op).name));
  define(i.results[0], expression(i));
}

Text Writer::expression(const Instr& i) {
  const auto& o = i.operands;
  const Attrs& a = i.attrs;
  if (i.op == opcode<ops::Constant>()) return constant(i);
  if (i.op == opcode<ops::Size>()) return extent_of(a.dims[0]);
  if (i.op == opcode<ops::Convert>()) return convert(i);
  if (ops::info(i.op).elementwise) return elementwise(i);
  if (i.op == opcode<ops::Iota>()) {
    const auto names = index_names(a.dims.size());
    const std::string& index = names[static_cast<std::size_t>(a.axes[0])];
    const std::string element = fmt::format("{}({})", name(a.elems[0]), index);
    return {fmt::format("[{} => {}]", indices(names, a.dims), element)};
  }
  if (i.op == opcode<ops::Broadcast>()) return broadcast(i);
  if (i.op == opcode<ops::Transpose>()) {
    if (a.axes.size() == 2) return {fmt::format("transpose({})", arg(o[0]))};
    return {fmt::format("transpose({}, [{}])", arg(o[0]), fmt::join(a.axes, ", "))};
  }
  if (i.op == opcode<ops::Reshape>() || i.op == opcode<ops::Recast>()) {
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
    return {fmt::format("concat({}, axis: {})", joined(parts), a.axes[0])};
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
    const bool splat = d->op == opcode<ops::Constant>() && d->attrs.reals.size() + d->attrs.integers.size() == 1;
    const bool spread = d->op == opcode<ops::Broadcast>() && dims(d->operands[0]).empty();
    return splat || spread ? d : nullptr;
  };
  // The condition of a select gives no type to its neighbours.
  const std::size_t first = op == "select" ? 1 : 0;
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
  if (op == "powi") return {fmt::format("{}^{}", x[0].at(Binds::postfix), i.attrs.integers[0]), Binds::power};
  if (op == "polygamma") return {fmt::format("polygamma({}, {})", i.attrs.integers[0], x[0].text)};
  const auto* infix = std::ranges::find(kInfix, op, &Infix::op);
  if (infix != std::end(kInfix))
    return {fmt::format("{} {} {}", x[0].at(infix->left), infix->sign, x[1].at(infix->right)), infix->binds};
  std::vector<std::string> parts;
  for (const Text& t : x) parts.push_back(t.text);
  return {fmt::format("{}({})", op == "select" ? "where" : op, joined(parts))};
}

Text Writer::splat(const Instr& i, bool typed) const {
  const Elem e = i.attrs.elems[0];
  return is_float(e) ? real_literal(e, i.attrs.reals[0], typed) : integer_literal(e, i.attrs.integers[0], typed);
}

Text Writer::constant(const Instr& i) const {
  const Attrs& a = i.attrs;
  const Elem e = a.elems[0];
  const std::size_t count = a.reals.size() + a.integers.size();
  if (count == 1)
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
  const Elem from = f_.type(x).elem, to = i.attrs.elems[0];
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
  const Attrs& a = i.attrs;
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
  const Attrs& a = i.attrs;
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
  const Attrs& a = i.attrs;
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
  const auto& axes = i.attrs.axes;
  if (axes.empty()) return text(i.operands[0]);
  const bool arg_extreme = shown != op ? false : true;
  if (!arg_extreme && axes.size() == dims(i.operands[0]).size())
    return {fmt::format("{}({})", shown, arg(i.operands[0]))};
  const std::string list = axes.size() == 1 ? std::to_string(axes[0]) : fmt::format("({})", fmt::join(axes, ", "));
  return {fmt::format("{}({}, axis: {})", shown, arg(i.operands[0]), list)};
}

Text Writer::contract(const Instr& i) {
  const auto& labels = i.attrs.labels;
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
  const auto& labels = i.attrs.labels;
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
  if (!i.attrs.integers.empty() && i.attrs.integers[0] == 1)
    element = fmt::format("if {} {{ {} }} else {{ {} }}", indexed(i.operands.size() - 1), element,
                          zero(f_.type(i.operands[0]).elem));
  if (result.empty()) return {element, Binds::lambda};
  return {fmt::format("[{} => {}]", indices(names, dims(i.results[0])), element)};
}

// Every element of the result sums the updates whose index is its own.
Text Writer::scatter_add(const Instr& i) {
  const auto& labels = i.attrs.labels;
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
  if (!i.attrs.integers.empty() && i.attrs.integers[0] == 1) guards.push_back(indexed(i.operands.size() - 1));
  std::string element = indexed(0);
  if (!guards.empty())
    element =
        fmt::format("if {} {{ {} }} else {{ {} }}", joined(guards, " && "), element, zero(f_.type(i.operands[0]).elem));
  if (!inner.empty()) element = fmt::format("sum[{} => {}]", indices(inner, inner_dims), element);
  return {fmt::format("[{} => {}]", indices(names, i.attrs.dims), element)};
}

void Writer::branch(const Instr& i) {
  if (i.results.empty()) throw Unspellable("an if without a value");
  const std::string condition = arg(i.operands[0]);
  for (const BlockId b : i.regions) {
    // Values of both arms are named before the branch where they come from outside.
    for (const ValueId v : free_values(f_, b)) named(v);
  }
  std::string texts[2];
  for (std::size_t k = 0; k < 2; ++k) {
    const std::string before = std::move(out_);
    out_.clear();
    ++indent_;
    block(f_.block(i.regions[k]));
    line(tuple(f_.block(i.regions[k]).yields));
    --indent_;
    texts[k] = std::move(out_);
    out_ = before;
  }
  const std::string pad(2 * indent_, ' ');
  bind(i.results, fmt::format("if {} {{\n{}{}}} else {{\n{}{}}}", condition, texts[0], pad, texts[1], pad));
}

void Writer::loop(const Instr& i) {
  const auto carried = static_cast<std::size_t>(i.attrs.integers[0]);
  const bool reversed = i.attrs.integers[1] != 0;
  const Dim& trip = i.attrs.dims[0];
  const Block& body = f_.block(i.regions[0]);
  for (const ValueId v : free_values(f_, i.regions[0])) named(v);
  for (std::size_t k = carried; k < i.operands.size(); ++k) named(i.operands[k]);
  std::vector<std::string> states;
  for (std::size_t k = 0; k < carried; ++k) {
    const std::string n = names_.fresh(wanted_name(body.params[k + 1]) == "t" ? "s" : wanted_name(body.params[k + 1]));
    states.push_back(fmt::format("{}: {} = {}", n, f_.type(body.params[k + 1]).str(sizes_), arg(i.operands[k])));
    text_[body.params[k + 1]] = {n};
  }
  if (carried == 0) states.push_back(names_.fresh("unused") + " = 0");
  const std::string counter = names_.fresh("i");
  const std::string before = std::move(out_);
  out_.clear();
  ++indent_;
  text_[body.params[0]] = {counter};
  std::string step = counter;
  if (reversed) {
    step = names_.fresh(counter);
    line(fmt::format("let {} = {} - {};", step, extent_of(trip - Dim(1)).text, counter));
    text_[body.params[0]] = {step};
  }
  for (std::size_t k = carried; k < i.operands.size(); ++k) {
    const ValueId slice = body.params[k + 1];
    const std::string n = names_.fresh(wanted_name(slice) == "t" ? "x" : wanted_name(slice));
    line(fmt::format("let {} = {}[{}];", n, text_.at(i.operands[k]).text, step));
    text_[slice] = {n};
  }
  block(body);
  const std::vector<ValueId> next(body.yields.begin(), body.yields.begin() + static_cast<std::ptrdiff_t>(carried));
  const std::vector<ValueId> stacked(body.yields.begin() + static_cast<std::ptrdiff_t>(carried), body.yields.end());
  if (!stacked.empty()) line(fmt::format("collect {};", tuple(stacked)));
  line(carried == 0 ? "0" : tuple(next));
  --indent_;
  const std::string text = std::move(out_);
  out_ = before;
  const std::string value = fmt::format("loop ({}) for {} in 0..{} {{\n{}{}}}", joined(states), counter,
                                        extent_of(trip).at(Binds::sum), text, std::string(2 * indent_, ' '));
  const std::vector<ValueId> finals(i.results.begin(), i.results.begin() + static_cast<std::ptrdiff_t>(carried));
  if (stacked.empty()) return bind(finals, value);
  // The value is (state, stacked); stacks of a reversed loop are in the order of its steps.
  const auto pattern = [&](const std::vector<std::string>& parts) {
    return parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")";
  };
  std::vector<std::string> final_names, stack_names;
  for (const ValueId v : finals) {
    final_names.push_back(names_.fresh(wanted_name(v)));
    text_[v] = {final_names.back()};
  }
  for (std::size_t k = carried; k < i.results.size(); ++k)
    stack_names.push_back(names_.fresh(wanted_name(i.results[k])));
  line(fmt::format("let ({}, {}) = {};", carried == 0 ? "_" : pattern(final_names), pattern(stack_names), value));
  for (std::size_t k = carried; k < i.results.size(); ++k) {
    const std::string& n = stack_names[k - carried];
    if (reversed) line(fmt::format("let {} = reverse({}, axis: 0);", n, n));
    text_[i.results[k]] = {n};
  }
}

std::string Writer::function() {
  const Block& body = f_.block(f_.body);
  std::vector<bool> found(sizes_.size());
  std::vector<std::string> params, results;
  for (const Type& t : f_.param_types()) {
    for (const Dim& d : t.dims) {
      if (const auto s = d.as_size()) found[*s] = true;
    }
  }
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    if (!found[k]) params.push_back(sizes_[k] + ": size");
  }
  const std::vector<std::string> leaves = f_.signature.param_names("_");
  for (std::size_t k = 0; k < body.params.size(); ++k) {
    const std::string n = names_.fresh(k < leaves.size() && !leaves[k].empty() ? leaves[k] : "x");
    params.push_back(n + ": " + f_.type(body.params[k]).str(sizes_));
    text_[body.params[k]] = {n};
  }
  for (const Type& t : f_.result_types()) results.push_back(t.str(sizes_));
  block(body);
  line(tuple(body.yields));
  std::string doc;
  if (!f_.doc.empty()) {
    doc = "/// ";
    for (const char c : f_.doc) doc += c == '\n' ? std::string("\n/// ") : std::string(1, c);
    doc += "\n";
  }
  Names fresh;
  return fmt::format("{}export fn {}({}) -> {} {{\n{}}}\n", doc, fresh.fresh(f_.name), joined(params),
                     results.size() == 1 ? results[0] : "(" + joined(results) + ")", out_);
}

}  // namespace

Result<std::string> source(const Function& f) {
  try {
    return Writer(f).function();
  } catch (const Unspellable& e) {
    return Failure{fmt::format("{} cannot be written as .rg: the language has no spelling for {}", f.name, e.what()),
                   Code::not_spellable};
  }
}

}  // namespace rg::emit
