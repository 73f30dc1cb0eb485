// Elementary functions of one floating operand, each with the formula of its derivative.
//
// Formulas: NIST Digital Library of Mathematical Functions, chapter 4.
#pragma once

#include "compiler/ops/slopes.h"

namespace rg::ops {

inline constexpr double kLn2 = 0.693147180559945309417;
inline constexpr double kLn10 = 2.302585092994045684018;

/// Base of the smooth functions of one floating operand.
struct Function1 : Elementwise<1, ElemRule::floating> {
  static constexpr int cost = kFunctionCost;
  static constexpr Derivative derivative = Derivative::by_partials;
};

struct Exp : Function1 {
  static constexpr std::string_view name = "exp";
  static constexpr std::string_view doc = "e^x.";
  static constexpr Samples samples = {.low = -20, .high = 20, .ulp = 2};
  template <class T>
  static T eval(T x) {
    using std::exp;
    return exp(x);
  }
  // exp x = y
  template <class B, class V>
  static std::array<V, 1> partials(B&, V, V y) {
    return {y};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::exp(b, x);
  }
};

struct Exp2 : Function1 {
  static constexpr std::string_view name = "exp2";
  static constexpr std::string_view doc = "2^x.";
  static constexpr Samples samples = {.low = -20, .high = 20, .ulp = 2};
  template <class T>
  static T eval(T x) {
    using std::exp2;
    return exp2(x);
  }
  // log 2 · y
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.mul(b.like(x, kLn2), y)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("exp2", x);
  }
};

struct Expm1 : Function1 {
  static constexpr std::string_view name = "expm1";
  static constexpr std::string_view doc = "e^x - 1, without cancellation near 0.";
  static constexpr Samples samples = {.low = -3, .high = 3, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::expm1;
    return expm1(x);
  }
  // exp x = y + 1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("exp", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::expm1(b, x);
  }
};

struct Log : Function1 {
  static constexpr std::string_view name = "log";
  static constexpr std::string_view doc = "The natural logarithm of x.";
  static constexpr Samples samples = {.low = 0.01, .high = 20, .ulp = 2};
  template <class T>
  static T eval(T x) {
    using std::log;
    return log(x);
  }
  // 1 / x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::log(b, x);
  }
};

struct Log2 : Function1 {
  static constexpr std::string_view name = "log2";
  static constexpr std::string_view doc = "The logarithm of x to base 2.";
  static constexpr Samples samples = {.low = 0.01, .high = 20, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::log2;
    return log2(x);
  }
  // 1 / (x log 2)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.like(x, 1 / kLn2), x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("log2", x);
  }
};

struct Log10 : Function1 {
  static constexpr std::string_view name = "log10";
  static constexpr std::string_view doc = "The logarithm of x to base 10.";
  static constexpr Samples samples = {.low = 0.01, .high = 20, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::log10;
    return log10(x);
  }
  // 1 / (x log 10)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.like(x, 1 / kLn10), x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("log10", x);
  }
};

struct Log1p : Function1 {
  static constexpr std::string_view name = "log1p";
  static constexpr std::string_view doc = "log(1 + x), without cancellation near 0.";
  static constexpr Samples samples = {.low = -0.9, .high = 5, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::log1p;
    return log1p(x);
  }
  // 1 / (1 + x)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), b.add(b.one(x), x))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::log1p(b, x);
  }
};

struct Sqrt : Function1 {
  static constexpr int cost = kDivisionCost;
  static constexpr std::string_view name = "sqrt";
  static constexpr std::string_view doc = "The square root of x. The derivative at 0 is infinite.";
  static constexpr Samples samples = {.low = 0.01, .high = 20, .ulp = 0};
  template <class T>
  static T eval(T x) {
    using std::sqrt;
    return sqrt(x);
  }
  // 1 / (2 y)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.div(b.like(x, 0.5), y)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.sqrt(x);
  }
};

