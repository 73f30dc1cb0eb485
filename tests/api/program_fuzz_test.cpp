// Generated typed programs: value, gradient and second derivative agree in the interpreter and in code compiled at O0,
// at O2, and for known sizes.
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

// Structs, loops that collect, reads at places from other arrays (some of which meet in one element), triangles.
const std::string helpers = R"(struct Pair[n] { u: f64[n], v: f64[n] }
fn mixed(p: Pair[n]) -> f64[n] { tanh(p.u * p.v) + sin(p.u) }
fn walk(s0: f64, x: f64[n]) -> f64[n] {
  let (_last, all) = loop (s = s0) for i in 0..n {
    collect sin(s) + x[i];
    tanh(s * x[i] + 0.3)
  };
  all
}
fn read(g: f64[n], k: i64[n]) -> f64[n] { [i: n => g[k[i]]] }
fn read_ahead(g: f64[n], k: i64[n]) -> f64[n] { [i: n => g[k[i] + i] * tanh(g[k[i]])] }
fn triangle(x: f64[n]) -> f64[n, n] { [i: n, j: n => if i > j { x[i] - x[j] } else if i == j { exp(x[i]) } else { 0.0 }] }
)";

/// Expressions over x: f64[n], w: f64[n, m] that are smooth and of moderate size wherever they are evaluated.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string program() {
    return helpers + fmt::format("fn f(x: f64[n], w: f64[n, m]) -> f64 {{\n  let a = {};\n  let b = {};\n  {}\n}}\n",
                                 vector(3), matrix(3), scalar(4, true));
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
    switch (pick(14)) {
      case 13:
        return fmt::format("mixed(Pair {{ u: {}, v: {} }})", vector(depth - 1, named), vector(depth - 1, named));
      case 12:
        return fmt::format("walk({}, {})", scalar(depth - 1, named), smooth(vector(depth - 1, named)));
      case 11: {
        static constexpr const char* places[] = {"(n - 1 - i) mod n", "(i * i + 1) mod n", "i div 2", "(3 * i) mod n"};
        return fmt::format("read({}, [i: n => {}])", vector(depth - 1, named), places[pick(4)]);
      }
      case 10:
        return fmt::format("read_ahead({}, [i: n => (n - 1 - i) mod n])", vector(depth - 1, named));
      case 9: {
        const std::string b = smooth(matrix(depth - 1, named));
        return fmt::format("sum((({0} @ transpose({0})) / 4)^2, axis: {1})", b, pick(2));
      }
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
    switch (pick(6)) {
      case 5:
        return fmt::format("(triangle({}) @ {} / 4)", smooth(vector(depth - 1, named)), matrix(depth - 1, named));
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

struct Extents {
  std::int64_t n, m;
};
constexpr Extents extents[] = {{5, 3}, {5, 8}, {9, 3}, {5, 3}, {17, 5}};

struct Compiled {
  int level;
  bool known_sizes;
};
constexpr Compiled ways[] = {{0, false}, {2, false}, {2, true}};

}  // namespace

TEST_CASE("generated programs agree in the interpreter, at O0, at O2 and for known sizes") {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const std::vector<std::string> expressions{"f", "grad(f, wrt: x)", "grad(f, wrt: w)",
                                             "jacobian(grad(f, wrt: x), wrt: x)"};
  // RG_FUZZ_SEEDS=first:count runs others than the first dozen.
  unsigned first = 0, count = 12;
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
    const auto [n, m] = extents[seed % std::size(extents)];
    std::vector<double> x(static_cast<std::size_t>(n)), w(static_cast<std::size_t>(n * m));
    for (double& v : x) v = uniform(random);
    for (double& v : w) v = uniform(random);
    for (std::size_t e = 0; e < expressions.size(); ++e) {
      CAPTURE(expressions[e]);
      const auto expected = test::interpreted(unit, expressions[e], "main." + std::to_string(e),
                                              {test::reals(x, {n}), test::reals(w, {n, m})}, {{"n", n}, {"m", m}});
      const std::map<std::string, std::int64_t> sizes{{"n", n}, {"m", m}};
      for (const auto& [level, known_sizes] : ways) {
        CAPTURE(level);
        CAPTURE(known_sizes);
        auto f = program->function(
            expressions[e], {.opt_level = level, .sizes = known_sizes ? sizes : std::map<std::string, std::int64_t>{}});
        REQUIRE_MESSAGE(f, (f ? "" : f.error()));
        std::vector<double> out(expected.size());
        std::vector<std::int64_t> shape = e == 0   ? std::vector<std::int64_t>{}
                                          : e == 1 ? std::vector{n}
                                          : e == 2 ? std::vector{n, m}
                                                   : std::vector{n, n};
        const auto status =
            f->call({runegrad::in(x), runegrad::in(w, {n, m})}, {{runegrad::Elem::f64, out.data(), shape}});
        REQUIRE_MESSAGE(status, (status ? "" : status.error()));
        for (std::size_t i = 0; i < out.size(); ++i)
          CHECK(std::abs(out[i] - expected[i]) <= 1e-9 * std::max(1.0, std::abs(expected[i])));
      }
    }
  }
}
