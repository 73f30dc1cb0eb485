// Types, dimension lists and patterns.
#include <fmt/format.h>

#include "dsl/parse/parser.h"

namespace rg::dsl {

using namespace ast;
using enum TokenKind;

TypePtr Parser::type() {
  const Nest nest(*this);
  if (too_deep()) return std::make_unique<TypeExpr>(TypeExpr{peek().span, TupleType{}});
  return type_node();
}

TypePtr Parser::type_node() {
  const Span begin = peek().span;
  auto made = [&](auto node) { return std::make_unique<TypeExpr>(TypeExpr{since(begin), std::move(node)}); };
  if (at(identifier)) {
    NamedType named{*expect_name("a type"), {}};
    if (at(l_bracket)) named.dims = dims(take());
    return made(std::move(named));
  }
  if (at(l_paren)) {
    bool trailing_comma = false;
    auto elements = type_list(take(), trailing_comma);
    if (elements.size() == 1 && !trailing_comma) return std::move(elements.front());
    if (elements.empty()) report(Code::empty_tuple, since(begin), "a tuple type has at least one element");
    return made(TupleType{std::move(elements)});
  }
  if (accept(kw_fn)) {
    FnType fn;
    bool trailing_comma = false;
    if (at(l_paren)) {
      fn.params = type_list(take(), trailing_comma);
    } else {
      report_expected("`(` and the parameter types").note("a function type is written `fn(f64[n]) -> f64`");
    }
    if (expect(arrow, "and the result type")) {
      fn.result = type();
    } else {
      fn.result = made(TupleType{});
    }
    return made(std::move(fn));
  }
  auto& d = report_expected("a type");
  if (at(l_bracket)) d.hint("an array type starts with its element type: `f64[n]`");
  d.note(
      "types are `f32 f64 i32 i64 bool size`, arrays `f64[n, d]`, structs, tuples `(f64, f64[n])` and functions "
      "`fn(f64) -> f64`");
  return made(TupleType{});
}

std::vector<TypePtr> Parser::type_list(const Token& open, bool& trailing_comma) {
  std::vector<TypePtr> types;
  trailing_comma = false;
  while (!at(r_paren) && !at(end_of_file)) {
    types.push_back(type());
    trailing_comma = accept(comma);
    if (!trailing_comma) break;
  }
  expect_close(r_paren, open, "`,` or `)`");
  return types;
}

std::vector<Dim> Parser::dims(const Token& open) {
  std::vector<Dim> result;
  while (!at(r_bracket) && !at(end_of_file)) {
    Dim dim;
    const Span begin = peek().span;
    if (accept(dot_dot_dot)) {
      dim.is_pack = true;
      if (at(identifier)) dim.pack_name = text(take());
    } else if (at(colon) || at(star)) {
      report_expected("a dimension").hint("name the size: `f64[n]`; the caller's array gives it its value");
      take();
      dim.value = error_expr();
    } else {
      dim.value = operation(prec_or);
    }
    dim.span = since(begin);
    result.push_back(std::move(dim));
    if (!accept(comma)) break;
  }
  if (result.empty()) {
    report(Code::expected_token, since(open.span), "this list of dimensions is empty")
        .hint("a scalar is written without brackets: `f64`");
  }
  expect_close(r_bracket, open, "`,` or `]`");
  return result;
}

Pattern Parser::pattern() {
  const Nest nest(*this);
  const Span begin = peek().span;
  if (too_deep()) return {begin, Name{"_", begin}};
  if (!at(l_paren)) {
    auto name = expect_name(is_keyword(peek().kind) ? "a name" : "a name or a pattern `(a, b)`");
    return {since(begin), name ? std::move(*name) : Name{"_", begin}};
  }
  const Token open = take();
  std::vector<Pattern> elements;
  bool trailing_comma = false;
  while (!at(r_paren) && !at(end_of_file)) {
    elements.push_back(pattern());
    trailing_comma = accept(comma);
    if (!trailing_comma) break;
  }
  expect_close(r_paren, open, "`,` or `)`");
  if (elements.size() == 1 && !trailing_comma) return std::move(elements.front());
  if (elements.empty()) report(Code::empty_tuple, since(begin), "this pattern names nothing");
  return {since(begin), std::move(elements)};
}

}  // namespace rg::dsl
