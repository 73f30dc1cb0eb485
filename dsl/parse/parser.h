// The parser's state and its functions, one a construct; private to dsl/parse.
//
// Error handling: an error is reported once a token position; what could not be parsed becomes an ErrorExpr, and the
// nearest list of statements or items skips to its next member. Nesting is bounded by `max_nesting`, the height of
// operator and postfix chains by ast::max_tree_depth; beyond either the parse stops with one report.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/support/diagnostic.h"
#include "dsl/lex/token.h"
#include "dsl/parse/ast.h"
#include "dsl/parse/parse.h"

namespace rg::dsl {

/// Bound on brackets, blocks, signs and powers that stand in each other.
inline constexpr int max_nesting = 200;

class Parser {
 public:
  Parser(const SourceMap& sources, std::uint32_t file, Tokens tokens, Diagnostics& diagnostics);

  ast::Module module();
  /// The whole text as one expression.
  ast::ExprPtr whole_expression();

 private:
  // parser.cpp: tokens, reports, recovery
  const Token& peek(std::size_t ahead = 0) const;
  bool at(TokenKind kind, std::size_t ahead = 0) const { return peek(ahead).kind == kind; }
  bool at_word(std::string_view word, std::size_t ahead = 0) const;
  bool accept(TokenKind kind);
  Token take();
  std::string_view text(const Token& token) const { return sources_.text(token.span); }
  /// Span from a token that was seen to the last one taken.
  Span since(Span begin) const { return begin.to(last_span_); }
  /// The place right after the last token.
  Span after_last() const { return {file_, last_span_.end, last_span_.end}; }
  bool on_new_line() const;
  std::string describe(const Token& token) const;

  /// Reports at a span; a scratch diagnostic where a report at this token was made already.
  Diagnostic& report(Code code, Span span, std::string message);
  /// "expected {what}, found {token}".
  Diagnostic& report_expected(std::string_view what);
  /// `a // b` hides its second operand: a hint where a comment follows the last token on its line.
  void hint_comment(Diagnostic& diagnostic) const;
  bool expect(TokenKind kind, std::string_view where);
  /// The closing bracket of `open`.
  bool expect_close(TokenKind kind, const Token& open, std::string_view what);
  std::optional<ast::Name> expect_name(std::string_view what);
  void skip_to_statement_end();
  void skip_to_item();
  /// Whether an item starts here. Within a body only one at the start of a line counts, as it tells of a missing `}`.
  bool at_item_start() const;
  bool at_item_in_body() const;
  /// Gives up: no further reports, no further tokens.
  void stop();
  void report_too_deep(Span span);
  void match_brackets();

  struct Nest {
    explicit Nest(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nest() { --parser_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Parser& parser_;
  };
  bool too_deep();

  template <class Node>
  ast::ExprPtr make(Span span, Node node);
  ast::ExprPtr error_expr() { return make(peek().span, ast::ErrorExpr{}); }

  // item.cpp
  std::optional<ast::Item> item();
  ast::FnItem function(std::string doc, bool exported);
  ast::StructItem structure(std::string doc);
  ast::TestItem test(std::string doc);
  ast::ImportItem import();
  void report_no_item();
  std::vector<ast::Param> params();
  std::string doc_before(std::size_t token);

  // comments.cpp: comments in source order, each taken once
  enum class Docs { taken, left_out };
  /// Those before the next token.
  std::vector<std::string> comments_before(Docs docs);
  /// Completes those of a construct that ends at the last token.
  void finish_comments(ast::Comments& comments, Docs docs);

  // type.cpp
  ast::TypePtr type();
  ast::TypePtr type_node();
  std::vector<ast::Dim> dims(const Token& open);
  std::vector<ast::TypePtr> type_list(const Token& open, bool& trailing_comma);
  ast::Pattern pattern();

  // stmt.cpp
  enum class Body { value, loop, test };
  ast::ExprPtr block(Body body);
  struct Statements {
    std::vector<ast::Stmt> list;
    ast::ExprPtr value;              // null where the last one is a statement
    bool last_failed = false;        // the last one was reported
    ast::Comments comments{};        // of the value
    std::vector<std::string> end{};  // comments before the closing brace
  };
  Statements statements(Body body);
  std::optional<ast::Stmt> statement(Body body, ast::ExprPtr& result);
  ast::Stmt let();
  ast::Stmt assertion();
  ast::Stmt collection(Body body);
  void end_statement(std::string_view what);
  bool foreign_statement();

  // expr.cpp
  ast::ExprPtr expression();                   // with lambdas
  ast::ExprPtr operation(int min_precedence);  // without
  const ast::BinaryInfo* operator_here();
  ast::ExprPtr unary();
  ast::ExprPtr power();
  ast::ExprPtr postfix();
  ast::ExprPtr call(ast::ExprPtr callee);
  ast::ExprPtr index(ast::ExprPtr base);
  ast::Subscript subscript();
  ast::Bound bound();
  ast::ExprPtr member(ast::ExprPtr base);
  ast::ExprPtr reduce(ast::ExprPtr base);
  ast::ExprPtr lambda();

  // primary.cpp
  ast::ExprPtr primary();
  ast::ExprPtr literal();
  ast::ExprPtr parenthesized();
  ast::ExprPtr bracketed();
  ast::ExprPtr name_or_struct();
  ast::ExprPtr structure_literal();
  ast::ExprPtr conditional();
  ast::ExprPtr loop();
  std::vector<ast::IndexVar> indices();
  void report_no_expression();

  const SourceMap& sources_;
  std::uint32_t file_;
  Tokens tokens_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::size_t comment_ = 0;  // the first that no construct has taken
  Span last_span_;
  int nesting_ = 0;
  bool stopped_ = false;
  std::size_t reported_at_ = SIZE_MAX;  // token of the last report
  std::size_t reports_ = 0;             // made or suppressed
  Diagnostic scratch_{};
  std::vector<std::uint32_t> close_;  // of a token that opens a bracket: its partner, or itself
  std::vector<bool> has_arrow_;       // of a `[`: `=>` stands directly in it
};

/// Height of the tree below and with a node, given its children's.
int height_of(const decltype(ast::Expr::node)& node);

template <class Node>
ast::ExprPtr Parser::make(Span span, Node node) {
  auto expr = std::make_unique<ast::Expr>(ast::Expr{span, 1, std::move(node)});
  expr->height = height_of(expr->node);
  if (expr->height > ast::max_tree_depth) report_too_deep(span);
  return expr;
}

}  // namespace rg::dsl
