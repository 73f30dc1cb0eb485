/* Fits an oscillation by gradient descent with compiled code: links against fit.o, written by
 * `runegrad-compile fit.rg --value-and-grad misfit:p`, and the runtime, nothing else. */
#include "fit.h"

#include <math.h>
#include <stdio.h>

enum { N = 100, STEPS = 4000 };

int main(void) {
  double t[N], y[N], p[3] = {1.0, 0.5, 2.8}, g[3], value = 0;
  for (int i = 0; i < N; ++i) {
    t[i] = i * 0.05;
    y[i] = 1.5 * exp(-0.3 * t[i]) * cos(3.0 * t[i]);
  }
  for (int step = 0; step < STEPS; ++step) {
    int status = misfit_value_and_grad(N, p, t, y, &value, g, 0);
    if (status != 0) return status;
    for (int k = 0; k < 3; ++k) p[k] -= 0.2 * g[k];
  }
  printf("a %.4f b %.4f w %.4f misfit %.1e\n", p[0], p[1], p[2], value);
  return 0;
}
