struct Gauss { mu: f64, sigma: f64 }
fn logpdf(g: Gauss, x: f64) -> f64 { -0.5 * ((x - g.mu) / g.sigma)^2 - log(g.sigma) - 0.5 * log(2 * pi) }
fn helper(x: f64) -> f64 { 2 * x }
