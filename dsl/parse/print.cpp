// The tree as canonical `.rg` text.
//
// Every construct has one layout on a single line. Where that fits the line, or holds no statement, it is used;
// else the construct is broken at its outermost joint: list elements one a line, an operator before a new line, a body
// after `=>`. A block with statements or comments is always broken. Parentheses follow the precedences of ast.h alone.
#include <fmt/format.h>

#include "dsl/parse/parse.h"

namespace rg::dsl {

using namespace ast;

namespace {

constexpr std::size_t line_width = 100;

bool is_block_like(const Expr& expr) {
  return as<Block>(expr) != nullptr || as<If>(expr) != nullptr || as<Loop>(expr) != nullptr;
}

/// The first step of the way in which an expression is read; see prec_* in ast.h.
int precedence(const Expr& expr) {
  if (as<Lambda>(expr) != nullptr) return prec_lambda;
  if (const auto* binary = as<Binary>(expr)) return info(binary->op).precedence;
  if (as<Unary>(expr) != nullptr) return prec_unary;
  return prec_primary;
}

/// Writes flat text up to a limit of width, or broken text without one.
class Printer {
 public:
  explicit Printer(std::size_t indent = 0) : indent_(indent) {}
  std::string take() { return std::move(out_); }

  void module(const Module& module) {
    const Item* previous = nullptr;
    for (const Item& item : module.items) {
      const bool imports = previous != nullptr && std::holds_alternative<ImportItem>(previous->node) &&
                           std::holds_alternative<ImportItem>(item.node);
      if (previous != nullptr && !imports) put("\n");
      before(item.comments);
      std::visit([&](const auto& node) { this->item(node); }, item.node);
      behind(item.comments);
      put("\n");
      previous = &item;
    }
    for (const std::string& comment : module.end) put(comment + "\n");
  }

  /// An expression where one of at least this precedence stands without parentheses.
  void expr(const Expr& node, int least = prec_lambda) {
    if (!flat_ && fits(node, least)) {
      Flat flat(*this);
      in_parentheses(node, least);
      return;
    }
    in_parentheses(node, least);
  }

  void type(const TypeExpr& node) {
    std::visit([&](const auto& n) { this->type(n); }, node.node);
  }

 private:
  // ---- text ----
  struct Flat {
    explicit Flat(Printer& printer) : printer_(printer), before_(printer.flat_) { printer_.flat_ = true; }
    ~Flat() { printer_.flat_ = before_; }
    Printer& printer_;
    bool before_;
  };

  void put(std::string_view text) {
    if (overflow_) return;
    out_ += text;
    const std::size_t newline = text.rfind('\n');
    column_ = newline == std::string_view::npos ? column_ + text.size() : text.size() - newline - 1;
    if (column_ > limit_) overflow_ = true;
  }
  void new_line() {
    if (flat_) {
      overflow_ = true;  // cannot be flat
      return;
    }
    put("\n");
    put(std::string(2 * indent_, ' '));
  }

  /// Whether the expression stands flat in the rest of the line, a closing sign after it included.
  bool fits(const Expr& node, int least) const {
    Printer trial(indent_);
    trial.flat_ = true;
    trial.column_ = column_;
    trial.limit_ = line_width - 2;
    trial.in_parentheses(node, least);
    return !trial.overflow_;
  }

  // ---- expressions ----
  void in_parentheses(const Expr& node, int least) {
    if (overflow_) return;
    const bool needed = precedence(node) < least;
    if (needed) put("(");
    std::visit([&](const auto& n) { this->node(n); }, node.node);
    if (needed) put(")");
  }

  /// An expression that a postfix form follows.
  void base(const Expr& node, bool before_dot) {
    const bool number = as<IntLit>(node) != nullptr || as<FloatLit>(node) != nullptr;
    const bool parens = is_block_like(node) || precedence(node) < prec_postfix || (before_dot && number);
    if (parens) put("(");
    expr(node);
    if (parens) put(")");
  }

