// Generated typed programs: value, gradient and second derivative agree in the interpreter and in code compiled at O0
// and O2.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <runegrad/runegrad.hpp>

#include "compiler/ir/verify.h"
#include "tests/api/interpreted.h"

namespace {

using namespace rg;

/// Expressions over x: f64[n], w: f64[n, m] that are smooth and of moderate size wherever they are evaluated.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string program() {
    return fmt::format("fn f(x: f64[n], w: f64[n, m]) -> f64 {{\n  let a = {};\n  let b = {};\n  {}\n}}\n", vector(3),
                       matrix(3), scalar(4, true));
  }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string smooth(const std::string& e) {
    static constexpr const char* names[] = {"sin", "cos", "tanh", "sigmoid", "softplus", "erf", "atan"};
    return fmt::format("{}({})", names[pick(7)], e);
  }
  std::string joined(const std::string& a, const std::string& b) {
    static constexpr const char* forms[] = {"({} + {})", "({} - {})", "({} * {})", "max({}, {})", "({} / (2 + {}^2))"};
    return fmt::format(fmt::runtime(forms[pick(5)]), a, b);
  }
  /// An `if` whose arms, one nested in the other, compute the same thing.
  template <class F>
  std::string branches(const std::string& shared, const F& use) {
    return fmt::format("(if x[0] > {:.1f} {{ {} }} else {{ if x[1] > 0.1 {{ {} }} else {{ 2 * {} }} }})",
                       0.1 * pick(5) - 0.2, use(shared + " * " + shared), use("sin(" + shared + ")"), use(shared));
  }

  std::string scalar(int depth, bool named = false) {
    if (depth == 0) return fmt::format("{:.2f}", 0.1 + 0.01 * pick(150));
    switch (pick(9)) {
      case 8:
        return branches(smooth(vector(depth - 1, named)), [](const std::string& v) { return "mean(" + v + ")"; });
      case 0:
        return smooth(scalar(depth - 1, named));
      case 1:
        return joined(scalar(depth - 1, named), scalar(depth - 1, named));
      case 2:
        return fmt::format("mean({})", vector(depth - 1, named));
      case 3:
        return fmt::format("sum(tanh({}))", matrix(depth - 1, named));
      case 4:
        return fmt::format("logsumexp({})", vector(depth - 1, named));
      case 5:
        return fmt::format("max({})", vector(depth - 1, named));
      case 6:
        return fmt::format("sum[i: n => {} * x[i]]", fmt::format("sin({}[i])", named ? "a" : "x"));
      default:
        return fmt::format("(loop (s = {}) for i in 0..n {{ tanh(s * x[i] + 0.3) }})", scalar(depth - 1, named));
    }
  }
  std::string vector(int depth, bool named = false) {
    if (depth == 0) return named && pick(2) == 0 ? "a" : "x";
    switch (pick(9)) {
      case 8:
        return branches(smooth(matrix(depth - 1, named)), [](const std::string& v) { return "(" + v + " @ w[0])"; });
      case 0:
        return smooth(vector(depth - 1, named));
      case 1:
        return joined(vector(depth - 1, named), vector(depth - 1, named));
      case 2:
        return fmt::format("mean({}, axis: 1)", matrix(depth - 1, named));
      case 3:
        return fmt::format("({} * {})", scalar(depth - 1, named), vector(depth - 1, named));
      case 4:
        return fmt::format("softmax({})", vector(depth - 1, named));
      case 5:
        return fmt::format("where(x > 0.2, {}, {})", vector(depth - 1, named), vector(depth - 1, named));
      case 6:
        return fmt::format("[i: n => if i > 0 {{ x[i - 1] * {0}[i] }} else {{ {0}[i] }}]", named ? "a" : "x");
      default:
        return fmt::format("(w @ (transpose(w, [1, 0]) @ {}) / 4)", vector(depth - 1, named));
    }
  }
  std::string matrix(int depth, bool named = false) {
    if (depth == 0) return named && pick(2) == 0 ? "b" : "w";
    switch (pick(5)) {
      case 0:
        return smooth(matrix(depth - 1, named));
      case 1:
        return joined(matrix(depth - 1, named), matrix(depth - 1, named));
      case 2:
        return fmt::format("[i: n, j: m => {0}[i] * w[i, j] + sin(x[i])]", named ? "a" : "x");
      case 3:
        return fmt::format("({} * {})", scalar(depth - 1, named), matrix(depth - 1, named));
      default:
        return fmt::format("reverse({}, axis: 0)", matrix(depth - 1, named));
    }
  }

  std::mt19937 random_;
};

constexpr std::int64_t kN = 5, kM = 3;

}  // namespace

TEST_CASE("generated programs agree in the interpreter, at O0 and at O2") {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const std::vector<std::string> expressions{"f", "grad(f, wrt: x)", "grad(f, wrt: w)",
                                             "jacobian(grad(f, wrt: x), wrt: x)"};
  // RG_FUZZ_SEEDS=first:count runs others than the first two dozen.
  unsigned first = 0, count = 24;
  if (const char* range = std::getenv("RG_FUZZ_SEEDS")) REQUIRE(std::sscanf(range, "%u:%u", &first, &count) == 2);
  for (unsigned seed = first; seed < first + count; ++seed) {
    const std::string text = Generator(seed).program();
    CAPTURE(text);
    api::Unit unit;
    unit.observe([](std::string_view pass, const ir::Function& f) {
      const bool prepared = pass == "lift" || pass == "simplify";
      for (const ir::Violation& v : ir::verify(f, prepared ? ir::Stage::prepared : ir::Stage::checked))
        FAIL_CHECK("after " << pass << ": " << v.str());
    });
    REQUIRE_MESSAGE(unit.load("generated.rg", text), unit.rendered());
    auto program = runegrad::Program::from_string(text, "generated.rg");
    REQUIRE(program);
    std::vector<double> x(kN), w(kN * kM);
    for (double& v : x) v = uniform(random);
    for (double& v : w) v = uniform(random);
    for (std::size_t e = 0; e < expressions.size(); ++e) {
      CAPTURE(expressions[e]);
      const auto expected = test::interpreted(unit, expressions[e], "main." + std::to_string(e),
                                              {test::reals(x, {kN}), test::reals(w, {kN, kM})}, {{"n", kN}, {"m", kM}});
      for (const int level : {0, 2}) {
        CAPTURE(level);
        auto f = program->function(expressions[e], {.opt_level = level, .sizes = {}});
        REQUIRE_MESSAGE(f, (f ? "" : f.error()));
        std::vector<double> out(expected.size());
        std::vector<std::int64_t> shape = e == 0   ? std::vector<std::int64_t>{}
                                          : e == 1 ? std::vector{kN}
                                          : e == 2 ? std::vector{kN, kM}
                                                   : std::vector{kN, kN};
        const auto status =
            f->call({runegrad::in(x), runegrad::in(w, {kN, kM})}, {{runegrad::Elem::f64, out.data(), shape}});
        REQUIRE_MESSAGE(status, (status ? "" : status.error()));
        for (std::size_t i = 0; i < out.size(); ++i)
          CHECK(std::abs(out[i] - expected[i]) <= 1e-9 * std::max(1.0, std::abs(expected[i])));
      }
    }
  }
}
