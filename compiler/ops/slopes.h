// Derivatives that are ops of their own, since no formula in other ops is accurate on all of its range: each has an
// accurate derivative again. A slope may take what its function has computed besides the operands, as the last
// operand, and takes that path where it loses nothing; the result's derivative in it counts as 0.
//
// Formulas: NIST Digital Library of Mathematical Functions, chapter 4.
#pragma once

#include <optional>

#include "compiler/ops/elementwise.h"
#include "compiler/ops/vecmath/vecmath.h"

namespace rg::ops {

/// Base of the slopes.
template <int N>
struct Slope : Elementwise<N, ElemRule::floating> {
  static constexpr int cost = kFunctionCost;
  static constexpr Derivative derivative = Derivative::by_partials;
};

struct SigmoidSlope : Slope<2> {
  static constexpr int cost = 4;
  static constexpr std::string_view name = "sigmoid_slope";
  static constexpr std::string_view doc =
      "The derivative of sigmoid at x, e^-|x| / (1 + e^-|x|)², where y is sigmoid(x).";
  static constexpr Samples samples = {.low = -10, .high = 10, .ulp = 16};
  template <class T>
  static T eval(T x, T) {
    using std::exp;
    using std::fabs;
    const T e = exp(-fabs(x));
    return e / ((1 + e) * (1 + e));
  }
  /// The operands of an example, of its first one.
  template <class B, class V>
  static std::vector<V> consistent(B& b, V x) {
    return {x, b.call("sigmoid", {x})};
  }
  // -tanh(x/2) times the result
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V, V z) {
    return {b.neg(b.mul(b.call("tanh", {b.mul(b.like(x, 0.5), x)}), z)), b.zero(x)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return vecmath::sigmoid_slope(b, x, y);
  }
};

struct TanhSlope : Slope<2> {
  static constexpr int cost = 4;
  static constexpr std::string_view name = "tanh_slope";
  static constexpr std::string_view doc = "The derivative of tanh at x, 1 / cosh(x)², where y is tanh(x).";
  static constexpr Samples samples = {.low = -5, .high = 5, .ulp = 16};
  template <class T>
  static T eval(T x, T) {
    using std::exp;
    using std::fabs;
    const T e = exp(-2 * fabs(x));
    return 4 * e / ((1 + e) * (1 + e));
  }
  template <class B, class V>
  static std::vector<V> consistent(B& b, V x) {
    return {x, b.call("tanh", {x})};
  }
  // -2 tanh(x) times the result
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V, V z) {
    return {b.mul(b.mul(b.like(x, -2), b.call("tanh", {x})), z), b.zero(x)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return vecmath::tanh_slope(b, x, y);
  }
};

struct HypotSlope : Slope<2> {
  static constexpr std::string_view name = "hypot_slope";
  static constexpr std::string_view doc =
      "x / sqrt(x² + y²), the derivative of hypot in x, without overflow or underflow; x at the origin.";
  static constexpr Samples samples = {.ulp = 4};
  template <class T>
  static T eval(T x, T y) {
    using std::fabs;
    using std::hypot;
    if (x == 0 && y == 0) return x;
    // Where hypot(x, y) could overflow or be subnormal, the same of both operands times a power of two.
    const T size = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
    const T scale = size > 1 ? T(0x1p-4) : T(0x1p60);
    return x * scale / hypot(x * scale, y * scale);
  }
  // With c the result, s = y / sqrt(x² + y²) and h = sqrt(x² + y²): d/dx = s (s/h), d/dy = -c (s/h); 0 at the origin.
  // Where s/h could overflow, it is of h times a power of two.
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V c) {
    const bool wide = b.type(x).elem == Elem::f64;
    const V h = b.call("hypot", {x, y});
    const V origin = b.compare("eq", h, b.zero(h)), small = b.compare("lt", h, b.like(h, wide ? 0x1p-563 : 0x1p-90));
    const V scale = b.select(small, b.like(h, wide ? 0x1p540 : 0x1p90), b.one(h));
    const V s = b.call("hypot_slope", {y, x});
    const V rate = b.div(s, b.select(origin, b.one(h), b.mul(h, scale)));
    return {b.mul(b.mul(s, rate), scale), b.neg(b.mul(b.mul(c, rate), scale))};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return vecmath::hypot_slope(b, x, y);
  }
};

/// The factor P of ∂^(k+m) x^y / ∂x^k ∂y^m = x^(y-k) P(y, log x): of y^i (log x)^j the coefficient [i][j].
std::vector<std::vector<double>> pow_factor(std::int64_t k, std::int64_t m);