  /// A bracketed list: flat, or one element a line.
  template <class List, class Element>
  void list(std::string_view open, std::string_view close, const List& elements, Element&& element) {
    put(open);
    if (flat_ || list_fits(elements, element)) {
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (i > 0) put(", ");
        element(*this, elements[i]);
      }
    } else {
      ++indent_;
      for (const auto& each : elements) {
        new_line();
        element(*this, each);
        put(",");
      }
      --indent_;
      new_line();
    }
    put(close);
  }
  /// A list of one element hugs it: `f({ …` rather than a line of its own; so does one that fits as it is.
  template <class List, class Element>
  bool list_fits(const List& elements, Element&& element) const {
    Printer trial(indent_);
    trial.flat_ = true;
    trial.column_ = column_;
    trial.limit_ = line_width - 2;
    for (const auto& each : elements) {
      element(trial, each);
      trial.put(", ");
      if (trial.overflow_) return false;
    }
    return true;
  }

  void node(const IntLit& n) { put(fmt::format("{}", n.value)); }
  void node(const FloatLit& n) {
    const std::string text = fmt::format("{}", n.value);
    put(text);
    if (text.find_first_of(".e") == std::string::npos) put(".0");
  }
  void node(const BoolLit& n) { put(n.value ? "true" : "false"); }
  void node(const StringLit& n) { string(n.value); }
  void node(const NameExpr& n) { put(n.name); }
  void node(const Unary& n) {
    put(spelling(info(n.op).token));
    expr(*n.operand, prec_unary);
  }
  void node(const Binary& n) {
    const BinaryInfo& op = info(n.op);
    if (n.op == BinaryOp::pow) {
      if (is_block_like(*n.lhs) || precedence(*n.lhs) > prec_pow) {
        expr(*n.lhs);
      } else {
        expr(*n.lhs, prec_postfix);
      }
      put("^");
      expr(*n.rhs, prec_unary);
      return;
    }
    expr(*n.lhs, op.assoc == BinaryInfo::left ? op.precedence : op.precedence + 1);
    if (!flat_ && !rest_fits(op, *n.rhs)) {
      ++indent_;
      new_line();
      put(fmt::format("{} ", op.spelling()));
      expr(*n.rhs, op.precedence + 1);
      --indent_;
      return;
    }
    put(fmt::format(" {} ", op.spelling()));
    expr(*n.rhs, op.precedence + 1);
  }
  bool rest_fits(const BinaryInfo& op, const Expr& rhs) const {
    Printer trial(indent_);
    trial.flat_ = true;
    trial.column_ = column_ + op.spelling().size() + 2;
    trial.limit_ = line_width - 2;
    trial.in_parentheses(rhs, op.precedence + 1);
    return !trial.overflow_ || is_block_like(rhs);
  }
  void node(const Call& n) {
    base(*n.callee, false);
    list("(", ")", n.args, [](Printer& p, const Arg& arg) {
      if (arg.name) p.put(arg.name->text + ": ");
      p.expr(*arg.value);
    });
  }
  void node(const Index& n) {
    base(*n.base, false);
    list("[", "]", n.subscripts,
         [](Printer& p, const Subscript& s) { std::visit([&](const auto& node) { p.subscript(node); }, s.node); });
  }
  void subscript(const At& n) { bound(n.position); }
  void subscript(const Slice& n) {
    bound(n.begin);
    put(":");
    bound(n.end);
    if (n.step) {
      put(":");
      expr(*n.step, prec_or);
    }
  }
  void subscript(const Ellipsis&) { put("..."); }
  void bound(const Bound& n) {
    if (!n) return;
    if (n.from_end) put("-");
    const auto* sign = as<Unary>(*n.value);
    const bool plain_minus = !n.from_end && sign != nullptr && sign->op == UnaryOp::neg;
    if (plain_minus) put("(");
    expr(*n.value, n.from_end ? prec_unary : prec_or);
    if (plain_minus) put(")");
  }
  void node(const Field& n) {
    base(*n.base, true);
    put("." + n.field.text);
  }
  void node(const Project& n) {
    base(*n.base, true);
    put(fmt::format(".{}", n.index));
  }
  void node(const Lambda& n) {
    if (n.params.size() == 1 && !n.params.front().type) {
      put(n.params.front().name.text);
    } else {
      list("(", ")", n.params, [](Printer& p, const LambdaParam& param) {
        p.put(param.name.text);
        if (param.type) {
          p.put(": ");
          p.type(*param.type);
        }
      });
    }
    put(" => ");
    expr(*n.body);
  }
  void node(const If& n) {
    put("if ");
    expr(*n.condition, prec_or);
    put(" ");
    expr(*n.then_value);
    put(" else ");
    expr(*n.else_value);
  }
  void node(const Block& n) { block(n, false); }
  void block(const Block& n, bool always_broken) {
    const bool plain = n.stmts.empty() && n.comments.empty() && n.end.empty();
    if (plain && flat_ && !always_broken) {
      put("{ ");
      expr(*n.result);
      put(" }");
      return;
    }
    put("{");
    ++indent_;
    for (const Stmt& stmt : n.stmts) statement(stmt);
    new_line();
    before(n.comments);
    expr(*n.result);
    behind(n.comments);
    end(n.end);
    --indent_;
    new_line();
    put("}");
  }
  void indices(const std::vector<IndexVar>& vars) {
    for (std::size_t i = 0; i < vars.size(); ++i) {
      if (i > 0) put(", ");
      put(vars[i].name.text);
      if (vars[i].extent) {
        put(": ");
        expr(*vars[i].extent, prec_or);
      }
    }
    put(" =>");
  }
  void comprehension(const std::vector<IndexVar>& vars, const Expr& body) {
    put("[");
    indices(vars);
    if (flat_ || is_block_like(body)) {
      put(" ");
      expr(body);
    } else {
      ++indent_;
      new_line();
      expr(body);
      --indent_;
      new_line();
    }
    put("]");
  }
  void node(const Build& n) { comprehension(n.indices, *n.body); }
  void node(const Reduce& n) {
    put(n.op.text);
    comprehension(n.indices, *n.body);
  }
  void node(const ArrayLit& n) {
    list("[", "]", n.elements, [](Printer& p, const ExprPtr& e) { p.expr(*e, prec_or); });
  }
  void node(const Tuple& n) {
    if (n.elements.size() == 1) {
      put("(");
      expr(*n.elements.front());
      put(",)");
      return;
    }
    list("(", ")", n.elements, [](Printer& p, const ExprPtr& e) { p.expr(*e); });
  }
  void node(const StructLit& n) {
    put(n.name.text);
    list(flat_ ? " { " : " {", flat_ ? " }" : "}", n.fields, [](Printer& p, const FieldInit& field) {
      p.put(field.name.text + ": ");
      p.expr(*field.value);
    });
  }
  void node(const Loop& n) {
    put("loop ");
    list("(", ")", n.state, [](Printer& p, const LoopVar& var) {
      p.put(var.name.text);
      if (var.type) {
        p.put(": ");
        p.type(*var.type);
      }
      p.put(" = ");
      p.expr(*var.init);
    });
    if (n.range) {
      put(fmt::format(" for {} in ", n.range->index.text));
      expr(*n.range->begin, prec_or);
      put("..");
      expr(*n.range->end, prec_or);
    }
    if (n.condition) {
      put(" while ");
      expr(*n.condition, prec_or);
    }
    put(" ");
    expr(*n.body);
  }
  void node(const ErrorExpr&) { put("<error>"); }

