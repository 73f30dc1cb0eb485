// A small network's loss, differentiated up to four times in every mixture of modes, against values with 40 digits from
// tests/ad/reference/mlp.py.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <runegrad/runegrad.hpp>

namespace {

constexpr const char* kLoss = R"(
fn loss(w1: f64[2, 3], w2: f64[3, 2]) -> f64 {
  let x = [[0.5, -1.25], [2.0, 0.75], [-0.5, 1.5]];
  let y = [[0.75, 0.25], [0.125, 0.875], [0.5, 0.5]];
  -sum(y * log_softmax(tanh(x @ w1 + [0.5, -0.25, 0.125]) @ w2)) / 3
}
fn w1() -> f64[2, 3] { [[0.25, -0.5, 1.0], [0.75, 0.125, -0.25]] }
fn w2() -> f64[3, 2] { [[1.5, -0.5], [-1.0, 0.25], [0.5, 0.75]] }
fn v1() -> f64[2, 3] { [[1.0, 0.5, -0.75], [-0.25, 1.25, 0.5]] }
fn v2() -> f64[3, 2] { [[-0.5, 1.0], [0.25, -1.5], [0.75, 0.5]] }
fn line(t: f64) -> f64 { loss(w1() + t * v1(), w2() + t * v2()) }
)";

/// Orders 0 to 4 of `line` at 0.
constexpr double kLine[] = {1.3672813217114029361, -1.3725397542675865711, 1.6783447918783661882,
                            -0.098256449700265867709, -9.26669051822223473};
/// Three derivatives along (v1, v2), one in each element of w1.
constexpr double kMixed[] = {-9.24721513071554754,   10.292062649072373159,  0.33856604667203492552,
                             -0.1863414863831632758, -5.1667930834414170182, -0.63191345155466876039};

bool close(double got, double want) { return std::abs(got - want) <= 1e-10 * std::abs(want); }

double value(runegrad::Program& program, const std::string& expression, int level) {
  auto f = program.function(expression, {.opt_level = level, .sizes = {}});
  REQUIRE_MESSAGE(f, (f ? "" : f.error()));
  const double at = 0;
  double out = 0;
  const auto status = f->call({runegrad::in(at)}, {{runegrad::Elem::f64, &out, {}}});
  REQUIRE_MESSAGE(status, (status ? "" : status.error()));
  return out;
}

}  // namespace

TEST_CASE("four derivatives of a network's loss, in all sixteen mixtures of modes") {
  // d_RF is the tangent (F) of the gradient (R) of the line.
  std::string text = kLoss;
  std::vector<std::string> names{""};
  for (std::size_t at = 0; names[at].size() < 4; ++at) {
    for (const char mode : {'R', 'F'}) {
      const std::string inner = names[at].empty() ? "line" : "d_" + names[at];
      names.push_back(names[at] + mode);
      text += fmt::format("fn d_{}(t: f64) -> f64 {{ {} }}\n", names.back(),
                          mode == 'R' ? "grad(" + inner + ")(t)" : "jvp(" + inner + ")(t, 1.0)");
    }
  }
  auto program = runegrad::Program::from_string(text, "network.rg");
  REQUIRE_MESSAGE(program, (program ? "" : program.error()));
  CHECK(close(value(*program, "line", 2), kLine[0]));
  for (std::size_t k = 1; k < names.size(); ++k) {
    CAPTURE(names[k]);
    const double want = kLine[names[k].size()];
    const double got = value(*program, "d_" + names[k], 2);
    CAPTURE(got / want - 1);
    CHECK(close(got, want));
    if (k % 4 == 0) CHECK(close(value(*program, "d_" + names[k], 0), want));
  }
}

TEST_CASE("the gradient of three directional derivatives of a network's loss") {
  for (const char modes : {'F', 'R'}) {
    // s_k is the k-th derivative along (v1, v2): a tangent, or the inner product of the gradient and the direction.
    std::string text = kLoss;
    for (int k = 1; k <= 3; ++k) {
      const std::string inner = k == 1 ? "loss" : fmt::format("s_{}", k - 1);
      text += fmt::format("fn s_{}(a: f64[2, 3], b: f64[3, 2]) -> f64 {{ ", k);
      if (modes == 'F')
        text += fmt::format("jvp({}, wrt: (a, b))(a, b, v1(), v2()) }}\n", k == 1 ? "(a, b) => loss(a, b)" : inner);
      else
        text += fmt::format(
            "sum(grad((a, b) => {0}(a, b), wrt: a)(a, b) * v1()) + "
            "sum(grad((a, b) => {0}(a, b), wrt: b)(a, b) * v2()) }}\n",
            inner);
    }
    text += "fn gradient() -> f64[2, 3] { grad(s_3, wrt: a)(w1(), w2()) }\n";
    auto program = runegrad::Program::from_string(text, "network.rg");
    REQUIRE_MESSAGE(program, (program ? "" : program.error()));
    auto f = program->function("gradient");
    REQUIRE_MESSAGE(f, (f ? "" : f.error()));
    std::vector<double> got(6);
    const auto status = f->call({}, {{runegrad::Elem::f64, got.data(), {2, 3}}});
    REQUIRE_MESSAGE(status, (status ? "" : status.error()));
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(modes);
      CAPTURE(i);
      CAPTURE(got[i] / kMixed[i] - 1);
      CHECK(close(got[i], kMixed[i]));
    }
  }
}
