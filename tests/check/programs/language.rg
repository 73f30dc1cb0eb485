import "shared/lib.rg";
fn helper2(x: f64) -> f64 { helper(x) + 1 }
fn nll(mu: f64, sigma: f64, x: f64[n]) -> f64 { -sum[i => logpdf(Gauss { mu: mu, sigma: sigma }, x[i])] }
fn two(x: f64[n], y: f64[m]) -> f64 { sum(x)^2 * sum(y^2) }
struct Layer[i, o] { w: f64[i, o], b: f64[o] }
struct Deep[i, h, o] { one: Layer[i, h], two: Layer[h, o], scale: f64 }
fn lay(l: Layer[i, o], x: f64[n, i]) -> f64[n, o] { x @ l.w + l.b }
fn deep(p: Deep[i, h, o], x: f64[n, i]) -> f64[n, o] { p.scale * lay(p.two, relu(lay(p.one, x))) }
fn dl(p: Deep[i, h, o], x: f64[n, i]) -> f64 { sum(deep(p, x)^2) }
fn mk(v: f64) -> Deep[2, 3, 1] { Deep { one: Layer { w: full([2, 3], v), b: zeros([3]) }, two: Layer { w: ones([3, 1]), b: zeros([1]) }, scale: 1 } }
fn pair(x: f64[n]) -> (f64, f64[n]) { (sum(x), x * 2) }
export fn taylor(x: f64, k: size) -> f64 { (loop (s = 0.0, t = 1.0) for i in 0..k { (s + t, t * x / f64(i + 1)) }).0 }
fn pick(x: f64[n], m: bool[n]) -> f64 { if any(m) { sum(where(m, x, 0)) } else { -1.0 } }
fn split(x: f64[n]) -> f64 { assert n mod 2 == 0; let h = n div 2; sum(x[:h] * x[h:2*h]) }
fn sized(x: f64[n]) -> f64 { if n > 2 { x[2] } else { 0.0 } }
fn ints(a: i32[n]) -> i32 { sum(a * 2 + 1) div 2 }
fn attn(q: f32[h, t, d], k: f32[h, s, d], v: f32[h, s, d]) -> f32[h, t, d] { softmax(q @ transpose(k, [0, 2, 1]) / sqrt(d)) @ v }
fn hist(x: i64[n], k: size) -> i64[k] { [b: k => sum[i => if x[i] == b { 1 } else { 0 }]] }
fn cumprod(x: f64[n]) -> f64[n] { [i: n => prod[j: i + 1 => x[j]]] }
fn lse(x: f64[n, m]) -> f64[n] { [i: n => logsumexp[j => x[i, j]]] }
fn outerd(x: f64[n]) -> f64[n, n] { [i: n, j: n => exp(-(x[i] - x[j])^2)] }
fn knn(x: f64[n, d], q: f64[d]) -> i64 { argmin[i: n => sum[k => (x[i, k] - q[k])^2]] }
fn nested(x: f64[n]) -> f64 { let g = grad(y => sum(sin(y) * x))(x); sum(g * x) }
fn rnn(w: f64[h, h], x: f64[t, h]) -> f64[t, h] { (loop (s = zeros([h])) for i in 0..t { let z = tanh(w @ s + x[i]); collect z; z }).1 }
fn every(x: f64[n, h], w: f64[h]) -> f64 { sum[i: n => loop (s = 0.0) for k in 0..h { tanh(s + x[i, k] * w[k]) }] }
test "import" { assert_close(helper2(2), 5); assert_close(grad(nll, wrt: (mu, sigma))(0, 1, [1, 2, 3]), (-6, -11)); let (_, (a, _)) = value_and_grad(nll, wrt: (mu, sigma))(0, 1, [1]); assert_close(a, -1); }
test "hess2" { let h = hessian(two, wrt: (x, y))([1, 2], [3]); assert_close(h.0.0, [[18, 18], [18, 18]]); assert_close(h.0.1, [[36], [36]]); assert_close(h.1.1, [[18]]); }
test "deep" { check_grad(dl, mk(0.3), [[1, 2], [3, 4]]); let g = grad(dl, wrt: p)(mk(0.5), [[1, 2]]); assert_close((mk(0.5) - 0.1 * g).scale, 1 - 0.1 * g.scale); }
test "pair" { check_grad(pair, [1, 2]); assert_close(jvp(pair)([1, 2], [1, 1]), (2, [2, 2])); assert_close(vjp(pair)([1, 2], (1, [1, 2])), [3, 5]); }
test "taylor" { assert_close(taylor(1, 20), exp(1.0)); assert_close(grad(taylor)(1, 20), exp(1.0)); }
test "misc" { assert_close(pick([1, 2], [true, false]), 1); assert_close(split([1, 2, 3, 4]), 11); assert_close(sized([1, 2]), 0); assert_close(sized([1, 2, 3]), 3); assert_close(ints([1, 2]), 4); assert_close(hist([0, 1, 1], 3), [1, 2, 0]); assert_close(cumprod([1, 2, 3]), [1, 2, 6]); assert_close(knn([[0, 0], [1, 1]], [0.9, 1]), 1); }
test "attn" { check_grad(attn, [[[1, 2], [3, 4]]], [[[0.1, 0.2]]], [[[1, 2]]]); }
test "grads" { check_grad(cumprod, [1, 2, 3]); check_grad(lse, [[1, 2], [3, 4]]); check_grad(outerd, [1, 1.5, 2]); check_grad(nested, [0.1, 0.2]); check_grad(rnn, [[0.1, 0.2], [0.3, 0.4]], [[1, 2], [3, 4], [0.5, 0.1]]); check_grad(every, [[1, 2], [3, 4]], [0.3, 0.4]); }
test "prelude" { check_grad((x: f64[3], s: f64[3], b: f64[3]) => layer_norm(x, s, b, 1e-5), [1, 2, 4], [1, 1, 1], [0, 0, 0]); check_grad(x => std(x) + norm(x), [1.0, 2.0]); check_grad(x => cumsum(x), [1.0, 2.0]); check_grad(softmax, [1.0, 2.0]); assert_close(vmap(softmax)([[1.0, 2.0]]), [softmax([1.0, 2.0])]); }
test "kinks" { assert_close(grad(abs)(0.0), 0); assert_close(grad(relu)(0.0), 0); assert_close(grad(x => max(x))([1.0, 1.0]), [1, 0]); }
test "checkpoint" { assert_close(grad(checkpoint(x => sin(x)))(0.0), 1); assert_close(value_and_hvp(x => sum(x^3))([1.0], [2.0]), (1, [12])); }

