// Reals of many digits: MPFR's numbers with operators and, found by argument-dependent lookup, the functions that the
// ops' evaluations call. Every result is correctly rounded to the precision of the Precision in force, but for those
// whose comment says otherwise. Exponents are not bounded as a double's are: nothing overflows to infinity on the way.
#pragma once

#include <mpfr.h>

#include <cstdint>

namespace rg::oracle {

/// While it lives, reals of this thread are made with `bits` bits.
class Precision {
 public:
  explicit Precision(int bits) : before_(mpfr_get_default_prec()) { mpfr_set_default_prec(bits); }
  ~Precision() { mpfr_set_default_prec(before_); }
  Precision(const Precision&) = delete;
  Precision& operator=(const Precision&) = delete;
  static int bits() { return static_cast<int>(mpfr_get_default_prec()); }

 private:
  mpfr_prec_t before_;
};

class Real {
 public:
  Real() : Real(0.0) {}
  Real(double v) {  // NOLINT: exact where there are at least 53 bits
    mpfr_init(v_);
    mpfr_set_d(v_, v, MPFR_RNDN);
  }
  Real(int v) : Real(static_cast<double>(v)) {}  // NOLINT
  Real(const Real& other) {
    mpfr_init2(v_, mpfr_get_prec(other.v_));
    mpfr_set(v_, other.v_, MPFR_RNDN);
  }
  Real(Real&& other) noexcept : Real() { mpfr_swap(v_, other.v_); }
  Real& operator=(Real other) noexcept {
    mpfr_swap(v_, other.v_);
    return *this;
  }
  ~Real() { mpfr_clear(v_); }

  mpfr_ptr get() { return v_; }
  mpfr_srcptr get() const { return v_; }
  /// The nearest double.
  explicit operator double() const { return mpfr_get_d(v_, MPFR_RNDN); }

  friend Real operator-(const Real& a) {
    return made([&](mpfr_ptr r) { mpfr_neg(r, a.v_, MPFR_RNDN); });
  }
  friend Real operator+(const Real& a, const Real& b) {
    return made([&](mpfr_ptr r) { mpfr_add(r, a.v_, b.v_, MPFR_RNDN); });
  }
  friend Real operator-(const Real& a, const Real& b) {
    return made([&](mpfr_ptr r) { mpfr_sub(r, a.v_, b.v_, MPFR_RNDN); });
  }
  friend Real operator*(const Real& a, const Real& b) {
    return made([&](mpfr_ptr r) { mpfr_mul(r, a.v_, b.v_, MPFR_RNDN); });
  }
  friend Real operator/(const Real& a, const Real& b) {
    return made([&](mpfr_ptr r) { mpfr_div(r, a.v_, b.v_, MPFR_RNDN); });
  }
  // With a NaN all are false but !=.
  friend bool operator==(const Real& a, const Real& b) { return mpfr_equal_p(a.v_, b.v_) != 0; }
  friend bool operator<(const Real& a, const Real& b) { return mpfr_less_p(a.v_, b.v_) != 0; }
  friend bool operator<=(const Real& a, const Real& b) { return mpfr_lessequal_p(a.v_, b.v_) != 0; }
  friend bool operator>(const Real& a, const Real& b) { return mpfr_greater_p(a.v_, b.v_) != 0; }
  friend bool operator>=(const Real& a, const Real& b) { return mpfr_greaterequal_p(a.v_, b.v_) != 0; }

  /// The real that `f` stores.
  template <class F>
  static Real made(const F& f) {
    Real r;
    f(r.v_);
    return r;
  }

 private:
  mpfr_t v_;
};

#define RG_FUNCTION1(name, call)                  \
  inline Real name(const Real& x) {               \
    return Real::made([&](mpfr_ptr r) { call; }); \
  }
RG_FUNCTION1(fabs, mpfr_abs(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(sqrt, mpfr_sqrt(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(cbrt, mpfr_cbrt(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(exp, mpfr_exp(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(exp2, mpfr_exp2(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(expm1, mpfr_expm1(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(log, mpfr_log(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(log2, mpfr_log2(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(log10, mpfr_log10(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(log1p, mpfr_log1p(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(sin, mpfr_sin(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(cos, mpfr_cos(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(tan, mpfr_tan(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(asin, mpfr_asin(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(acos, mpfr_acos(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(atan, mpfr_atan(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(sinh, mpfr_sinh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(cosh, mpfr_cosh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(tanh, mpfr_tanh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(asinh, mpfr_asinh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(acosh, mpfr_acosh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(atanh, mpfr_atanh(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(erf, mpfr_erf(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(erfc, mpfr_erfc(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(tgamma, mpfr_gamma(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(digamma, mpfr_digamma(r, x.get(), MPFR_RNDN))
RG_FUNCTION1(floor, mpfr_floor(r, x.get()))
RG_FUNCTION1(ceil, mpfr_ceil(r, x.get()))
RG_FUNCTION1(round, mpfr_round(r, x.get()))
RG_FUNCTION1(trunc, mpfr_trunc(r, x.get()))
#undef RG_FUNCTION1

#define RG_FUNCTION2(name, function)                                                  \
  inline Real name(const Real& x, const Real& y) {                                    \
    return Real::made([&](mpfr_ptr r) { function(r, x.get(), y.get(), MPFR_RNDN); }); \
  }
RG_FUNCTION2(pow, mpfr_pow)
RG_FUNCTION2(atan2, mpfr_atan2)
RG_FUNCTION2(hypot, mpfr_hypot)
RG_FUNCTION2(fmod, mpfr_fmod)
RG_FUNCTION2(copysign, mpfr_copysign)
RG_FUNCTION2(fdim, mpfr_dim)
#undef RG_FUNCTION2

inline Real fma(const Real& x, const Real& y, const Real& z) {
  return Real::made([&](mpfr_ptr r) { mpfr_fma(r, x.get(), y.get(), z.get(), MPFR_RNDN); });
}
/// log |Γ(x)|.
inline Real lgamma(const Real& x) {
  return Real::made([&](mpfr_ptr r) {
    int sign = 0;
    mpfr_lgamma(r, &sign, x.get(), MPFR_RNDN);
  });
}
/// The derivative of order k >= 1 of digamma, to within about 2^-bits relatively; NaN at 0, -1, -2, … . The recurrence
/// (DLMF 5.15.5) up to an argument where the asymptotic expansion (DLMF 5.15.8 for k = 1, differentiated for others)
/// has as many digits.
Real polygamma(std::int64_t k, const Real& x);

/// sin(πx) / (πx), exp(x²) erfc(x) and the derivatives of order k of these, and log(erfc(x)), with about as many
/// digits.
Real sinc(std::int64_t k, const Real& x);
Real erfcx(std::int64_t k, const Real& x);
Real log_erfc(const Real& x);

inline bool isnan(const Real& x) { return mpfr_nan_p(x.get()) != 0; }
inline bool isinf(const Real& x) { return mpfr_inf_p(x.get()) != 0; }
inline bool isfinite(const Real& x) { return mpfr_number_p(x.get()) != 0; }
inline bool signbit(const Real& x) { return mpfr_signbit(x.get()) != 0; }

}  // namespace rg::oracle
