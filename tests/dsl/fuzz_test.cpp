// Seeded fuzzing of the lexer, the parser and the printer: no input crashes, every error is placed in the text and
// renders, and what parses prints to a text with the same tree.
#include <random>

#include "tests/dsl/parse_helpers.h"

using namespace rg;
using namespace rg::dsl;
using namespace rg::dsl::testing;

namespace {

constexpr std::string_view pieces[] = {
    "fn",
    "export",
    "struct",
    "import",
    "let",
    "assert",
    "if",
    "else",
    "loop",
    "for",
    "in",
    "while",
    "collect",
    "div",
    "mod",
    "true",
    "false",
    "test",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "..",
    "...",
    "->",
    "=>",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "@",
    "^",
    "&&",
    "||",
    "!",
    "x",
    "n",
    "f64",
    "sum",
    "1",
    "2.5",
    "1e-3",
    "0",
    "\"s\"",
    "// c\n",
    "/// d\n",
    "\n",
    "**",
    "%",
    "&",
    "#",
    "\xCE\xB1",
    "\xFF",
    "\"",
    "f(",
    "x[",
    "x[-1:",
    "[i: n =>",
    "sum[k =>",
    "fn f(x: f64[n]) -> f64 {",
    "loop (s = 0) for i in 0..n {",
    "if x {",
    "} else {",
    "let (a, b) = ",
};

constexpr std::string_view seed_program = R"(import "a.rg";
/// Doc.
export fn f(x: f64[n, d], p: Mlp[d, 2 * h], g: fn(f64[n]) -> (f64, i64)) -> (f64[..., n], bool) {
  let (a, (b, _)): (f64, (f64, f64)) = g(x[1:, ..., -2], axis: (0, 1), keep: true);
  assert n == d, "square";
  let s = loop (s: f64 = 0.0, t = x) for i in 0..n while s < 1e3 { collect s; (s + t[i, 0]^2, t) };
  let h = (u, v: f64) => -u^-2 * v div 3 mod 4 + if u > v && !(u == v) { 1 } else { 2.5e-3 };
  ([i: n, j: 2 * d => sum[k => x[i, k] @ x[k, j]]], P { a: [1, 2], b: (h,) }.b.0(1)(2) || true)
}
struct P[n] { a: i64[n], /// field
  b: f64 }
test "t" { assert_close(f(1.0), [2.0, -3.0]); check_grad(f, [0.3]) }
)";

/// Parses a text that may be anything, and holds the parser to its promises.
void check_text(const std::string& text) {
  const Parsed parsed(text);
  CHECK(parsed.result.ok == !parsed.diagnostics.has_errors());
  for (const Diagnostic& d : parsed.diagnostics.sorted()) {
    CHECK(d.span.begin <= d.span.end);
    CHECK(d.span.end <= text.size());
    CHECK(!render(parsed.sources, d).empty());
  }
  const std::string tree = dump(parsed.result.module);
  if (!parsed.result.ok) return;
  CHECK(tree.find("<error>") == std::string::npos);
  const std::string printed = print(parsed.result.module);
  const Parsed again(printed);
  INFO(again.errors());
  CHECK(again.result.ok);
  CHECK(dump(again.result.module) == tree);
  CHECK(print(again.result.module) == printed);
}

/// Random well-formed expressions: every construct, with operands of every kind in every place.
class Generator {
 public:
  explicit Generator(std::mt19937& random) : random_(random) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string name() { return std::string(1, static_cast<char>('a' + below(6))); }

  std::string expr(int depth) {
    if (depth <= 0) {
      constexpr std::string_view leaves[] = {"1", "2.5", "1e-3", "true", "\"s\"", "3"};
      return below(2) == 0 ? name() : std::string(leaves[below(6)]);
    }
    const auto sub = [&] { return expr(depth - 1 - below(2)); };
    const auto paren = [&] { return "(" + sub() + ")"; };
    constexpr std::string_view signs[] = {"+", "-", "*", "/", "@", "div", "mod", "^", "==", "<", ">=", "&&", "||"};
    switch (below(16)) {
      case 0:
      case 1:
        return paren() + " " + std::string(signs[below(13)]) + " " + paren();
      case 2:
        return name() + " " + std::string(signs[below(8)]) + " " + name() + " " + std::string(signs[below(8)]) + " " +
               name();
      case 3:
        return "-" + paren();
      case 4:
        return "!" + paren();
      case 5:
        return paren() + "(" + sub() + ", k: " + sub() + ")";
      case 6:
        return paren() + "[" + (below(2) ? "-" : "") + paren() + ", " + paren() + ":" + paren() + ":" + paren() +
               ", :-" + paren() + "]";
      case 7:
        return paren() + "." + name();
      case 8:
        return paren() + "." + std::to_string(below(3));
      case 9:
        return "(" + name() + ", " + name() + ": f64[n]) => " + sub();
      case 10:
        return "{ let (a, _) = " + sub() + "; assert " + sub() + "; " + sub() + " }";
      case 11:
        return "if " + paren() + " { " + sub() + " } else { " + sub() + " }";
      case 12:
        return "[i: " + paren() + ", j => " + sub() + "]";
      case 13:
        return "sum[k: " + paren() + " => " + sub() + "]";
      case 14:
        return "(" + sub() + ", [" + paren() + ", " + paren() + "], P { a: " + sub() + " },)";
      default:
        return "loop (s = " + sub() + ") for i in " + paren() + ".." + paren() + " while " + paren() + " { collect " +
               sub() + "; " + sub() + " }";
    }
  }

 private:
  std::mt19937& random_;
};

}  // namespace

TEST_CASE("fuzz: the seed program itself is good") {
  const Parsed parsed(seed_program);
  CHECK_MESSAGE(parsed.result.ok, parsed.errors());
  check_text(std::string(seed_program));
}

TEST_CASE("fuzz: random tokens") {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 == 0 ? "" : "fn f(x: f64) -> f64 { ";
    const unsigned length = 1 + random() % 40;
    for (unsigned i = 0; i < length; ++i) {
      text += pieces[random() % std::size(pieces)];
      if (random() % 4 != 0) text += ' ';
    }
    CAPTURE(text);
    check_text(text);
  }
}

TEST_CASE("fuzz: mutations of a good program") {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::string text(seed_program);
    const unsigned edits = 1 + random() % 4;
    for (unsigned i = 0; i < edits; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 8);
          break;
        case 1:
          text.insert(at, pieces[random() % std::size(pieces)]);
          break;
        case 2:
          text[at] = static_cast<char>(random() % 256);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
      }
    }
    CAPTURE(text);
    check_text(text);
  }
}

TEST_CASE("fuzz: random bytes") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    check_text(text);
  }
}

TEST_CASE("fuzz: generated expressions come back from their print") {
  std::mt19937 random(4);
  Generator generate(random);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = generate.expr(1 + round % 6);
    CAPTURE(text);
    SourceMap sources;
    Diagnostics diagnostics;
    const auto expr = parse_expression(sources, sources.add("t", text), diagnostics);
    if (!expr) {
      // Only a chain of comparisons can be wrong in what is generated.
      CHECK(render(sources, diagnostics).find("RG0109") != std::string::npos);
      continue;
    }
    const std::string printed = print(*expr);
    CAPTURE(printed);
    CHECK(dump_of(printed) == dump(*expr));
  }
}
