// A recurrent network of l layers with diagonal weights, reading a text of c characters of b bits.

/// One cell: gates forget, in, out, change from the input v and the hidden state h.
fn cell(weight: f64[4, b], bias: f64[4, b], h: f64[b], c: f64[b], v: f64[b]) -> (f64[b], f64[b]) {
  let forget = sigmoid(v * weight[0] + bias[0]);
  let ingate = sigmoid(h * weight[1] + bias[1]);
  let outgate = sigmoid(v * weight[2] + bias[2]);
  let change = tanh(h * weight[3] + bias[3]);
  let next = c * forget + ingate * change;
  (outgate * tanh(next), next)
}

/// Parameters: of layer i the weights main[2 i] and biases main[2 i + 1]; extra are weights in, out and the bias out.
/// State: of layer i hidden state[2 i] and cell state[2 i + 1].
fn loss(main: f64[2 * l, 4 * b], extra: f64[3, b], state: f64[2 * l, b], sequence: f64[c, b]) -> f64 {
  let p = reshape(main, [l, 2, 4, b]);
  let (_final, total) = loop (s = reshape(state, [l, 2, b]), sum_so_far = 0.0) for t in 0..c - 1 {
    let (v, next) = loop (v = sequence[t] * extra[0]) for i in 0..l {
      let (h, c2) = cell(p[i, 0], p[i, 1], s[i, 0], s[i, 1], v);
      collect stack(h, c2);
      h
    };
    let y = v * extra[1] + extra[2];
    (next, sum_so_far + sum(sequence[t + 1] * (y - log(2 + sum(exp(y))))))
  };
  -total / f64((c - 1) * b)
}

export fn objective(main: f64[2 * l, 4 * b], extra: f64[3, b], state: f64[2 * l, b], sequence: f64[c, b]) -> f64 {
  loss(main, extra, state, sequence)
}

export fn gradient(main: f64[2 * l, 4 * b], extra: f64[3, b], state: f64[2 * l, b], sequence: f64[c, b]) -> (f64[2 * l, 4 * b], f64[3, b]) {
  grad(loss, wrt: (main, extra))(main, extra, state, sequence)
}