struct Rsqrt : Function1 {
  static constexpr std::string_view name = "rsqrt";
  static constexpr std::string_view doc = "1 / sqrt(x).";
  static constexpr Samples samples = {.low = 0.01, .high = 20, .ulp = 1};
  template <class T>
  static T eval(T x) {
    using std::sqrt;
    return 1 / sqrt(x);
  }
  // -y / (2 x)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.div(b.mul(b.like(x, -0.5), y), x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.div(b.fconst(x, 1), b.sqrt(x));
  }
};

struct Cbrt : Function1 {
  static constexpr std::string_view name = "cbrt";
  static constexpr std::string_view doc = "The cube root of x. The derivative at 0 is infinite.";
  static constexpr Samples samples = {.low = 0.1, .high = 20, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::cbrt;
    return cbrt(x);
  }
  // 1 / (3 y²)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.div(b.like(x, 1.0 / 3), b.mul(y, y))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("cbrt", x);
  }
};

struct Sin : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "sin";
  static constexpr std::string_view doc = "The sine of x in radians.";
  static constexpr Samples samples = {.low = -30, .high = 30, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::sin;
    return sin(x);
  }
  // cos x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("cos", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::sin(b, x);
  }
};

struct Cos : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "cos";
  static constexpr std::string_view doc = "The cosine of x in radians.";
  static constexpr Samples samples = {.low = -30, .high = 30, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::cos;
    return cos(x);
  }
  // -sin x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.neg(b.call("sin", {x}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::cos(b, x);
  }
};

struct Tan : Function1 {
  static constexpr std::string_view name = "tan";
  static constexpr std::string_view doc = "The tangent of x in radians.";
  static constexpr Samples samples = {.low = -1.5, .high = 1.5, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::tan;
    return tan(x);
  }
  // 1 + y²
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.add(b.one(x), b.mul(y, y))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("tan", x);
  }
};

struct Asin : Function1 {
  static constexpr std::string_view name = "asin";
  static constexpr std::string_view doc = "The arc sine of x.";
  static constexpr Samples samples = {.low = -0.95, .high = 0.95, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::asin;
    return asin(x);
  }
  // 1 / sqrt(1 - x²), with 1 - x² rounded once
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), b.call("sqrt", {b.call("fma", {b.neg(x), x, b.one(x)})}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("asin", x);
  }
};

struct Acos : Function1 {
  static constexpr std::string_view name = "acos";
  static constexpr std::string_view doc = "The arc cosine of x.";
  static constexpr Samples samples = {.low = -0.95, .high = 0.95, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::acos;
    return acos(x);
  }
  // -1 / sqrt(1 - x²), with 1 - x² rounded once
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.like(x, -1), b.call("sqrt", {b.call("fma", {b.neg(x), x, b.one(x)})}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("acos", x);
  }
};

struct Atan : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "atan";
  static constexpr std::string_view doc = "The arc tangent of x.";
  static constexpr Samples samples = {.low = -10, .high = 10, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::atan;
    return atan(x);
  }
  // 1 / (1 + x²) = c² with c = 1 / sqrt(1 + x²)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("square", {b.call("hypot_slope", {b.one(x), x})})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("atan", x);
  }
};

struct Sinh : Function1 {
  static constexpr std::string_view name = "sinh";
  static constexpr std::string_view doc = "The hyperbolic sine of x.";
  static constexpr Samples samples = {.low = -5, .high = 5, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::sinh;
    return sinh(x);
  }
  // cosh x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("cosh", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("sinh", x);
  }
};

struct Cosh : Function1 {
  static constexpr std::string_view name = "cosh";
  static constexpr std::string_view doc = "The hyperbolic cosine of x.";
  static constexpr Samples samples = {.low = -5, .high = 5, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::cosh;
    return cosh(x);
  }
  // sinh x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("sinh", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("cosh", x);
  }
};

struct Tanh : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "tanh";
  static constexpr std::string_view doc = "The hyperbolic tangent of x.";
  static constexpr Samples samples = {.low = -5, .high = 5, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::tanh;
    return tanh(x);
  }
  // 1 - y²
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.call("tanh_slope", {x, b.call("stop_gradient", {y})})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::tanh(b, x);
  }
};

