// Contractions of several operands, and contractions of contractions: the order is the compiler's.

struct Mixture[k, d] { alpha: f64[k], mu: f64[k, d], q: f64[k, d], l: f64[k, d * (d - 1) div 2] }

/// Lower triangular, exp(q) on the diagonal, l below it column by column.
fn factor(q: f64[d], l: f64[m]) -> f64[d, d] {
  [i: d, j: d => if i == j { exp(q[i]) } else if i > j { l[j * d - j * (j + 1) div 2 + i - j - 1] } else { 0.0 }]
}

fn log_density(p: Mixture[k, d], x: f64[n, d]) -> f64 {
  let f = [c: k => factor(p.q[c], p.l[c])];
  let beta = [i: n, c: k => p.alpha[c] + sum(p.q[c]) - 0.5 * sum[a: d => (sum[b: d => f[c, a, b] * (x[i, b] - p.mu[c, b])])^2]];
  sum[i: n => logsumexp(beta[i])] - n * logsumexp(p.alpha)
}

fn of_entries(v: f64[22], x: f64[n, 3]) -> f64 {
  let p = Mixture { alpha: v[0:2], mu: reshape(v[2:8], [2, 3]), q: reshape(v[8:14], [2, 3]), l: reshape(v[14:20], [2, 3]) };
  log_density(p, x)
}

fn chain(a: f64[n, m], b: f64[m, k], c: f64[k, l], v: f64[l]) -> f64[n] { a @ b @ c @ v }
fn four(a: f64[n, m], b: f64[n, k], c: f64[m, k], v: f64[k, l]) -> f64[l] { einsum("nm,nk,mk,kl->l", a, b, c, v) }

test "orders of multiplication" {
  let a = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
  let b = [[1.0, -1.0, 2.0], [0.5, 0.0, 1.0]];
  let c = [[2.0], [1.0], [-1.0]];
  assert_close(chain(a, b, c, [3.0]), [-3.0, -9.0, -15.0]);
  assert_close(four(a, [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], b, c), [-2.0]);
  check_grad(x => sum(chain(x, b, c, [3.0])^2), a);
  check_grad(x => sum(chain(a, x, c, [3.0])^2), b);
  check_grad(x => sum(four(a, [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], x, c)^2), b);
}

test "a mixture" {
  let x = [[0.1, 0.5, -0.3], [0.7, -0.2, 0.4], [-0.6, 0.3, 0.9], [0.2, 0.2, 0.1]];
  let v = [i: 22 => 0.3 * sin(1.7 * f64(i) + 0.2)];
  check_grad(u => of_entries(u, x), v);
  check_grad(u => sum(grad(w => of_entries(w, x))(u) * v), v);
}

fn distortion(c: f64[k, d], p: f64[n, d]) -> f64 { sum[i: n => min[j: k => sum[l: d => (p[i, l] - c[j, l])^2]]] }

test "clusters: the Newton step goes to the means, and ties to the first" {
  let p = [[0.0, 0.0], [0.0, 2.0], [5.0, 5.0], [7.0, 5.0], [1.0, 0.0]];
  let c = [[0.0, 1.0], [6.0, 6.0], [0.0, 1.0]];
  assert_close(grad(distortion, wrt: c)(c, p), [[-2.0, 2.0], [0.0, 4.0], [0.0, 0.0]]);
  assert_close(jvp(grad(distortion, wrt: c), wrt: c)(c, p, [i: 3, j: 2 => 1.0]), [[6.0, 6.0], [4.0, 4.0], [0.0, 0.0]]);
}

fn logistic(w: f64[d], x: f64[n, d]) -> f64 { sum(softplus(x @ w)) }

test "the Hessian of a logistic regression" {
  let x = [[1.0, 2.0], [-0.5, 0.3], [0.2, -1.0]];
  let s = sigmoid(x @ [0.1, -0.2]);
  assert_close(hessian(logistic, wrt: w)([0.1, -0.2], x), transpose(x, [1, 0]) @ (reshape(s * (1 - s), [3, 1]) * [i: 3, j: 2 => x[i, j]]));
}
