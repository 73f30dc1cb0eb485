fn two(x: f64, y: f64) -> f64 { x * y }
fn vector(x: f64[n]) -> f64[n] { 2 * x }
fn count(i: i64) -> i64 { i }
fn a(x: f64) -> f64 { grad(two)(x, x) }
fn b(x: f64) -> f64 { grad(two, wrt: z)(x, x) }
fn c(x: f64[n]) -> f64[n] { grad(vector)(x) }
fn d(i: i64) -> f64 { grad(count)(i) }
fn e(x: f64) -> f64 { grad(two, x) }
fn f(x: f64) -> f64 { grad(x)(x) }
fn g(x: f64) -> f64 { grad(two, by: x)(x, x) }
fn h(x: f64[n]) -> f64[n] { jvp(vector)(x, 1.0) }
