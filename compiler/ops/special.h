// Special functions and step functions of one floating operand, each with the formula of its derivative.
//
// Formulas: NIST Digital Library of Mathematical Functions, chapters 5 (gamma) and 7 (error function).
#pragma once

#include "compiler/ops/math.h"
#include "runtime/runegrad.h"

namespace rg::ops {

inline constexpr double kTwoOverSqrtPi = 1.128379167095512573896;

// The functions that the C library lacks, under the names by which eval finds them for any number type.
inline double digamma(double x) { return rg_digamma(x); }
inline double sinc(std::int64_t k, double x) { return rg_sinc(static_cast<double>(k), x); }
inline double erfcx(std::int64_t k, double x) { return rg_erfcx(static_cast<double>(k), x); }
inline double log_erfc(double x) { return rg_log_erfc(x); }
inline double polygamma(std::int64_t k, double x) { return rg_polygamma(static_cast<double>(k), x); }

struct Erf : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "erf";
  static constexpr std::string_view doc = "The error function 2/sqrt(π) ∫₀ˣ exp(-t²) dt.";
  static constexpr Samples samples = {.low = -4, .high = 4, .ulp = 4};
  template <class T>
  static T eval(T x) {
    using std::erf;
    return erf(x);
  }
  // 2/sqrt(π) exp(-x²)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.mul(b.like(x, kTwoOverSqrtPi), b.call("exp", {b.neg(b.mul(x, x))}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("erf", x);
  }
};

struct Erfc : Function1 {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "erfc";
  static constexpr std::string_view doc = "1 - erf(x), without cancellation for large x.";
  static constexpr Samples samples = {.low = -4, .high = 4, .ulp = 8};
  template <class T>
  static T eval(T x) {
    using std::erfc;
    return erfc(x);
  }
  // -2/sqrt(π) exp(-x²)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.mul(b.like(x, -kTwoOverSqrtPi), b.call("exp", {b.neg(b.mul(x, x))}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("erfc", x);
  }
};

/// The order of a derivative.
struct OrderAttrs {
  std::int64_t order = 0;
  static constexpr std::tuple fields{field("order", &OrderAttrs::order)};
  /// What is wrong with it, if anything. Programs write half of the greatest, derivatives ask for more.
  std::string_view check() const {
    constexpr std::int64_t most = std::int64_t{1} << 32;
    return order >= 0 && order <= most ? "" : "the order of a derivative is between 0 and 2^32";
  }
};

/// Base of the functions that come with their derivatives of any `order`.
struct FunctionOfOrder : Function1 {
  using Attrs = OrderAttrs;
  static std::vector<Attrs> sample_attrs() { return {{}, {.order = 1}, {.order = 2}}; }
  static std::string_view check(const Attrs& a) { return a.check(); }
  static Attrs next(const Attrs& a) { return {.order = a.order + 1}; }
};

struct Erfcx : FunctionOfOrder {
  static constexpr std::string_view name = "erfcx";
  static constexpr std::string_view doc =
      "exp(x²) erfc(x), without underflow for large x; with k as `order` its derivative of order k.";
  static constexpr Samples samples = {.low = -4, .high = 8, .ulp = 16, .partial_ulp = 32};
  template <class T>
  static T eval(const Attrs& a, T x) {
    return erfcx(a.order, x);
  }
  // the derivative of order k + 1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, const Attrs& a, V x, V) {
    return {b.template emit_op<Erfcx>({x}, next(a))};
  }
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x) {
    return b.libm("rg_erfcx", b.fconst(x, static_cast<double>(a.order)), x);
  }
};

struct LogErfc : Function1 {
  static constexpr std::string_view name = "log_erfc";
  static constexpr std::string_view doc = "log(erfc(x)), where erfc(x) underflows too.";
  static constexpr Samples samples = {.low = -4, .high = 8, .ulp = 8, .partial_ulp = 32};
  template <class T>
  static T eval(T x) {
    return log_erfc(x);
  }
  // -2/sqrt(π) exp(-x²) / erfc(x), for x > 0 as -2/sqrt(π) / erfcx(x)
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    const V c = b.like(x, -kTwoOverSqrtPi);
    const V left = b.div(b.mul(c, b.call("exp", {b.neg(b.mul(x, x))})), b.call("erfc", {x}));
    return {b.select(b.compare("gt", x, b.zero(x)), b.div(c, b.call("erfcx", {x})), left)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("rg_log_erfc", x);
  }
};

