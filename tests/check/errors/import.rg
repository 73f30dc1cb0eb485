import "missing.rg";
fn f(x: f64) -> f64 { missing(x) }
