#include "tests/ops/exact.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rg::test {

using X = std::span<const Big>;
using A = const ir::Attrs&;

Big operator+(const Big& a, const Big& b) {
  Big r;
  mpfr_add(r.get(), a.get(), b.get(), MPFR_RNDN);
  return r;
}
Big operator-(const Big& a, const Big& b) {
  Big r;
  mpfr_sub(r.get(), a.get(), b.get(), MPFR_RNDN);
  return r;
}
Big operator*(const Big& a, const Big& b) {
  Big r;
  mpfr_mul(r.get(), a.get(), b.get(), MPFR_RNDN);
  return r;
}
Big operator/(const Big& a, const Big& b) {
  Big r;
  mpfr_div(r.get(), a.get(), b.get(), MPFR_RNDN);
  return r;
}

namespace {

using Function1 = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
using Function2 = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

template <Function1 F>
Big one(X x, A) {
  Big r;
  F(r.get(), x[0].get(), MPFR_RNDN);
  return r;
}
template <Function2 F>
Big two(X x, A) {
  Big r;
  F(r.get(), x[0].get(), x[1].get(), MPFR_RNDN);
  return r;
}
template <Function1 F>
Big apply(const Big& x) {
  return one<F>(std::span(&x, 1), {});
}

bool less(const Big& a, const Big& b) { return mpfr_less_p(a.get(), b.get()) != 0; }
Big choose(bool c, const Big& a, const Big& b) { return c ? a : b; }
int floor_of(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_floor(r, x); }
int ceil_of(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_ceil(r, x); }
int round_of(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_round(r, x); }
int trunc_of(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_trunc(r, x); }
int lgamma_of(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t rnd) {
  int sign = 0;
  return mpfr_lgamma(r, &sign, x, rnd);
}

Big pi() {
  Big r;
  mpfr_const_pi(r.get(), MPFR_RNDN);
  return r;
}
Big exp_minus(const Big& x) { return apply<mpfr_exp>(Big(0) - x); }
Big sigmoid(const Big& x) { return Big(1) / (Big(1) + exp_minus(x)); }
Big softplus(const Big& x) {
  const Big tail = apply<mpfr_log1p>(exp_minus(apply<mpfr_abs>(x)));
  return less(x, Big(0)) ? tail : x + tail;
}
Big power(const Big& x, long k) {
  Big r;
  mpfr_pow_si(r.get(), x.get(), k, MPFR_RNDN);
  return r;
}
long order_of(A a) { return a.integers.empty() ? 0 : static_cast<long>(a.integers[0]); }
// The derivative of order k of a function by differences at steps of 2^-90 of `unit`.
Big derivative(Big (*f)(const Big&), const Big& x, const Big& unit, long k) {
  if (k == 0) return f(x);
  Big h;
  mpfr_mul_2si(h.get(), unit.get(), -90, MPFR_RNDN);
  return (derivative(f, x + h, unit, k - 1) - derivative(f, x - h, unit, k - 1)) / (h + h);
}
Big at_least_one(const Big& x) {
  const Big size = apply<mpfr_abs>(x);
  return choose(less(size, Big(1)), Big(1), size);
}
Big erfcx(const Big& x) { return apply<mpfr_exp>(x * x) * apply<mpfr_erfc>(x); }
Big sinc(const Big& x) { return choose(mpfr_zero_p(x.get()) != 0, Big(1), apply<mpfr_sin>(pi() * x) / (pi() * x)); }
Big fmod(const Big& x, const Big& y) { return two<mpfr_fmod>(std::array{x, y}, {}); }

constexpr auto kOscillates = ExactOp::Kind::oscillates, kScaleFree = ExactOp::Kind::scale_free;

const ExactOp kRows[] = {
    {"add", [](X x, A) { return x[0] + x[1]; }},
    {"sub", [](X x, A) { return x[0] - x[1]; }},
    {"mul", [](X x, A) { return x[0] * x[1]; }},
    {"div", [](X x, A) { return x[0] / x[1]; }},
    {"neg", [](X x, A) { return Big(0) - x[0]; }},
    {"square", [](X x, A) { return x[0] * x[0]; }},
    {"powi", [](X x, A a) { return power(x[0], a.integers[0]); }},
    {"min", [](X x, A) { return choose(less(x[1], x[0]), x[1], x[0]); }},
    {"max", [](X x, A) { return choose(less(x[0], x[1]), x[1], x[0]); }},
    {"abs", one<mpfr_abs>},
    {"sign", [](X x, A) { return Big(mpfr_sgn(x[0].get())); }},
    {"copysign",
     [](X x, A) { return choose(mpfr_signbit(x[0].get()) == mpfr_signbit(x[1].get()), x[0], Big(0) - x[0]); }},
    {"fma", [](X x, A) { return x[0] * x[1] + x[2]; }},
    {"fdim", [](X x, A) { return choose(less(x[1], x[0]), x[0] - x[1], Big(0)); }},
    {"fmod", two<mpfr_fmod>, kOscillates},
    {"floor_mod",
     [](X x, A) {
       const Big r = fmod(x[0], x[1]);
       return choose(mpfr_sgn(r.get()) * mpfr_sgn(x[1].get()) < 0, r + x[1], r);
     },
     kOscillates},
    {"floor", one<floor_of>, kOscillates},
    {"ceil", one<ceil_of>, kOscillates},
    {"round", one<round_of>, kOscillates},
    {"trunc", one<trunc_of>, kOscillates},
    {"exp", one<mpfr_exp>},
    {"exp2", one<mpfr_exp2>},
    {"expm1", one<mpfr_expm1>},
    {"log", one<mpfr_log>},
    {"log2", one<mpfr_log2>},
    {"log10", one<mpfr_log10>},
    {"log1p", one<mpfr_log1p>},
    {"sqrt", one<mpfr_sqrt>},
    {"rsqrt", one<mpfr_rec_sqrt>},
    {"cbrt", one<mpfr_cbrt>},
    {"sin", one<mpfr_sin>, kOscillates},
    {"cos", one<mpfr_cos>, kOscillates},
    {"tan", one<mpfr_tan>, kOscillates},
    {"asin", one<mpfr_asin>},
    {"acos", one<mpfr_acos>},
    {"atan", one<mpfr_atan>},
    {"sinh", one<mpfr_sinh>},
    {"cosh", one<mpfr_cosh>},
    {"tanh", one<mpfr_tanh>},
    {"asinh", one<mpfr_asinh>},
    {"acosh", one<mpfr_acosh>},
    {"atanh", one<mpfr_atanh>},
    {"sigmoid", [](X x, A) { return sigmoid(x[0]); }},
    {"softplus", [](X x, A) { return softplus(x[0]); }},
    {"logit", [](X x, A) { return apply<mpfr_log>(x[0] / (Big(1) - x[0])); }},
    {"relu", [](X x, A) { return choose(less(Big(0), x[0]), x[0], Big(0)); }},
    {"pow", two<mpfr_pow>},
    {"atan2", two<mpfr_atan2>},
    {"hypot", two<mpfr_hypot>},
    {"sigmoid_slope", [](X x, A) { return sigmoid(x[0]) * sigmoid(Big(0) - x[0]); }},
    {"tanh_slope", [](X x, A) { return power(apply<mpfr_cosh>(x[0]), -2); }},
    {"hypot_slope", [](X x, A) { return x[0] / two<mpfr_hypot>(x, {}); }},
    {"pow_slope", [](X x, A) { return x[1] * two<mpfr_pow>(std::array{x[0], x[1] - Big(1)}, {}); }},
    {"erf", one<mpfr_erf>},
    {"erfc", one<mpfr_erfc>},
    {"erfcx", [](X x, A a) { return derivative(erfcx, x[0], at_least_one(x[0]), order_of(a)); }},
    {"log_erfc", [](X x, A) { return apply<mpfr_log>(apply<mpfr_erfc>(x[0])); }},
    {"lgamma", one<lgamma_of>, kScaleFree},
    {"tgamma", one<mpfr_gamma>, kScaleFree},
    {"digamma", one<mpfr_digamma>, kScaleFree},
    {"polygamma", [](X x, A a) { return derivative(apply<mpfr_digamma>, x[0], x[0], order_of(a)); }, kScaleFree},
    {"sinc", [](X x, A a) { return derivative(sinc, x[0], Big(1), order_of(a)); }, kOscillates},
    {"xlogy", [](X x, A) { return choose(mpfr_zero_p(x[0].get()) != 0, Big(0), x[0] * apply<mpfr_log>(x[1])); }},
    {"logaddexp", [](X x, A) { return x[1] + softplus(x[0] - x[1]); }},
    {"stop_gradient", [](X x, A) { return x[0]; }},
};

/// The precision at which steps of 2^-120 of an operand are seen twice in what they do to the op's value, also where
/// its derivative is the least number.
mpfr_prec_t precision_for(const ExactOp& op, std::span<const double> x) {
  if (op.kind == kScaleFree) return 700;
  int greatest = 0, spread = 0;
  for (const double v : x) {
    if (v == 0 || !std::isfinite(v)) continue;
    greatest = std::max(greatest, std::ilogb(v));
    spread = std::max(spread, std::abs(std::ilogb(v)));
  }
  return 1400 + 2 * spread + (op.kind == kOscillates ? 2 * greatest : 0);
}

class Differences {
 public:
  Differences(const ExactOp& op, A attrs, std::span<const double> x) : op_(op), attrs_(attrs) {
    for (const double v : x) {
      x_.emplace_back(v);
      const double size = v == 0 ? 1 : op.kind == kOscillates ? std::min(1.0, std::abs(v)) : std::abs(v);
      Big h(size);
      mpfr_mul_2si(h.get(), h.get(), -120, MPFR_RNDN);
      h_.push_back(h);
    }
  }

