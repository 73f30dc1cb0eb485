// The lexer: a loop over the text with one function a kind of token, and a table of what people write from habit in
// other languages.
#include "dsl/lex/lex.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>

#include "compiler/support/utf8.h"

namespace rg::dsl {
namespace {

/// Signs of other languages: what to say, and the token to go on with (`error` for none).
struct Foreign {
  std::string_view text;
  TokenKind meant;
  std::string_view hint;
};
constexpr Foreign foreign_signs[] = {
    {"===", TokenKind::equal_equal, "equality is written `==`"},
    {"!==", TokenKind::bang_equal, "inequality is written `!=`"},
    {"**", TokenKind::caret, "a power is written `x^y`"},
    {"+=", TokenKind::error, "values do not change: write `let x = x + …;`, or carry `x` through a `loop`"},
    {"-=", TokenKind::error, "values do not change: write `let x = x - …;`, or carry `x` through a `loop`"},
    {"*=", TokenKind::error, "values do not change: write `let x = x * …;`, or carry `x` through a `loop`"},
    {"/=", TokenKind::error, "values do not change: write `let x = x / …;`, or carry `x` through a `loop`"},
    {":=", TokenKind::equal, "a name is bound by `let x = …;`"},
    {"<-", TokenKind::error,
     "a name is bound by `let x = …;`; a comparison with a negative number needs a space: `a < -b`"},
    {"<>", TokenKind::bang_equal, "inequality is written `!=`"},
    {"++", TokenKind::plus, "values do not change: there is no increment"},
    {"%", TokenKind::kw_mod, "the remainder is written `a mod b`"},
    {"&", TokenKind::and_and, "logical and is written `&&`"},
    {"|", TokenKind::or_or, "logical or is written `||`"},
    {"?", TokenKind::error, "a choice is written `if c { a } else { b }`, or `where(c, a, b)` for arrays"},
    {"~", TokenKind::bang, "logical not is written `!`"},
    {"\xE2\x88\x92", TokenKind::minus, "this is U+2212; the minus sign of programs is `-`"},
    {"\xC3\x97", TokenKind::star, "multiplication is written `*`"},
    {"\xC2\xB7", TokenKind::star, "multiplication is written `*`"},
    {"\xC3\xB7", TokenKind::slash, "division is written `/`"},
    {"\xE2\x89\xA4", TokenKind::less_equal, "less or equal is written `<=`"},
    {"\xE2\x89\xA5", TokenKind::greater_equal, "greater or equal is written `>=`"},
    {"\xE2\x89\xA0", TokenKind::bang_equal, "inequality is written `!=`"},
    {"\xE2\x86\x92", TokenKind::arrow, "the arrow of a result type is written `->`"},
    {"\xE2\x87\x92", TokenKind::fat_arrow, "the arrow of a lambda is written `=>`"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Lexer {
 public:
  Lexer(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics)
      : text_(sources.text(file)), file_(file), diagnostics_(diagnostics) {}

  Tokens run() {
    if (text_.size() > max_text_size) {
      diagnostics_.error(Code::text_too_large, span(0, 0),
                         fmt::format("the file has {} bytes, the largest accepted is {}", text_.size(), max_text_size));
      text_ = {};
    }
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    while (true) {
      skip_space_and_comments();
      if (at_ >= text_.size()) break;
      next();
    }
    push(TokenKind::end_of_file, at_);
    return std::move(out_);
  }

 private:
  Span span(std::size_t begin, std::size_t end) const {
    return {file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool starts(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  Token& push(TokenKind kind, std::size_t begin) {
    Token token;
    token.kind = kind;
    token.span = span(begin, at_);
    return out_.tokens.emplace_back(token);
  }

  void skip_space_and_comments() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        ++at_;
      } else if (starts("//")) {
        comment();
      } else if (starts("/*")) {
        const std::size_t begin = at_;
        const std::size_t close = text_.find("*/", at_ + 2);
        at_ = close == std::string_view::npos ? text_.size() : close + 2;
        diagnostics_.error(Code::foreign_sign, span(begin, begin + 2), "`/*` does not start a comment")
            .hint("a comment is written `// …` and reaches to the end of its line");
      } else {
        return;
      }
    }
  }

  void comment() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find('\n', at_), text_.size());
    std::size_t end = at_;
    if (end > begin && text_[end - 1] == '\r') --end;
    const std::string_view body = text_.substr(begin, end - begin);
    const bool is_doc = body.substr(0, 3) == "///" && body.substr(0, 4) != "////";
    check_utf8(begin, end);
    out_.comments.push_back({span(begin, end), is_doc, static_cast<std::uint32_t>(out_.tokens.size())});
  }

  /// Reports the first byte of a range that is no UTF-8.
  void check_utf8(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end;) {
      const Utf8Char c = decode_utf8(text_.substr(i, end - i));
      if (!c.valid) {
        report_invalid_byte(i);
        return;
      }
      i += c.length;
    }
  }

