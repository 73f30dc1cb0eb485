// What is no program: the diagnostics' codes and places, recovery, hints, and the bounds on depth.
#include <fmt/format.h>

#include <set>

#include "tests/dsl/parse_helpers.h"

using namespace rg;
using namespace rg::dsl;
using namespace rg::dsl::testing;

namespace {

/// "line:column name" of every diagnostic, in order.
std::string places(const Parsed& parsed) {
  std::string out;
  for (const Diagnostic& d : parsed.diagnostics.sorted()) {
    const LineColumn at = parsed.sources.line_column(d.span.file, d.span.begin);
    out += fmt::format("{}{}:{} {}", out.empty() ? "" : ", ", at.line, at.column, info(d.code).name);
  }
  return out;
}

bool mentions(const Parsed& parsed, std::string_view text) { return parsed.errors().find(text) != std::string::npos; }

struct Row {
  const char* text;
  const char* expected;  // as `places` gives it
  const char* hint = "";
};

constexpr Row table[] = {
    {"fn f() -> f64 { 1 $ 2 }", "1:19 unexpected_character"},
    {"fn f(x f64) -> f64 { x }", "1:8 expected_token", "`:` before the type"},
    {"fn f() -> f64 { \xFF }", "1:17 invalid_utf8"},
    {"import \"a.rg;\nfn f() -> f64 { 1 }", "1:8 unterminated_string, 1:14 missing_semicolon"},
    {"fn f() -> f64 { 2x }", "1:17 malformed_number", "`2 * x`"},
    {"fn f() -> f64 { 1. + .5 }", "1:17 malformed_number, 1:22 malformed_number", "`0.5`"},
    {"fn f() -> f64 { 1f32 }", "1:17 malformed_number", "`f32(1)`"},
    {"fn f() -> f64 { 0x1F + 1e }", "1:17 malformed_number, 1:24 malformed_number", "decimal"},
    {"fn f() -> f64 { 9223372036854775808 }", "1:17 number_out_of_range", "9223372036854775808.0"},
    {"fn f() -> f64 { 1e999 }", "1:17 number_out_of_range", "`inf`"},
    {"test \"\\q\" { }", "1:7 unknown_escape"},
    {"fn f() -> f64 { x ** 2 }", "1:19 foreign_sign", "`x^y`"},
    {"fn f() -> f64 { x % 2 }", "1:19 foreign_sign", "`a mod b`"},
    {"fn f() -> bool { a & b | c }", "1:20 foreign_sign, 1:24 foreign_sign", "`&&`"},
    {"fn f() -> bool { a and b }", "1:20 foreign_sign", "`&&`"},
    {"fn f() -> bool { not b }", "1:18 foreign_sign", "`!`"},
    {"fn f() -> f64 { /* c */ 1 }", "1:17 foreign_sign", "`// …`"},
    {"fn f() -> f64 { +1 }", "1:17 foreign_sign"},
    {"fn f() -> bool { 0 < x <= 1 }", "1:24 chained_comparison", "a < b && b < c"},
    {"fn f() -> f64 { x = 1; x }", "1:19 assignment", "`let x = …;`"},
    {"fn f() -> f64 { x[0] = 1; x }", "1:22 assignment", "[i: n => …]"},
    {"fn f() -> f64 { x += 1; x }", "1:19 foreign_sign", "`loop`"},
    {"fn f() -> f64 { if a = 1 { 1 } else { 2 } }", "1:22 assignment", "`==`"},
    {"fn f() -> f64 { assert a = 1; 2 }", "1:26 assignment", "`==`"},
    {"fn f() -> f64 {\n  let a = 1\n  a\n}", "2:12 missing_semicolon", "write `;` here"},
    {"fn f() -> f64 {\n  let a = b // 2;\n  a\n}", "2:12 missing_semicolon", "`a div b`"},
    {"fn f() -> f64 { g(1\n\nfn g() -> f64 { 2 }", "1:18 unclosed_bracket"},
    {"fn f() -> f64 { 1", "1:15 unclosed_bracket"},
    {"fn f() -> f64 { let loop = 1; 2 }", "1:21 keyword_as_name", "`loop_`"},
    {"fn f() -> f64 { x^2; }", "1:20 block_without_value", "remove the `;`"},
    {"fn f() -> f64 { let a = 1; }", "1:28 block_without_value"},
    {"fn f() -> f64 { if a { 1 } }", "1:17 if_without_else"},
    {"fn f() -> f64 { if a { 1 } elif b { 2 } else { 3 } }", "1:28 expected_token", "else if"},
    {"fn f() -> f64 { a; b }", "1:17 unused_value"},
    {"fn f() -> f64 { collect a; b }", "1:17 misplaced_collect"},
    {"fn f() -> f64 { let u = (); 1 }", "1:25 empty_tuple"},
    {"fn f(x) -> f64 { x }", "1:6 missing_type", "`x: f64`"},
    {"fn f(x: f64) { x }", "1:13 missing_type", "-> f64"},
    {"fn f(x: [f64]) -> f64 { x }", "1:9 expected_token", "f64[n]"},
    {"fn f(x: f64[:]) -> f64 { x }", "1:13 expected_token", "name the size"},
    {"fn f[n](x: f64[n]) -> f64 { x }", "1:5 expected_token", "not declared"},
    {"fn f() -> f64 { g(a: 1, 2) }", "1:25 positional_after_named"},
    {"fn f() -> f64 { g(a = 1) }", "1:21 expected_token", "`a: …`"},
    {"let g = 9.81;", "1:1 expected_item", "gravity"},
    {"def f(x): return x", "1:1 expected_item", "fn f("},
    {"}", "1:1 expected_item", "one too many"},
    {"fn f() -> f64 { 2 * }", "1:21 expected_expression"},
    {"fn f() -> f64 { for i in 0..n { 1 }\n 2 }", "1:17 foreign_statement", "loop (s = 0.0)"},
    {"fn f() -> f64 { [x[i] for i in 0..n] }", "1:23 malformed_comprehension", "[i: n => e]"},
    {"fn f() -> f64 { sum[i in 0..n => i] }", "1:23 malformed_comprehension", "`i: n`"},
    {"fn f() -> f64 { sum[i: 1..n => i] }", "1:25 malformed_comprehension"},
    {"fn f() -> f64 { sum[i, 3 => i] }", "1:24 malformed_comprehension"},
    {"fn f() -> f64 { x[1..3] }", "1:20 expected_token", "x[a:b]"},
    {"fn f() -> f64 { x[] }", "1:18 expected_expression"},
    {"fn f() -> f64 { loop (s = 0) { s } }", "1:17 malformed_loop", "for i in a..b"},
    {"fn f() -> f64 { loop () for i in 0..2 { 1 } }", "1:22 malformed_loop"},
    {"fn f() -> f64 { loop (s = 0) for i in 0..=2 { s } }", "1:42 expected_token", "excluded"},
    {"fn f() -> f64 { return 1; }", "1:17 foreign_statement", "last expression"},
    {"fn f() -> f64 { let mut a = 1; a }", "1:21 foreign_statement"},
    {"fn f() -> f64 { let f = fn g() -> f64 { 1 }; 2 }", "1:25 expected_expression", "x => x^2"},
    {"fn f() -> f64 {\n  fn g() -> f64 { 1 }\n  2\n}", "2:3 foreign_statement", "lambda"},
    {"struct S { a f64, b: f64 }", "1:14 expected_token"},
    {"struct S { a: f64; b: f64 }", "1:18 expected_token", "commas"},
    {"test { 1 }", "1:6 expected_token", "what holds"},
    {"import a;", "1:8 expected_token", "other.rg"},
};

}  // namespace

