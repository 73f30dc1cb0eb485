// Derivatives that are ops of their own, since no formula in other ops is accurate on all of its range: each has an
// accurate derivative again. A slope may take what its function has computed besides the operands, as the last
// operand, and takes that path where it loses nothing; the result's derivative in it counts as 0.
//
// Formulas: NIST Digital Library of Mathematical Functions, chapter 4.
#pragma once

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
  // With c the result, s = y / sqrt(x² + y²) and h = sqrt(x² + y²): d/dx = s (s/h), d/dy = -c (s/h); 0 at the origin
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V c) {
    const V h = b.call("hypot", {x, y});
    const V origin = b.compare("eq", h, b.zero(h));
    const V s = b.call("hypot_slope", {y, x});
    const V rate = b.div(s, b.select(origin, b.one(h), h));
    return {b.mul(s, rate), b.neg(b.mul(c, rate))};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return vecmath::hypot_slope(b, x, y);
  }
};

struct PowSlope : Slope<3> {
  static constexpr std::string_view name = "pow_slope";
  static constexpr std::string_view doc = "The derivative of pow in x, y x^(y-1), 0 where y is 0; z is x^y.";
  static constexpr Samples samples = {.low = 0.1, .high = 3, .ulp = 8, .low2 = -3, .high2 = 3};
  template <class T>
  static T eval(T x, T y, T) {
    using std::pow;
    return y == 0 ? T(0) : y * pow(x, y - 1);
  }
  template <class B, class V>
  static std::vector<V> consistent(B& b, V x, V y) {
    return {x, y, b.call("pow", {x, y})};
  }
  // With w = x^(y-1): d/dx = y (y-1) x^(y-2), d/dy = w (1 + y log x), with the limits 0 at x = 0, y > 1 and at
  // x = inf, y < 1
  template <class B, class V>
  static std::array<V, 3> partials(B& b, V x, V y, V, V) {
    const V less = b.sub(y, b.one(y)), zero = b.zero(x);
    const V w = b.call("pow", {x, less});
    const V at_origin = b.logical_and(b.compare("eq", x, zero), b.compare("gt", less, zero));
    const V far_out = b.logical_and(b.compare("eq", x, b.like(x, std::numeric_limits<double>::infinity())),
                                    b.compare("lt", less, zero));
    const V log_x = b.call("log", {b.select(b.logical_or(at_origin, far_out), b.one(x), x)});
    return {b.mul(y, b.call("pow_slope", {x, less, w})), b.mul(w, b.add(b.one(x), b.mul(y, log_x))), zero};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y, V z) {
    const V zero = b.fconst(x, 0);
    const bool wide = b.is_f64(x);
    // y z / x, unless z is 0 or has left the range where no part of it can overflow or vanish.
    const V size = b.abs(z), inf = b.fconst(x, std::numeric_limits<double>::infinity());
    const auto finite = b.and_mask(b.lt(b.abs(x), inf), b.lt(b.abs(y), inf));
    const auto plain = b.and_mask(finite, b.and_mask(b.gt(size, b.fconst(x, wide ? 0x1p-900 : 0x1p-100)),
                                                     b.lt(size, b.fconst(x, wide ? 0x1p900 : 0x1p100))));
    const V slope = b.rarely(b.not_mask(plain), b.div(b.mul(y, z), x),
                             [&] { return b.mul(y, b.libm("pow", x, b.sub(y, b.fconst(x, 1)))); });
    return b.select(b.eq(y, zero), zero, slope);
  }
};

using SlopeOps = OpList<SigmoidSlope, TanhSlope, HypotSlope, PowSlope>;

}  // namespace rg::ops
