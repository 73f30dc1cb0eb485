// The prelude: functions that every program may call. `float` is f32 or f64, the same throughout a signature; `...`
// stands for any leading dimensions.

/// exp(x) normalised to sum 1 along the last dimension; shifted by the maximum, so that nothing overflows.
fn softmax(x: float[..., n]) -> float[..., n] {
  let e = exp(x - stop_gradient(max(x, axis: -1, keep: true)));
  e / sum(e, axis: -1, keep: true)
}

/// log(softmax(x)) along the last dimension.
fn log_softmax(x: float[..., n]) -> float[..., n] {
  x - logsumexp(x, axis: -1, keep: true)
}

/// x * Φ(x), Φ the distribution function of the normal distribution: the exact form, by erf.
fn gelu(x: float[...]) -> float[...] {
  0.5 * x * (1 + erf(x * 0.70710678118654752440))
}

/// x * sigmoid(x).
fn silu(x: float[...]) -> float[...] {
  x * sigmoid(x)
}

/// (x - mean) / sqrt(var + eps) along the last dimension, scaled and shifted.
fn layer_norm(x: float[..., n], scale: float[n], shift: float[n], eps: float) -> float[..., n] {
  let d = x - mean(x, axis: -1, keep: true);
  d * rsqrt(mean(d^2, axis: -1, keep: true) + eps) * scale + shift
}

/// The square root of the variance over all elements; the divisor is n.
fn std(x: float[...]) -> float {
  sqrt(var(x))
}

/// The inner product.
fn dot(x: float[n], y: float[n]) -> float {
  sum(x * y)
}

/// The matrix x[i] * y[j].
fn outer(x: float[n], y: float[m]) -> float[n, m] {
  reshape(x, [n, 1]) * y
}

/// The Euclidean norm over all elements.
fn norm(x: float[...]) -> float {
  sqrt(sum(x^2))
}

/// The sum of the diagonal.
fn trace(a: float[n, n]) -> float {
  sum(diag(a))
}

/// The running sums along the only dimension.
fn cumsum(x: float[n]) -> float[n] {
  let (total, sums) = loop (s = 0 * sum(x[0:0])) for i in 0..n { let next = s + x[i]; collect next; next };
  sums
}

/// The mean over rows of -log(softmax(logits))[label]: the cross entropy of class labels.
fn cross_entropy(logits: float[n, c], labels: i32[n]) -> float {
  -mean([i: n => log_softmax(logits[i])[labels[i]]])
}

/// The mean of (x - y)^2.
fn mse(x: float[...], y: float[...]) -> float {
  mean((x - y)^2)
}
