#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "compiler/ir/text.h"
#include "compiler/ops/registry.h"

namespace rg::ir {

namespace {

std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

/// A function's name, quoted where it is more than a word.
std::string symbol(const std::string& name) {
  const auto word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; };
  return "@" + (!name.empty() && std::ranges::all_of(name, word) ? name : quoted(name));
}

std::string tree(const Tree& t, bool with_name) {
  std::string out = with_name ? t.name : "";
  if (t.kind == Tree::Kind::tensor) return out.empty() ? "_" : out;
  if (t.kind == Tree::Kind::size) return out + ":size " + std::to_string(t.size);
  const bool tuple = t.kind == Tree::Kind::tuple;
  out += tuple ? ":(" : ":" + t.type_name + "{";
  for (std::size_t i = 0; i < t.fields.size(); ++i) out += (i > 0 ? ", " : "") + tree(t.fields[i], true);
  return out + (tuple ? ")" : "}");
}

class Printer {
 public:
  explicit Printer(const Function& f) : f_(f) {}

  std::string function() {
    if (!f_.doc.empty()) {
      std::string line = "/// ";
      for (const char c : f_.doc) line += c == '\n' ? std::string("\n/// ") : std::string(1, c);
      out_ += line + "\n";
    }
    out_ += fmt::format("{}fn {}(", f_.exported ? "export " : "", symbol(f_.name));
    for (std::size_t i = 0; i < f_.size_names.size(); ++i) out_ += (i > 0 ? ", " : "") + f_.size_names[i];
    out_ += "; ";
    params(f_.block(f_.body));
    out_ += ") signature [";
    for (std::size_t i = 0; i < f_.signature.params.size(); ++i)
      out_ += (i > 0 ? ", " : "") + tree(f_.signature.params[i], true);
    out_ += "] " + tree(f_.signature.result, true) + " {\n";
    body(f_.block(f_.body), 1);
    return out_ + "}\n";
  }

 private:
  std::string number(ValueId v) {
    const auto [at, fresh] = numbers_.emplace(v, numbers_.size());
    return "%" + std::to_string(at->second);
  }

  std::string declared(ValueId v) {
    const std::string& name = f_.value(v).name;
    return fmt::format("{}: {}{}", number(v), f_.type(v).str(f_.size_names), name.empty() ? "" : " " + quoted(name));
  }

  void params(const Block& b) {
    for (std::size_t i = 0; i < b.params.size(); ++i) out_ += (i > 0 ? ", " : "") + declared(b.params[i]);
  }

  template <class T, class F>
  static std::string list(const std::vector<T>& items, const F& show) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + show(items[i]);
    return out + "]";
  }

  void attrs(const Attrs& a) {
    std::string out;
    const auto integer = [](std::int64_t v) { return std::to_string(v); };
    const auto dim = [&](const Dim& d) { return d.str(f_.size_names); };
    const auto field = [&](std::string_view name, bool present, const std::string& text) {
      if (present) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, text);
    };
    field("axes", !a.axes.empty(), list(a.axes, integer));
    field("dims", !a.dims.empty(), list(a.dims, dim));
    field("starts", !a.starts.empty(), list(a.starts, dim));
    field("steps", !a.steps.empty(), list(a.steps, integer));
    field("labels", !a.labels.empty(),
          list(a.labels, [&](const std::vector<std::int64_t>& l) { return list(l, integer); }));
    field("reals", !a.reals.empty(), list(a.reals, [](double v) { return fmt::format("{}", v); }));
    field("integers", !a.integers.empty(), list(a.integers, integer));
    field("elems", !a.elems.empty(), list(a.elems, [](Elem e) { return std::string(name(e)); }));
    field("text", !a.text.empty(), quoted(a.text));
    field("callee", !a.callee.empty(), symbol(a.callee));
    if (!out.empty()) out_ += " {" + out + "}";
  }

  void body(const Block& b, int depth) {
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    for (const InstrId id : b.instrs) {
      const Instr& i = f_.instr(id);
      out_ += indent;
      for (std::size_t k = 0; k < i.results.size(); ++k) out_ += (k > 0 ? ", " : "") + declared(i.results[k]);
      if (!i.results.empty()) out_ += " = ";
      out_ += ops::info(i.op).name;
      for (std::size_t k = 0; k < i.operands.size(); ++k) out_ += (k > 0 ? ", " : " ") + number(i.operands[k]);
      attrs(i.attrs);
      for (const BlockId r : i.regions) {
        out_ += " (";
        params(f_.block(r));
        out_ += ") {\n";
        body(f_.block(r), depth + 1);
        out_ += indent + "}";
      }
      out_ += "\n";
    }
    out_ += indent + "yield";
    for (std::size_t k = 0; k < b.yields.size(); ++k) out_ += (k > 0 ? ", " : " ") + number(b.yields[k]);
    out_ += "\n";
  }

  const Function& f_;
  std::string out_;
  std::map<ValueId, std::size_t> numbers_;
};

}  // namespace

std::string print(const Function& f) { return Printer(f).function(); }

std::string print(const Module& m) {
  std::string out;
  for (const Function& f : m.functions) out += (out.empty() ? "" : "\n") + print(f);
  return out;
}

}  // namespace rg::ir
