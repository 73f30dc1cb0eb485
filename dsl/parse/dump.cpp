// The tree as an S-expression: complete, without spans, independent of the printer that it helps to test.
#include <fmt/format.h>

#include "dsl/parse/parse.h"

namespace rg::dsl {

using namespace ast;

namespace {

class Dumper {
 public:
  std::string out;

  void operator()(const ExprPtr& expr) { expr ? std::visit(*this, expr->node) : nothing(); }
  void operator()(const TypePtr& type) { type ? std::visit(*this, type->node) : nothing(); }

  void operator()(const IntLit& n) { out += fmt::format("{}", n.value); }
  void operator()(const FloatLit& n) { out += fmt::format("f{}", n.value); }
  void operator()(const BoolLit& n) { out += n.value ? "true" : "false"; }
  void operator()(const StringLit& n) { string(n.value); }
  void operator()(const NameExpr& n) { out += n.name; }
  void operator()(const Unary& n) { list(info(n.op).name, n.operand); }
  void operator()(const Binary& n) { list(info(n.op).name, n.lhs, n.rhs); }
  void operator()(const Call& n) { list("call", n.callee, n.args); }
  void operator()(const Arg& n) {
    if (n.name) out += n.name->text + ":";
    (*this)(n.value);
  }
  void operator()(const Index& n) { list("index", n.base, n.subscripts); }
  void operator()(const Subscript& n) { std::visit(*this, n.node); }
  void operator()(const At& n) { (*this)(n.position); }
  void operator()(const Slice& n) { list("slice", n.begin, n.end, n.step); }
  void operator()(const Ellipsis&) { out += "..."; }
  void operator()(const Bound& n) {
    if (n.from_end) out += "end-";
    (*this)(n.value);
  }
  void operator()(const Field& n) { list("field", n.base, n.field); }
  void operator()(const Project& n) { list("project", n.base, n.index); }
  void operator()(const Lambda& n) { list("lambda", n.params, n.body); }
  void operator()(const LambdaParam& n) { list("param", n.name, n.type); }
  void operator()(const Block& n) { list("block", n.stmts, n.result); }
  void operator()(const If& n) { list("if", n.condition, n.then_value, n.else_value); }
  void operator()(const IndexVar& n) { list("index", n.name, n.extent); }
  void operator()(const Build& n) { list("build", n.indices, n.body); }
  void operator()(const Reduce& n) { list("reduce", n.op, n.indices, n.body); }
  void operator()(const ArrayLit& n) { list("array", n.elements); }
  void operator()(const Tuple& n) { list("tuple", n.elements); }
  void operator()(const StructLit& n) { list("new", n.name, n.fields); }
  void operator()(const FieldInit& n) { list("set", n.name, n.value); }
  void operator()(const Loop& n) { list("loop", n.state, n.range, n.condition, n.body); }
  void operator()(const LoopVar& n) { list("var", n.name, n.type, n.init); }
  void operator()(const std::optional<ForClause>& n) { n ? list("for", n->index, n->begin, n->end) : nothing(); }
  void operator()(const ErrorExpr&) { out += "<error>"; }

  void operator()(const Stmt& n) { std::visit(*this, n.node); }
  void operator()(const Let& n) { list("let", n.pattern, n.type, n.value); }
  void operator()(const Assert& n) { list("assert", n.condition, n.message); }
  void operator()(const Collect& n) { list("collect", n.value); }
  void operator()(const ExprStmt& n) { list("do", n.value); }
  void operator()(const Pattern& n) { std::visit(*this, n.node); }
  void operator()(const Name& n) { out += n.text; }
  void operator()(std::int64_t n) { out += fmt::format("{}", n); }
  void operator()(const std::optional<std::string>& n) { n ? string(*n) : nothing(); }

  void operator()(const NamedType& n) { list("type", n.name, n.dims); }
  void operator()(const Dim& n) { n.is_pack ? void(out += "..." + n.pack_name) : (*this)(n.value); }
  void operator()(const TupleType& n) { list("tuple-type", n.elements); }
  void operator()(const FnType& n) { list("fn-type", n.params, n.result); }

  void operator()(const FnItem& n) {
    list(n.exported ? "export-fn" : "fn", Quoted{n.doc}, n.name, n.params, n.result, n.body);
  }
  void operator()(const Param& n) { list("param", n.name, n.type); }
  void operator()(const StructItem& n) { list("struct", Quoted{n.doc}, n.name, n.sizes, n.fields); }
  void operator()(const StructField& n) { list("field", Quoted{n.doc}, n.name, n.type); }
  void operator()(const TestItem& n) { list("test", Quoted{n.doc}, Quoted{n.name}, n.body); }
  void operator()(const ImportItem& n) { list("import", Quoted{n.path}); }

  template <class T>
  void operator()(const std::vector<T>& parts) {
    out += "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += " ";
      (*this)(parts[i]);
    }
    out += "]";
  }

 private:
  struct Quoted {
    const std::string& text;
  };
  void operator()(const Quoted& n) { string(n.text); }
  template <class... Parts>
  void list(std::string_view head, const Parts&... parts) {
    out += fmt::format("({}", head);
    ((out += " ", (*this)(parts)), ...);
    out += ")";
  }
  void nothing() { out += "-"; }
  void string(const std::string& text) {
    out += '"';
    for (const char c : text)
      out += c == '"' || c == '\\' ? fmt::format("\\{}", c) : c == '\n' ? "\\n" : std::string(1, c);
    out += '"';
  }
};

}  // namespace

std::string dump(const Expr& expr) {
  Dumper dumper;
  std::visit(dumper, expr.node);
  return std::move(dumper.out);
}

std::string dump(const Module& module) {
  Dumper dumper;
  for (const Item& item : module.items) {
    std::visit(dumper, item.node);
    dumper.out += "\n";
  }
  return std::move(dumper.out);
}

}  // namespace rg::dsl