struct Asinh : Function1 {
  static constexpr std::string_view name = "asinh";
  static constexpr std::string_view doc = "The inverse hyperbolic sine of x.";
  static constexpr Samples samples = {.low = -10, .high = 10, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::asinh;
    return asinh(x);
  }
  // 1 / sqrt(1 + x²)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("hypot_slope", {b.one(x), x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("asinh", x);
  }
};

struct Acosh : Function1 {
  static constexpr std::string_view name = "acosh";
  static constexpr std::string_view doc = "The inverse hyperbolic cosine of x.";
  static constexpr Samples samples = {.low = 1.1, .high = 10, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::acosh;
    return acosh(x);
  }
  // 1 / (sqrt(x - 1) sqrt(x + 1))
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), b.mul(b.call("sqrt", {b.sub(x, b.one(x))}), b.call("sqrt", {b.add(x, b.one(x))})))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("acosh", x);
  }
};

struct Atanh : Function1 {
  static constexpr std::string_view name = "atanh";
  static constexpr std::string_view doc = "The inverse hyperbolic tangent of x.";
  static constexpr Samples samples = {.low = -0.95, .high = 0.95, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::atanh;
    return atanh(x);
  }
  // 1 / (1 - x²), with 1 - x² rounded once
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), b.call("fma", {b.neg(x), x, b.one(x)}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("atanh", x);
  }
};

struct Sigmoid : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "sigmoid";
  static constexpr std::string_view doc = "1 / (1 + exp(-x)).";
  static constexpr Samples samples = {.low = -10, .high = 10, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::exp;
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
  }
  // y (1 - y)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.call("sigmoid_slope", {x, b.call("stop_gradient", {y})})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::sigmoid(b, x);
  }
};

struct Softplus : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "softplus";
  static constexpr std::string_view doc = "log(1 + exp(x)), without overflow.";
  static constexpr Samples samples = {.low = -10, .high = 10, .ulp = 8};
  template <class T>
  static T eval(T x) {
    using std::exp;
    using std::log1p;
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
  }
  // sigmoid x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("sigmoid", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return vecmath::softplus(b, x);
  }
};

struct Logit : Function1 {
  static constexpr std::string_view name = "logit";
  static constexpr std::string_view doc = "log(x / (1 - x)), the inverse of sigmoid, without cancellation at 1/2.";
  static constexpr Samples samples = {.low = 0.05, .high = 0.95, .ulp = 8};
  // From 1/4 on as log1p((2x - 1) / (1 - x)), where 2x - 1 is exact up to 1.
  template <class T>
  static T eval(T x) {
    using std::log;
    using std::log1p;
    return x < 0.25 ? log(x / (1 - x)) : log1p((2 * x - 1) / (1 - x));
  }
  // 1 / (x (1 - x))
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.div(b.one(x), b.mul(x, b.sub(b.one(x), x)))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    const V one = b.fconst(x, 1), rest = b.sub(one, x);
    return b.select(b.lt(x, b.fconst(x, 0.25)), vecmath::log(b, b.div(x, rest)),
                    vecmath::log1p(b, b.div(b.sub(b.add(x, x), one), rest)));
  }
};

struct Relu : Function1 {
  static constexpr bool smooth = true;
  static constexpr int cost = 1;
  static constexpr std::string_view name = "relu";
  static constexpr std::string_view doc = "x where x > 0, 0 elsewhere; NaN of NaN. The derivative at 0 is 0.";
  static constexpr Samples samples = {.ulp = 0};
  template <class T>
  static T eval(T x) {
    return x > 0 ? x : x != x ? x : 0;
  }
  // [x > 0]
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.select(b.compare("gt", x, b.zero(x)), b.one(x), b.zero(x))};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int) {
    return s.b.compare("gt", s.x(0), s.b.zero(s.x(0)));
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    const V zero = b.fconst(x, 0);
    return b.select(b.le(x, zero), zero, x);
  }
};

using MathOps = OpList<Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Sqrt, Rsqrt, Cbrt, Sin, Cos, Tan, Asin, Acos, Atan,
                       Sinh, Cosh, Tanh, Asinh, Acosh, Atanh, Sigmoid, Softplus, Logit, Relu>;

}  // namespace rg::ops
