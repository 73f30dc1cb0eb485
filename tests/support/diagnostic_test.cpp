// Rendering of diagnostics, and the table of codes.
#include "compiler/support/diagnostic.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace rg;

namespace {

Span find(const SourceMap& sources, std::uint32_t file, std::string_view word, std::size_t from = 0) {
  const std::size_t at = sources.text(file).find(word, from);
  REQUIRE(at != std::string_view::npos);
  return {file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + word.size())};
}

}  // namespace

TEST_CASE("codes are ascending and explained") {
  const auto& codes = all_codes();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CHECK(!codes[i].title.empty());
    CHECK(!codes[i].explanation.empty());
    if (i > 0) CHECK(codes[i - 1].code < codes[i].code);
    CHECK(&info(codes[i].code) == &codes[i]);
  }
  CHECK(code_string(Code::unexpected_character) == "RG0101");
}

TEST_CASE("one mark with its label, notes and hints") {
  SourceMap sources;
  const auto file = sources.add("a.rg", "fn f(x: f64) -> f64 {\n  x $ 2\n}\n");
  Diagnostic d{Code::unexpected_character, find(sources, file, "$"), "`$` has no meaning here"};
  d.label(d.span, "this one").note("a rule\nof two lines").hint("write `+`");
  CHECK(render(sources, d) == R"(error[RG0101]: `$` has no meaning here
 --> a.rg:2:5
  |
2 |   x $ 2
  |     ^ this one
  |
  = note: a rule
          of two lines
  = help: write `+`
)");
}

TEST_CASE("several labels on one line hang below their marks") {
  SourceMap sources;
  const auto file = sources.add("a.rg", "let z = left @ right;\n");
  Diagnostic d{Code::expected_token, find(sources, file, "@"), "the inner dimensions differ"};
  d.label(find(sources, file, "left"), "f64[n, k]").label(find(sources, file, "right"), "f64[m, n]");
  CHECK(render(sources, d) == R"(error[RG0102]: the inner dimensions differ
 --> a.rg:1:14
  |
1 | let z = left @ right;
  |         ---- ^ ----- f64[m, n]
  |         |
  |         f64[n, k]
)");
}

TEST_CASE("labels on several lines, a multi-line span and another file") {
  SourceMap sources;
  const auto file = sources.add("a.rg", "one\n  two\nthree\nfour\nfive\nsix\n");
  const auto other = sources.add("b.rg", "else\n");
  Diagnostic d{Code::expected_token, find(sources, file, "two").to(find(sources, file, "three")), "long"};
  d.label(d.span, "all of this").label(find(sources, file, "six"), "and that").label(find(sources, other, "else"), "b");
  CHECK(render(sources, d) == R"(error[RG0102]: long
 --> a.rg:2:3
  |
2 |   two
  |   ^^^
3 | three
  | ^^^^^ all of this
...
6 | six
  | --- and that
 ::: b.rg:1:1
  |
1 | else
  | ---- b
)");
}

TEST_CASE("any bytes print: tabs, invalid UTF-8, wide characters, long lines, the end of the text") {
  SourceMap sources;
  const auto file = sources.add("a.rg", "\tx \xFF y \xE6\x97\xA5 z");
  Diagnostic d{Code::unexpected_character, find(sources, file, "z"), "z"};
  CHECK(render(sources, d) ==
        "error[RG0101]: z\n --> a.rg:1:10\n  |\n1 |     x \xEF\xBF\xBD y \xE6\x97\xA5 z\n  |              ^\n");
  const auto long_file = sources.add("long.rg", std::string(5000, 'a') + "!" + std::string(5000, 'b'));
  Diagnostic far{Code::unexpected_character, find(sources, long_file, "!"), "far"};
  const std::string text = render(sources, far);
  CHECK(text.size() < 500);
  CHECK(text.find("aaa!bbb") != std::string::npos);
  const std::string excerpt = text.substr(text.find("1 | "));
  CHECK(excerpt.find('!') == excerpt.find('^') - excerpt.find('\n') - 1);
  Diagnostic end{Code::expected_token, {long_file, 10001, 10001}, "end"};
  CHECK(render(sources, end).find("b\n") != std::string::npos);
  const auto empty = sources.add("empty.rg", "");
  CHECK(render(sources, Diagnostic{Code::expected_token, {empty, 0, 0}, "nothing"}).find("empty.rg:1:1") !=
        std::string::npos);
}

TEST_CASE("a collection sorts, drops repeats, stops at its limit and counts") {
  SourceMap sources;
  const auto file = sources.add("a.rg", "abcdefgh");
  Diagnostics diagnostics(2);
  diagnostics.error(Code::expected_token, {file, 4, 5}, "second");
  diagnostics.error(Code::expected_token, {file, 4, 5}, "repeat");
  diagnostics.error(Code::expected_token, {file, 1, 2}, "first");
  diagnostics.error(Code::expected_token, {file, 6, 7}, "third").note("not shown");
  CHECK(diagnostics.error_count() == 3);
  CHECK(diagnostics.dropped() == 1);
  const auto sorted = diagnostics.sorted();
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].message == "first");
  CHECK(sorted[1].message == "second");
  const std::string text = render(sources, diagnostics);
  CHECK(text.find("3 errors (1 not shown)\n") != std::string::npos);
  CHECK(render(sources, diagnostics, {.color = true}).find("\x1b[1;31m") != std::string::npos);
}
