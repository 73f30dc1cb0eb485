// Modules and their items.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "dsl/parse/parser.h"

namespace rg::dsl {

using namespace ast;
using enum TokenKind;

Module Parser::module() {
  Module module;
  module.file = file_;
  while (!at(end_of_file)) {
    const std::size_t before = at_;
    Comments comments{comments_before(Docs::left_out), {}};
    if (auto parsed = item()) {
      finish_comments(comments, Docs::left_out);
      parsed->comments = std::move(comments);
      module.items.push_back(std::move(*parsed));
    }
    if (at_ == before && !at(end_of_file)) {
      take();
      skip_to_item();
    }
  }
  module.end = comments_before(Docs::taken);
  return module;
}

ExprPtr Parser::whole_expression() {
  ExprPtr expr = expression();
  if (!at(end_of_file)) report_expected("the end of the expression");
  return expr;
}

/// The `///` lines that stand between the tokens `token - 1` and `token`.
std::string Parser::doc_before(std::size_t token) {
  std::string doc;
  bool first = true;
  const auto& comments = tokens_.comments;
  auto comment = std::lower_bound(comments.begin(), comments.end(), token,
                                  [](const Comment& c, std::size_t wanted) { return c.next_token < wanted; });
  for (; comment != comments.end() && comment->next_token == token; ++comment) {
    if (!comment->is_doc) continue;
    std::string_view line = sources_.text(comment->span).substr(3);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (!first) doc += '\n';
    doc += line;
    first = false;
  }
  return doc;
}

std::optional<Item> Parser::item() {
  const Span begin = peek().span;
  std::string doc = doc_before(at_);
  const auto made = [&](auto node) { return Item{since(begin), std::move(node)}; };
  if (at(kw_fn) || at(kw_export)) {
    const bool exported = accept(kw_export);
    if (!accept(kw_fn)) {
      report_expected("`fn` after `export`").hint("only functions are exported: `export fn f(x: f64) -> f64 { x }`");
      return std::nullopt;
    }
    return made(function(std::move(doc), exported));
  }
  if (accept(kw_struct)) return made(structure(std::move(doc)));
  if (accept(kw_import)) return made(import());
  if (at_word("test") && (at(string, 1) || at(l_brace, 1))) {
    take();
    return made(test(std::move(doc)));
  }
  report_no_item();
  return std::nullopt;
}

void Parser::report_no_item() {
  auto& d = report(Code::expected_item, peek().span,
                   fmt::format("expected `fn`, `export fn`, `struct`, `test` or `import`, found {}", describe(peek())));
  constexpr std::string_view foreign[] = {"def", "func", "function", "fun", "let", "const", "var"};
  const std::string_view word = text(peek());
  if (at(kw_let)) {
    d.hint("values live in functions: write `fn gravity() -> f64 { 9.81 }`");
  } else if (std::find(std::begin(foreign), std::end(foreign), word) != std::end(foreign)) {
    d.hint("a function is written `fn f(x: f64[n]) -> f64 { … }`");
  } else if (word == "class" || word == "type" || word == "record") {
    d.hint("a structure is written `struct Line { slope: f64, offset: f64 }`");
  } else if (at(r_brace)) {
    d.hint("this `}` closes nothing; is there one too many?");
  }
}

std::vector<Param> Parser::params() {
  std::vector<Param> result;
  if (!at(l_paren)) {
    report_expected("`(` and the parameters");
    return result;
  }
  const Token open = take();
  while (!at(r_paren) && !at(end_of_file)) {
    auto name = expect_name("a parameter");
    if (!name) break;
    Param param{std::move(*name), nullptr};
    if (accept(colon)) {
      param.type = type();
    } else if (at(identifier) || at(kw_fn)) {
      report_expected("`:` before the type");
      param.type = type();
    } else {
      report(Code::missing_type, param.name.span, fmt::format("the parameter `{}` needs a type", param.name.text))
          .hint(
              fmt::format("write `{0}: f64` for a number, `{0}: f64[n]` for a vector of any length", param.name.text));
      param.type = std::make_unique<TypeExpr>(TypeExpr{param.name.span, TupleType{}});
    }
    result.push_back(std::move(param));
    if (!accept(comma)) break;
  }
  expect_close(r_paren, open, "`,` or `)`");
  return result;
}

FnItem Parser::function(std::string doc, bool exported) {
  FnItem fn;
  fn.doc = std::move(doc);
  fn.exported = exported;
  auto name = expect_name("a function's name");
  fn.name = name ? std::move(*name) : Name{"_", peek().span};
  if (at(l_bracket) || at(less)) {
    report_expected("`(`").hint("sizes are not declared: they are the names in the parameters' types, `x: f64[n, d]`");
    while (!at(l_paren) && !at(l_brace) && !at(end_of_file)) take();
  }
  fn.params = params();
  if (accept(arrow)) {
    fn.result = type();
  } else {
    auto& d = report(Code::missing_type, after_last(), fmt::format("the result of `{}` needs a type", fn.name.text));
    d.hint("write `-> f64` before the body");
    if (accept(colon) || accept(fat_arrow)) {
      fn.result = type();
    } else {
      fn.result = std::make_unique<TypeExpr>(TypeExpr{after_last(), TupleType{}});
    }
  }
  if (at(equal) || at(fat_arrow)) {
    report_expected("the body").hint("a body stands in braces: `fn f(x: f64) -> f64 { x^2 }`");
    take();
    fn.body = expression();
    accept(semicolon);
    return fn;
  }
  fn.body = block(Body::value);
  return fn;
}

StructItem Parser::structure(std::string doc) {
  StructItem item;
  item.doc = std::move(doc);
  auto name = expect_name("a structure's name");
  item.name = name ? std::move(*name) : Name{"_", peek().span};
  if (at(l_bracket)) {
    const Token open = take();
    while (!at(r_bracket) && !at(end_of_file)) {
      auto size = expect_name("a size parameter");
      if (!size) break;
      item.sizes.push_back(std::move(*size));
      if (!accept(comma)) break;
    }
    expect_close(r_bracket, open, "`,` or `]`");
  }
  if (!at(l_brace)) {
    report_expected("`{` and the fields").note("a structure is written `struct Line { slope: f64, offset: f64 }`");
    return item;
  }
  const Token open = take();
  while (!at(r_brace) && !at(end_of_file)) {
    StructField field;
    field.comments.before = comments_before(Docs::left_out);
    field.doc = doc_before(at_);
    auto field_name = expect_name("a field");
    if (!field_name) break;
    field.name = std::move(*field_name);
    if (!expect(colon, fmt::format("and the type of `{}`", field.name.text))) break;
    field.type = type();
    if (at(semicolon)) report_expected("`,` or `}`").hint("fields are separated by commas");
    const bool more = accept(semicolon) || accept(comma);
    finish_comments(field.comments, Docs::left_out);
    item.fields.push_back(std::move(field));
    if (!more) break;
  }
  item.end = comments_before(Docs::left_out);
  const bool closed = expect_close(r_brace, open, "`,` or `}`");
  if (closed && item.fields.empty()) {
    report(Code::expected_token, since(open.span), fmt::format("the structure `{}` has no fields", item.name.text));
  }
  return item;
}

TestItem Parser::test(std::string doc) {
  TestItem item;
  item.doc = std::move(doc);
  if (at(string)) {
    const Token name = take();
    item.name = tokens_.strings[name.string];
    item.name_span = name.span;
  } else {
    report_expected("the test's name").hint("a test is written `test \"what holds\" { assert_close(f(1.0), 2.0); }`");
  }
  if (!at(l_brace)) {
    report_expected("`{` and the test's statements");
    return item;
  }
  const Token open = take();
  Statements parsed = statements(Body::test);
  item.body = std::move(parsed.list);
  if (parsed.value) {
    const Span span = parsed.value->span;
    Stmt& stmt = item.body.emplace_back();
    stmt.span = span;
    stmt.node.emplace<ExprStmt>(std::move(parsed.value));
    stmt.comments = std::move(parsed.comments);
  }
  item.end = std::move(parsed.end);
  expect_close(r_brace, open, "a statement or `}`");
  return item;
}

ImportItem Parser::import() {
  ImportItem item;
  if (at(string)) {
    const Token path = take();
    item.path = tokens_.strings[path.string];
    item.path_span = path.span;
  } else {
    report_expected("a path in quotes").hint("an import is written `import \"other.rg\";`");
    skip_to_statement_end();
    return item;
  }
  if (!accept(semicolon)) {
    report(Code::missing_semicolon, after_last(), "expected `;` after the import").hint("write `;` here");
  }
  return item;
}

}  // namespace rg::dsl
