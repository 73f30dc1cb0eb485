// A classifier of handwritten digits: two layers, softmax cross-entropy, gradient descent with momentum.

struct Mlp[d, h, c] { w1: f32[d, h], b1: f32[h], w2: f32[h, c], b2: f32[c] }

/// One row of scores an image.
fn scores(p: Mlp[d, h, c], x: f32[n, d]) -> f32[n, c] {
  tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2
}

/// The mean of -log softmax(scores)[label].
fn loss(p: Mlp[d, h, c], x: f32[n, d], y: i32[n]) -> f32 {
  let z = scores(p, x);
  -mean([i: n => log_softmax(z[i])[y[i]]])
}

/// One step: the network, its velocity, and the loss before the step.
export fn step(p: Mlp[d, h, c], v: Mlp[d, h, c], x: f32[n, d], y: i32[n], rate: f32, momentum: f32) -> (Mlp[d, h, c], Mlp[d, h, c], f32) {
  let (l, g) = value_and_grad(loss, wrt: p)(p, x, y);
  let next = momentum * v - rate * g;
  (p + next, next, l)
}

/// The part of the images whose highest score is their label's.
export fn accuracy(p: Mlp[d, h, c], x: f32[n, d], y: i32[n]) -> f32 {
  let z = scores(p, x);
  mean([i: n => if argmax(z[i]) == i64(y[i]) { f32(1) } else { f32(0) }])
}