  // ---- comments ----
  void before(const Comments& comments) {
    for (const std::string& comment : comments.before) {
      put(comment);
      new_line();
    }
  }
  void behind(const Comments& comments) {
    if (!comments.behind.empty()) put("  " + comments.behind);
  }
  /// Before a closing brace.
  void end(const std::vector<std::string>& comments) {
    for (const std::string& comment : comments) {
      new_line();
      put(comment);
    }
  }

  // ---- statements, types, items ----
  void statement(const Stmt& stmt) {
    new_line();
    before(stmt.comments);
    std::visit([&](const auto& n) { this->stmt(n); }, stmt.node);
    put(";");
    behind(stmt.comments);
  }
  void stmt(const Let& n) {
    put("let ");
    pattern(n.pattern);
    if (n.type) {
      put(": ");
      type(*n.type);
    }
    put(" = ");
    expr(*n.value);
  }
  void stmt(const Assert& n) {
    put("assert ");
    expr(*n.condition);
    if (n.message) {
      put(", ");
      string(*n.message);
    }
  }
  void stmt(const Collect& n) {
    put("collect ");
    expr(*n.value);
  }
  void stmt(const ExprStmt& n) { expr(*n.value); }
  void pattern(const Pattern& n) {
    if (const auto* name = std::get_if<Name>(&n.node)) return put(name->text);
    const auto& elements = std::get<std::vector<Pattern>>(n.node);
    put("(");
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i > 0) put(", ");
      pattern(elements[i]);
    }
    put(elements.size() == 1 ? ",)" : ")");
  }

  void type(const NamedType& n) {
    put(n.name.text);
    if (n.dims.empty()) return;
    put("[");
    for (std::size_t i = 0; i < n.dims.size(); ++i) {
      if (i > 0) put(", ");
      if (n.dims[i].is_pack) {
        put("..." + n.dims[i].pack_name);
      } else {
        Flat flat(*this);
        expr(*n.dims[i].value, prec_or);
      }
    }
    put("]");
  }
  void type(const TupleType& n) {
    put("(");
    for (std::size_t i = 0; i < n.elements.size(); ++i) {
      if (i > 0) put(", ");
      type(*n.elements[i]);
    }
    put(n.elements.size() == 1 ? ",)" : ")");
  }
  void type(const FnType& n) {
    put("fn(");
    for (std::size_t i = 0; i < n.params.size(); ++i) {
      if (i > 0) put(", ");
      type(*n.params[i]);
    }
    put(") -> ");
    type(*n.result);
  }

  void doc(const std::string& text) {
    if (text.empty()) return;
    std::string_view rest = text;
    while (true) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      put(line.empty() ? "///" : fmt::format("/// {}", line));
      new_line();
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + 1);
    }
  }
  void item(const FnItem& n) {
    doc(n.doc);
    if (n.exported) put("export ");
    put("fn " + n.name.text);
    list("(", ")", n.params, [](Printer& p, const Param& param) {
      p.put(param.name.text + ": ");
      p.type(*param.type);
    });
    put(" -> ");
    type(*n.result);
    put(" ");
    if (const auto* body = as<Block>(*n.body)) {
      block(*body, true);
    } else {
      expr(*n.body);  // an ErrorExpr
    }
  }
  void item(const StructItem& n) {
    doc(n.doc);
    put("struct " + n.name.text);
    for (std::size_t i = 0; i < n.sizes.size(); ++i) put((i == 0 ? "[" : ", ") + n.sizes[i].text);
    put(n.sizes.empty() ? " {" : "] {");
    ++indent_;
    for (const StructField& field : n.fields) {
      new_line();
      before(field.comments);
      doc(field.doc);
      put(field.name.text + ": ");
      type(*field.type);
      put(",");
      behind(field.comments);
    }
    end(n.end);
    --indent_;
    new_line();
    put("}");
  }
  void item(const TestItem& n) {
    doc(n.doc);
    put("test ");
    string(n.name);
    put(" {");
    ++indent_;
    for (const Stmt& stmt : n.body) statement(stmt);
    end(n.end);
    --indent_;
    new_line();
    put("}");
  }
  void item(const ImportItem& n) {
    put("import ");
    string(n.path);
    put(";");
  }
  void string(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
      switch (c) {
        case '"':
          quoted += "\\\"";
          break;
        case '\\':
          quoted += "\\\\";
          break;
        case '\n':
          quoted += "\\n";
          break;
        case '\t':
          quoted += "\\t";
          break;
        default:
          quoted += c;
      }
    }
    put(quoted + "\"");
  }

  std::string out_;
  std::size_t indent_;
  std::size_t column_ = 0;
  std::size_t limit_ = SIZE_MAX;
  bool flat_ = false;
  bool overflow_ = false;
};

}  // namespace

std::string print(const Module& module) {
  Printer printer;
  printer.module(module);
  return printer.take();
}

std::string print(const Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return printer.take();
}

std::string print(const TypeExpr& type) {
  Printer printer;
  printer.type(type);
  return printer.take();
}

}  // namespace rg::dsl
