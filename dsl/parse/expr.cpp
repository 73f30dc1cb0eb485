// Expressions by precedence: lambdas, binary operators, signs, powers, postfix forms.
#include <fmt/format.h>

#include "dsl/parse/parser.h"

namespace rg::dsl {

using namespace ast;
using enum TokenKind;

namespace {

/// Forms that end with a brace take no postfix part: what follows starts something new.
bool ends_with_brace(const Expr& expr) {
  return as<Block>(expr) != nullptr || as<If>(expr) != nullptr || as<Loop>(expr) != nullptr;
}

}  // namespace

ExprPtr Parser::expression() {
  const bool plain_lambda = at(identifier) && at(fat_arrow, 1);
  const bool paren_lambda = at(l_paren) && close_[at_] != at_ && tokens_.tokens[close_[at_] + 1].kind == fat_arrow;
  return plain_lambda || paren_lambda ? lambda() : operation(prec_or);
}

ExprPtr Parser::lambda() {
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  const Span begin = peek().span;
  Lambda lambda;
  if (at(identifier)) {
    lambda.params.push_back({*expect_name("a parameter"), nullptr});
  } else {
    const Token open = take();
    while (!at(r_paren) && !at(end_of_file)) {
      auto name = expect_name("a parameter of the lambda");
      if (!name) break;
      LambdaParam param{std::move(*name), nullptr};
      if (accept(colon)) param.type = type();
      lambda.params.push_back(std::move(param));
      if (!accept(comma)) break;
    }
    if (!expect_close(r_paren, open, "`,` or `)`")) return error_expr();
  }
  expect(fat_arrow, "and the body of the lambda");
  lambda.body = expression();
  return make(since(begin), std::move(lambda));
}

/// The binary operator at the next token, or null. `and` and `or` are reported and taken as `&&` and `||`.
const BinaryInfo* Parser::operator_here() {
  if (const bool is_and = at_word("and"); is_and || at_word("or")) {
    report(Code::foreign_sign, peek().span, fmt::format("`{}` is no operator", text(peek())))
        .hint("logical operators are written `&&`, `||` and `!`");
    return &info(is_and ? BinaryOp::logical_and : BinaryOp::logical_or);
  }
  return binary_operator(peek().kind);
}

ExprPtr Parser::operation(int min_precedence) {
  const Span begin = peek().span;
  ExprPtr lhs = unary();
  const Token* compared = nullptr;  // the last comparison at this level
  while (!stopped_) {
    const BinaryInfo* op = operator_here();
    if (op == nullptr || op->precedence < min_precedence || op->op == BinaryOp::pow) break;
    const bool compares = op->assoc == BinaryInfo::none;
    if (compares && compared != nullptr) {
      report(Code::chained_comparison, peek().span, "comparisons do not chain")
          .label(compared->span, "the first comparison")
          .hint("write `a < b && b < c`");
    }
    compared = compares ? &tokens_.tokens[at_] : nullptr;
    const Token sign = take();
    ExprPtr rhs = operation(op->precedence + 1);
    lhs = make(since(begin), Binary{op->op, sign.span, std::move(lhs), std::move(rhs)});
  }
  return lhs;
}

ExprPtr Parser::unary() {
  const UnaryInfo* op = unary_operator(peek().kind);
  if (op == nullptr && !at(plus)) return power();
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  if (at(plus)) {
    report(Code::foreign_sign, peek().span, "there is no sign `+`").hint("leave it out");
    take();
    return unary();
  }
  const Token sign = take();
  ExprPtr operand = unary();
  return make(since(sign.span), Unary{op->op, std::move(operand)});
}

ExprPtr Parser::power() {
  const Span begin = peek().span;
  ExprPtr base = postfix();
  if (!at(caret)) return base;
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  const Token sign = take();
  ExprPtr exponent = unary();
  return make(since(begin), Binary{BinaryOp::pow, sign.span, std::move(base), std::move(exponent)});
}

ExprPtr Parser::postfix() {
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  const bool parenthesized_first = at(l_paren);
  ExprPtr expr = primary();
  if (!parenthesized_first && ends_with_brace(*expr)) return expr;
  while (!stopped_) {
    switch (peek().kind) {
      case l_paren:
        expr = call(std::move(expr));
        break;
      case l_bracket:
        expr = has_arrow_[at_] ? reduce(std::move(expr)) : index(std::move(expr));
        break;
      case dot:
        expr = member(std::move(expr));
        break;
      default:
        return expr;
    }
  }
  return expr;
}

ExprPtr Parser::call(ExprPtr callee) {
  const Span begin = callee->span;
  const Token open = take();
  Call call{std::move(callee), {}};
  while (!at(r_paren) && !at(end_of_file)) {
    Arg arg;
    if ((at(identifier) || is_keyword(peek().kind)) && (at(colon, 1) || (at(equal, 1) && at(identifier)))) {
      arg.name = expect_name("an argument's name");
      if (at(equal)) {
        report(Code::expected_token, peek().span, "a named argument is written with `:`")
            .hint(fmt::format("write `{}: …`", arg.name->text));
      }
      take();
    } else if (!call.args.empty() && call.args.back().name) {
      report(Code::positional_after_named, peek().span, "an argument without a name follows one with a name")
          .label(call.args.back().name->span, "named")
          .hint("put the named arguments last");
    }
    arg.value = expression();
    call.args.push_back(std::move(arg));
    if (!accept(comma)) break;
  }
  expect_close(r_paren, open, "`,` or `)`");
  return make(since(begin), std::move(call));
}

ExprPtr Parser::index(ExprPtr base) {
  const Span begin = base->span;
  const Token open = take();
  Index index{std::move(base), {}};
  while (!at(r_bracket) && !at(end_of_file)) {
    index.subscripts.push_back(subscript());
    if (!accept(comma)) break;
  }
  const bool closed = expect_close(r_bracket, open, "`,`, `:` or `]`");
  if (closed && index.subscripts.empty()) {
    report(Code::expected_expression, since(open.span), "a subscript is missing")
        .hint("an element is `x[i]`, a range `x[a:b]`, all of a dimension `x[:]`");
  }
  return make(since(begin), std::move(index));
}

Subscript Parser::subscript() {
  const Span begin = peek().span;
  if (accept(dot_dot_dot)) return {since(begin), Ellipsis{}};
  Bound first;
  if (!at(colon)) first = bound();
  if (at(dot_dot)) {
    report_expected("`:`").hint("a range of an array is written `x[a:b]`");
    take();
    if (!at(r_bracket) && !at(comma)) bound();
    return {since(begin), Slice{}};
  }
  if (!accept(colon)) return {since(begin), At{std::move(first)}};
  Slice slice{std::move(first), {}, nullptr};
  if (!at(colon) && !at(comma) && !at(r_bracket)) slice.end = bound();
  if (accept(colon) && !at(comma) && !at(r_bracket)) slice.step = operation(prec_or);
  return {since(begin), std::move(slice)};
}

Bound Parser::bound() {
  const Span begin = peek().span;
  const bool minus_first = at(minus);
  ExprPtr value = operation(prec_or);
  Bound bound;
  bound.span = since(begin);
  auto* sign = std::get_if<Unary>(&value->node);
  if (minus_first && sign != nullptr && sign->op == UnaryOp::neg) {
    bound.from_end = true;
    ExprPtr operand = std::move(sign->operand);
    value = std::move(operand);
  }
  bound.value = std::move(value);
  return bound;
}

ExprPtr Parser::member(ExprPtr base) {
  const Span begin = base->span;
  take();
  if (at(integer)) {
    const Token number = take();
    return make(since(begin), Project{std::move(base), number.integer, number.span});
  }
  auto name = expect_name("a field's name, or a position in a tuple");
  if (!name) return base;
  return make(since(begin), Field{std::move(base), std::move(*name)});
}

ExprPtr Parser::reduce(ExprPtr base) {
  const Span begin = base->span;
  const Token open = peek();
  const auto* name = as<NameExpr>(*base);
  if (name == nullptr) {
    report(Code::malformed_comprehension, open.span, "a reduction starts with its name")
        .label(base->span, "this is not a name")
        .hint("write `sum[k => …]`; an index by a function has no meaning");
  }
  Reduce reduce{{name ? name->name : "_", begin}, {}, nullptr};
  take();
  reduce.indices = indices();
  reduce.body = expression();
  expect_close(r_bracket, open, "`]`");
  return make(since(begin), std::move(reduce));
}

}  // namespace rg::dsl
