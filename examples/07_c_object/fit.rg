// A decaying oscillation's parameters from samples, for a program in C.

/// Mean squared distance of a*exp(-b*t)*cos(w*t) from the samples y at the times t; p is (a, b, w).
export fn misfit(p: f64[3], t: f64[n], y: f64[n]) -> f64 {
  mean((p[0] * exp(-p[1] * t) * cos(p[2] * t) - y)^2)
}

test "gradient" {
  check_grad((p: f64[3]) => misfit(p, [0.0, 0.5, 1.0], [1.0, 0.2, -0.3]), [1.0, 0.3, 2.0]);
}
