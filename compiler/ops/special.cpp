#include "compiler/ops/special.h"

#include <array>
#include <cmath>
#include <limits>

namespace rg::ops::special {

namespace {

// B_2, B_4, …: the Bernoulli numbers of even index (DLMF 24.2).
constexpr std::array<double, 12> kBernoulli{1.0 / 6,       -1.0 / 30,       1.0 / 42,       -1.0 / 30,
                                            5.0 / 66,      -691.0 / 2730,   7.0 / 6,        -3617.0 / 510,
                                            43867.0 / 798, -174611.0 / 330, 854513.0 / 138, -236364091.0 / 2730};
constexpr double kLarge = 12;

bool is_pole(double x) { return x <= 0 && x == std::floor(x); }

}  // namespace

double digamma(double x) {
  if (std::isnan(x) || is_pole(x) || x == -std::numeric_limits<double>::infinity())
    return std::numeric_limits<double>::quiet_NaN();
  if (x < 0) return digamma(1 - x) - M_PI / std::tan(M_PI * x);  // the tangent's period keeps the pole's side
  double sum = 0;
  for (; x < kLarge; x += 1) sum -= 1 / x;
  // ψ(x) ~ log x - 1/(2x) - Σ B_2k / (2k x^2k)
  const double inverse2 = 1 / (x * x);
  double series = 0;
  for (std::size_t k = kBernoulli.size(); k-- > 0;)
    series = (series + kBernoulli[k] / (2.0 * static_cast<double>(k + 1))) * inverse2;
  return sum + std::log(x) - 0.5 / x - series;
}

double polygamma(std::int64_t k, double x) {
  if (k == 0) return digamma(x);
  if (k < 0 || std::isnan(x) || is_pole(x) || x == -std::numeric_limits<double>::infinity())
    return std::numeric_limits<double>::quiet_NaN();
  if (x == std::numeric_limits<double>::infinity()) return 0;
  const double s = static_cast<double>(k) + 1;
  const double sign = k % 2 == 1 ? 1 : -1;
  const double factorial = std::tgamma(s);
  // ζ(s, x) = Σ_{j<N} (x+j)^-s + ζ(s, x+N)
  double zeta = 0;
  const double large = kLarge + static_cast<double>(k);
  for (; x < large; x += 1) zeta += std::pow(x, -s);
  // ζ(s, x) ~ x^(1-s)/(s-1) + x^-s/2 + Σ B_2j/(2j)! s(s+1)…(s+2j-2) x^(-s-2j+1)
  zeta += std::pow(x, 1 - s) / (s - 1) + 0.5 * std::pow(x, -s);
  double term = s * std::pow(x, -s - 1) / 2;
  for (std::size_t j = 0; j < kBernoulli.size(); ++j) {
    zeta += kBernoulli[j] * term;
    const double m = 2 * static_cast<double>(j) + 2;
    term *= (s + m - 1) * (s + m) / ((m + 1) * (m + 2) * x * x);
  }
  return sign * factorial * zeta;
}

}  // namespace rg::ops::special
