// Tokens of a `.rg` text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/source.h"

namespace rg::dsl {

/// One row a token kind: identifier, spelling. Kinds with a fixed spelling are punctuation and keywords.
// clang-format off
#define RG_PUNCTUATION(X) \
  X(l_paren, "(")         \
  X(r_paren, ")")         \
  X(l_bracket, "[")       \
  X(r_bracket, "]")       \
  X(l_brace, "{")         \
  X(r_brace, "}")         \
  X(comma, ",")           \
  X(semicolon, ";")       \
  X(colon, ":")           \
  X(dot, ".")             \
  X(dot_dot, "..")        \
  X(dot_dot_dot, "...")   \
  X(arrow, "->")          \
  X(fat_arrow, "=>")      \
  X(equal, "=")           \
  X(equal_equal, "==")    \
  X(bang_equal, "!=")     \
  X(less, "<")            \
  X(less_equal, "<=")     \
  X(greater, ">")         \
  X(greater_equal, ">=")  \
  X(plus, "+")            \
  X(minus, "-")           \
  X(star, "*")            \
  X(slash, "/")           \
  X(at, "@")              \
  X(caret, "^")           \
  X(and_and, "&&")        \
  X(or_or, "||")          \
  X(bang, "!")
#define RG_KEYWORDS(X)     \
  X(kw_fn, "fn")           \
  X(kw_export, "export")   \
  X(kw_struct, "struct")   \
  X(kw_import, "import")   \
  X(kw_let, "let")         \
  X(kw_assert, "assert")   \
  X(kw_if, "if")           \
  X(kw_else, "else")       \
  X(kw_loop, "loop")       \
  X(kw_for, "for")         \
  X(kw_in, "in")           \
  X(kw_while, "while")     \
  X(kw_collect, "collect") \
  X(kw_div, "div")         \
  X(kw_mod, "mod")         \
  X(kw_true, "true")       \
  X(kw_false, "false")
// clang-format on

enum class TokenKind : std::uint8_t {
  end_of_file,
  error,  // reported by the lexer; the parser skips reports about it
  identifier,
  integer,
  floating,
  string,
#define RG_KIND(name, spelling) name,
  RG_PUNCTUATION(RG_KIND) RG_KEYWORDS(RG_KIND)
#undef RG_KIND
};

/// The fixed texts, in the order of the kinds from l_paren on, and those of them that are keywords.
inline constexpr std::string_view fixed_spellings[] = {
#define RG_KIND(name, spelling) spelling,
    RG_PUNCTUATION(RG_KIND) RG_KEYWORDS(RG_KIND)
#undef RG_KIND
};
inline constexpr std::size_t first_fixed = static_cast<std::size_t>(TokenKind::l_paren);
inline constexpr std::span<const std::string_view> keywords =
    std::span(fixed_spellings).subspan(static_cast<std::size_t>(TokenKind::kw_fn) - first_fixed);

/// The fixed text of a kind, or empty.
constexpr std::string_view spelling(TokenKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  return index < first_fixed ? std::string_view{} : fixed_spellings[index - first_fixed];
}
constexpr bool is_keyword(TokenKind kind) { return kind >= TokenKind::kw_fn; }

struct Token {
  TokenKind kind = TokenKind::end_of_file;
  Span span = {};
  std::int64_t integer = 0;  // of an integer
  double floating = 0;       // of a floating
  std::uint32_t string = 0;  // of a string: index into Tokens::strings
};

/// `// text` or `/// doc`.
struct Comment {
  Span span;  // with the slashes, without the line end
  bool is_doc = false;
  std::uint32_t next_token = 0;  // index of the token that follows
};

/// A whole text. The last token is the end of the file.
struct Tokens {
  std::vector<Token> tokens;
  std::vector<Comment> comments;     // in source order
  std::vector<std::string> strings;  // values of string literals, escapes resolved
};

}  // namespace rg::dsl