  void report_invalid_byte(std::size_t at) {
    diagnostics_
        .error(Code::invalid_utf8, span(at, at + 1),
               fmt::format("the byte 0x{:02X} is no UTF-8 text", static_cast<unsigned char>(text_[at])))
        .hint("save the file as UTF-8; is it a program at all?");
  }

  void next() {
    const char c = text_[at_];
    if (is_word_start(c)) return word();
    if (is_digit(c)) return number();
    if (c == '"') return string();
    if (c == '.' && is_digit(peek(1)) && !after_value()) return fraction_without_zero();
    if (foreign_sign()) return;
    // The longest punctuation that matches.
    TokenKind best = TokenKind::error;
    for (std::size_t k = first_fixed; k < first_fixed + std::size(fixed_spellings); ++k) {
      const auto kind = static_cast<TokenKind>(k);
      if (starts(spelling(kind)) && spelling(kind).size() > spelling(best).size()) best = kind;
    }
    if (best == TokenKind::error) return unexpected();
    const std::size_t begin = at_;
    at_ += spelling(best).size();
    push(best, begin);
  }

  /// Whether the last token may end an operand, so that `.` continues it.
  bool after_value() const {
    if (out_.tokens.empty()) return false;
    switch (out_.tokens.back().kind) {
      case TokenKind::identifier:
      case TokenKind::integer:
      case TokenKind::r_paren:
      case TokenKind::r_bracket:
      case TokenKind::r_brace:
      case TokenKind::string:
      case TokenKind::kw_true:
      case TokenKind::kw_false:
        return true;
      default:
        return false;
    }
  }

  void word() {
    const std::size_t begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view text = text_.substr(begin, at_ - begin);
    const auto keyword = static_cast<std::size_t>(std::ranges::find(keywords, text) - keywords.begin());
    const std::size_t kind = static_cast<std::size_t>(TokenKind::kw_fn) + keyword;
    push(keyword == keywords.size() ? TokenKind::identifier : static_cast<TokenKind>(kind), begin);
  }

  void digits() {
    while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) ++at_;
  }

