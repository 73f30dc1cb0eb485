// Interpreter and native code agree: every expression at both levels, the second on one thread and two, at sizes from 0
// to beyond a vector's width.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "compiler/api/unit.h"
#include "compiler/code/verify.h"
#include "compiler/driver/call.h"
#include "tests/driver/programs.h"

using namespace rg;

namespace {

/// Empty, or how the results of two ways to run differ: beyond `tolerance` of the greatest magnitude.
std::string difference(const std::vector<ir::Tensor>& want, const std::vector<ir::Tensor>& have, double tolerance) {
  if (want.size() != have.size()) return "another number of results";
  for (std::size_t k = 0; k < want.size(); ++k) {
    if (want[k].shape != have[k].shape || want[k].elem != have[k].elem) return "another type";
    double scale = 1e-30;
    for (std::int64_t i = 0; i < want[k].count(); ++i) {
      if (std::isfinite(want[k].real(i))) scale = std::max(scale, std::abs(want[k].real(i)));
    }
    const double allowed = scale * (want[k].elem == ir::Elem::f32 ? 2e-5 : tolerance);
    for (std::int64_t i = 0; i < want[k].count(); ++i) {
      const double a = want[k].real(i), b = have[k].real(i);
      if (a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= allowed) continue;
      return fmt::format("result {}[{}] is {}, not {}", k, i, b, a);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("native code agrees with the interpreter") {
  api::Unit unit;
  unit.observe([](std::string_view pass, const ir::Function& f) {
    const bool prepared = pass == "lift" || pass == "simplify";
    for (const ir::Violation& v : ir::verify(f, prepared ? ir::Stage::prepared : ir::Stage::checked))
      FAIL_CHECK("after " << pass << ": " << v.str());
  });
  REQUIRE(unit.load("program.rg", test::kProgram));
  int number = 0;
  for (const char* expression : test::kExpressions) {
    const ir::Function* checked = unit.check_expression(expression, fmt::format("f{}", number++));
    REQUIRE(checked != nullptr);
    const auto f = unit.prepare(checked->name);
    REQUIRE(f);
    for (const std::vector<std::int64_t>& all : std::vector<std::vector<std::int64_t>>{
             {0, 0, 0, 0, 0}, {1, 1, 1, 1, 1}, {17, 5, 3, 9, 3}, {70, 33, 20, 19, 3}}) {
      const std::vector<std::int64_t> sizes(all.begin(),
                                            all.begin() + static_cast<std::ptrdiff_t>(f->size_names.size()));
      std::vector<ir::Tensor> arguments;
      for (const ir::Type& t : f->param_types())
        arguments.push_back(test::sample(t, sizes, static_cast<unsigned>(arguments.size() + 1)));
      driver::CallOptions options;
      const auto want = driver::interpret(unit.program().module(), *checked, sizes, arguments).results;
      for (const int level : {0, 2}) {
        for (const int threads : {1, 2}) {
          if (level == 0 && threads > 1) continue;
          INFO(std::string(expression), " at -O", level, " on ", threads, " threads, n = ", all[0]);
          options.opt_level = level;
          options.threads = threads;
          const auto have = driver::call(*f, sizes, arguments, options);
          CHECK(static_cast<bool>(want) == static_cast<bool>(have));
          if (want && have) CHECK(difference(*want, *have, 1e-11) == "");
          if (!want && !have) CHECK(want.error() == have.error());
        }
      }
    }
  }
}
