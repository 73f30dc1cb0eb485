// Tokens, reports and recovery.
#include "dsl/parse/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/lex/lex.h"

namespace rg::dsl {

Parser::Parser(const SourceMap& sources, std::uint32_t file, Tokens tokens, Diagnostics& diagnostics)
    : sources_(sources), file_(file), tokens_(std::move(tokens)), diagnostics_(diagnostics), last_span_{file, 0, 0} {
  match_brackets();
}

/// One pass finds every bracket's partner and every `[` that `=>` stands directly in. A closing bracket of another
/// kind closes what was opened since its partner; one without a partner is left alone.
void Parser::match_brackets() {
  const auto& tokens = tokens_.tokens;
  close_.resize(tokens.size());
  has_arrow_.resize(tokens.size());
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    close_[i] = i;
    switch (tokens[i].kind) {
      case TokenKind::l_paren:
      case TokenKind::l_bracket:
      case TokenKind::l_brace:
        open.push_back(i);
        break;
      case TokenKind::r_paren:
      case TokenKind::r_bracket:
      case TokenKind::r_brace: {
        const auto opener = static_cast<TokenKind>(static_cast<int>(tokens[i].kind) - 1);
        const auto partner =
            std::find_if(open.rbegin(), open.rend(), [&](std::uint32_t o) { return tokens[o].kind == opener; });
        // A far search would make garbage quadratic; brackets that deep are refused anyhow.
        if (partner == open.rend() || partner - open.rbegin() > max_nesting) break;
        close_[*partner] = i;
        open.erase(partner.base() - 1, open.end());
        break;
      }
      case TokenKind::fat_arrow:
        if (!open.empty()) has_arrow_[open.back()] = true;
        break;
      default:
        break;
    }
  }
}

const Token& Parser::peek(std::size_t ahead) const {
  return tokens_.tokens[std::min(at_ + ahead, tokens_.tokens.size() - 1)];
}

bool Parser::at_word(std::string_view word, std::size_t ahead) const {
  return at(TokenKind::identifier, ahead) && text(peek(ahead)) == word;
}

Token Parser::take() {
  const Token token = peek();
  last_span_ = token.span;
  if (at_ + 1 < tokens_.tokens.size()) ++at_;
  return token;
}

bool Parser::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Parser::on_new_line() const {
  return sources_.line_column(file_, last_span_.end).line < sources_.line_column(file_, peek().span.begin).line;
}

std::string Parser::describe(const Token& token) const {
  switch (token.kind) {
    case TokenKind::end_of_file:
      return "the end of the text";
    case TokenKind::string:
      return "a string";
    default:
      break;
  }
  return fmt::format("{}`{}`", is_keyword(token.kind) ? "the keyword " : "", text(token));
}

Diagnostic& Parser::report(Code code, Span span, std::string message) {
  ++reports_;
  // A token that the lexer reported, a second report at one token, and all that follows a stop are noise.
  if (stopped_ || reported_at_ == at_ || at(TokenKind::error)) {
    reported_at_ = at_;
    scratch_ = Diagnostic{code, span, std::move(message)};
    return scratch_;
  }
  reported_at_ = at_;
  return diagnostics_.error(code, span, std::move(message));
}

Diagnostic& Parser::report_expected(std::string_view what) {
  Diagnostic& d =
      report(Code::expected_token, peek().span, fmt::format("expected {}, found {}", what, describe(peek())));
  hint_comment(d);
  return d;
}

void Parser::hint_comment(Diagnostic& diagnostic) const {
  const auto line = [&](std::uint32_t offset) { return sources_.line_column(file_, offset).line; };
  const auto& comments = tokens_.comments;
  const auto comment = std::lower_bound(comments.begin(), comments.end(), at_,
                                        [](const Comment& c, std::size_t token) { return c.next_token < token; });
  if (comment == comments.end() || comment->next_token != at_ || comment->is_doc || last_span_.end == 0) return;
  if (line(last_span_.end) != line(comment->span.begin)) return;
  diagnostic.label(comment->span, "`//` starts a comment").hint("an integer quotient is written `a div b`");
}

