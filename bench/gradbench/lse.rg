// log(sum(exp(x))), shifted by the maximum. The result does not depend on the shift, so it has no derivative.

export fn primal(x: f64[n]) -> f64 {
  let a = stop_gradient(max(x));
  a + log(sum(exp(x - a)))
}

export fn gradient(x: f64[n]) -> f64[n] { grad(primal)(x) }
