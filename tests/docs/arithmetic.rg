/// Products of equal numbers have no difference, however they are written.
fn discriminant(a: f64, b: f64, c: f64) -> f64 { b * b - 4 * a * c }
fn difference(x: f64, y: f64) -> f64 { sqrt(x * x - y * y) }
fn scaled(x: f64) -> f64 { (x * 1e200) * 1e200 }
fn opposite(x: f64) -> f64 { 0 - x }
fn weighted(s: f64, x: f64[n]) -> f64 { sum(s * x) }
fn chain(a: f64[n, n], b: f64[n, n]) -> f64 { sum(a @ b) }
fn pick(i: i64, x: f64[n]) -> f64 { sum([j: n => if i == j { 1.0 } else { 0.0 }] * x) }