struct Sinc : FunctionOfOrder {
  static constexpr std::string_view name = "sinc";
  static constexpr std::string_view doc = "sin(πx) / (πx), 1 at 0; with k as `order` its derivative of order k.";
  static constexpr Samples samples = {.low = -4, .high = 4, .ulp = 16, .partial_ulp = 32, .second_ulp = 64};
  template <class T>
  static T eval(const Attrs& a, T x) {
    return sinc(a.order, x);
  }
  // the derivative of order k + 1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, const Attrs& a, V x, V) {
    return {b.template emit_op<Sinc>({x}, next(a))};
  }
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x) {
    return b.libm("rg_sinc", b.fconst(x, static_cast<double>(a.order)), x);
  }
};

struct Lgamma : Function1 {
  static constexpr std::string_view name = "lgamma";
  static constexpr std::string_view doc = "log |Γ(x)|.";
  static constexpr Samples samples = {.low = 0.1, .high = 10, .ulp = 8};
  template <class T>
  static T eval(T x) {
    using std::lgamma;
    return lgamma(x);
  }
  // digamma x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("digamma", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("lgamma", x);
  }
};

struct Tgamma : Function1 {
  static constexpr std::string_view name = "tgamma";
  static constexpr std::string_view doc = "Γ(x).";
  static constexpr Samples samples = {.low = 0.2, .high = 5, .ulp = 8};
  template <class T>
  static T eval(T x) {
    using std::tgamma;
    return tgamma(x);
  }
  // Γ(x) digamma x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V y) {
    return {b.mul(y, b.call("digamma", {x}))};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("tgamma", x);
  }
};

struct Polygamma;

struct Digamma : Function1 {
  static constexpr std::string_view name = "digamma";
  static constexpr std::string_view doc = "The derivative of log Γ(x).";
  static constexpr Samples samples = {.low = 0.1, .high = 10, .ulp = 32};
  template <class T>
  static T eval(T x) {
    return digamma(x);
  }
  // polygamma of order 1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.template emit_op<Polygamma>({x}, OrderAttrs{.order = 1})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.libm("rg_digamma", x);
  }
};

struct Polygamma : Function1 {
  static constexpr std::string_view name = "polygamma";
  static constexpr std::string_view doc = "The derivative of the `order` given, at least 0, of digamma at x.";
  static constexpr bool builtin = false;
  static constexpr Samples samples = {.low = 0.5, .high = 10, .ulp = 64};
  using Attrs = OrderAttrs;
  static std::vector<Attrs> sample_attrs() { return {{.order = 1}, {.order = 2}}; }
  static std::string_view check(const Attrs& a) { return a.check(); }
  template <class T>
  static T eval(const Attrs& a, T x) {
    return polygamma(a.order, x);
  }
  // polygamma of order k + 1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, const Attrs& a, V x, V) {
    return {b.template emit_op<Polygamma>({x}, {.order = a.order + 1})};
  }
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x) {
    return b.libm("rg_polygamma", b.fconst(x, static_cast<double>(a.order)), x);
  }
};

/// Base of the functions that are constant between jumps.
struct StepFunction : Elementwise<1, ElemRule::floating> {
  static constexpr bool smooth = true;
  static constexpr Samples samples = {.ulp = 0};
  static constexpr Derivative derivative = Derivative::by_partials;
  // 0 between the jumps, and at them by convention
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.zero(x)};
  }
};

struct Floor : StepFunction {
  static constexpr std::string_view name = "floor";
  static constexpr std::string_view doc = "The greatest integer that is at most x. The derivative is 0.";
  template <class T>
  static T eval(T x) {
    using std::floor;
    return floor(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.floor(x);
  }
};

struct Ceil : StepFunction {
  static constexpr std::string_view name = "ceil";
  static constexpr std::string_view doc = "The least integer that is at least x. The derivative is 0.";
  template <class T>
  static T eval(T x) {
    using std::ceil;
    return ceil(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.ceil(x);
  }
};

struct Round : StepFunction {
  static constexpr std::string_view name = "round";
  static constexpr std::string_view doc = "The nearest integer, halves away from zero. The derivative is 0.";
  template <class T>
  static T eval(T x) {
    using std::round;
    return round(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.round(x);
  }
};

struct Trunc : StepFunction {
  static constexpr std::string_view name = "trunc";
  static constexpr std::string_view doc = "x without its fraction. The derivative is 0.";
  template <class T>
  static T eval(T x) {
    using std::trunc;
    return trunc(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.trunc(x);
  }
};

using SpecialOps =
    OpList<Erf, Erfc, Erfcx, LogErfc, Sinc, Lgamma, Tgamma, Digamma, Polygamma, Floor, Ceil, Round, Trunc>;

}  // namespace rg::ops