fn overlapping(x: f64[3], n: size) -> f64 {
  loop (s = 0.0) for i in 0..n { s + sum(x[0:2] * x[1:3]) * sin(x[1] + f64(i)) + x[0]^2 * x[2] + s * 0.1 }
}
fn windows(x: f64[m], n: size) -> f64 {
  loop (s = 1.0) for i in 0..n { 0.3 * s + sum(x[1:] * x[:-1]) + sum(x[2:] ^ 2) + sum(x * s) + sum([j: m => x[j] * x[(j * 3) mod m]]) }
}
fn nested_sums(x: f64[m], w: f64[m, 4], n: size) -> f64 {
  loop (s = 0.5) for i in 0..n {
    let inner = loop (t = s) for j in 0..m { tanh(t * x[j] + sum(w[j]) * w[i mod m, 2]) };
    inner + dot(x, x) * 0.1 + w[0, 1] * s
  }
}

test "what the steps of a loop add to a captured array" {
  check_grad(x => overlapping(x, 4), [0.3, -0.7, 1.1]);
  check_grad(x => windows(x, 3), [0.3, -0.7, 1.1, 0.4, 0.9]);
  check_grad(x => nested_sums(x, [i: 5, j: 4 => 0.1 * f64(i) - 0.2 * f64(j)], 3), [0.3, -0.7, 1.1, 0.4, 0.9]);
  check_grad(w => nested_sums([0.3, -0.7, 1.1, 0.4, 0.9], w, 3), [i: 5, j: 4 => 0.1 * f64(i) - 0.2 * f64(j)]);
  check_grad(x => sum(grad(y => windows(y, 2))(x) * x), [0.3, -0.7, 1.1, 0.4]);
  check_grad(w => sum(grad(v => nested_sums([0.3, -0.7, 1.1], v, 2))(w)^2), [i: 3, j: 4 => 0.1 * f64(i) - 0.2 * f64(j)]);
}
