// A program and expressions over it that together reach every construct; arguments for them.
#pragma once

#include <random>
#include <vector>

#include "compiler/ir/tensor.h"
#include "compiler/ir/type.h"

namespace rg::test {

inline constexpr const char* kProgram = R"(
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
fn arms(x: f64[n]) -> f64[n, n] {
  let s = [i: n, j: n => sin(x[i] + 2 * x[j])];
  if sum(x) > 0.1 { let a = s @ s; a @ a + 1 } else { let a = s @ s; a @ s - 2 }
}
fn arms_in_loop(x: f64[n]) -> f64[n] {
  loop (s = x) for i in 0..min(n, 3) {
    let w = [j: n, k: n => cos(s[j] * x[k])];
    if x[i] > 0 { let a = w @ s; tanh(w @ a) } else { let a = w @ s; 0.5 * tanh(a) }
  }
}
fn counts(x: i64[n]) -> i64 { sum(x div 3 + x mod 3 + argmax(x)) + n }
)";

inline ir::Tensor sample(const ir::Type& type, const std::vector<std::int64_t>& sizes, unsigned seed) {
  std::vector<std::int64_t> shape;
  for (const ir::Dim& d : type.dims) shape.push_back(*d.evaluate(sizes));
  ir::Tensor t(type.elem, shape);
  std::mt19937 random(seed);
  for (double& v : t.reals) {
    v = std::uniform_real_distribution<double>(-2, 2)(random);
    if (type.elem == ir::Elem::f32) v = static_cast<float>(v);
  }
  for (std::int64_t& v : t.integers) v = static_cast<std::int64_t>(random() % 3);
  return t;
}

inline constexpr const char* kExpressions[] = {"rosenbrock",
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
                                               "arms",
                                               "vjp(arms)",
                                               "arms_in_loop",
                                               "vjp(arms_in_loop)",
                                               "counts"};

}  // namespace rg::test
