// Functions and derivatives written as `.rg`: the text checks again, and what it means is what was written.
#include "compiler/emit/source.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "compiler/api/sizes.h"
#include "compiler/api/unit.h"
#include "compiler/ir/interp.h"

using namespace rg;
using ir::Elem;
using ir::Tensor;

namespace {

constexpr const char* kProgram = R"(
/// A valley.
fn rosenbrock(x: f64[n]) -> f64 {
  let a = x[1:] - x[:-1]^2;
  sum(100 * a^2 + (1 - x[:-1])^2)
}
struct Mlp[d, h, c] { w1: f32[d, h], b1: f32[h], w2: f32[h, c], b2: f32[c] }
fn loss(p: Mlp[d, h, c], x: f32[n, d], y: i32[n]) -> f32 {
  let z = tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2;
  -mean([i: n => log_softmax(z[i])[y[i]]])
}
fn recurrence(x: f64[n]) -> f64 {
  let (s, all_s) = loop (s = 0.0) for i in 0..n { let next = s * 0.5 + sin(x[i]) * s + x[i]; collect next; next };
  s^2 + sum(all_s * all_s) / n
}
fn slopes(x: f64[n]) -> f64 { sum(grad(recurrence)(x)) }
fn guarded(x: f64[n]) -> f64 { sum(where(x > 0, log(x), 0)) }
fn strided(x: f64[n]) -> f64 { sum(x[::2]^3) + sum(reverse(x) * x) }
fn picked(x: f64[n, m], k: i64[n]) -> f64 { sum([i: n => exp(x[i, k[i]])]) + max(x[0]) }
fn shaped(x: f64[n, m]) -> f64[m, n] {
  let y = concat(x, 2 * x, axis: 0);
  transpose(y[:n] * y[n:]) + transpose(reshape(reshape(x, [n * m]), [n, m]))
}
fn special(x: f64[n]) -> f64 { sum(lgamma(1 + x^2) + erf(x) * atan2(x, 2.0) + x^-3 + min(x, 1.0) + hypot(x, 1.0)) }
fn branching(x: f64[n]) -> f64 {
  loop (s = 1.0) for i in 0..n { if x[i] > 0 { s * x[i] } else { s - x[i] } }
}
fn counts(x: i64[n]) -> i64 { sum(x div 3 + x mod 3 + argmax(x)) + n }
)";

Tensor sample(const ir::Type& type, const std::vector<std::int64_t>& sizes, unsigned seed) {
  std::vector<std::int64_t> shape;
  for (const ir::Dim& d : type.dims) shape.push_back(*d.evaluate(sizes));
  Tensor t(type.elem, shape);
  std::mt19937 random(seed);
  for (double& v : t.reals) {
    v = std::uniform_real_distribution<double>(-2, 2)(random);
    if (type.elem == Elem::f32) v = static_cast<float>(v);
  }
  for (std::int64_t& v : t.integers) v = static_cast<std::int64_t>(random() % 3);
  return t;
}

/// Empty, or what goes wrong when `expression` is written, read and run.
std::string round_trip(const std::string& expression) {
  api::Unit unit;
  if (!unit.load("program.rg", kProgram)) return unit.rendered();
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
    arguments.push_back(sample(t, sizes, static_cast<unsigned>(arguments.size() + 1)));
    shapes.push_back(arguments.back().shape);
  }
  const auto g_sizes = api::infer_sizes(*g, shapes, {});
  if (!g_sizes) return g_sizes.error() + *text;
  const auto want = ir::interpret(unit.program().module(), *f, std::span(sizes).first(f->size_names.size()), arguments);
  const auto have = ir::interpret(again.program().module(), *g, *g_sizes, arguments);
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
  for (const char* expression : {"rosenbrock",
                                 "grad(rosenbrock)",
                                 "hessian(rosenbrock)",
                                 "value_and_grad(rosenbrock)",
                                 "jvp(grad(rosenbrock))",
                                 "loss",
                                 "grad(loss, wrt: p)",
                                 "recurrence",
                                 "grad(recurrence)",
                                 "grad(slopes)",
                                 "guarded",
                                 "grad(guarded)",
                                 "strided",
                                 "grad(strided)",
                                 "picked",
                                 "grad(picked)",
                                 "shaped",
                                 "jacobian(shaped)",
                                 "special",
                                 "grad(special)",
                                 "branching",
                                 "grad(branching)",
                                 "counts"}) {
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
