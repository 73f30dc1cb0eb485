struct Line { slope: f64, offset: f64 }
fn exp(x: f64) -> f64 { x }
fn again(x: f64) -> f64 { x }
fn again(y: f64) -> f64 { y }
fn shadow(x: f64[n]) -> f64 { let n = 1.0; n }
fn field(l: Line) -> f64 { l.slop }
fn literal(x: f64) -> Line { Line { slope: x, ofset: x } }
fn keep(x: f64) -> f64 { let f = y => y; (f, x).0 }
fn unsolved(x: f64[n * m]) -> f64 { sum(x) }
fn option(x: f64[n]) -> f64 { sum(x, axes: 0) }
fn steps(k: i64, x: f64[n]) -> f64 { loop (s = 0.0) for i in 0..k { s + x[i] } }
fn state(x: f64[n]) -> f64[n] { loop (s = x) for i in 0..3 { s[1:] } }
fn until(x: f64) -> f64 { loop (s = x) while s > 1 { s / 2 } }
fn never(x: f64[n]) -> f64 { assert n < 0; sum(x) }