  Big at(std::span<const int> steps) const {
    std::vector<Big> x = x_;
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = x[k] + h_[k] * Big(steps[k]);
    return op_.evaluate(x, attrs_);
  }
  Big first(std::size_t k) const { return slope(k, -1, 1, std::vector<int>(x_.size(), 0)); }
  Big second(std::size_t k, std::size_t l) const {
    std::vector<int> below(x_.size(), 0), above(x_.size(), 0);
    below[l] -= 1, above[l] += 1;
    return (slope(k, -1, 1, above) - slope(k, -1, 1, below)) / (h_[l] + h_[l]);
  }
  /// Whether the slopes of both sides are the same.
  bool smooth(std::size_t k) const {
    const std::vector<int> here(x_.size(), 0);
    const Big left = slope(k, -1, 0, here), right = slope(k, 0, 1, here);
    if (!left.finite() || !right.finite()) return false;
    const Big difference = apply<mpfr_abs>(left - right), size = apply<mpfr_abs>(left) + apply<mpfr_abs>(right);
    return !less(size * Big(0x1p-60), difference);
  }

 private:
  Big slope(std::size_t k, int from, int to, std::vector<int> steps) const {
    const int at_k = steps[k];
    steps[k] = at_k + to;
    const Big above = at(steps);
    steps[k] = at_k + from;
    return (above - at(steps)) / (h_[k] * Big(to - from));
  }

  const ExactOp& op_;
  A attrs_;
  std::vector<Big> x_, h_;
};

}  // namespace

const ExactOp* exact_op(std::string_view name) {
  const auto* at = std::ranges::find(kRows, name, &ExactOp::name);
  return at == std::end(kRows) ? nullptr : at;
}

std::optional<Big> exact_derivative(const ExactOp& op, A attrs, std::span<const double> x,
                                    std::span<const std::size_t> order) {
  mpfr_set_default_prec(precision_for(op, x));
  const Differences d(op, attrs, x);
  const Big value = d.at(std::vector<int>(x.size(), 0));
  if (!value.finite()) return std::nullopt;
  if (order.empty()) return value;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (!d.smooth(k)) return std::nullopt;
  }
  const Big out = order.size() == 1 ? d.first(order[0]) : d.second(order[0], order[1]);
  if (!out.finite()) return std::nullopt;
  return out;
}

}  // namespace rg::test
