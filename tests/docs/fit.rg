/// The mean square of what a linear fit leaves.
export fn loss(w: f64[d], x: f64[n, d], y: f64[n]) -> f64 {
  mean([i: n => (sum[j: d => x[i, j] * w[j]] - y[i])^2])
}
