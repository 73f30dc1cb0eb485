// No program is too long or too deep: it compiles, or a diagnostic says what the limit is. The tests run with the stack
// of a shell and with an eighth of it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/large/programs.h"

using namespace rg;
using large::compiled;

namespace {

// A function f with n lines `let x{k+1} = …;` over the value before, x{k}.
std::string lines(int n, const std::string& params, const std::string& value, const std::string& result) {
  std::string text = "fn f(" + params + ") -> f64 {\n";
  for (int k = 0; k < n; ++k)
    text += fmt::format("  let x{} = {};\n", k + 1, fmt::format(fmt::runtime(value), fmt::arg("k", k)));
  return text + "  " + fmt::format(fmt::runtime(result), fmt::arg("n", n)) + "\n}\n";
}

// `open` n times, `middle`, `close` n times.
std::string nested(int n, const std::string& open, const std::string& middle, const std::string& close) {
  std::string text = "fn f(x: f64) -> f64 { ";
  for (int k = 0; k < n; ++k) text += fmt::format(fmt::runtime(open), fmt::arg("k", k));
  text += middle;
  for (int k = 0; k < n; ++k) text += close;
  return text + " }\n";
}

bool refused(const large::Outcome& o, const std::string& code) {
  return !o.compiled && o.diagnostics.find("error[" + code + "]") != std::string::npos;
}

}  // namespace

TEST_CASE("3,000 lines, and their gradient") {
  const std::string scalar = lines(3000, "x0: f64", "x{k} * 0.5 + 1.0", "x{n}");
  CHECK(compiled(scalar).compiled);
  CHECK(compiled(scalar, "grad(f)").compiled);
  CHECK(compiled(lines(3000, "x0: f64", "x{k} * x0 + x0", "x{n}"), "grad(f)", 0).compiled);
  CHECK(compiled(lines(3000, "x0: f64[n]", "x{k} * 0.5 + 1.0", "sum(x{n})"), "grad(f)", 0).compiled);
}

TEST_CASE("1,000 lines that each shift an array") {
  CHECK(compiled(lines(1000, "x0: f64[n + 1000]", "x{k}[1:] + 1.0", "sum(x{n})"), "f", 0).compiled);
}

TEST_CASE("lines that use what is before them twice are no tree") {
  CHECK(compiled(lines(60, "x0: f64[3]", "x{k} * x{k} + 1.0", "sum(x{n})"), "grad(f)").compiled);
  std::string of_index = "fn f(n: size) -> f64 { sum([i: n => { let x0 = f64(i); ";
  for (int k = 0; k < 60; ++k) of_index += fmt::format("let x{} = x{} * x{} + 1.0; ", k + 1, k, k);
  CHECK(compiled(of_index + "x60 }]) }").compiled);
  CHECK(compiled(lines(60, "w: f64[n, n], x0: f64[n]", "x{k} * (w @ x0) + x{k}", "sum(x{n})"), "grad(f, wrt: x0)", 0)
            .compiled);
}

TEST_CASE("four calls nested six deep") {
  std::string text = "fn f0(x: f64) -> f64 { 0.5 * x + 0.1 }\n";
  for (int k = 1; k <= 6; ++k)
    text += fmt::format("fn f{0}(x: f64) -> f64 {{ f{1}(f{1}(f{1}(f{1}(x)))) }}\n", k, k - 1);
  CHECK(compiled(text, "f6").compiled);
  CHECK(compiled(text, "grad(f6)").compiled);
}

TEST_CASE("a chain of 2,048 calls, the called before the caller and after it") {
  std::string after = "fn g0(x: f64) -> f64 { x * 0.9 + 0.1 }\n", before = after;
  for (int k = 1; k < 2048; ++k) {
    const std::string line = fmt::format("fn g{}(x: f64) -> f64 {{ g{}(x * 0.99) + 0.5 }}\n", k, k - 1);
    after += line;
    before.insert(0, line);
  }
  for (const std::string& text : {after, before}) {
    CHECK(compiled(text, "g2047", 0).compiled);
    CHECK(compiled(text, "grad(g2047)", 0).compiled);
  }
}

TEST_CASE("a ring of calls") {
  std::string text;
  for (int k = 0; k < 3000; ++k) text += fmt::format("fn g{}(x: f64) -> f64 {{ g{}(x) }}\n", k, (k + 1) % 3000);
  CHECK(refused(compiled(text, "g0"), "RG0207"));
}

TEST_CASE("10,000 functions") {
  std::string text;
  for (int k = 0; k < 10000; ++k) text += fmt::format("fn g{}(x: f64) -> f64 {{ x * 0.5 + {}.0 }}\n", k, k);
  CHECK(compiled(text, "g9999").compiled);
}

TEST_CASE("a sum of 100,000 terms is refused with the limit") {
  std::string text = "fn f(x: f64) -> f64 { x";
  for (int k = 1; k < 100000; ++k) text += " + x";
  CHECK(refused(compiled(text + " }"), "RG0114"));
}

TEST_CASE("nesting to the parser's limit, and past it") {
  struct Row {
    const char *open, *middle, *close;
    int most;
  };
  for (const Row& r : {Row{"(", "x", ")", 190}, Row{"sin(", "x", ")", 190}, Row{"-", "x", "", 190},
                       Row{"if x > {k}.0 {{ ", "x", " } else { 0.5 }", 60}, Row{"sum([i{k}: 2 => ", "x", "])", 60}}) {
    CAPTURE(r.open);
    CHECK(compiled(nested(r.most, r.open, r.middle, r.close), "f", 0).compiled);
    CHECK(refused(compiled(nested(1000, r.open, r.middle, r.close)), "RG0114"));
  }
}

TEST_CASE("loops nest through calls to a limit") {
  std::string text = "fn g0(x: f64) -> f64 { x * 0.9 + 0.1 }\n";
  for (int k = 1; k < 400; ++k)
    text += fmt::format("fn g{}(x: f64) -> f64 {{ loop (s = x) for k in 0..2 {{ g{}(s) }} }}\n", k, k - 1);
  CHECK(compiled(text, "g20", 0).compiled);
  CHECK(refused(compiled(text, "g399"), "RG0114"));
}
