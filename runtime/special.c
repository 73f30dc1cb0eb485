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

static const double two_over_sqrt_pi = 1.12837916709551257390;

/* exp(x^2) for x^2 = high + low, the rounding of the square made good. */
static double exp_square(double x) {
  const double high = x * x, low = fma(x, x, -high);
  const double e = exp(high);
  return isinf(e) ? e : e + e * low;
}

/* g_n = exp(x^2) i^n erfc(x) fulfils 2n g_n = g_(n-2) - 2x g_(n-1) with g_(-1) = 2/sqrt(pi) (DLMF 7.18.7): of the
 * recurrence's solutions it is the least, so that the ratios r_n = g_n / g_(n-1) = 1 / (2x + (2n + 2) r_(n+1)) converge
 * from any start far enough out. */
static double erfcx_right(int k, double x) {
  const int far = k + 16 + (int)fmin(250 / (x * x), 250);
  double ratio = 0, product = two_over_sqrt_pi;
  for (int n = far; n >= 0; --n) {
    ratio = 1 / (2 * x + (2.0 * n + 2) * ratio);
    if (n <= k) product *= n > 0 ? -2.0 * n * ratio : ratio;
  }
  return product;
}

double rg_erfcx(double order, double x) {
  const int k = (int)order;
  if (isnan(x)) return x;
  if (x >= 1) return erfcx_right(k, x);
  /* f' = 2x f - 2/sqrt(pi), f^(n) = 2x f^(n-1) + 2 (n-1) f^(n-2) */
  double before = -two_over_sqrt_pi / 2, now = exp_square(x) * erfc(x);
  for (int n = 1; n <= k; ++n) {
    const double next = n == 1 ? fma(2 * x, now, 2 * before) : 2 * x * now + 2.0 * (n - 1) * before;
    before = now;
    now = next;
  }
  return now;
}

double rg_log_erfc(double x) {
  if (fabs(x) < 0.5) return log1p(-erf(x));
  return x < 2 ? log(erfc(x)) : log(rg_erfcx(0, x)) - x * x;
}

/* sin and cos of pi x for x >= 0, by the exact remainder of x. */
static void sin_cos_pi(double x, double* sine, double* cosine) {
  const double turn = fmod(x, 2), quarters = round(2 * turn);
  const double angle = pi * (turn - quarters / 2);
  const double s = sin(angle), c = cos(angle);
  const int quadrant = (int)quarters % 4;
  *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
  *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

double rg_sinc(double order, double x) {
  const int k = (int)order;
  if (isnan(x)) return x;
  if (isinf(x)) return 0;
  const double a = fabs(x), t = pi * a, sign = x < 0 && k % 2 == 1 ? -1 : 1;
  if (t < k + 1) {
    /* pi^k times the sum of (-1)^((k+m)/2) t^m / (m! (k+m+1)) over the m of k's parity */
    double term = k % 2 == 0 ? 1 : t, sum = 0;
    for (int m = k % 2; m < 40 + 4 * k; m += 2) {
      sum += ((k + m) / 2 % 2 == 0 ? term : -term) / (k + m + 1);
      term *= t * t / ((m + 1.0) * (m + 2.0));
    }
    return sign * pow(pi, k) * sum;
  }
  double sine, cosine, power = 1;
  sin_cos_pi(a, &sine, &cosine);
  double f = sine / t;
  for (int n = 1; n <= k; ++n, power *= pi) {
    const double s = n % 4 == 0 ? sine : n % 4 == 1 ? cosine : n % 4 == 2 ? -sine : -cosine;
    f = (power * s - n * f) / a;
  }
  return sign * f;
}
