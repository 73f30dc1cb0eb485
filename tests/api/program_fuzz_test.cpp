// Generated typed programs: value, gradient and second derivatives, compiled in each way, agree with the oracle within
// the programs' own condition.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <runegrad/runegrad.hpp>

#include "compiler/code/verify.h"
#include "tests/api/agreement.h"

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

/// Derivatives of each kind, forward, reverse and in each other; `directions` are arguments of the type of x.
struct Asked {
  const char* expression;
  int directions;
};
constexpr Asked expressions[] = {{"f", 0},
                                 {"grad(f, wrt: x)", 0},
                                 {"grad(f, wrt: w)", 0},
                                 {"jvp(f, wrt: x)", 1},
                                 {"hvp(f, wrt: x)", 1},
                                 {"jacobian(grad(f, wrt: x), wrt: x)", 0}};

}  // namespace

TEST_CASE("generated programs agree with the oracle at O0, at O2, on threads, for known sizes and strictly") {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto drawn = [&](std::vector<std::int64_t> shape) {
    ir::Tensor t(ir::Elem::f64, std::move(shape));
    for (double& v : t.reals) v = uniform(random);
    return t;
  };
  // RG_FUZZ_SEEDS=first:count runs others than the first eight.
  unsigned first = 0, count = 8;
  if (const char* range = std::getenv("RG_FUZZ_SEEDS")) REQUIRE(std::sscanf(range, "%u:%u", &first, &count) == 2);
  for (unsigned seed = first; seed < first + count; ++seed) {
    const std::string text = Generator(seed).program();
    CAPTURE(seed);
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
    const ir::Tensor x = drawn({n}), w = drawn({n, m}), v = drawn({n});
    int number = 0;
    for (const auto& [expression, directions] : expressions) {
      test::Call call{expression, {x, w}, {{"n", n}, {"m", m}}};
      for (int i = 0; i < directions; ++i) call.arguments.push_back(v);
      const std::string name = fmt::format("main.{}", number++);
      const test::Expected want = test::expected(unit, name, call);
      REQUIRE(want.error == "");
      REQUIRE(unit.prepare(name));  // verified after every pass
      for (const test::Way& way : test::kWays) CHECK(test::disagreement(*program, call, want, way) == "");
    }
  }
}