bool Parser::expect(TokenKind kind, std::string_view where) {
  if (accept(kind)) return true;
  report_expected(fmt::format("`{}`{}{}", spelling(kind), where.empty() ? "" : " ", where));
  return false;
}

bool Parser::expect_close(TokenKind kind, const Token& open, std::string_view what) {
  if (accept(kind)) return true;
  if (at(TokenKind::end_of_file) || at_item_in_body()) {
    report(Code::unclosed_bracket, open.span, fmt::format("this `{}` is not closed", text(open)))
        .label(peek().span, fmt::format("`{}` is missing before this", spelling(kind)));
    return false;
  }
  report_expected(what).label(open.span, fmt::format("for this `{}`", text(open)));
  return false;
}

std::optional<ast::Name> Parser::expect_name(std::string_view what) {
  if (at(TokenKind::identifier)) {
    const Token token = take();
    return ast::Name{std::string(text(token)), token.span};
  }
  if (is_keyword(peek().kind)) {
    report(Code::keyword_as_name, peek().span, fmt::format("`{}` is a keyword and cannot be {}", text(peek()), what))
        .hint(fmt::format("choose another name, for example `{}_`", text(peek())));
    const Token token = take();
    return ast::Name{std::string(text(token)), token.span};
  }
  report_expected(what);
  return std::nullopt;
}

bool Parser::at_item_start() const {
  switch (peek().kind) {
    case TokenKind::kw_fn:
      return at(TokenKind::identifier, 1);
    case TokenKind::kw_export:
    case TokenKind::kw_struct:
    case TokenKind::kw_import:
      return true;
    default:
      return at_word("test") && at(TokenKind::string, 1) && at(TokenKind::l_brace, 2);
  }
}

bool Parser::at_item_in_body() const {
  return at_item_start() && sources_.line_column(file_, peek().span.begin).column == 1;
}

void Parser::skip_to_statement_end() {
  while (!at(TokenKind::end_of_file) && !at(TokenKind::r_brace) && !at_item_in_body()) {
    if (accept(TokenKind::semicolon)) return;
    if (on_new_line() && (at(TokenKind::kw_let) || at(TokenKind::kw_assert) || at(TokenKind::kw_collect)) &&
        reported_at_ != at_) {
      return;
    }
    if (close_[at_] != at_) at_ = close_[at_];  // over a bracket that is closed
    take();
  }
}

void Parser::skip_to_item() {
  while (!at(TokenKind::end_of_file) && !at_item_start()) {
    if (at(TokenKind::l_brace) && close_[at_] != at_) at_ = close_[at_];
    take();
  }
}

void Parser::stop() {
  stopped_ = true;
  at_ = tokens_.tokens.size() - 1;
}

bool Parser::too_deep() {
  if (nesting_ <= max_nesting) return false;
  report_too_deep(peek().span);
  return true;
}

void Parser::report_too_deep(Span span) {
  report(Code::too_deep, span, "this is nested too deeply")
      .note(fmt::format("brackets, blocks and signs nest at most {} deep, and a chain of operators has at most about "
                        "{} links",
                        max_nesting, ast::max_tree_depth))
      .hint("name a part of it by `let`, or write the sum or product as a reduction: `sum[k: n => …]`");
  stop();
}

