// Expressions that no operator joins: literals, brackets, comprehensions, `if`, `loop`.
#include <fmt/format.h>

#include "dsl/parse/parser.h"

namespace rg::dsl {

using namespace ast;
using enum TokenKind;

ExprPtr Parser::primary() {
  switch (peek().kind) {
    case integer:
    case floating:
    case string:
    case kw_true:
    case kw_false:
      return literal();
    case identifier:
      return name_or_struct();
    case l_paren:
      return parenthesized();
    case l_bracket:
      return bracketed();
    case l_brace:
      return block(Body::value);
    case kw_if:
      return conditional();
    case kw_loop:
      return loop();
    default:
      break;
  }
  report_no_expression();
  return error_expr();
}

ExprPtr Parser::literal() {
  const Token token = take();
  switch (token.kind) {
    case integer:
      return make(token.span, IntLit{token.integer});
    case floating:
      return make(token.span, FloatLit{token.floating});
    case string:
      return make(token.span, StringLit{tokens_.strings[token.string]});
    default:
      return make(token.span, BoolLit{token.kind == kw_true});
  }
}

void Parser::report_no_expression() {
  auto& d =
      report(Code::expected_expression, peek().span, fmt::format("expected an expression, found {}", describe(peek())));
  switch (peek().kind) {
    case kw_let:
      d.hint("a `let` stands in braces: `{ let a = x; a^2 }`");
      break;
    case kw_for:
    case kw_while:
      d.hint("a loop is written `loop (s = 0.0) for i in 0..n { s + x[i] }`");
      break;
    case kw_fn:
      d.hint("a function without a name is a lambda: `x => x^2`");
      break;
    case kw_div:
    case kw_mod:
      d.hint("`div` and `mod` stand between two integers: `a div b`");
      break;
    case fat_arrow:
      d.hint("a lambda is written `x => e` or `(x, y) => e`");
      break;
    case kw_else:
      d.hint("an `if` is written `if c { a } else { b }`");
      break;
    default:
      break;
  }
}

ExprPtr Parser::name_or_struct() {
  // `Name { field: …`: nothing else starts like this.
  if (at(l_brace, 1) && at(identifier, 2) && at(colon, 3)) return structure_literal();
  const std::string_view name = text(peek());
  const TokenKind next = peek(1).kind;
  if (name == "not" && (next == identifier || next == kw_true || next == kw_false)) {
    report(Code::foreign_sign, peek().span, "`not` is no operator").hint("logical not is written `!`");
    take();
    return unary();
  }
  if (name == "lambda" && next == identifier && (at(colon, 2) || at(comma, 2))) {
    report(Code::foreign_statement, peek().span, "there is no `lambda`").hint("write `x => e` or `(x, y) => e`");
  }
  return make(take().span, NameExpr{std::string(name)});
}

ExprPtr Parser::structure_literal() {
  const Token name = take();
  const Token open = take();
  StructLit literal{{std::string(text(name)), name.span}, {}};
  while (!at(r_brace) && !at(end_of_file)) {
    auto field = expect_name("a field");
    if (!field) break;
    if (!expect(colon, fmt::format("and the value of `{}`", field->text))) break;
    literal.fields.push_back({std::move(*field), expression()});
    if (!accept(comma)) break;
  }
  expect_close(r_brace, open, "`,` or `}`");
  return make(since(name.span), std::move(literal));
}

ExprPtr Parser::parenthesized() {
  const Token open = take();
  if (at(r_paren)) {
    take();
    report(Code::empty_tuple, since(open.span), "a tuple has at least one element").hint("a one-tuple is `(a,)`");
    return error_expr();
  }
  ExprPtr first = expression();
  if (at(comma)) {
    Tuple tuple;
    tuple.elements.push_back(std::move(first));
    while (accept(comma) && !at(r_paren) && !at(end_of_file)) tuple.elements.push_back(expression());
    expect_close(r_paren, open, "`,` or `)`");
    return make(since(open.span), std::move(tuple));
  }
  if (at(equal)) {
    report(Code::assignment, peek().span, "`=` does not compare").hint("equality is written `==`");
    take();
    expression();
  }
  expect_close(r_paren, open, "`,` or `)`");
  return first;
}

ExprPtr Parser::bracketed() {
  const bool builds = has_arrow_[at_];
  const Token open = take();
  if (builds) {
    Build build{indices(), nullptr};
    build.body = expression();
    expect_close(r_bracket, open, "`]`");
    return make(since(open.span), std::move(build));
  }
  ArrayLit array;
  while (!at(r_bracket) && !at(end_of_file)) {
    array.elements.push_back(operation(prec_or));
    if (at_word("for") || at(kw_for)) {
      report(Code::malformed_comprehension, peek().span, "a comprehension starts with its indices")
          .hint("write `[i: n => e]`");
      while (!at(r_bracket) && !at(end_of_file) && !at(semicolon) && !at(r_brace)) take();
      break;
    }
    if (!accept(comma)) break;
  }
  if (at(semicolon)) {
    report_expected("`,` or `]`").hint("an array of equal elements is `full([n], value)`");
    while (!at(r_bracket) && !at(end_of_file) && !at(r_brace)) take();
    accept(r_bracket);
    return error_expr();
  }
  expect_close(r_bracket, open, "`,` or `]`");
  return make(since(open.span), std::move(array));
}

/// `i: n, j: m =>`, up to and with the arrow.
std::vector<IndexVar> Parser::indices() {
  std::vector<IndexVar> result;
  while (!at(fat_arrow) && !at(end_of_file)) {
    if (!at(identifier)) {
      report(Code::malformed_comprehension, peek().span, fmt::format("expected an index, found {}", describe(peek())))
          .note("a comprehension is written `[i: n, j: m => e]`, a reduction `sum[k => e]` or `sum[k: n => e]`");
      break;
    }
    IndexVar index{*expect_name("an index"), nullptr};
    if (at(kw_in)) {
      report(Code::malformed_comprehension, peek().span, "an index takes its extent after `:`")
          .hint(fmt::format("write `{}: n`; it runs from 0 up to n, n excluded", index.name.text));
      take();
      index.extent = operation(prec_or);
      if (accept(dot_dot)) index.extent = operation(prec_or);
    } else if (accept(colon)) {
      index.extent = operation(prec_or);
    }
    result.push_back(std::move(index));
    if (at(dot_dot)) {
      report(Code::malformed_comprehension, peek().span, "an index takes its extent, not a range")
          .hint("write `[i: n => …]` and shift within the body: `x[i + 1]`");
      take();
      operation(prec_or);
    }
    if (!accept(comma)) break;
  }
  // What stands before the arrow and is no index was reported.
  while (!at(fat_arrow) && !at(end_of_file) && !at(r_bracket) && !at(semicolon) && !at(r_brace)) {
    report_expected("`,`, `:` or `=>`");
    if (close_[at_] != at_) at_ = close_[at_];
    take();
  }
  accept(fat_arrow);
  return result;
}

ExprPtr Parser::conditional() {
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  const Token word = take();
  If node{operation(prec_or), nullptr, nullptr};
  if (at(equal)) {
    report(Code::assignment, peek().span, "`=` does not compare").hint("equality is written `==`");
    take();
    operation(prec_or);
  }
  if (at_word("then")) {
    report_expected("`{`").hint("write `if c { a } else { b }`");
    take();
    return error_expr();
  }
  node.then_value = block(Body::value);
  if (at_word("elif") || at_word("elsif")) {
    report_expected("`else if`").hint("write `else if c { … }`");
    node.else_value = conditional();
  } else if (accept(kw_else)) {
    node.else_value = at(kw_if) ? conditional() : block(Body::value);
  } else {
    report(Code::if_without_else, word.span, "this `if` has no `else`")
        .note("an `if` is a value, so that both cases need one")
        .label(after_last(), "`else { … }` is missing here");
    node.else_value = error_expr();
  }
  return make(since(word.span), std::move(node));
}

ExprPtr Parser::loop() {
  const Token word = take();
  Loop loop;
  if (at(l_paren)) {
    const Token open = take();
    while (!at(r_paren) && !at(end_of_file)) {
      auto name = expect_name("a state variable");
      if (!name) break;
      LoopVar var{std::move(*name), nullptr, nullptr};
      if (accept(colon)) var.type = type();
      if (expect(equal, fmt::format("and the initial value of `{}`", var.name.text))) {
        var.init = expression();
      } else {
        var.init = error_expr();
      }
      loop.state.push_back(std::move(var));
      if (!accept(comma)) break;
    }
    if (expect_close(r_paren, open, "`,` or `)`") && loop.state.empty()) {
      report(Code::malformed_loop, since(open.span), "a loop carries at least one state variable")
          .hint("write `loop (s = 0.0) …`; independent values are built by `[i: n => …]`");
    }
  } else {
    report_expected("`(` and the loop's state").note("a loop is written `loop (s = 0.0) for i in 0..n { s + x[i] }`");
  }
  if (accept(kw_for)) {
    ForClause range{Name{"_", peek().span}, nullptr, nullptr};
    if (auto name = expect_name("the loop's counter")) range.index = std::move(*name);
    expect(kw_in, "and the range");
    range.begin = operation(prec_or);
    if (!expect(dot_dot, "and the end of the range, which is excluded")) {
      range.end = error_expr();
    } else {
      if (at(equal)) {
        report_expected("the end of the range").hint("the end is excluded: write `0..n + 1`");
        take();
      }
      range.end = operation(prec_or);
    }
    loop.range = std::move(range);
  }
  if (accept(kw_while)) loop.condition = operation(prec_or);
  if (!loop.range && !loop.condition) {
    report(Code::malformed_loop, word.span, "this loop does not say when it ends")
        .hint("write `for i in a..b`, `while c`, or both, before the body");
  }
  loop.body = block(Body::loop);
  return make(since(word.span), std::move(loop));
}

}  // namespace rg::dsl
