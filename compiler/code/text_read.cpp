// Reads the text form by recursive descent. The first error of a text ends its reading.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <unordered_map>

#include "compiler/code/builder.h"
#include "compiler/code/text.h"
#include "compiler/code/verify.h"

namespace rg::ir {

namespace {

constexpr int kMaxDepth = 100;
// Bounds of one extent: what is nested in it without brackets, and the terms of a product that is multiplied out.
constexpr int kMaxAtoms = 200;
constexpr std::size_t kMaxTerms = 4096;

struct Stop {};

struct Token {
  enum class Kind : std::uint8_t { word, number, string, value, function, sign, doc, end };
  Kind kind = Kind::end;
  std::string text;
  Span span;
};

class Reader {
 public:
  Reader(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics)
      : text_(sources.text(file)), file_(file), diagnostics_(diagnostics) {
    next();
  }

  Module module() {
    Module m;
    while (token_.kind != Token::Kind::end) {
      Function f;
      function(f);
      if (m.find(f.name) != nullptr) fail(Code::ir_invalid, "a second function @" + f.name);
      m.functions.push_back(std::move(f));
    }
    return m;
  }

 private:
  [[noreturn]] void fail(Code code, std::string message) { fail(code, std::move(message), token_.span); }
  [[noreturn]] void fail(Code code, std::string message, Span span) {
    diagnostics_.error(code, span, std::move(message));
    throw Stop{};
  }
  [[noreturn]] void expected(std::string_view what) { fail(Code::ir_syntax, fmt::format("expected {}", what)); }

  // ---- tokens ----
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

  void take_while(bool (*accept)(char)) {
    while (at_ < text_.size() && accept(text_[at_])) token_.text += text_[at_++];
  }

  void next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    const auto begin = static_cast<std::uint32_t>(at_);
    token_ = {Token::Kind::end, "", {file_, begin, begin}};
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    if (text_.substr(at_).starts_with("///")) {
      at_ += 3;
      if (at_ < text_.size() && text_[at_] == ' ') ++at_;
      token_.kind = Token::Kind::doc;
      take_while([](char d) { return d != '\n'; });
    } else if (c == '"') {
      string();
    } else if (c == '%' || c == '@') {
      ++at_;
      if (c == '@' && at_ < text_.size() && text_[at_] == '"')
        string();
      else
        take_while(is_word);
      token_.kind = c == '%' ? Token::Kind::value : Token::Kind::function;
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
      token_.kind = Token::Kind::number;
      take_while([](char d) { return std::isalnum(static_cast<unsigned char>(d)) || d == '.'; });
      if (token_.text.back() == 'e' && at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) {
        token_.text += text_[at_++];
        take_while([](char d) { return std::isdigit(static_cast<unsigned char>(d)) != 0; });
      }
    } else if (is_word(c)) {
      token_.kind = Token::Kind::word;
      take_while(is_word);
    } else {
      token_.kind = Token::Kind::sign;
      token_.text = c;
      ++at_;
    }
    token_.span.end = static_cast<std::uint32_t>(at_);
  }

