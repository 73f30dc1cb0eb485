// What dsl/arithmetic.md shows of functions at their extremes.
fn s(x: f64) -> f64 { sigmoid(x) }
fn t(x: f64) -> f64 { tanh(x) }
fn a(x: f64) -> f64 { asinh(x) }
fn angle(y: f64, x: f64) -> f64 { atan2(y, x) }
fn distance(x: f64, y: f64) -> f64 { hypot(x, y) }
fn power(x: f64, y: f64) -> f64 { x^y }
fn counted(x: f64, k: i64) -> f64 { x^k }
fn entropy(x: f64, y: f64) -> f64 { xlogy(x, y) }
fn tail(x: f64) -> f64 { log(erfc(x)) }
fn magnitude(x: f64[n]) -> f64 { norm(x) }
fn square_of_norm(x: f64[n]) -> f64 { norm(x)^2 }
fn spread(x: f64[n]) -> f64 { std(x) }
fn scores(x: f32[n]) -> f32[n] { log_softmax(x) }
fn loss(x: f64[n]) -> f64 { -log_softmax(x)[0] }
fn total(x: f64[n]) -> f64 { logsumexp(x) }
fn factors(x: f64[n]) -> f64 { prod(x) }
fn remainder(x: f64, y: f64) -> f64 { x mod y }
fn steps(x: f64) -> f64 { floor(x) + abs(x) + relu(x) + fdim(x, 0.0) }
fn activation(x: f64[n]) -> (f64[n], f64[n]) { (silu(x), gelu(x)) }
fn ratio(x: f64, y: f64) -> f64 { 1e-300 * (x / y) }
fn pole(x: f64) -> f64 { lgamma(x) }
