#include "dsl/write/tree.h"

#include <limits>

#include "compiler/support/internal_error.h"
#include "dsl/parse/parser.h"

namespace rg::dsl::tree {

using namespace ast;

ExprPtr expr(decltype(Expr::node) node) {
  auto e = std::make_unique<Expr>(Expr{{}, 1, std::move(node)});
  e->height = height_of(e->node);
  return e;
}

ExprPtr name(std::string text) { return expr(NameExpr{std::move(text)}); }

ExprPtr boolean(bool value) { return expr(BoolLit{value}); }

ExprPtr integer(std::int64_t value) {
  if (value >= 0) return expr(IntLit{value});
  if (value == std::numeric_limits<std::int64_t>::min())  // its magnitude is no literal
    return binary(BinaryOp::sub, integer(value + 1), integer(1));
  return unary(UnaryOp::neg, integer(-value));
}

ExprPtr unary(UnaryOp op, ExprPtr x) { return expr(Unary{op, std::move(x)}); }

ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) { return expr(Binary{op, {}, std::move(a), std::move(b)}); }

ExprPtr chain(BinaryOp op, Exprs parts) {
  ExprPtr out = std::move(parts[0]);
  for (std::size_t k = 1; k < parts.size(); ++k) out = binary(op, std::move(out), std::move(parts[k]));
  return out;
}

namespace {

Call call_of(std::string_view function, Exprs args) {
  Call out{name(std::string(function)), {}};
  for (ExprPtr& a : args) out.args.push_back({std::nullopt, std::move(a)});
  return out;
}

}  // namespace

ExprPtr call(std::string_view function, Exprs args) { return expr(call_of(function, std::move(args))); }

ExprPtr call(std::string_view function, Exprs args, std::string_view option, ExprPtr value) {
  Call out = call_of(function, std::move(args));
  out.args.push_back({Name{std::string(option), {}}, std::move(value)});
  return expr(std::move(out));
}

ExprPtr at(ExprPtr base, Exprs positions) {
  if (positions.empty()) return base;
  Index out{std::move(base), {}};
  for (ExprPtr& p : positions) out.subscripts.push_back({{}, At{Bound{std::move(p), false, {}}}});
  return expr(std::move(out));
}

ExprPtr array(Exprs elements) { return expr(ArrayLit{std::move(elements)}); }

ExprPtr tuple(Exprs elements) {
  return elements.size() == 1 ? std::move(elements[0]) : expr(Tuple{std::move(elements)});
}

ExprPtr block(std::vector<Stmt> stmts, ExprPtr result) { return expr(Block{std::move(stmts), std::move(result)}); }

ExprPtr choose(ExprPtr condition, ExprPtr a, ExprPtr b) {
  return expr(If{std::move(condition), block({}, std::move(a)), block({}, std::move(b))});
}

ExprPtr build(Indices indices, ExprPtr body) { return expr(Build{std::move(indices), std::move(body)}); }

ExprPtr reduce(std::string_view op, Indices indices, ExprPtr body) {
  return expr(Reduce{{std::string(op), {}}, std::move(indices), std::move(body)});
}

Pattern pattern(std::string text) { return {{}, Name{std::move(text), {}}}; }

Pattern pattern(const std::vector<std::string>& names) {
  if (names.size() == 1) return pattern(names[0]);
  std::vector<Pattern> parts;
  for (const std::string& n : names) parts.push_back(pattern(n));
  return {{}, std::move(parts)};
}

Stmt let(Pattern left, ExprPtr value) { return {{}, Let{std::move(left), nullptr, std::move(value)}}; }

TypePtr type(std::string text) {
  return std::make_unique<TypeExpr>(TypeExpr{{}, NamedType{{std::move(text), {}}, {}}});
}

TypePtr tuple_type(std::vector<TypePtr> elements) {
  if (elements.size() == 1) return std::move(elements[0]);
  return std::make_unique<TypeExpr>(TypeExpr{{}, TupleType{std::move(elements)}});
}

namespace {

/// Copies of nodes. Forms with statements, types or lambdas have names that their copies would share: they are bound by
/// a `let` and are not copied.
struct Cloner {
  using Node = decltype(Expr::node);

  template <class Leaf>
    requires std::is_copy_constructible_v<Leaf>
  Node operator()(const Leaf& n) const {
    return n;
  }
  Node operator()(const Unary& n) const { return Unary{n.op, copy(n.operand)}; }
  Node operator()(const Binary& n) const { return Binary{n.op, n.op_span, copy(n.lhs), copy(n.rhs)}; }
  Node operator()(const Call& n) const {
    Call out{copy(n.callee), {}};
    for (const Arg& a : n.args) out.args.push_back({a.name, copy(a.value)});
    return out;
  }
  Node operator()(const Index& n) const {
    Index out{copy(n.base), {}};
    for (const Subscript& s : n.subscripts) out.subscripts.push_back(subscript(s));
    return out;
  }
  Node operator()(const Field& n) const { return Field{copy(n.base), n.field}; }
  Node operator()(const Project& n) const { return Project{copy(n.base), n.index, n.index_span}; }
  Node operator()(const If& n) const { return If{copy(n.condition), copy(n.then_value), copy(n.else_value)}; }
  Node operator()(const Build& n) const { return Build{copy(n.indices), copy(n.body)}; }
  Node operator()(const Reduce& n) const { return Reduce{n.op, copy(n.indices), copy(n.body)}; }
  Node operator()(const ArrayLit& n) const { return ArrayLit{copy(n.elements)}; }
  Node operator()(const Tuple& n) const { return Tuple{copy(n.elements)}; }
  Node operator()(const Block& n) const {
    if (!n.stmts.empty()) internal_error("a block with statements is not copied");
    return Block{{}, copy(n.result)};
  }
  Node operator()(const Lambda&) const { internal_error("a lambda is not copied"); }
  Node operator()(const Loop&) const { internal_error("a loop is not copied"); }
  Node operator()(const StructLit&) const { internal_error("a struct is not copied"); }

  static ExprPtr copy(const ExprPtr& e) { return e ? clone(*e) : nullptr; }
  static Exprs copy(const Exprs& list) {
    Exprs out;
    for (const ExprPtr& e : list) out.push_back(copy(e));
    return out;
  }
  static Indices copy(const Indices& list) {
    Indices out;
    for (const IndexVar& i : list) out.push_back({i.name, copy(i.extent)});
    return out;
  }
  static Bound copy(const Bound& b) { return {copy(b.value), b.from_end, b.span}; }
  static Subscript subscript(const Subscript& s) {
    if (const auto* at = std::get_if<At>(&s.node)) return {s.span, At{copy(at->position)}};
    if (const auto* slice = std::get_if<Slice>(&s.node))
      return {s.span, Slice{copy(slice->begin), copy(slice->end), copy(slice->step)}};
    return {s.span, Ellipsis{}};
  }
};

}  // namespace

ExprPtr clone(const Expr& e) { return std::make_unique<Expr>(Expr{e.span, e.height, std::visit(Cloner{}, e.node)}); }

}  // namespace rg::dsl::tree
