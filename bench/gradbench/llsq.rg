// The squared error of a polynomial with coefficients x against the sign, at n points in [-1, 1].

fn polynomial(x: f64[m], t: f64) -> f64 {
  loop (s = 0.0) for j in 0..m { s * t + x[m - 1 - j] }
}

export fn primal(x: f64[m], n: size) -> f64 {
  let t = [i: n => -1 + 2 * f64(i) / f64(n - 1)];
  0.5 * sum[i: n => (sign(t[i]) - polynomial(x, t[i]))^2]
}

export fn gradient(x: f64[m], n: size) -> f64[m] { grad(y => primal(y, n))(x) }
