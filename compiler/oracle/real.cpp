#include "compiler/oracle/real.h"

#include <algorithm>
#include <map>
#include <vector>

namespace rg::oracle {

namespace {

/// ζ(2j) for j >= 1, kept by precision: it takes long.
const Real& even_zeta(unsigned j) {
  thread_local std::map<int, std::vector<Real>> kept;
  auto& of = kept[Precision::bits()];
  while (of.size() < j) {
    const auto at = static_cast<unsigned long>(2 * (of.size() + 1));
    of.push_back(Real::made([&](mpfr_ptr r) { mpfr_zeta_ui(r, at, MPFR_RNDN); }));
  }
  return of[j - 1];
}

Real whole_power(const Real& x, std::int64_t k) {
  return Real::made([&](mpfr_ptr r) { mpfr_pow_si(r, x.get(), k, MPFR_RNDN); });
}

}  // namespace

// ψ^(k)(x) = (-1)^(k+1) [ (k-1)!/x^k + k!/(2 x^(k+1)) + Σ_{j>=1} B_2j (2j+k-1)!/((2j)! x^(2j+k)) ], with
// |B_2j| = 2 (2j)! ζ(2j) / (2π)^2j (DLMF 25.6.2), so that a term is 2 ζ(2j) (2j+k-1)! / ((2π)^2j x^(2j+k)).
Real polygamma(std::int64_t k, const Real& x) {
  const int bits = Precision::bits();
  const Precision more(2 * bits + 64);
  constexpr double kMostSteps = 1e6;
  const auto integer = [](double v) { return Real(v); };
  if (!isfinite(x)) return x > integer(0) ? Real(k % 2 == 1 ? 0.0 : -0.0) : x - x;
  if (x <= integer(0) && floor(x) == x) return integer(0) / integer(0);
  const double order = static_cast<double>(k);
  const Real factorial = tgamma(integer(order + 1));
  Real z = x, sum = 0;
  const Real far = integer(0.5 * bits + order + 16);
  double steps = 0;
  for (; z < far && steps < kMostSteps; ++steps) {
    sum = sum + factorial / whole_power(z, k + 1);
    z = z + integer(1);
  }
  if (z < far) return integer(0) / integer(0);
  sum = sum + factorial / integer(order) * whole_power(z, -k) + factorial / integer(2) * whole_power(z, -k - 1);
  const Real two_pi_z = integer(2) * z * Real::made([](mpfr_ptr r) { mpfr_const_pi(r, MPFR_RNDN); });
  const Real small = Real::made([&](mpfr_ptr r) { mpfr_set_ui_2exp(r, 1, -bits - 32, MPFR_RNDN); });
  Real rest = factorial * integer(order + 1) * whole_power(z, -k) / (two_pi_z * two_pi_z);  // all but 2 ζ(2j)
  for (unsigned j = 1; j < 100000; ++j) {
    const Real term = integer(2) * even_zeta(j) * rest;
    sum = sum + (j % 2 == 1 ? term : -term);
    if (fabs(term) < small * fabs(sum)) break;
    rest = rest * integer(2 * j + order) * integer(2 * j + order + 1) / (two_pi_z * two_pi_z);
  }
  return k % 2 == 1 ? sum : -sum;
}

namespace {

Real pi() {
  return Real::made([](mpfr_ptr r) { mpfr_const_pi(r, MPFR_RNDN); });
}

/// At least log2 of |x| and 0.
int exponent(const Real& x) {
  return isfinite(x) && x != Real(0) ? std::max(0, static_cast<int>(mpfr_get_exp(x.get()))) : 0;
}

/// sin(πx + jπ/2), of an exactly reduced argument.
Real sin_pi(const Real& x, std::int64_t j) {
  const Real r = Real::made([&](mpfr_ptr out) { mpfr_remainder(out, x.get(), Real(2).get(), MPFR_RNDN); });
  const Real angle = pi() * r;
  const Real value = j % 2 == 0 ? sin(angle) : cos(angle);
  return j % 4 < 2 ? value : -value;
}

/// The derivative of order k by Taylor's series of sinc: Σ (-1)^n π^2n x^(2n-k) (2n)! / ((2n-k)! (2n+1)!).
Real sinc_near_zero(std::int64_t k, const Real& x, const Real& small) {
  Real sum = 0;
  for (std::int64_t n = (k + 1) / 2; n < 100000; ++n) {
    const auto m = static_cast<double>(2 * n), rest = static_cast<double>(2 * n - k);
    const Real size = pow(pi(), Real(m)) * pow(x, Real(rest)) / (tgamma(Real(rest + 1)) * Real(m + 1));
    sum = sum + (n % 2 == 0 ? size : -size);
    if (m > 16 && fabs(size) <= small * fabs(sum)) break;
  }
  return sum;
}

}  // namespace

// Beyond 1 by Leibniz' rule: Σ_j C(k, j) (sin πx)^(j) (1/(πx))^(k-j).
Real sinc(std::int64_t k, const Real& x) {
  const int bits = Precision::bits();
  const Precision more(2 * bits + 64 + exponent(x));
  const Real small = Real::made([&](mpfr_ptr r) { mpfr_set_ui_2exp(r, 1, -2 * bits, MPFR_RNDN); });
  if (isnan(x)) return x;
  if (isinf(x)) return 0;
  if (fabs(x) < Real(1)) return sinc_near_zero(k, x, small);
  Real sum = 0, choose = 1;
  for (std::int64_t j = 0; j <= k; ++j) {
    const auto m = static_cast<double>(k - j);
    const Real inverse = tgamma(Real(m + 1)) / (pi() * pow(x, Real(m + 1)));
    const Real term = choose * pow(pi(), Real(static_cast<double>(j))) * sin_pi(x, j) * inverse;
    sum = sum + ((k - j) % 2 == 0 ? term : -term);
    choose = choose * Real(m) / Real(static_cast<double>(j + 1));
  }
  return sum;
}

// w' = 2x w - 2/√π and w^(n+1) = 2x w^(n) + 2n w^(n-1); for large x the differences lose 2 log2(x) bits an order. w is
// exp(x²) erfc(x), or far out Σ (-1)^n (2n-1)!! / (2x²)^n / (x √π) (DLMF 7.12.1).
Real erfcx(std::int64_t k, const Real& x) {
  const int bits = Precision::bits();
  const int lost = 2 * exponent(x) * (static_cast<int>(k) + 1);
  const Precision more(bits + 64 + lost);
  if (isnan(x)) return x;
  if (isinf(x)) return x > Real(0) ? Real(0) : Real(k % 2 == 0 ? 1 : -1) / Real(0);
  const Real root_pi = sqrt(pi());
  Real w;
  if (x * x > Real(static_cast<double>(Precision::bits()))) {
    if (x < Real(0)) {
      w = exp(x * x) * erfc(x);
    } else {
      const Real small = Real::made([&](mpfr_ptr r) { mpfr_set_ui_2exp(r, 1, -Precision::bits(), MPFR_RNDN); });
      Real term = Real(1) / (x * root_pi);
      for (int n = 1; fabs(term) > small * fabs(w); ++n) {
        w = w + term;
        term = -term * Real(2 * n - 1) / (Real(2) * x * x);
      }
    }
  } else {
    w = exp(x * x) * erfc(x);
  }
  Real before = 0;
  for (std::int64_t n = 0; n < k; ++n) {
    const Real next =
        n == 0 ? Real(2) * x * w - Real(2) / root_pi : Real(2) * x * w + Real(static_cast<double>(2 * n)) * before;
    before = w;
    w = next;
  }
  return w;
}

Real log_erfc(const Real& x) {
  const int bits = Precision::bits();
  const Precision more(2 * bits + 64);
  if (x < Real(0.5)) return log1p(-erf(x));
  if (x < Real(100)) return log(erfc(x));
  return log(erfcx(0, x)) - x * x;
}

}  // namespace rg::oracle