TEST_CASE("each mistake is reported at its place, once, with its hint") {
  for (const Row& row : table) {
    CAPTURE(row.text);
    const Parsed parsed(row.text);
    CHECK(!parsed.result.ok);
    CHECK(places(parsed) == row.expected);
    if (row.hint[0] != '\0') {
      CAPTURE(parsed.errors());
      CHECK(mentions(parsed, row.hint));
    }
  }
}

TEST_CASE("every code of the parser is met by this file's table or a case below") {
  std::set<std::string> met = {"too_deep", "text_too_large"};
  for (const Row& row : table) {
    for (const Diagnostic& d : Parsed(row.text).diagnostics.sorted()) met.insert(std::string(info(d.code).name));
  }
  for (const CodeInfo& code : all_codes()) {
    if (static_cast<int>(code.code) >= 200) continue;
    CAPTURE(code.name);
    CHECK(met.count(std::string(code.name)) == 1);
  }
}

TEST_CASE("several errors are reported in source order and good items survive") {
  const Parsed parsed(R"(import "a.rg"
fn good(x: f64) -> f64 { x }
fn bad(x: f64) -> f64 {
  let a = x +;
  let b = (x * 2;
  a ** b
}
let g = 3;
fn last(x: f64) -> f64 { x^2 }
)");
  CHECK(places(parsed) ==
        "1:14 missing_semicolon, 4:14 expected_expression, 5:17 expected_token, 6:5 foreign_sign, 8:1 expected_item");
  const std::string tree = dump(parsed.result.module);
  CHECK(tree.find(" good ") != std::string::npos);
  CHECK(tree.find(" bad ") != std::string::npos);
  CHECK(tree.find(" last ") != std::string::npos);
}

TEST_CASE("at most twenty are shown, the rest is counted") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "fn f() -> f64 { 1 +; 2 }\n";
  const Parsed parsed(text);
  CHECK(parsed.diagnostics.sorted().size() == 20);
  CHECK(mentions(parsed, "30 errors (10 not shown)"));
}

