// Blocks and statements.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "dsl/parse/parser.h"

namespace rg::dsl {

using namespace ast;
using enum TokenKind;

ExprPtr Parser::block(Body body) {
  const Nest nest(*this);
  if (too_deep()) return error_expr();
  const Span begin = peek().span;
  if (!at(l_brace)) {
    report_expected("`{`");
    return error_expr();
  }
  const Token open = take();
  Statements parsed = statements(body);
  Block block{std::move(parsed.list), std::move(parsed.value), std::move(parsed.comments), std::move(parsed.end)};
  if (!block.result) {
    const auto* last = block.stmts.empty() ? nullptr : std::get_if<ExprStmt>(&block.stmts.back().node);
    if (last != nullptr && at(r_brace)) {
      const Span semicolon{file_, block.stmts.back().span.end - 1, block.stmts.back().span.end};
      report(Code::block_without_value, semicolon, "this block has no value")
          .label(semicolon, "this `;` drops the last value")
          .hint("remove the `;`: the last expression is the value");
    } else if (at(r_brace) && !parsed.last_failed) {
      report(Code::block_without_value, peek().span, "this block has no value")
          .label(open.span, "the block starts here")
          .hint("end it with an expression, without `;`");
    }
    block.result = error_expr();
  }
  expect_close(r_brace, open, "a statement or `}`");
  return make(since(begin), std::move(block));
}

Parser::Statements Parser::statements(Body body) {
  Statements parsed;
  while (!at(r_brace) && !at(end_of_file) && !at_item_in_body()) {
    const std::size_t before = at_;
    const std::size_t reports = reports_;
    Comments comments{comments_before(Docs::taken), {}};
    auto stmt = statement(body, parsed.value);
    finish_comments(comments, Docs::taken);
    parsed.last_failed = reports_ != reports;
    if (stmt) {
      const auto* dropped = std::get_if<ExprStmt>(&stmt->node);
      // The last one of a block is reported as the block's missing value.
      if (dropped != nullptr && body != Body::test && !at(r_brace)) {
        diagnostics_.error(Code::unused_value, dropped->value->span, "this value is not used")
            .note("functions have no effects: only the last expression of a block is its value")
            .hint("name it by `let`, or remove it");
      }
      stmt->comments = std::move(comments);
      parsed.list.push_back(std::move(*stmt));
    }
    if (parsed.value) {
      parsed.comments = std::move(comments);
      break;
    }
    if (at_ == before) {
      skip_to_statement_end();
      if (at_ == before && !at(r_brace) && !at_item_in_body()) take();
    }
  }
  parsed.end = comments_before(Docs::taken);
  return parsed;
}

std::optional<Stmt> Parser::statement(Body body, ExprPtr& result) {
  const Span begin = peek().span;
  if (at(kw_let)) return let();
  if (at(kw_assert)) return assertion();
  if (at(kw_collect)) return collection(body);
  if (foreign_statement()) return std::nullopt;
  const std::size_t reports = reports_;
  ExprPtr expr = expression();
  if (accept(semicolon)) {
    // After a report inside the expression the statement is only a remnant.
    if (reports_ != reports) return std::nullopt;
    return Stmt{since(begin), ExprStmt{std::move(expr)}};
  }
  if (at(r_brace) || at(end_of_file)) {
    result = std::move(expr);
    return std::nullopt;
  }
  if (at(equal)) {
    auto& d = report(Code::assignment, peek().span, "values do not change: there is no assignment");
    if (const auto* name = as<NameExpr>(*expr)) {
      d.hint(fmt::format("write `let {} = …;`; a `let` may use and shadow an earlier one", name->name));
    } else {
      d.hint("build the whole array at once: `[i: n => …]`");
    }
    skip_to_statement_end();
    return std::nullopt;
  }
  end_statement("this expression");
  return std::nullopt;
}

/// Takes the `;`. A missing one before something on a new line is reported where it belongs, and parsing goes on.
void Parser::end_statement(std::string_view what) {
  if (accept(semicolon)) return;
  if (on_new_line() || at(r_brace) || at(kw_let) || at_item_in_body() || at(end_of_file)) {
    Diagnostic& d = report(Code::missing_semicolon, after_last(), fmt::format("expected `;` after {}", what));
    d.hint("write `;` here");
    hint_comment(d);
    return;
  }
  report_expected(fmt::format("`;` after {}", what));
  skip_to_statement_end();
}

Stmt Parser::let() {
  const Span begin = take().span;
  if (at_word("mut") && at(identifier, 1)) {
    report(Code::foreign_statement, peek().span, "values do not change: there is no `mut`")
        .hint("a later `let` may shadow an earlier one; a `loop` carries what changes from step to step");
    take();
  }
  Let let{pattern(), nullptr, nullptr};
  if (accept(colon)) let.type = type();
  if (at(equal_equal)) {
    report_expected("`=`").hint("a `let` binds by a single `=`");
    take();
    let.value = expression();
  } else if (expect(equal, "and a value")) {
    let.value = expression();
  } else {
    let.value = error_expr();
    skip_to_statement_end();
    return {since(begin), std::move(let)};
  }
  end_statement("this `let`");
  return {since(begin), std::move(let)};
}

Stmt Parser::assertion() {
  const Span begin = take().span;
  Assert assertion{expression(), std::nullopt};
  if (accept(comma)) {
    if (at(string)) {
      assertion.message = tokens_.strings[take().string];
    } else {
      report_expected("a message in quotes");
      skip_to_statement_end();
      return {since(begin), std::move(assertion)};
    }
  } else if (at(equal)) {
    report(Code::assignment, peek().span, "`=` does not compare").hint("equality is written `==`");
    skip_to_statement_end();
    return {since(begin), std::move(assertion)};
  }
  end_statement("this `assert`");
  return {since(begin), std::move(assertion)};
}

Stmt Parser::collection(Body body) {
  const Token word = take();
  Collect collect{expression()};
  end_statement("this `collect`");
  if (body != Body::loop) {
    diagnostics_.error(Code::misplaced_collect, word.span, "`collect` stands only directly in the body of a `loop`")
        .note("each step of a loop gives exactly one slice, so that `collect` cannot depend on an `if`")
        .hint("write `collect if c { a } else { b };` in the loop's own body");
  }
  return {since(word.span), std::move(collect)};
}

/// Statements of other languages; true where one was reported and skipped.
bool Parser::foreign_statement() {
  struct Foreign {
    std::string_view word, message, hint;
  };
  constexpr Foreign words[] = {
      {"return", "there is no `return`", "the last expression of a block is its value"},
      {"var", "there is no `var`", "a name is bound by `let x = …;`"},
      {"const", "there is no `const`", "a name is bound by `let x = …;`"},
      {"def", "functions do not stand in functions", "write a lambda: `let f = x => x^2;`"},
      {"break", "there is no `break`", "say when to go on: `loop (…) while condition { … }`"},
      {"continue", "there is no `continue`", "give the next state by `if c { … } else { … }`"},
  };
  if (at(kw_fn) && at(identifier, 1)) {
    report(Code::foreign_statement, peek().span, "functions do not stand in functions")
        .hint("write a lambda: `let f = x => x^2;`");
    skip_to_statement_end();
    return true;
  }
  if (at(kw_for) || at(kw_while)) {
    report(Code::foreign_statement, peek().span,
           fmt::format("a `{}` needs its `loop` and the state that it carries", text(peek())))
        .hint("write `loop (s = 0.0) for i in 0..n { s + x[i] }`");
    while (!at(l_brace) && !at(semicolon) && !at(r_brace) && !at(end_of_file)) take();
    if (at(l_brace) && close_[at_] != at_) at_ = close_[at_], take();
    return true;
  }
  if (!at(identifier)) return false;
  const auto found =
      std::find_if(std::begin(words), std::end(words), [&](const Foreign& f) { return f.word == text(peek()); });
  if (found == std::end(words)) return false;
  // These words are ordinary names too: what follows tells whether a statement was meant.
  const TokenKind next = peek(1).kind;
  const bool is_return = found->word == "return";
  const bool is_jump = found->word == "break" || found->word == "continue";
  const bool statement_follows = next == identifier || next == integer || next == floating || next == kw_if ||
                                 (is_return && (next == l_paren || next == minus || next == l_bracket)) ||
                                 ((is_return || is_jump) && next == semicolon);
  if (!statement_follows) return false;
  report(Code::foreign_statement, peek().span, std::string(found->message)).hint(std::string(found->hint));
  skip_to_statement_end();
  return true;
}

}  // namespace rg::dsl