namespace {

using ast::Expr;
using ast::ExprPtr;

/// The greatest height among the parts of a node.
struct Height {
  int most = 0;
  void add(int height) { most = std::max(most, height); }
  void operator()(const ExprPtr& expr) {
    if (expr) add(expr->height);
  }
  void operator()(const ast::TypePtr& type) {
    if (type) (*this)(*type);
  }
  void operator()(const ast::TypeExpr& type) {
    Height inner;
    std::visit(inner, type.node);
    add(inner.most + 1);
  }
  void operator()(const ast::NamedType& n) {
    for (const auto& dim : n.dims) (*this)(dim.value);
  }
  void operator()(const ast::TupleType& n) { all(n.elements); }
  void operator()(const ast::FnType& n) {
    all(n.params);
    (*this)(n.result);
  }
  template <class List>
  void all(const List& list) {
    for (const auto& element : list) (*this)(element);
  }
  void operator()(const ast::Arg& n) { (*this)(n.value); }
  void operator()(const ast::Bound& n) { (*this)(n.value); }
  void operator()(const ast::Subscript& n) { std::visit(*this, n.node); }
  void operator()(const ast::At& n) { (*this)(n.position); }
  void operator()(const ast::Slice& n) {
    (*this)(n.begin);
    (*this)(n.end);
    (*this)(n.step);
  }
  void operator()(const ast::Ellipsis&) {}
  void operator()(const ast::Let& n) {
    (*this)(n.type);
    (*this)(n.value);
  }
  void operator()(const ast::Assert& n) { (*this)(n.condition); }
  void operator()(const ast::Collect& n) { (*this)(n.value); }
  void operator()(const ast::ExprStmt& n) { (*this)(n.value); }
  void operator()(const ast::Stmt& n) { std::visit(*this, n.node); }
  void operator()(const ast::LambdaParam& n) { (*this)(n.type); }
  void operator()(const ast::IndexVar& n) { (*this)(n.extent); }
  void operator()(const ast::FieldInit& n) { (*this)(n.value); }
  void operator()(const ast::LoopVar& n) {
    (*this)(n.type);
    (*this)(n.init);
  }
  void operator()(const ast::Unary& n) { (*this)(n.operand); }
  void operator()(const ast::Binary& n) {
    (*this)(n.lhs);
    (*this)(n.rhs);
  }
  void operator()(const ast::Call& n) {
    (*this)(n.callee);
    all(n.args);
  }
  void operator()(const ast::Index& n) {
    (*this)(n.base);
    all(n.subscripts);
  }
  void operator()(const ast::Field& n) { (*this)(n.base); }
  void operator()(const ast::Project& n) { (*this)(n.base); }
  void operator()(const ast::Lambda& n) {
    all(n.params);
    (*this)(n.body);
  }
  void operator()(const ast::Block& n) {
    all(n.stmts);
    (*this)(n.result);
  }
  void operator()(const ast::If& n) {
    (*this)(n.condition);
    (*this)(n.then_value);
    (*this)(n.else_value);
  }
  void operator()(const ast::Build& n) {
    all(n.indices);
    (*this)(n.body);
  }
  void operator()(const ast::Reduce& n) {
    all(n.indices);
    (*this)(n.body);
  }
  void operator()(const ast::ArrayLit& n) { all(n.elements); }
  void operator()(const ast::Tuple& n) { all(n.elements); }
  void operator()(const ast::StructLit& n) { all(n.fields); }
  void operator()(const ast::Loop& n) {
    all(n.state);
    if (n.range) {
      (*this)(n.range->begin);
      (*this)(n.range->end);
    }
    (*this)(n.condition);
    (*this)(n.body);
  }
  template <class Leaf>
    requires std::is_same_v<Leaf, ast::IntLit> || std::is_same_v<Leaf, ast::FloatLit> ||
             std::is_same_v<Leaf, ast::BoolLit> || std::is_same_v<Leaf, ast::StringLit> ||
             std::is_same_v<Leaf, ast::NameExpr> || std::is_same_v<Leaf, ast::ErrorExpr>
  void operator()(const Leaf&) {}
};

}  // namespace

int height_of(const decltype(ast::Expr::node)& node) {
  Height height;
  std::visit(height, node);
  return height.most + 1;
}

ParseResult parse(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.error_count();
  Parser parser(sources, file, lex(sources, file, diagnostics), diagnostics);
  ParseResult result{parser.module(), false};
  result.ok = diagnostics.error_count() == errors;
  return result;
}

ast::ExprPtr parse_expression(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.error_count();
  Parser parser(sources, file, lex(sources, file, diagnostics), diagnostics);
  ast::ExprPtr expr = parser.whole_expression();
  return diagnostics.error_count() == errors ? std::move(expr) : nullptr;
}

}  // namespace rg::dsl
