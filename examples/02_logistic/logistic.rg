// Logistic regression with ten classes: softmax cross-entropy with a penalty on the weights, and its Newton direction.

/// The penalised mean of -log softmax(x w + b)[y].
fn loss(w: f64[d, c], b: f64[c], x: f64[n, d], y: i64[n], penalty: f64) -> f64 {
  let z = x @ w + b;
  penalty * sum(w^2) - mean([i: n => log_softmax(z[i])[y[i]]])
}

/// One step of gradient descent, with the loss before it.
export fn descend(w: f64[d, c], b: f64[c], x: f64[n, d], y: i64[n], penalty: f64, rate: f64) -> (f64[d, c], f64[c], f64) {
  let (l, (gw, gb)) = value_and_grad(loss, wrt: (w, b))(w, b, x, y, penalty);
  (w - rate * gw, b - rate * gb, l)
}

test "the gradient agrees with differences" {
  let x = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]];
  check_grad((w: f64[2, 2]) => loss(w, [0.1, -0.2], x, [0, 1, 1], 0.01), [[0.3, -0.1], [0.2, 0.4]]);
}

test "equal scores lose log of the number of classes" {
  assert_close(loss(zeros([2, 4]), zeros([4]), ones([3, 2]), [0, 3, 2], 0.0), log(4.0));
}
