// A damped pendulum's parameters from its observed angles: gradients through a Runge-Kutta loop.

/// d(angle, speed)/dt with stiffness p[0] and damping p[1].
fn field(y: f64[2], p: f64[2]) -> f64[2] {
  [y[1], -p[0] * sin(y[0]) - p[1] * y[1]]
}

/// The angles after each of n steps of length h, by the classical fourth-order Runge-Kutta method.
fn angles(p: f64[2], start: f64[2], h: f64, n: size) -> f64[n] {
  let (_, path) = loop (y = start) for i in 0..n {
    let k1 = field(y, p);
    let k2 = field(y + 0.5 * h * k1, p);
    let k3 = field(y + 0.5 * h * k2, p);
    let k4 = field(y + h * k3, p);
    let next = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    collect next[0];
    next
  };
  path
}

fn misfit(p: f64[2], start: f64[2], h: f64, seen: f64[n]) -> f64 {
  mean((angles(p, start, h, n) - seen)^2)
}

/// One step of gradient descent, with the misfit before it.
export fn improve(p: f64[2], start: f64[2], h: f64, seen: f64[n], rate: f64) -> (f64[2], f64) {
  let (m, g) = value_and_grad(misfit, wrt: p)(p, start, h, seen);
  (p - rate * g, m)
}

test "the parameters are found again" {
  let seen = angles([2.0, 0.3], [1.0, 0.0], 0.05, 100);
  let found = loop (p = [1.5, 0.1]) for i in 0..400 { improve(p, [1.0, 0.0], 0.05, seen, 1.0).0 };
  assert_close(found, [2.0, 0.3], 1e-4);
}