  void string() {
    token_.kind = Token::Kind::string;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size())
        token_.text += text_[++at_] == 'n' ? '\n' : text_[at_];
      else
        token_.text += text_[at_];
    }
    if (at_ == text_.size()) expected("the end of a text");
    ++at_;
  }

  bool is(std::string_view sign) const {
    return (token_.kind == Token::Kind::sign || token_.kind == Token::Kind::word) && token_.text == sign;
  }
  bool accept(std::string_view sign) {
    if (!is(sign)) return false;
    next();
    return true;
  }
  void expect(std::string_view sign) {
    if (!accept(sign)) expected(fmt::format("`{}`", sign));
  }
  std::string take(Token::Kind kind, std::string_view what) {
    if (token_.kind != kind) expected(what);
    std::string text = token_.text;
    next();
    return text;
  }
  std::string word(std::string_view what) { return take(Token::Kind::word, what); }

  template <class F>
  void list(std::string_view open, std::string_view close, const F& item) {
    expect(open);
    while (!is(close)) {
      item();
      if (!accept(",") && !is(close)) expected(fmt::format("`,` or `{}`", close));
    }
    next();
  }

  std::int64_t integer() { return integer(accept("-")); }
  std::int64_t integer(bool negative) {
    const std::string text = (negative ? "-" : "") + take(Token::Kind::number, "an integer");
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error != std::errc() || end != text.data() + text.size()) fail(Code::ir_syntax, text + " is no 64-bit integer");
    return v;
  }

  double real() {
    const bool negative = accept("-");
    double v = 0;
    if (accept("nan"))
      v = std::numeric_limits<double>::quiet_NaN();
    else if (accept("inf"))
      v = std::numeric_limits<double>::infinity();
    else {
      const std::string text = take(Token::Kind::number, "a number");
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
      if (error != std::errc() || end != text.data() + text.size()) fail(Code::ir_syntax, text + " is no number");
    }
    return negative ? -v : v;
  }

  // ---- extents and types ----
  Dim dim(int depth = 0) {
    if (depth == 0) atoms_ = 0;
    if (depth > kMaxDepth) fail(Code::ir_syntax, "an extent is nested too deep");
    Dim sum = product(depth, accept("-"));
    for (;;) {
      if (accept("+"))
        sum = sum + product(depth, false);
      else if (accept("-"))
        sum = sum + product(depth, true);
      else
        return sum;
    }
  }
  Dim product(int depth, bool negative) {
    Dim v = !negative                            ? factor(depth)
            : token_.kind == Token::Kind::number ? Dim(integer(true))
                                                 : Dim(-1) * factor(depth);
    for (;;) {
      if (accept("*")) {
        const Dim f = factor(depth);
        if (v.terms().size() * f.terms().size() > kMaxTerms) fail(Code::ir_syntax, "an extent has too many terms");
        v = v * f;
      } else if (accept("div")) {
        count_atom();
        v = Dim::div(v, factor(depth));
      } else {
        return v;
      }
    }
  }
  void count_atom() {
    if (++atoms_ > kMaxAtoms) fail(Code::ir_syntax, "an extent is nested too deep");
  }
  Dim factor(int depth) {
    if (token_.kind == Token::Kind::number) return integer();
    if (accept("(")) {
      Dim v = dim(depth + 1);
      expect(")");
      return v;
    }
    const std::string name = word("an extent");
    if ((name == "min" || name == "max") && accept("(")) {
      count_atom();
      const Dim a = dim(depth + 1);
      expect(",");
      const Dim b = dim(depth + 1);
      expect(")");
      return name == "min" ? Dim::min(a, b) : Dim::max(a, b);
    }
    const auto at = std::ranges::find(f_->size_names, name);
    if (at == f_->size_names.end()) fail(Code::ir_invalid, "there is no size " + name);
    return Dim::size(static_cast<std::uint32_t>(at - f_->size_names.begin()));
  }

  Elem elem() {
    const auto e = elem_named(word("an element type"));
    if (!e) expected("an element type");
    return *e;
  }
  Type type() {
    Type t{elem(), {}};
    if (is("[")) list("[", "]", [&] { t.dims.push_back(dim()); });
    return t;
  }

  // ---- functions ----
  Tree tree(int depth = 0) {
    if (depth > kMaxDepth) fail(Code::ir_syntax, "a signature is nested too deep");
    Tree t;
    if (token_.kind == Token::Kind::word || token_.kind == Token::Kind::number) {
      t.name = token_.text == "_" ? "" : token_.text;
      next();
    }
    if (!accept(":")) return t;
    if (is("(")) {
      t.kind = Tree::Kind::tuple;
      list("(", ")", [&] { t.fields.push_back(tree(depth + 1)); });
      return t;
    }
    t.type_name = word("a type's name");
    if (t.type_name == "size") {
      t.kind = Tree::Kind::size;
      t.type_name.clear();
      t.size = static_cast<std::uint32_t>(integer());
      return t;
    }
    t.kind = Tree::Kind::structure;
    list("{", "}", [&] { t.fields.push_back(tree(depth + 1)); });
    return t;
  }

  void function(Function& f) {
    f_ = &f;
    values_.clear();
    for (bool first = true; token_.kind == Token::Kind::doc; next(), first = false)
      f.doc += (first ? "" : "\n") + token_.text;
    f.exported = accept("export");
    expect("fn");
    f.span = token_.span;
    f.name = take(Token::Kind::function, "a function's name");
    expect("(");
    while (!is(";")) {
      f.size_names.push_back(word("a size's name"));
      if (!accept(",") && !is(";")) expected("`,` or `;`");
    }
    next();
    Builder b(f);
    b_ = &b;
    while (!is(")")) {
      const Declared d = declared();
      define(d, b.add_param(d.type, d.name));
      if (!accept(",") && !is(")")) expected("`,` or `)`");
    }
    next();
    if (accept("signature")) {
      list("[", "]", [&] { f.signature.params.push_back(tree()); });
      f.signature.result = tree();
    }
    b.set_yields(block(0));
  }

  struct Declared {
    std::string number, name;
    Type type;
  };
  Declared declared() {
    Declared d;
    d.number = take(Token::Kind::value, "a value");
    expect(":");
    d.type = type();
    if (token_.kind == Token::Kind::string) d.name = take(Token::Kind::string, "a name");
    return d;
  }
  void define(const Declared& d, ValueId v) {
    if (!values_.emplace(d.number, v).second) fail(Code::ir_invalid, fmt::format("%{} is defined twice", d.number));
    f_->value(v).name = d.name;
  }
  ValueId use() {
    const Span span = token_.span;
    const std::string number = take(Token::Kind::value, "a value");
    const auto at = values_.find(number);
    if (at == values_.end()) {
      token_.span = span;
      fail(Code::ir_invalid, fmt::format("%{} is not defined here", number));
    }
    return at->second;
  }
  std::vector<ValueId> uses() {
    std::vector<ValueId> out;
    if (token_.kind != Token::Kind::value) return out;
    do out.push_back(use());
    while (accept(","));
    return out;
  }

  std::vector<ValueId> block(int depth) {
    if (depth > kMaxDepth) fail(Code::ir_syntax, "regions are nested too deep");
    const auto outside = values_;
    expect("{");
    while (!is("yield")) instruction(depth);
    next();
    auto yields = uses();
    expect("}");
    values_ = outside;
    return yields;
  }

  void instruction(int depth) {
    std::vector<Declared> results;
    if (token_.kind == Token::Kind::value) {
      do results.push_back(declared());
      while (accept(","));
      expect("=");
    }
    const Span span = token_.span;
    const std::string name = word("an operation");
    const auto op = ops::opcode_named(name);
    if (!op) fail(Code::ir_invalid, fmt::format("there is no operation `{}`", name), span);
    const ops::OpInfo& row = ops::info(*op);
    std::vector<ValueId> operands = uses();
    if (row.operands >= 0 && static_cast<std::size_t>(row.operands) != operands.size())
      fail(Code::ir_invalid, fmt::format("`{}` takes {} operands, {} given", name, row.operands, operands.size()),
           span);
    Attributes attrs = initial_attributes(*row.attrs);
    if (is("{")) list("{", "}", [&] { attribute(attrs, name); });
    std::vector<BlockId> regions;
    while (is("(")) regions.push_back(region(depth));
    if (static_cast<std::size_t>(row.regions) != regions.size())
      fail(Code::ir_invalid, fmt::format("`{}` has {} regions, {} given", name, row.regions, regions.size()), span);
    std::vector<Type> types;
    for (const Declared& d : results) types.push_back(d.type);
    check_types(row, operands, attrs, regions, types, span);
    b_->set_span(span);
    const auto values =
        b_->emit_typed(*op, std::move(operands), std::move(attrs), std::move(regions), std::move(types));
    for (std::size_t k = 0; k < values.size(); ++k) define(results[k], values[k]);
  }

  void check_types(const ops::OpInfo& row, const std::vector<ValueId>& operands, const Attributes& attrs,
                   const std::vector<BlockId>& regions, const std::vector<Type>& types, Span span) {
    if (row.infer == nullptr) return;
    std::vector<Type> in;
    for (const ValueId v : operands) in.push_back(f_->type(v));
    std::vector<ops::RegionTypes> region_types;
    for (const BlockId r : regions) {
      ops::RegionTypes t;
      for (const ValueId v : f_->block(r).params) t.params.push_back(f_->type(v));
      for (const ValueId v : f_->block(r).yields) t.yields.push_back(f_->type(v));
      region_types.push_back(std::move(t));
    }
    const auto inferred = row.infer({in, attrs, region_types, f_->size_names});
    if (!inferred) fail(Code::ir_invalid, fmt::format("`{}`: {}", row.name, inferred.error()), span);
    if (*inferred == types) return;
    const auto shown = [&](const std::vector<Type>& list) {
      std::string out;
      for (const Type& t : list) out += (out.empty() ? "" : ", ") + t.str(f_->size_names);
      return out.empty() ? "no result" : out;
    };
    fail(Code::ir_invalid, fmt::format("`{}` gives {}, and {} is written", row.name, shown(*inferred), shown(types)),
         span);
  }

  BlockId region(int depth) {
    std::vector<Declared> params;
    list("(", ")", [&] { params.push_back(declared()); });
    std::vector<Type> types;
    for (const Declared& d : params) types.push_back(d.type);
    const auto outside = values_;
    const BlockId id = b_->in_block(types, [&](std::span<const ValueId> p) {
      for (std::size_t k = 0; k < p.size(); ++k) define(params[k], p[k]);
      return block(depth + 1);
    });
    values_ = outside;
    return id;
  }

  void read(bool& v) { v = true; }
  void read(std::int64_t& v) { v = integer(); }
  void read(std::size_t& v) {
    const std::int64_t number = integer();
    if (number < 0) fail(Code::ir_syntax, "a count is not negative");
    v = static_cast<std::size_t>(number);
  }
  void read(double& v) { v = real(); }
  void read(Dim& v) { v = dim(); }
  void read(std::string& v) { v = take(Token::Kind::string, "a text"); }
  void read(Symbol& v) { v.name = take(Token::Kind::function, "a function's name"); }
  void read(const WordRef& v) {
    const Span span = token_.span;
    const std::string given = word("a word");
    const auto at = std::ranges::find(v.names, given);
    if (at == v.names.end())
      fail(Code::ir_syntax, fmt::format("`{}` is none of {}", given, fmt::join(v.names, ", ")), span);
    *v.at = static_cast<std::uint8_t>(at - v.names.begin());
  }
  template <class T>
  void read(std::vector<T>& v) {
    v.clear();
    list("[", "]", [&] { read(v.emplace_back()); });
  }

  void attribute(Attributes& a, const std::string& op) {
    const Span span = token_.span;
    const std::string name = word("an attribute");
    bool found = false;
    a.edit([&](std::string_view field, const FieldRef& value) {
      if (field != name) return;
      found = true;
      std::visit(
          [&]<class T>(const T& x) {
            if constexpr (!std::is_same_v<T, bool*>) expect("=");
            if constexpr (std::is_same_v<T, WordRef>)
              read(x);
            else
              read(*x);
          },
          value);
    });
    if (!found) fail(Code::ir_syntax, fmt::format("`{}` has no attribute {}", op, name), span);
  }

  std::string_view text_;
  std::uint32_t file_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  Token token_;
  int atoms_ = 0;  // of the extent being read
  Function* f_ = nullptr;
  Builder* b_ = nullptr;
  std::unordered_map<std::string, ValueId> values_;
};

}  // namespace

std::optional<Module> read(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics) {
  try {
    Module m = Reader(sources, file, diagnostics).module();
    const auto violations = verify(m);
    for (const Violation& v : violations) diagnostics.error(Code::ir_invalid, v.span, v.str());
    if (!violations.empty()) return std::nullopt;
    return m;
  } catch (const Stop&) {
    return std::nullopt;
  }
}

}  // namespace rg::ir
