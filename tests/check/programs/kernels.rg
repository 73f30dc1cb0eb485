fn gmm(alphas: f64[k], means: f64[k, d], icf: f64[k, d * (d + 1) div 2], x: f64[n, d]) -> f64 {
  let q = [a: k, i: d => exp(icf[a, i])];
  sum[i: n => logsumexp[a: k => alphas[a] + sum[j: d => icf[a, j]]
     - 0.5 * sum[r: d => (q[a, r] * (x[i, r] - means[a, r]) + sum[c: r => icf[a, d + c * (2 * d - c - 1) div 2 + r - c - 1] * (x[i, c] - means[a, c])])^2]]]
}
fn rodrigues(rot: f64[3], x: f64[3]) -> f64[3] {
  let t2 = sum(rot^2);
  if t2 > 1e-12 {
    let t = sqrt(t2);
    let w = rot / t;
    let cr = [w[1] * x[2] - w[2] * x[1], w[2] * x[0] - w[0] * x[2], w[0] * x[1] - w[1] * x[0]];
    x * cos(t) + cr * sin(t) + w * (sum(w * x) * (1 - cos(t)))
  } else {
    x + [rot[1] * x[2] - rot[2] * x[1], rot[2] * x[0] - rot[0] * x[2], rot[0] * x[1] - rot[1] * x[0]]
  }
}
fn project(cam: f64[11], x: f64[3]) -> f64[2] {
  let c = rodrigues(cam[0:3], x - cam[3:6]);
  let p = c[0:2] / c[2];
  let r2 = sum(p^2);
  let l = 1 + cam[9] * r2 + cam[10] * r2^2;
  p * (l * cam[6]) + cam[7:9]
}
fn residual(cam: f64[11], x: f64[3], w: f64, feat: f64[2]) -> f64[2] { w * (project(cam, x) - feat) }
export fn all_res(cams: f64[m, 11], xs: f64[p, 3], ws: f64[n], feats: f64[n, 2], obs: i32[n, 2]) -> f64[n, 2] {
  [i: n => residual(cams[obs[i, 0]], xs[obs[i, 1]], ws[i], feats[i])]
}
fn rk(theta: f64[2], steps: size) -> (f64[2], f64[steps, 2]) {
  let f = (y: f64[2]) => [y[1], -theta[0] * sin(y[0]) - theta[1] * y[1]];
  loop (y = [1.0, 0.0]) for i in 0..steps {
    let h = 0.1;
    let k1 = f(y); let k2 = f(y + 0.5 * h * k1); let k3 = f(y + 0.5 * h * k2); let k4 = f(y + h * k3);
    collect y;
    y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
  }
}
fn rksum(theta: f64[2]) -> f64 { let (y, ys) = rk(theta, 20); sum(y) + sum(ys^2) }
fn elim(a: f64[n, n], b: f64[n]) -> f64[n] {
  let m = loop (m = concat(a, reshape(b, [n, 1]), axis: 1)) for p in 0..n {
    [i: n, j: n + 1 => if i == p { m[i, j] / m[p, p] } else { m[i, j] - m[i, p] * m[p, j] / m[p, p] }]
  };
  m[:, n]
}
fn horner(c: f64[n], x: f64) -> f64 { loop (s = 0.0) for i in 0..n { s * x + c[n - 1 - i] } }
fn conv(x: f32[h, w], k: f32[a, b]) -> f32[h - a + 1, w - b + 1] { [i: h - a + 1, j: w - b + 1 => sum[p, q => x[i + p, j + q] * k[p, q]]] }
fn stencil(u: f64[n]) -> f64[n] { [i: n => if i == 0 || i == n - 1 { u[i] } else { u[i - 1] - 2 * u[i] + u[i + 1] }] }
struct Pose { r: f64[3], t: f64[3] }
fn pl(p: Pose, x: f64[n, 3]) -> f64 { sum[i: n => sum((rodrigues(p.r, x[i]) + p.t)^2)] }
test "gmm" { check_grad(gmm, [0.1, 0.2], [[0.1, 0.2], [0.3, 0.4]], [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]], [[1.0, 2.0], [0.5, 0.1], [0.2, 0.3]]); }
test "ba" { check_grad(residual, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, 0.02], [1.0, 2.0, 3.0], 0.5, [0.1, 0.2]); }
test "ba all" { check_grad((c, x) => all_res(c, x, [1.0, 1.0], [[0.0, 0.0], [0.1, 0.1]], [[0, 0], [0, 1]]), [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, 0.02]], [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]]); }
test "rk" { check_grad(rksum, [1.0, 0.1]); }
test "elim" { assert_close(elim([[2, 1], [1, 3]], [3, 5]), [0.8, 1.4]); check_grad(elim, [[2, 1], [1, 3]], [3, 5]); }
test "horner" { assert_close(horner([1, 2, 3], 2), 17); check_grad(horner, [1, 2, 3], 2); }
test "conv" { check_grad(conv, [[1, 2, 3], [4, 5, 6], [7, 8, 9.5]], [[0.5, 1], [1, 2]]); }
test "stencil" { check_grad(stencil, [1, 2, 4, 8]); }
test "pose" { check_grad(pl, Pose { r: [0.1, 0.2, 0.3], t: [1, 2, 3] }, [[1, 2, 3], [3, 2, 1]]); let g = grad(pl, wrt: p)(Pose { r: [0.1, 0.2, 0.3], t: [1, 2, 3] }, [[1, 2, 3]]); assert_close(g.t, g.t); }
test "jac" { assert_close(jacobian(residual, wrt: x)([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, 0.02], [1.0, 2.0, 3.0], 0.5, [0.1, 0.2]) @ [1, 0, 0], jvp(residual, wrt: x)([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, 0.02], [1.0, 2.0, 3.0], 0.5, [0.1, 0.2], [1.0, 0, 0])); }
test "fourth" { let f = x => x * exp(sin(x)) / (1 + x^2); check_grad(grad(grad(grad(f))), 0.7); }
