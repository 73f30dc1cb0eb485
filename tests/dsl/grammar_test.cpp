// The grammar's page: every example parses, and prints to a program with the same tree; its keywords are the lexer's.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "dsl/lex/token.h"
#include "tests/dsl/parse_helpers.h"

using namespace rg;
using namespace rg::dsl;
using namespace rg::dsl::testing;

namespace {

std::string page() {
  std::ifstream in(RG_SOURCE_DIR "/dsl/grammar.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The code blocks of one kind.
std::vector<std::string> fences(const std::string& text, const std::string& kind) {
  std::vector<std::string> blocks;
  std::istringstream lines(text);
  std::string line, block;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (!inside && line == "```" + kind) {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      blocks.push_back(block);
    } else if (inside) {
      block += line + "\n";
    }
  }
  return blocks;
}

}  // namespace

TEST_CASE("every file in the grammar's page parses and comes back") {
  const auto blocks = fences(page(), "rg");
  CHECK(blocks.size() >= 4);
  for (const std::string& block : blocks) {
    const Parsed parsed(block);
    CHECK_MESSAGE(parsed.result.ok, parsed.errors());
    const Parsed again(print(parsed.result.module));
    CHECK_MESSAGE(again.result.ok, again.errors());
    CHECK(dump(again.result.module) == dump(parsed.result.module));
  }
}

TEST_CASE("every expression in the grammar's page parses and comes back") {
  std::size_t count = 0;
  for (const std::string& block : fences(page(), "rg-expr")) {
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line); ++count) {
      CAPTURE(line);
      SourceMap sources;
      Diagnostics diagnostics;
      const auto expr = parse_expression(sources, sources.add("t", line), diagnostics);
      REQUIRE_MESSAGE(expr, render(sources, diagnostics));
      CHECK(dump_of(print(*expr)) == dump(*expr));
    }
  }
  CHECK(count >= 40);
}

TEST_CASE("the page and the explanation name the keywords") {
  std::vector<std::string> words;
  for (int k = 0; k < 256; ++k) {
    const auto kind = static_cast<TokenKind>(k);
    if (k > static_cast<int>(TokenKind::kw_false)) break;
    if (is_keyword(kind)) words.emplace_back(spelling(kind));
  }
  std::sort(words.begin(), words.end());
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : " ") + word;
  CHECK(page().find("`" + list + "`") != std::string::npos);
  CHECK(std::string(info(Code::keyword_as_name).explanation).find(list.substr(0, 60)) != std::string::npos);
}

TEST_CASE("the right form in an explanation parses, the wrong one does not") {
  // An explanation's example is a file, or statements, or an expression: one of the readings has to fit.
  const auto parses = [](const std::string& text) {
    const std::string readings[] = {
        text,
        "fn f() -> f64 {\n" + text + "\n}",
        "fn f() -> f64 {\n" + text + "\n0.0 }",
        text + "\nfn f() -> f64 { 0.0 }",
    };
    return std::any_of(std::begin(readings), std::end(readings), [](const std::string& reading) {
      const Parsed parsed(reading);
      return parsed.result.ok;
    });
  };
  for (const CodeInfo& code : all_codes()) {
    if (static_cast<int>(code.code) >= 200) continue;
    const std::string text(code.explanation);
    const std::size_t wrong = text.find("\nWrong:\n"), right = text.find("\nRight:\n");
    if (wrong == std::string::npos) continue;
    CAPTURE(code.name);
    REQUIRE(right > wrong);
    CHECK(parses(text.substr(right + 8)));
    CHECK(!parses(text.substr(wrong + 8, right - wrong - 8)));
  }
}
