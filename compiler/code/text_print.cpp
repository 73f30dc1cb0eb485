#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "compiler/code/registry.h"
#include "compiler/code/text.h"

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

  std::string value(std::int64_t v) const { return std::to_string(v); }
  std::string value(std::size_t v) const { return std::to_string(v); }
  std::string value(double v) const { return fmt::format("{}", v); }
  std::string value(const Dim& d) const { return d.str(f_.size_names); }
  std::string value(const std::string& s) const { return quoted(s); }
  std::string value(const Symbol& s) const { return symbol(s.name); }
  template <class T>
  std::string value(const std::vector<T>& items) const {
    return list(items, [this](const T& item) { return value(item); });
  }

  // `name=value`; of a truth value the name alone where it holds. Empty lists and texts are left out.
  void attrs(const Attributes& a) {
    std::string out;
    a.each([&](std::string_view name, const FieldRef& field) {
      const std::string text = std::visit(
          [&]<class T>(const T& x) -> std::string {
            if constexpr (std::is_same_v<T, WordRef>)
              return "=" + std::string(x.names[*x.at]);
            else if constexpr (!std::is_same_v<T, bool*>)
              return "=" + value(*x);
            else
              return *x ? "" : "=[]";
          },
          field);
      if (text != "=[]" && text != "=\"\"") out += (out.empty() ? "" : ", ") + std::string(name) + text;
    });
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
