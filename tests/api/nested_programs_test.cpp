// Drawn programs of constructs inside one another: values and derivatives, compiled in each way, agree with the oracle
// within the programs' own condition.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <runegrad/runegrad.hpp>
#include <tuple>

#include "compiler/code/verify.h"
#include "tests/api/agreement.h"
#include "tests/api/program_generator.h"

namespace {

using namespace rg;

struct Case {
  test::DrawnProgram program;
  std::map<std::string, std::int64_t> sizes;
  std::vector<ir::Tensor> arguments;  // x, y, w, s
  ir::Tensor along;                   // a direction of x
};

Case drawn(unsigned seed) {
  Case c{test::ProgramGenerator(seed).program(), {}, {}, {}};
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 5> extents{{{4, 3}, {5, 2}, {3, 3}, {9, 4}, {2, 1}}};
  const auto [n, m] = extents[seed % extents.size()];
  c.sizes = {{"n", n}, {"m", m}};
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto draw = [&](std::vector<std::int64_t> shape) {
    ir::Tensor t(c.program.single ? ir::Elem::f32 : ir::Elem::f64, std::move(shape));
    for (double& v : t.reals) v = c.program.single ? static_cast<float>(uniform(random)) : uniform(random);
    return t;
  };
  c.arguments = {draw({n}), draw({m}), draw({n, m}), draw({})};
  c.along = draw({n});
  return c;
}

struct Asked {
  const char* expression;
  bool along;
};
constexpr Asked kExpressions[] = {{"f", false},
                                  {"grad(f, wrt: x)", false},
                                  {"jvp(f, wrt: x)", true},
                                  {"grad(f, wrt: w)", false},
                                  {"hessian(f, wrt: y)", false}};

void check(const Case& c) {
  api::Unit unit;
  unit.observe([](std::string_view pass, const ir::Function& f) {
    const bool prepared = pass == "lift" || pass == "simplify";
    for (const ir::Violation& v : ir::verify(f, prepared ? ir::Stage::prepared : ir::Stage::checked))
      FAIL_CHECK("after " << pass << ": " << v.str());
  });
  REQUIRE_MESSAGE(unit.load("drawn.rg", c.program.text), unit.rendered());
  auto program = runegrad::Program::from_string(c.program.text, "drawn.rg");
  REQUIRE(program);
  int number = 0;
  for (const auto& [expression, along] : kExpressions) {
    CAPTURE(expression);
    test::Call call{expression, c.arguments, c.sizes};
    if (along) call.arguments.push_back(c.along);
    const std::string name = fmt::format("main.{}", number++);
    const test::Expected want = test::expected(unit, name, call);
    REQUIRE(want.error == "");
    REQUIRE(unit.prepare(name));  // verified after every pass
    for (const test::Way& way : test::kWays) CHECK(test::disagreement(*program, call, want, way) == "");
  }
}

}  // namespace

TEST_CASE("drawn programs of nested constructs agree with the oracle") {
  // RG_FUZZ_SEEDS=first:count draws others than the first few.
  unsigned first = 0, count = 30;
  if (const char* range = std::getenv("RG_FUZZ_SEEDS")) REQUIRE(std::sscanf(range, "%u:%u", &first, &count) == 2);
  for (unsigned seed = first; seed < first + count; ++seed) {
    const Case c = drawn(seed);
    CAPTURE(seed);
    CAPTURE(c.program.text);
    check(c);
  }
}
