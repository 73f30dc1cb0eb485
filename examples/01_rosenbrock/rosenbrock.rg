// Newton's method on Rosenbrock's valley: the Hessian by the compiler, the linear system by elimination in a loop.

/// Rosenbrock's valley. Its minimum is at all ones.
fn rosenbrock(x: f64[n]) -> f64 {
  let a = x[1:] - x[:-1]^2;
  sum(100 * a^2 + (1 - x[:-1])^2)
}

/// The solution of a x = b, by Gauss-Jordan elimination without pivoting: every pivot must be nonzero.
fn eliminate(a: f64[n, n], b: f64[n]) -> f64[n] {
  let (_, x) = loop (m = a, r = b) for k in 0..n {
    let row = m[k] / m[k, k];
    let right = r[k] / m[k, k];
    let next_m = [i: n, j: n => if i == k { row[j] } else { m[i, j] - m[i, k] * row[j] }];
    let next_r = [i: n => if i == k { right } else { r[i] - m[i, k] * right }];
    (next_m, next_r)
  };
  x
}

/// One step of Newton's method.
export fn newton(x: f64[n]) -> f64[n] {
  x - eliminate(hessian(rosenbrock)(x), grad(rosenbrock)(x))
}

/// Twenty steps.
export fn minimum(x: f64[n]) -> f64[n] {
  loop (p = x) for i in 0..20 { newton(p) }
}

test "gradient" {
  assert_close(grad(rosenbrock)([1.0, 2.0]), [-400.0, 200.0]);
  check_grad(rosenbrock, [0.3, -1.2, 0.7]);
}

test "hessian" {
  assert_close(hessian(rosenbrock)([1.0, 2.0]), [[402.0, -400.0], [-400.0, 200.0]]);
}

test "the minimum is at all ones" {
  assert_close(minimum([-1.2, 1.0]), [1.0, 1.0]);
}
