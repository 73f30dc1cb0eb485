// The program of the tests of the command.

/// A bowl: x^2.
export fn bowl(x: f64) -> f64 { x^2 }

fn half(x: f64) -> f64 { x / 2 }

fn cube(n: size) -> f64[n, n, n] { zeros([n, n, n]) }

test "bowl" { assert_close(grad(bowl)(3.0), 6.0); check_grad(bowl, 0.7); }

test "half" { assert_close(half(3.0), 1.5); }
