/// Rosenbrock's valley. Its minimum is at all ones.
fn rosenbrock(x: f64[n]) -> f64 {
  let a = x[1:] - x[:-1]^2;
  sum(100 * a^2 + (1 - x[:-1])^2)
}
struct Mlp[d, h, c] { w1: f32[d, h], b1: f32[h], w2: f32[h, c], b2: f32[c] }

fn loss(p: Mlp[d, h, c], x: f32[n, d], y: i32[n]) -> f32 {
  let z = tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2;
  -mean([i: n => log_softmax(z[i])[y[i]]])
}

export fn sgd(p: Mlp[d, h, c], x: f32[n, d], y: i32[n], lr: f32) -> (Mlp[d, h, c], f32) {
  let (l, g) = value_and_grad(loss, wrt: p)(p, x, y);
  (p - lr * g, l)                      // structs of tensors are vectors: + - and scaling work on them
}
fn safe(x: f64[n]) -> f64 { sum(where(x > 0, log(x), 0)) }
fn cap(x: f64[n], a: f64) -> f64[n] { grad(y => sum(a * y^3))(x) }
fn capg(x: f64[n], a: f64) -> f64 { grad(b => sum(cap(x, b)), wrt: b)(a) }
fn rec(x: f64[n], w: f64) -> f64 { loop (s = 0.0) for i in 0..n { tanh(w * s + x[i]) } }
test "gradient" { assert_close(grad(rosenbrock)([1.0, 2.0]), [-400.0, 200.0]); check_grad(rosenbrock, [0.3, -1.2]); }
test "hessian" { assert_close(hessian(rosenbrock)([1.0, 2.0]), [[402.0, -400.0], [-400.0, 200.0]]); assert_close(hvp(rosenbrock)([1.0, 2.0], [1, 0]), [402.0, -400.0]); }
test "nested" { assert_close(grad(grad(x => x^4))(2.0), 48); assert_close(jvp(grad(x => x^3))(2.0, 1.0), 12.0); assert_close(cap([1, 2], 2), [6, 24]); assert_close(capg([1, 2], 2), 15); }
test "safe" { assert_close(grad(safe)([2, -1]), [0.5, 0]); assert_close(grad(x => sum(grad(safe)(x)))([2, -1]), [-0.25, 0]); }
test "loop" { check_grad(rec, [0.1, 0.2, 0.3], 0.5); }
test "jac" { assert_close(jacobian(x => x^2)([1.0, 2.0]), [[2, 0], [0, 4]]); assert_close(vjp(x => sin(x))([0.0, 0.0], [1.0, 2.0]), [1, 2]); }
test "vmap" { assert_close(vmap(grad(x => x^2))([1.0, 2.0]), [2, 4]); assert_close(grad(x => sum(vmap(softmax)(x)^2))([[1.0, 2.0]]), grad(x => sum(softmax(x)^2))([[1.0, 2.0]])); }
test "ragged" { check_grad(x => sum[i: 4, j: i => x[i] * sin(x[j])], [0.1, 0.2, 0.3, 0.4]); }
test "args" { check_grad((x: f64[3], y: f64) => sum(gelu(x) * y) + logsumexp(x), [0.1, 0.2, 0.3], 0.7); }

fn held(x: f64[n]) -> f64 { sum(x * stop_gradient(x)) }
fn log_sum(x: f64[n]) -> f64 { logsumexp(x) }
test "a value under stop_gradient is a constant" { assert_close(grad(held)([1.0, 2.0]), [1.0, 2.0]); assert_close(hessian(log_sum)([0.0, 0.0]), [[0.25, -0.25], [-0.25, 0.25]]); check_grad(log_sum, [0.3, 2.0, -1.0]); check_grad(x => sum(softmax(x) * [1.0, 2.0, 3.0]), [0.3, 2.0, -1.0]); }

fn clamped(x: f64[n]) -> f64 { sum(max(log(x), -1.0)) }
fn highest(x: f64[n]) -> f64 { max(log(x)) }
fn cut(x: f64[n]) -> f64 { sum(relu(log(x))) }

test "what loses a choice has derivative 0, however steep it is" {
  assert_close(grad(clamped)([0.0, 2.0]), [0.0, 0.5]);
  assert_close(grad(highest)([0.0, 2.0]), [0.0, 0.5]);
  assert_close(hessian(highest)([0.0, 2.0]), [[0.0, 0.0], [0.0, -0.25]]);
  assert_close(grad(cut)([0.0, 2.0]), [0.0, 0.5]);
  assert_close(jvp(clamped)([0.0, 2.0], [1.0, 1.0]), 0.5);
}

test "winners: the first of equals, also of infinities; a NaN before all" {
  assert argmin([inf, inf]) == 0;
  assert argmax([-inf, -inf, -inf]) == 0;
  assert argmin([3.0, nan, 1.0, nan]) == 1;
  assert argmax([3.0, 5.0, 5.0, 1.0]) == 1;
  assert argmin([i: 100 => if i < 37 { inf } else { f64(i mod 7) }]) == 42;
  let rows = argmax([i: 20, j: 3 => if j == i mod 3 { inf } else { -inf }], axis: 1);
  assert rows[4] == 1;
}
