// Functions of two floating operands, each with the formula of its derivative.
//
// Formulas: NIST Digital Library of Mathematical Functions, chapter 4.
#pragma once

#include "compiler/ops/slopes.h"

namespace rg::ops {

/// Base of the smooth functions of two floating operands.
struct Function2 : Elementwise<2, ElemRule::floating> {
  static constexpr int cost = kFunctionCost;
  static constexpr Derivative derivative = Derivative::by_partials;
};

struct Pow : Function2 {
  static constexpr std::string_view name = "pow";
  static constexpr std::string_view doc = "x^y as C's pow.";
  static constexpr Samples samples = {.low = 0.1, .high = 3, .ulp = 4, .low2 = -3, .high2 = 3};
  template <class T>
  static T eval(T x, T y) {
    using std::pow;
    return pow(x, y);
  }
  // d/dx = y x^(y-1), 0 where y = 0; d/dy = x^y log x, with the limits 0 at x = 0, y > 0 and at x = inf, y < 0
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V z) {
    const V power = b.call("stop_gradient", {z});
    return {b.template emit_op<PowSlope>({x, y, power}, {.in_x = 1}),
            b.template emit_op<PowSlope>({x, y, power}, {.in_y = 1})};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.libm("pow", x, y);
  }
};

struct Atan2 : Function2 {
  static constexpr std::string_view name = "atan2";
  static constexpr std::string_view doc = "The angle of the point (y, x), from the first operand y and the second x.";
  static constexpr Samples samples = {.ulp = 4};
  template <class T>
  static T eval(T y, T x) {
    using std::atan2;
    return atan2(y, x);
  }
  // With h = sqrt(x² + y²): d/dy = (x/h) / h, d/dx = -(y/h) / h
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V y, V x, V) {
    const V h = b.call("hypot", {x, y});
    return {b.div(b.call("hypot_slope", {x, y}), h), b.neg(b.div(b.call("hypot_slope", {y, x}), h))};
  }
  template <class B, class V>
  static V lower(B& b, V y, V x) {
    return b.libm("atan2", y, x);
  }
};

struct Hypot : Function2 {
  static constexpr std::string_view name = "hypot";
  static constexpr std::string_view doc = "sqrt(x² + y²) without overflow. The derivative at the origin is 0.";
  static constexpr Samples samples = {.ulp = 4};
  template <class T>
  static T eval(T x, T y) {
    using std::hypot;
    return hypot(x, y);
  }
  // d/dx = x / z, d/dy = y / z
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    return {b.call("hypot_slope", {x, y}), b.call("hypot_slope", {y, x})};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return vecmath::hypot(b, x, y);
  }
};

struct XLogY : Function2 {
  static constexpr std::string_view name = "xlogy";
  static constexpr std::string_view doc =
      "x log y, 0 where x is 0 and y is not NaN. There the derivative in y is 0, and that in x is log y.";
  static constexpr Samples samples = {.ulp = 4, .low2 = 0.01, .high2 = 20};
  template <class T>
  static T eval(T x, T y) {
    using std::log;
    return x == 0 && y == y ? T(0) : x * log(y);
  }
  // d/dx = log y; d/dy = x / y, 0 where x = 0
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    const V none = b.compare("eq", x, b.zero(x));
    return {b.call("log", {y}), b.div(x, b.select(none, b.one(y), y))};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    const V zero = b.fconst(x, 0);
    return b.select(b.and_mask(b.eq(x, zero), b.eq(y, y)), zero, b.mul(x, vecmath::log(b, y)));
  }
};

struct LogAddExp : Function2 {
  static constexpr std::string_view name = "logaddexp";
  static constexpr std::string_view doc = "log(e^x + e^y), without overflow.";
  static constexpr Samples samples = {.low = -20, .high = 20, .ulp = 8};
  template <class T>
  static T eval(T x, T y) {
    using std::exp;
    using std::log1p;
    const T d = x == y ? T(0) : x - y;
    return d > 0 ? x + log1p(exp(-d)) : y + log1p(exp(d));
  }
  // d/dx = sigmoid(x - y), d/dy = sigmoid(y - x)
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    return {b.call("sigmoid", {b.sub(x, y)}), b.call("sigmoid", {b.sub(y, x)})};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    const V d = b.select(b.eq(x, y), b.fconst(x, 0), b.sub(x, y));
    const V top = b.select(b.gt(d, b.fconst(x, 0)), x, y);
    return b.add(top, vecmath::log1p(b, vecmath::exp(b, b.neg(b.abs(d)))));
  }
};

using BivariateOps = OpList<Pow, Atan2, Hypot, XLogY, LogAddExp>;

}  // namespace rg::ops
