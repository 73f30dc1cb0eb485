// Points joined by springs: the energy of a hanging chain, whose gradient is the force on every point.

/// Energy of a chain from (0, 0) to (1, 0) through the points p: springs of a rest length, and weight.
fn energy(p: f64[n, 2], rest: f64, weight: f64) -> f64 {
  let left = zeros([1, 2]);
  let right = [[1.0, 0.0]];
  let q = concat(left, p, right, axis: 0);
  let step = q[1:] - q[:-1];
  let stretch = sqrt(sum(step^2, axis: 1)) - rest;
  50 * (n + 1) * sum(stretch^2) + weight * sum(p[:, 1]) / n
}

test "force" {
  check_grad((p: f64[3, 2]) => energy(p, 0.3, 1.0), [[0.2, -0.1], [0.5, -0.3], [0.8, -0.1]]);
}
