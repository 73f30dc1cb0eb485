// Functions and derivatives written as `.rg`: the text checks again, and what it means is what was written.
#include "compiler/emit/source.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "compiler/api/sizes.h"
#include "compiler/api/unit.h"
#include "compiler/oracle/oracle.h"
#include "tests/driver/programs.h"

using namespace rg;
using ir::Elem;
using ir::Tensor;

namespace {

/// Empty, or what goes wrong when `expression` is written, read and run.
std::string round_trip(const std::string& expression) {
  api::Unit unit;
  if (!unit.load("program.rg", test::kProgram)) return unit.rendered();
  const auto f = unit.prepare_expression(expression, "written");
  if (!f) return f.error() + unit.rendered();
  const auto text = emit::source(*f);
  if (!text) return text.error();
  api::Unit again;
  if (!again.load("again.rg", *text)) return again.rendered() + *text;
  const auto g = again.prepare("written");
  if (!g) return g.error() + *text;
  const std::vector<std::int64_t> sizes{5, 4, 3, 6, 2};
  std::vector<Tensor> arguments;
  std::vector<std::vector<std::int64_t>> shapes;
  for (const ir::Type& t : f->param_types()) {
    arguments.push_back(test::sample(t, sizes, static_cast<unsigned>(arguments.size() + 1)));
    shapes.push_back(arguments.back().shape);
  }
  const auto g_sizes = api::infer_sizes(*g, shapes, {});
  if (!g_sizes) return g_sizes.error() + *text;
  const auto want =
      oracle::interpret(unit.program().module(), *f, std::span(sizes).first(f->size_names.size()), arguments);
  const auto have = oracle::interpret(again.program().module(), *g, *g_sizes, arguments);
  if (!want) return want.error();
  if (!have) return have.error() + *text;
  if (want->size() != have->size()) return "another number of results\n" + *text;
  for (std::size_t k = 0; k < want->size(); ++k) {
    if ((*want)[k].shape != (*have)[k].shape || (*want)[k].elem != (*have)[k].elem) return "another type\n" + *text;
    for (std::int64_t i = 0; i < (*want)[k].count(); ++i) {
      const double a = (*want)[k].real(i), b = (*have)[k].real(i);
      const bool same = a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12 * std::abs(a);
      if (!same) return fmt::format("result {}[{}] is {}, not {}\n{}", k, i, b, a, *text);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("written functions and derivatives mean the same") {
  for (const char* expression : test::kExpressions) {
    INFO(expression);
    CHECK(round_trip(expression) == "");
  }
}

TEST_CASE("names are kept, distinct, and no words of the language") {
  api::Unit unit;
  REQUIRE(unit.load("p.rg", "fn f(sum_1: f64[n], a: f64[n]) -> f64 { let big = sum(a * sum_1); big * big }"));
  const auto f = unit.prepare("f");
  REQUIRE(f);
  const auto text = emit::source(*f);
  REQUIRE(text);
  CHECK(*text == "export fn f(sum_1: f64[n], a: f64[n]) -> f64 {\n  let t = sum(a * sum_1);\n  t * t\n}\n");
}
