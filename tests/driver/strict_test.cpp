// --strict: what is computed is what is written, in the order in which it is written.
#include <doctest/doctest.h>

#include "compiler/api/unit.h"
#include "compiler/driver/call.h"

using namespace rg;

namespace {

constexpr const char* kProgram = R"(
fn total(x: f64[n]) -> f64 { sum(x) }
fn product(a: f64[n, m], b: f64[m, k]) -> f64[n, k] { a @ b }
fn chain(a: f64[n, m], b: f64[m, k], v: f64[k]) -> f64[n] { a @ b @ v }
fn polynomial(x: f64[n]) -> f64[n] { x * x - 2 * x + 0.1 * (x * 3 + x) }
fn rows(x: f64[n, m]) -> f64[n] { sum(x * x, axis: 1) }
)";

std::vector<double> numbers(std::int64_t n, std::uint64_t seed) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < n; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    v.push_back(static_cast<double>(seed >> 11) * 0x1p-53 - 0.4);
  }
  return v;
}

ir::Tensor tensor(std::vector<std::int64_t> shape, std::uint64_t seed) {
  ir::Tensor t(ir::Elem::f64, shape);
  t.reals = numbers(t.count(), seed);
  return t;
}

std::vector<double> result(const char* function, std::vector<std::int64_t> sizes, std::vector<ir::Tensor> x,
                           bool strict, bool interpret) {
  api::Unit unit;
  unit.set_strict(strict);
  REQUIRE(unit.load("program.rg", kProgram));
  const ir::Function* checked = unit.check_expression(function, "main");
  REQUIRE(checked != nullptr);
  if (interpret) {
    const auto y = driver::interpret(unit.program().module(), *checked, sizes, x).results;
    REQUIRE(y);
    return (*y)[0].reals;
  }
  const auto f = unit.prepare(checked->name);
  REQUIRE(f);
  const auto y = driver::call(*f, sizes, x, {.plan = {.strict = strict}});
  REQUIRE(y);
  return (*y)[0].reals;
}

}  // namespace

TEST_CASE("strict code gives the interpreter's numbers bit for bit") {
  struct Case {
    const char* function;
    std::vector<std::int64_t> sizes;
    std::vector<ir::Tensor> x;
  };
  const Case cases[] = {{"total", {1000}, {tensor({1000}, 1)}},
                        {"product", {7, 50, 9}, {tensor({7, 50}, 2), tensor({50, 9}, 3)}},
                        {"chain", {8, 40, 30}, {tensor({8, 40}, 4), tensor({40, 30}, 5), tensor({30}, 6)}},
                        {"polynomial", {100}, {tensor({100}, 7)}},
                        {"rows", {5, 100}, {tensor({5, 100}, 8)}}};
  int differ = 0;
  for (const Case& c : cases) {
    CAPTURE(c.function);
    const auto expected = result(c.function, c.sizes, c.x, true, true);
    CHECK(result(c.function, c.sizes, c.x, true, false) == expected);
    differ += result(c.function, c.sizes, c.x, false, false) != expected;
  }
  CHECK(differ >= 3);  // without it the order is the compiler's
}
