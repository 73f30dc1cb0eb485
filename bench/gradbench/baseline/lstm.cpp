// The recurrent network by hand: forward with gates stored, then a sweep back over time.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/gradbench/baseline/baseline.h"

namespace rg::gradbench::baseline {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Of one step and layer, b each: input, hidden and cell before; four gates; tanh of the cell after.
enum Part { v, h, c, forget, ingate, outgate, change, squashed, parts };

struct Pass {
  const Lstm& in;
  std::vector<double> state;  // hidden and cell by layer
  std::vector<double> y;

  explicit Pass(const Lstm& i) : in(i), state(i.state, i.state + 2 * i.l * i.b), y(static_cast<std::size_t>(i.b)) {}

  // One step from the characters at t and t + 1: the term of the loss. `tape` gets l parts b numbers.
  double step(Int t, double* tape) {
    const Int b = in.b;
    for (Int i = 0; i < b; ++i) y[i] = in.sequence[t * b + i] * in.extra[i];
    for (Int layer = 0; layer < in.l; ++layer) {
      const double *w = in.main + 8 * b * layer, *bias = w + 4 * b;
      double *hidden = &state[2 * layer * b], *cell = hidden + b, *at = tape + layer * parts * b;
      for (Int i = 0; i < b; ++i) {
        const double f = sigmoid(y[i] * w[i] + bias[i]), g = sigmoid(hidden[i] * w[b + i] + bias[b + i]),
                     o = sigmoid(y[i] * w[2 * b + i] + bias[2 * b + i]),
                     a = std::tanh(hidden[i] * w[3 * b + i] + bias[3 * b + i]);
        const double next = cell[i] * f + g * a, s = std::tanh(next);
        const double stored[] = {y[i], hidden[i], cell[i], f, g, o, a, s};
        for (int k = 0; k < parts; ++k) at[k * b + i] = stored[k];
        cell[i] = next;
        y[i] = hidden[i] = o * s;
      }
    }
    double sum = 2;
    for (Int i = 0; i < b; ++i) {
      y[i] = y[i] * in.extra[b + i] + in.extra[2 * b + i];
      sum += std::exp(y[i]);
    }
    const double lse = std::log(sum);
    double total = 0;
    for (Int i = 0; i < b; ++i) total += in.sequence[(t + 1) * b + i] * (y[i] - lse);
    return total;
  }
};

}  // namespace

double lstm(const Lstm& in) {
  Pass pass(in);
  std::vector<double> scratch(static_cast<std::size_t>(in.l * parts * in.b));
  double total = 0;
  for (Int t = 0; t + 1 < in.c; ++t) total += pass.step(t, scratch.data());
  return -total / static_cast<double>((in.c - 1) * in.b);
}

void lstm_gradient(const Lstm& in, double* main, double* extra) {
  const Int b = in.b, l = in.l, steps = in.c - 1, block = l * parts * b;
  Pass pass(in);
  std::vector<double> tape(static_cast<std::size_t>(steps * block)), outputs(static_cast<std::size_t>(steps * b));
  for (Int t = 0; t < steps; ++t) {
    pass.step(t, &tape[t * block]);
    std::copy(pass.y.begin(), pass.y.end(), outputs.begin() + t * b);
  }
  std::fill(main, main + 8 * l * b, 0.0);
  std::fill(extra, extra + 3 * b, 0.0);
  std::vector<double> h_adj(static_cast<std::size_t>(l * b), 0.0), c_adj(h_adj), v_adj(static_cast<std::size_t>(b));
  const double seed = -1 / static_cast<double>(steps * b);
  for (Int t = steps - 1; t >= 0; --t) {
    const double *y = &outputs[t * b], *seq = in.sequence + t * b, *last = &tape[t * block + (l - 1) * parts * b];
    double sum = 2, ones = 0;
    for (Int i = 0; i < b; ++i) {
      sum += std::exp(y[i]);
      ones += seq[b + i];
    }
    for (Int i = 0; i < b; ++i) {
      const double y_adj = seed * (seq[b + i] - ones * std::exp(y[i]) / sum);
      const double out = last[outgate * b + i] * last[squashed * b + i];
      extra[b + i] += y_adj * out;
      extra[2 * b + i] += y_adj;
      v_adj[i] = y_adj * in.extra[b + i];
    }
    for (Int layer = l - 1; layer >= 0; --layer) {
      const double *at = &tape[t * block + layer * parts * b], *w = in.main + 8 * b * layer;
      double *wg = main + 8 * b * layer, *bg = wg + 4 * b;
      double *hg = &h_adj[layer * b], *cg = &c_adj[layer * b];
      for (Int i = 0; i < b; ++i) {
        const auto of = [&](int part) { return at[part * b + i]; };
        const double out = hg[i] + v_adj[i];
        const double next = cg[i] + out * of(outgate) * (1 - of(squashed) * of(squashed));
        const double f = next * of(c) * of(forget) * (1 - of(forget)),
                     g = next * of(change) * of(ingate) * (1 - of(ingate)),
                     o = out * of(squashed) * of(outgate) * (1 - of(outgate)),
                     a = next * of(ingate) * (1 - of(change) * of(change));
        wg[i] += f * of(v);
        wg[b + i] += g * of(h);
        wg[2 * b + i] += o * of(v);
        wg[3 * b + i] += a * of(h);
        bg[i] += f;
        bg[b + i] += g;
        bg[2 * b + i] += o;
        bg[3 * b + i] += a;
        cg[i] = next * of(forget);
        hg[i] = g * w[b + i] + a * w[3 * b + i];
        v_adj[i] = f * w[i] + o * w[2 * b + i];
      }
    }
    for (Int i = 0; i < b; ++i) extra[i] += v_adj[i] * seq[i];
  }
}

}  // namespace rg::gradbench::baseline
