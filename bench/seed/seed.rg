// The seed suite's losses. The benchmark takes the gradient of each with respect to x.

/// d/dx is 2 x.
export fn scalar_loss(x: f32) -> f32 { x^2 }

export fn vector_loss(x: f32[n]) -> f32 { sum(x^2) }

/// Its gradient holds no matrix product: the row sums of w in every row.
export fn matmul_loss(x: f32[n, k], w: f32[k, m]) -> f32 { sum(x @ w) }

/// As matmul_loss, but no algebra shortens its gradient: two matrix products.
export fn matmul_squared_loss(x: f32[n, k], w: f32[k, m]) -> f32 { sum((x @ w)^2) }

export fn chain_loss(x: f32[n, m]) -> f32 { sum(exp(tanh(x^2))) }

fn cube_sum(x: f32[n]) -> f32 { sum(x^3) }

/// A gradient within: differentiating this is reverse over reverse.
export fn higher_order_loss(x: f32[n]) -> f32 { sum(grad(cube_sum)(x)) }
