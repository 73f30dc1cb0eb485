// The square, and its derivative.

export fn squared(x: f64) -> f64 { x^2 }

export fn derivative(x: f64) -> f64 { grad(squared)(x) }