struct PowSlope : Slope<3> {
  struct Attrs {
    std::int64_t in_x = 0;
    std::int64_t in_y = 0;
    static constexpr std::tuple fields{field("in_x", &Attrs::in_x), field("in_y", &Attrs::in_y)};
  };
  static constexpr std::string_view name = "pow_slope";
  static constexpr std::string_view doc =
      "The derivative of pow of order k = `in_x` in x and m = `in_y` in y; z is x^y. In x alone it is 0 where y is 0, "
      "…, "
      "k - 1.";
  static constexpr bool builtin = false;
  static constexpr Samples samples = {.low = 0.1, .high = 3, .ulp = 16, .low2 = -3, .high2 = 3};
  static std::vector<Attrs> sample_attrs() { return {{.in_x = 1}, {.in_y = 1}, {.in_x = 2}}; }
  static std::string_view check(const Attrs& a) {
    constexpr std::int64_t most = 64;
    const bool good = a.in_x >= 0 && a.in_x <= most && a.in_y >= 0 && a.in_y <= most && a.in_x + a.in_y <= most &&
                      a.in_x + a.in_y > 0;
    return good ? "" : "pow_slope needs two orders of derivatives, together between 1 and 64";
  }
  template <class T>
  static T eval(const Attrs& a, T x, T y, T) {
    using std::fabs;
    using std::isfinite;
    using std::log;
    using std::pow;
    using std::signbit;
    const std::int64_t k = a.in_x, m = a.in_y;
    const auto add = [](T u, T v) { return u + v; };
    const auto mul = [](T u, T v) { return u * v; };
    const auto number = [](double v) { return T(v); };
    const T z = pow(x, y), size = fabs(z);
    const T p = factor(k, m, y, m > 0 ? log(x) : T(0), add, mul, number);
    if (z != z || (m == 0 && p == 0)) return z != z ? z : T(0);
    if (isfinite(x) && isfinite(y) && size > 0x1p-900 && size < 0x1p900) {
      T r = m > 0 ? z * p : z;
      for (std::int64_t j = 0; j < k; ++j) r = (m > 0 ? r : r * (y - T(static_cast<double>(j)))) / x;
      return r;
    }
    const T half = pow(fabs(x), T(0.5) * (y - T(static_cast<double>(k))));
    const T r = half == 0 ? half : p * half * half;
    return x < 0 && signbit(z) != (k % 2 == 1) ? -r : r;
  }
  template <class B, class V>
  static std::vector<V> consistent(B& b, V x, V y) {
    return {x, y, b.call("pow", {x, y})};
  }
  // The derivatives of one order more
  template <class B, class V>
  static std::array<V, 3> partials(B& b, const Attrs& a, V x, V y, V z, V) {
    const std::int64_t k = a.in_x, m = a.in_y;
    return {b.template emit_op<PowSlope>({x, y, z}, {.in_x = k + 1, .in_y = m}),
            b.template emit_op<PowSlope>({x, y, z}, {.in_x = k, .in_y = m + 1}), b.zero(x)};
  }
  // z P / x^k, factor by factor, unless z has left the range where no part of that overflows or vanishes; then with the
  // root of x^(y-k), so that P meets it before it does.
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x, V y, V z) {
    const std::int64_t k = a.in_x, m = a.in_y;
    const V zero = b.fconst(x, 0);
    const bool wide = b.is_f64(x);
    const auto number = [&](double v) { return b.fconst(x, v); };
    const V p = factor(
        k, m, y, m > 0 ? vecmath::log(b, x) : zero, [&](V u, V v) { return b.add(u, v); },
        [&](V u, V v) { return b.mul(u, v); }, number);
    const V size = b.abs(z), inf = number(std::numeric_limits<double>::infinity());
    const auto finite = b.and_mask(b.lt(b.abs(x), inf), b.lt(b.abs(y), inf));
    const auto plain = b.and_mask(finite, b.and_mask(b.gt(size, number(wide ? 0x1p-900 : 0x1p-100)),
                                                     b.lt(size, number(wide ? 0x1p900 : 0x1p100))));
    V quick = m > 0 ? b.mul(z, p) : z;
    for (std::int64_t j = 0; j < k; ++j) {
      const V factor = j == 0 ? y : b.sub(y, number(static_cast<double>(j)));
      quick = b.div(m > 0 ? quick : b.mul(quick, factor), x);
    }
    const V slope = b.rarely(b.not_mask(plain), quick, [&] {
      const V half = b.libm("pow", b.abs(x), b.mul(number(0.5), b.sub(y, number(static_cast<double>(k)))));
      const V r = b.select(b.eq(half, zero), half, b.mul(b.mul(p, half), half));
      // For negative x, x^(y-k) has the sign of z for even k.
      const V negative = b.mul(r, b.mul(number(k % 2 == 1 ? -1 : 1), b.copysign(number(1), z)));
      return b.select(b.ne(z, z), z, b.select(b.lt(x, zero), negative, r));
    });
    return m > 0 ? slope : b.select(b.and_mask(b.eq(p, zero), b.eq(z, z)), zero, slope);
  }

 private:
  // y (y-1) … (y-k+1) where m is 0, else P by Horner's rule.
  template <class V, class Add, class Mul, class Number>
  static V factor(std::int64_t k, std::int64_t m, V y, V log_x, const Add& add, const Mul& mul, const Number& number) {
    if (m == 0) {
      V r = y;
      for (std::int64_t j = 1; j < k; ++j) r = mul(r, add(y, number(static_cast<double>(-j))));
      return r;
    }
    const auto c = pow_factor(k, m);
    const auto horner = [&](V x, auto count, const auto& coefficient) {
      std::optional<V> r;
      for (std::size_t i = count; i-- > 0;) {
        const std::optional<V> next = coefficient(i);
        if (r) r = mul(*r, x);
        if (next) r = r ? add(*r, *next) : *next;
      }
      return r;
    };
    return *horner(log_x, static_cast<std::size_t>(m) + 1, [&](std::size_t j) {
      return horner(y, c.size(), [&](std::size_t i) {
        return c[i][j] == 0 ? std::optional<V>() : std::optional<V>(number(c[i][j]));
      });
    });
  }
};

using SlopeOps = OpList<SigmoidSlope, TanhSlope, HypotSlope, PowSlope>;

}  // namespace rg::ops
