// A mixture of spherical Gaussians, fitted by gradient descent on the negative log likelihood.

/// The mean over points of -log Σ_k weight_k N(x | mu_k, exp(s_k)²), with weights softmax(a).
fn loss(a: f64[k], mu: f64[k, d], s: f64[k], x: f64[n, d]) -> f64 {
  let log_weight = log_softmax(a);
  let half = 0.5 * log(2 * 3.141592653589793);
  -mean([i: n => logsumexp[j: k => log_weight[j] - 0.5 * sum[l: d => ((x[i, l] - mu[j, l]) / exp(s[j]))^2] - d * (s[j] + half)]])
}

/// `steps` steps of gradient descent, and the loss before each.
export fn fit(a: f64[k], mu: f64[k, d], s: f64[k], x: f64[n, d], steps: size, rate: f64) -> ((f64[k], f64[k, d], f64[k]), f64[steps]) {
  loop (pa = a, pm = mu, ps = s) for i in 0..steps {
    let (l, (ga, gm, gs)) = value_and_grad(loss, wrt: (a, mu, s))(pa, pm, ps, x);
    collect l;
    (pa - rate * ga, pm - rate * gm, ps - rate * gs)
  }
}

test "one component at the mean of two points" {
  let ((_, mu, s), _) = fit([0.0], [[0.5, 0.5]], [0.0], [[1.0, 2.0], [3.0, 4.0]], 400, 0.2);
  assert_close(mu, [[2.0, 3.0]], 1e-6);
  assert_close(exp(s), [1.0], 1e-6);
}
