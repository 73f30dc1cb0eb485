// The prelude: functions that every program may call. `float` is f32 or f64, the same throughout a signature; `...`
// stands for any leading dimensions.

/// x * Φ(x), Φ the distribution function of the normal distribution: the exact form, by erfc, which keeps its digits far
/// left. Its limit -0 at -inf: long before -1000, Φ is 0.
fn gelu(x: float[...]) -> float[...] {
  let bounded = where(x < -1000, -1000, x);
  0.5 * bounded * erfc(bounded * -0.70710678118654752440)
}

/// x * sigmoid(x), with its limit -0 at -inf: long before -1000, sigmoid is 0.
fn silu(x: float[...]) -> float[...] {
  let bounded = where(x < -1000, -1000, x);
  bounded * sigmoid(bounded)
}

/// (x - mean) / sqrt(var + eps) along the last dimension, scaled and shifted.
fn layer_norm(x: float[..., n], scale: float[n], shift: float[n], eps: float) -> float[..., n] {
  let d = x - mean(x, axis: -1, keep: true);
  d * rsqrt(mean(d^2, axis: -1, keep: true) + eps) * scale + shift
}

/// The square root of the variance over all elements; the divisor is n. The derivative where all are equal is 0.
fn std(x: float[...]) -> float {
  let v = var(x);
  where(v > 0, sqrt(v), v)
}

/// The inner product.
fn dot(x: float[n], y: float[n]) -> float {
  sum(x * y)
}

/// The matrix x[i] * y[j].
fn outer(x: float[n], y: float[m]) -> float[n, m] {
  reshape(x, [n, 1]) * y
}

/// The Euclidean norm over all elements, as the root of the sum of squares, which may overflow (hypot does not). The
/// derivative at the origin is 0.
fn norm(x: float[...]) -> float {
  let s = sum(x^2);
  where(s > 0, sqrt(s), s)
}

/// The sum of the diagonal.
fn trace(a: float[n, n]) -> float {
  sum(diag(a))
}

/// The mean over rows of -log(softmax(logits))[label]: the cross entropy of class labels.
fn cross_entropy(logits: float[n, c], labels: i32[n]) -> float {
  -mean([i: n => log_softmax(logits[i])[labels[i]]])
}

/// The mean of (x - y)^2.
fn mse(x: float[...], y: float[...]) -> float {
  mean((x - y)^2)
}
