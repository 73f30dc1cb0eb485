// Loops that the plan splits at their borders, cuts into blocks or updates in place, and sums of which it leaves out
// zero terms: the interpreter's values, at sizes around the borders and blocks, for any size and compiled for the size,
// on one thread and two.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <runegrad/runegrad.hpp>

#include "tests/api/interpreted.h"

namespace {

using namespace rg;

struct Case {
  std::string name;
  const char* text;  // fn f(x: f64[n], a: f64[m]) -> f64[n]
  std::int64_t most = 2500;
};

const Case kCases[] = {
    {"two borders", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       [i: n => if i < 1 { x[i] } else if i >= n - 2 { 2 * x[i] } else { x[i - 1] - x[i] + sum(a) * x[i + 1] }]
     })"},
    {"one point is other",
     R"(fn f(x: f64[n], a: f64[m]) -> f64[n] { [i: n => if i == 3 { sum(a) } else { x[i]^2 }] })"},
    {"steps with borders", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       loop (s = x) for t in 0..m { 0.5 * s + 0.25 * [i: n => if i < 2 { a[t] } else { s[i - 2] * s[i - 1] }] }
     })"},
    {"steps by elements",
     R"(fn f(x: f64[n], a: f64[m]) -> f64[n] { loop (s = 0 * x) for t in 0..m { s * x + a[t] } })"},
    {"two states that use each other", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let (s, r) = loop (s = x, r = 2 * x) for t in 0..m { (0.5 * r + a[t], s * x) };
       s - r
     })"},
    {"pairs that change places", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let s = loop (s = [i: n, j: 2 => x[i] * f64(j + 1)]) for t in 0..m { [i: n, j: 2 => s[i, 1 - j] * a[t] + x[i]] };
       s[:, 0] - s[:, 1]
     })"},
    {"a sum in every step", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       loop (s = x) for t in 0..m { s / (1 + abs(sum(s))) + a[t] * x }
     })"},
    {"what each step leaves", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let (s, all) = loop (s = x) for t in 0..m { collect s * a[t]; s * x };
       s + sum(all, axis: 0)
     })"},
    {"gradients through steps", R"(
     fn poly(a: f64[m], x: f64[n]) -> f64 { sum((loop (s = 0 * x) for t in 0..m { s * x + a[t] })^2) }
     fn f(x: f64[n], a: f64[m]) -> f64[n] { grad(poly, wrt: x)(a, x) * sum(grad(poly, wrt: a)(a, x)) }
     )"},
    {"zero after the column", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let l = [i: n, j: n => if i >= j { x[i] + a[0] * x[j] } else { 0.0 }];
       let b = [i: n, j: n => x[i] * x[j] - 0.5 * x[i]];
       sum((b @ transpose(l))^2, axis: 0)
     })",
     70},
    {"zero before the column", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let l = [i: n, j: n => if i < j { 0.0 } else { x[i] + a[0] * x[j] }];
       let b = [i: n, j: n => x[i] * x[j] - 0.5 * x[i]];
       sum((b @ l)^2, axis: 0)
     })",
     70},
    {"zero after the row, below the diagonal", R"(fn f(x: f64[n], a: f64[m]) -> f64[n] {
       let l = [i: n, j: n => if i > j { x[i] + a[0] * x[j] } else { 0.0 }];
       let b = [i: n, j: n => x[i] * x[j] - 0.5 * x[i]];
       sum((l @ b)^2, axis: 1)
     })",
     290},
    {"zero before the row, in the gradient", R"(
     fn g(x: f64[n], a: f64[m]) -> f64 {
       let l = [i: n, j: n => if i <= j { x[i] + a[0] * x[j] } else { 0.0 }];
       sum((l @ [i: n, j: n => x[i] * x[j] - 0.5 * x[i]])^2)
     }
     fn f(x: f64[n], a: f64[m]) -> f64[n] { grad(g, wrt: x)(x, a) }
     )",
     65},
};

std::vector<double> values(std::int64_t n, double phase) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < n; ++i) v.push_back(0.9 * std::sin(phase + 1.7 * static_cast<double>(i)));
  return v;
}

void agree(const runegrad::Function& f, api::Unit& unit, std::int64_t n, std::int64_t m) {
  const auto x = values(n, 0.3), a = values(m, 1.1);
  const auto expected = test::interpreted(unit, "f", fmt::format("main.{}.{}", n, m),
                                          {test::reals(x, {n}), test::reals(a, {m})}, {{"n", n}, {"m", m}});
  double largest = 1e-300;
  for (const double e : expected) largest = std::max(largest, std::abs(e));
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    runegrad::Context context(threads);
    std::vector<double> out(expected.size());
    const auto status = f.call({runegrad::in(x), runegrad::in(a)}, {runegrad::out(out)}, &context);
    REQUIRE_MESSAGE(status, (status ? "" : status.error()));
    double worst = 0;
    for (std::size_t i = 0; i < out.size(); ++i) worst = std::max(worst, std::abs(out[i] - expected[i]));
    CHECK(worst <= 1e-12 * largest);
  }
}

}  // namespace

TEST_CASE("loops in parts, in blocks and in place give the interpreter's values") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    api::Unit unit;
    REQUIRE_MESSAGE(unit.load("case.rg", c.text), unit.rendered());
    auto program = runegrad::Program::from_string(c.text, "case.rg");
    REQUIRE(program);
    const auto any = program->function("f", {.opt_level = 2, .sizes = {}});
    REQUIRE_MESSAGE(any, (any ? "" : any.error()));
    for (const std::int64_t n : {4, 5, 8, 17, 63, 65, 70, 290, 1023, 1024, 1025, 2500}) {
      if (n > c.most) continue;
      CAPTURE(n);
      agree(*any, unit, n, 5);
      if (n < 10) agree(*any, unit, n, 1);
      if (n % 5 != 0) continue;
      const auto known = program->function("f", {.opt_level = 2, .sizes = {{"n", n}, {"m", 4}}});
      REQUIRE_MESSAGE(known, (known ? "" : known.error()));
      agree(*known, unit, n, 4);
    }
  }
}