TEST_CASE("depth is bounded, whatever nests") {
  const auto repeat = [](std::string_view part, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += part;
    return out;
  };
  const std::string head = "fn f(x: f64) -> f64 { ";
  constexpr int many = 20000;
  for (const std::string& text : {
           head + repeat("(", many) + "x" + repeat(")", many) + " }",
           head + repeat("[", many),
           head + repeat("{ ", many),
           head + "x" + repeat(" + x", many) + " }",
           head + repeat("-", many) + "x }",
           head + "x" + repeat("^x", many) + " }",
           head + "x" + repeat(".a", many) + " }",
           head + "x" + repeat("[0]", many) + " }",
           head + "x" + repeat("(0)", many) + " }",
           head + repeat("if x { 1 } else ", many) + "{ x } }",
           head + repeat("x => ", many) + "x }",
           head + "let " + repeat("(", many),
           "fn f(x: " + repeat("(", many),
           "fn f(x: " + repeat("fn(", many),
           head + repeat("sum[k: 2 => ", many),
           head + repeat("loop (s = ", many),
           head + repeat("f(", many),
       }) {
    CAPTURE(text.substr(0, 60));
    const Parsed parsed(text);
    CHECK(!parsed.result.ok);
    CHECK(places(parsed).find("too_deep") != std::string::npos);
    CHECK(parsed.diagnostics.error_count() == 1);
  }
  // What a person writes is far from the bounds.
  const Parsed fine(head + repeat("(", 60) + "x" + repeat(")", 60) + repeat(" + x", 300) + " }");
  CHECK_MESSAGE(fine.result.ok, fine.errors());
}

TEST_CASE("a text past the largest size is refused") {
  const Parsed parsed(std::string((std::size_t{64} << 20) + 1, ' '));
  CHECK(places(parsed) == "1:1 text_too_large");
}

TEST_CASE("an expression text holds one expression and nothing else") {
  CHECK(dump_of("grad(f)") == "(call grad [f])");
  CHECK(dump_of("grad(f) x").find("RG0102") != std::string::npos);
  CHECK(dump_of("").find("RG0124") != std::string::npos);
  CHECK(dump_of("f(").find("RG0112") != std::string::npos);
}