  void number() {
    const std::size_t begin = at_;
    const bool projects = !out_.tokens.empty() && out_.tokens.back().kind == TokenKind::dot;
    digits();
    bool is_float = false;
    if (!projects) {
      if (peek() == '.' && is_digit(peek(1))) {
        is_float = true;
        ++at_;
        digits();
      } else if (peek() == '.' && peek(1) != '.' && !is_word_start(peek(1))) {
        ++at_;
        diagnostics_
            .error(Code::malformed_number, span(begin, at_),
                   fmt::format("`{}` lacks digits after the point", text_.substr(begin, at_ - begin)))
            .hint(fmt::format("write `{}0`", text_.substr(begin, at_ - begin)));
        push(TokenKind::floating, begin).floating = 0;
        return;
      }
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign))) {
        is_float = true;
        at_ += sign;
        digits();
      }
    }
    if (is_word_start(peek())) return glued_word(begin, is_float);
    std::string plain(text_.substr(begin, at_ - begin));
    std::erase(plain, '_');
    is_float ? floating(begin, plain) : integer(begin, plain);
  }

  void integer(std::size_t begin, const std::string& plain) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (error != std::errc{}) {
      value = 0;
      diagnostics_.error(Code::number_out_of_range, span(begin, at_), fmt::format("`{}` does not fit an i64", plain))
          .note("integers reach from -9223372036854775808 to 9223372036854775807")
          .hint(fmt::format("write `{}.0` where a floating-point number is meant", plain));
    }
    push(TokenKind::integer, begin).integer = value;
  }

  void floating(std::size_t begin, const std::string& plain) {
    double value = 0;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (error != std::errc{}) {
      value = 0;
      diagnostics_
          .error(Code::number_out_of_range, span(begin, at_), fmt::format("`{}` is out of an f64's range", plain))
          .note("magnitudes reach from 4.9e-324 to 1.7976931348623157e308")
          .hint("infinity is written `inf`, nothing `0.0`");
    }
    push(TokenKind::floating, begin).floating = value;
  }

  /// `2x`, `1f32`, `0x1F`: letters that follow a number at once.
  void glued_word(std::size_t begin, bool is_float) {
    const std::size_t word_begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view digits = text_.substr(begin, word_begin - begin);
    const std::string_view word = text_.substr(word_begin, at_ - word_begin);
    auto& report = diagnostics_.error(Code::malformed_number, span(begin, at_),
                                      fmt::format("`{}{}` is neither a number nor a name", digits, word));
    constexpr std::string_view types[] = {"f", "f32", "f64", "i32", "i64", "f16", "u", "L"};
    if (std::find(std::begin(types), std::end(types), word) != std::end(types)) {
      report.hint(fmt::format("a literal takes the type that its place expects; write `{}`, or convert: `{}({})`",
                              digits, word.size() == 3 ? word : "f32", digits));
    } else if (digits == "0" && (word[0] == 'x' || word[0] == 'b' || word[0] == 'o')) {
      report.hint("numbers are written in decimal");
    } else if (word[0] == 'e' || word[0] == 'E') {
      report.hint("an exponent has digits: `1e3`, `2.5e-4`");
    } else {
      report.hint(fmt::format("a product needs its sign: `{} * {}`", digits, word));
    }
    push(is_float ? TokenKind::floating : TokenKind::integer, begin);
  }

  void fraction_without_zero() {
    const std::size_t begin = at_;
    ++at_;
    digits();
    diagnostics_
        .error(Code::malformed_number, span(begin, at_),
               fmt::format("`{}` lacks a digit before the point", text_.substr(begin, at_ - begin)))
        .hint(fmt::format("write `0{}`", text_.substr(begin, at_ - begin)));
    push(TokenKind::floating, begin);
  }

  void string() {
    const std::size_t begin = at_++;
    std::string value;
    while (true) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        diagnostics_.error(Code::unterminated_string, span(begin, at_), "this string is not closed")
            .hint("a string ends with `\"` on the line on which it starts");
        break;
      }
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        break;
      }
      if (c == '\\') {
        escape(value);
        continue;
      }
      value += c;
      ++at_;
    }
    check_utf8(begin, at_);
    out_.strings.push_back(std::move(value));
    push(TokenKind::string, begin).string = static_cast<std::uint32_t>(out_.strings.size() - 1);
  }

  void escape(std::string& value) {
    switch (peek(1)) {
      case 'n':
        value += '\n';
        break;
      case 't':
        value += '\t';
        break;
      case '\\':
        value += '\\';
        break;
      case '"':
        value += '"';
        break;
      default:
        diagnostics_.error(Code::unknown_escape, span(at_, at_ + 1), "this escape is not known")
            .hint("strings know `\\n`, `\\t`, `\\\\` and `\\\"`");
        ++at_;
        return;
    }
    at_ += 2;
  }

  bool foreign_sign() {
    const Foreign* best = nullptr;
    for (const Foreign& entry : foreign_signs) {
      if (starts(entry.text) && (best == nullptr || entry.text.size() > best->text.size())) best = &entry;
    }
    if (best == nullptr || starts("&&") || starts("||")) return false;
    if (best->text == "<-" && (is_digit(peek(2)) || is_word_start(peek(2)) || peek(2) == '(')) return false;
    if (best->text == "++" && peek(2) != ' ' && peek(2) != ';' && peek(2) != ')') return false;
    const std::size_t begin = at_;
    at_ += best->text.size();
    diagnostics_.error(Code::foreign_sign, span(begin, at_), fmt::format("`{}` has no meaning here", best->text))
        .hint(std::string(best->hint));
    push(best->meant, begin);
    return true;
  }

  /// A run of bytes that no token starts with is reported once.
  void unexpected() {
    const std::size_t begin = at_;
    const Utf8Char first = decode_utf8(text_.substr(at_));
    while (at_ < text_.size() && !is_space(text_[at_])) {
      const unsigned char c = static_cast<unsigned char>(text_[at_]);
      const bool strange =
          c >= 0x80 || c < 0x20 || c == 0x7F || c == '$' || c == '#' || c == '\'' || c == '`' || c == '\\';
      if (!strange) break;
      at_ += decode_utf8(text_.substr(at_)).length;
    }
    if (at_ == begin) ++at_;
    push(TokenKind::error, begin);
    if (!first.valid) {
      report_invalid_byte(begin);
      return;
    }
    const std::string_view shown = text_.substr(begin, first.length);
    const bool control = first.value < 0x20 || first.value == 0x7F;
    auto& report = diagnostics_.error(
        Code::unexpected_character, span(begin, at_),
        control ? fmt::format("the control character U+{:04X} cannot stand here", static_cast<unsigned>(first.value))
                : fmt::format("`{}` cannot stand here", shown));
    if (shown == "#") {
      report.hint("a comment starts with `//`");
    } else if (shown == "'" || shown == "\xE2\x80\x9C" || shown == "\xE2\x80\x9D") {
      report.hint("a string stands between `\"` and `\"`");
    } else if (first.value >= 0x80) {
      report.hint("names are made of the letters a-z and A-Z, digits and `_`");
    }
  }

  std::string_view text_;
  std::uint32_t file_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  Tokens out_;
};

}  // namespace

Tokens lex(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics) {
  return Lexer(sources, file, diagnostics).run();
}

}  // namespace rg::dsl
