// Syntax trees by hand: constructors of the nodes that written programs are made of, without spans.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/parse/ast.h"

namespace rg::dsl::tree {

using ast::ExprPtr;
using Exprs = std::vector<ExprPtr>;

/// An expression of the node.
ExprPtr expr(decltype(ast::Expr::node) node);
/// The expressions in a vector, which an initializer list cannot move.
template <class... E>
Exprs list(E... e) {
  Exprs out;
  (out.push_back(std::move(e)), ...);
  return out;
}

ExprPtr name(std::string text);
ExprPtr boolean(bool value);
/// A sign is an operator: -3 is the negation of 3.
ExprPtr integer(std::int64_t value);
ExprPtr unary(ast::UnaryOp op, ExprPtr x);
ExprPtr binary(ast::BinaryOp op, ExprPtr a, ExprPtr b);
/// `a op b op c`; at least one.
ExprPtr chain(ast::BinaryOp op, Exprs parts);
ExprPtr call(std::string_view function, Exprs args);
/// With a last argument by name.
ExprPtr call(std::string_view function, Exprs args, std::string_view option, ExprPtr value);
/// `base[at, …]`; the base itself where there is nothing to subscript.
ExprPtr at(ExprPtr base, Exprs positions);
ExprPtr array(Exprs elements);
/// One element stands for itself.
ExprPtr tuple(Exprs elements);
/// `if c { a } else { b }`.
ExprPtr choose(ExprPtr condition, ExprPtr a, ExprPtr b);
ExprPtr block(std::vector<ast::Stmt> stmts, ExprPtr result);

using Indices = std::vector<ast::IndexVar>;
/// `[i: n => body]`.
ExprPtr build(Indices indices, ExprPtr body);
/// `sum[i: n => body]`.
ExprPtr reduce(std::string_view op, Indices indices, ExprPtr body);

ast::Pattern pattern(std::string name);
/// One name stands for itself.
ast::Pattern pattern(const std::vector<std::string>& names);
ast::Stmt let(ast::Pattern pattern, ExprPtr value);

/// A type without extents.
ast::TypePtr type(std::string name);
/// One element stands for itself.
ast::TypePtr tuple_type(std::vector<ast::TypePtr> elements);

/// A copy.
ExprPtr clone(const ast::Expr& e);

}  // namespace rg::dsl::tree
