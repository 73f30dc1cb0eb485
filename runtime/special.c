/* Special functions that C's libm lacks. */
#include <math.h>

#include "runtime/runegrad.h"

/* B_2, B_4, ...: the Bernoulli numbers of even index (DLMF 24.2). */
static const double bernoulli[12] = {1.0 / 6,       -1.0 / 30,       1.0 / 42,       -1.0 / 30,
                                     5.0 / 66,      -691.0 / 2730,   7.0 / 6,        -3617.0 / 510,
                                     43867.0 / 798, -174611.0 / 330, 854513.0 / 138, -236364091.0 / 2730};
static const double large = 12;
static const double pi = 3.14159265358979323846;

static int outside_domain(double x) { return isnan(x) || x == -INFINITY || (x <= 0 && x == floor(x)); }

/* pi cot(pi x) for x that is no integer, from the distance of x to the nearest integer, which is exact. */
static double pi_cot(double x) {
  const double r = x - round(x);
  return pi / tan(pi * r);
}

double rg_digamma(double x) {
  if (outside_domain(x)) return NAN;
  if (x < 0) return rg_digamma(1 - x) - pi_cot(x);
  double sum = 0;
  for (; x < large; x += 1) sum -= 1 / x;
  /* log x - 1/(2x) - sum B_2k / (2k x^2k) */
  const double inverse2 = 1 / (x * x);
  double series = 0;
  for (int k = 12; k-- > 0;) series = (series + bernoulli[k] / (2.0 * (k + 1))) * inverse2;
  return sum + log(x) - 0.5 / x - series;
}

/* The Hurwitz zeta function sum_{j>=0} (x+j)^-s for s >= 2, x > 0. */
static double hurwitz(double s, double x) {
  /* zeta(s, x) = sum_{j<N} (x+j)^-s + zeta(s, x+N) */
  double zeta = 0;
  for (const double from = large + s; x < from; x += 1) zeta += pow(x, -s);
  /* zeta(s, x) ~ x^(1-s)/(s-1) + x^-s/2 + sum B_2j/(2j)! s(s+1)...(s+2j-2) x^(-s-2j+1) */
  zeta += pow(x, 1 - s) / (s - 1) + 0.5 * pow(x, -s);
  double term = s * pow(x, -s - 1) / 2;
  for (int j = 0; j < 12; ++j) {
    zeta += bernoulli[j] * term;
    const double m = 2 * j + 2;
    term *= (s + m - 1) * (s + m) / ((m + 1) * (m + 2) * x * x);
  }
  return zeta;
}

double rg_polygamma(double k, double x) {
  if (k == 0) return rg_digamma(x);
  if (k < 0 || outside_domain(x)) return NAN;
  if (x == INFINITY) return 0;
  const double s = k + 1;
  const double sign = fmod(k, 2) == 1 ? 1 : -1;
  if (x > 0) return sign * tgamma(s) * hurwitz(s, x);
  /* Poles at f, f+1, ... above x's and at 1-f, ..., -x below: with f = x - floor(x),
     sum_{j>=0} (x+j)^-s = zeta(s, f) + (-1)^s (zeta(s, 1-f) - zeta(s, 1-x)). */
  const double below = hurwitz(s, ceil(x) - x) - hurwitz(s, 1 - x);
  return sign * tgamma(s) * (hurwitz(s, x - floor(x)) + sign * below);
}
