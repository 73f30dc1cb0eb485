// The log posterior of a Gaussian mixture: full precision matrices by their Cholesky factors, a Wishart prior.

struct Mixture[k, d] { alpha: f64[k], mu: f64[k, d], q: f64[k, d], l: f64[k, d * (d - 1) div 2] }

/// Lower triangular: exp(q) on the diagonal, l below it, column by column.
fn factor(q: f64[d], l: f64[d * (d - 1) div 2]) -> f64[d, d] {
  [i: d, j: d => if i == j { exp(q[i]) } else if i > j { l[j * (2 * d - j - 1) div 2 + i - j - 1] } else { 0.0 }]
}

fn log_wishart_prior(p: Mixture[k, d], gamma: f64, m: i64) -> f64 {
  let dof = f64(d + m + 1);
  let log_gamma = 0.25 * f64(d * (d - 1)) * log(pi) + sum[j: d => lgamma(0.5 * dof - 0.5 * f64(j))];
  let c = dof * d * (log(gamma) - 0.5 * log(2.0)) - log_gamma;
  sum[i: k => 0.5 * gamma^2 * (sum(exp(p.q[i])^2) + sum(p.l[i]^2)) - f64(m) * sum(p.q[i])] - k * c
}

fn log_posterior(p: Mixture[k, d], x: f64[n, d], gamma: f64, m: i64) -> f64 {
  let f = [j: k => factor(p.q[j], p.l[j])];
  let beta = [i: n, j: k => p.alpha[j] + sum(p.q[j]) - 0.5 * sum[a: d => (sum[b: d => f[j, a, b] * (x[i, b] - p.mu[j, b])])^2]];
  -0.5 * n * d * log(2 * pi) - n * logsumexp(p.alpha) + sum[i: n => logsumexp(beta[i])] - log_wishart_prior(p, gamma, m)
}

export fn objective(p: Mixture[k, d], x: f64[n, d], gamma: f64, m: i64) -> f64 { log_posterior(p, x, gamma, m) }

export fn jacobian_of(p: Mixture[k, d], x: f64[n, d], gamma: f64, m: i64) -> Mixture[k, d] {
  grad(log_posterior, wrt: p)(p, x, gamma, m)
}
