fn f(x: f64[n], y: f64[m]) -> f64 { sum(x + y) }
fn g(x: f64[n]) -> f64 { let a = squrt(x); sum(a) }
fn h(x: f64[n], i: i64) -> f64 { sum(x) * i }
fn k(x: f32[n]) -> f64 { sum(x) }
fn l(a: f64[n, m], b: f64[n, m]) -> f64[n, n] { a @ b }
fn m(x: f64[n]) -> f64 { grad(l)(x) }
fn o(x: f64[n]) -> f64 { x[n] + f(x, x, x) }
fn p(i: i64) -> f64 { i / 2 }
struct S { a: f64, k: i64 }
fn q(s: S) -> f64 { s.a * s.aa }
fn r(s: S) -> f64 { s.a^2 }
fn t(s: S) -> S { grad(r)(s) }
fn u(x: f64[n]) -> f64 { if x { 1 } else { 2 } }
fn v(x: f64) -> f64 { grad(floor)(x) + sum[k => x[k]] }
fn w(x: f64) -> f64 { argmax([x, x]) }
fn z(x: Foo[n]) -> f64 { 1.0 }
