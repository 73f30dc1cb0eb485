// The tables of dsl/arithmetic.md are those of the compiler. RG_BLESS=1 writes them into the document.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/code/registry.h"
#include "compiler/opt/rules.h"

using namespace rg;

namespace {

constexpr const char* kDocument = RG_SOURCE_DIR "/dsl/arithmetic.md";

std::string contents() {
  std::ostringstream text;
  text << std::ifstream(kDocument).rdbuf();
  return text.str();
}

/// The document with other lines between the comment `name` and the next `end`.
std::string with(const std::string& document, const std::string& name, const std::string& lines) {
  const std::string open = "<!-- " + name + " -->\n", close = "<!-- end -->\n";
  const auto start = document.find(open);
  REQUIRE(start != std::string::npos);
  const auto end = document.find(close, start);
  REQUIRE(end != std::string::npos);
  return document.substr(0, start + open.size()) + lines + document.substr(end);
}

std::string rule_table() {
  std::string out = "\n| op | equation | class |\n|---|---|---|\n";
  for (const opt::Rule& r : opt::rules())
    out += fmt::format("| `{}` | {} | {} |\n", r.op, r.equation, opt::name(r.kind));
  return out + "\n";
}

/// The sentences of ops that say more than a formula.
std::string conventions() {
  constexpr std::string_view words[] = {"derivative", "Derivative", "NaN", "nothing", "where y is 0", "truncates"};
  std::string out = "\n";
  for (const ops::OpInfo& op : ops::all_ops()) {
    const bool says = std::ranges::any_of(words, [&](std::string_view w) { return op.doc.find(w) != op.doc.npos; });
    if (says && (op.elementwise || op.name.starts_with("reduce_") || op.name.starts_with("arg")))
      out += fmt::format("- `{}`: {}\n", op.name, op.doc);
  }
  return out + "\n";
}

}  // namespace

TEST_CASE("the document's tables are the compiler's") {
  const std::string now = contents();
  const std::string right = with(with(now, "rules", rule_table()), "conventions", conventions());
  if (const char* bless = std::getenv("RG_BLESS"); bless != nullptr && std::string_view(bless) == "1") {
    std::ofstream(kDocument) << right;
    return;
  }
  CHECK(now == right);
}
