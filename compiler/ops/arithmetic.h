// Arithmetic: elementwise ops on numbers with their partial derivatives.
#pragma once

#include <algorithm>

#include "compiler/ops/elementwise.h"

namespace rg::ops {

/// Two's complement arithmetic without undefined overflow.
constexpr std::int64_t wrapping(std::uint64_t v) { return static_cast<std::int64_t>(v); }

struct Add : Elementwise<2, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "add";
  static constexpr std::string_view doc = "x + y.";
  static constexpr bool commutative = true;
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x + y;
  }
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return wrapping(std::uint64_t(x) + std::uint64_t(y)); }
  // d/dx = 1, d/dy = 1
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V, V) {
    return {b.one(x), b.one(x)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.add(x, y);
  }
};

struct Sub : Elementwise<2, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "sub";
  static constexpr std::string_view doc = "x - y.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x - y;
  }
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return wrapping(std::uint64_t(x) - std::uint64_t(y)); }
  // d/dx = 1, d/dy = -1
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V, V) {
    return {b.one(x), b.like(x, -1)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.sub(x, y);
  }
};

struct Mul : Elementwise<2, ElemRule::number> {
  static constexpr bool shows_zeros = true;
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "mul";
  static constexpr std::string_view doc = "x * y.";
  static constexpr bool commutative = true;
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x * y;
  }
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return wrapping(std::uint64_t(x) * std::uint64_t(y)); }
  // d/dx = y, d/dy = x
  template <class B, class V>
  static std::array<V, 2> partials(B&, V x, V y, V) {
    return {y, x};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.mul(x, y);
  }
};

struct Div : Elementwise<2, ElemRule::floating> {
  static constexpr int cost = kDivisionCost;
  static constexpr std::string_view name = "div";
  static constexpr std::string_view doc = "x / y.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x / y;
  }
  // d/dx = 1 / y, d/dy = -(x / y) / y
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V z) {
    return {b.div(b.one(x), y), b.neg(b.div(z, y))};
  }
  // t / y and -z (t / y)
  template <class B, class V>
  static V scaled(B& b, int k, V t, V, V y, V z) {
    const V rate = b.div(t, y);
    return k == 0 ? rate : b.neg(b.mul(z, rate));
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.div(x, y);
  }
};

struct Neg : Elementwise<1, ElemRule::number> {
  static constexpr bool shows_zeros = true;
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "neg";
  static constexpr std::string_view doc = "-x.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x) {
    return -x;
  }
  static std::int64_t eval(std::int64_t x) { return wrapping(0 - std::uint64_t(x)); }
  // d/dx = -1
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.like(x, -1)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.neg(x);
  }
};

struct Square : Elementwise<1, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "square";
  static constexpr std::string_view doc = "x * x.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x) {
    return x * x;
  }
  static std::int64_t eval(std::int64_t x) { return wrapping(std::uint64_t(x) * std::uint64_t(x)); }
  // d/dx = 2 x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.mul(b.like(x, 2), x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.mul(x, x);
  }
};

/// x^k for an integer k >= 0, by squaring: exact where products are.
template <class T>
T power(T x, std::int64_t k, T one) {
  T result = one;
  for (; k > 0; k /= 2) {
    if (k % 2 == 1) result = result * x;
    if (k > 1) x = x * x;
  }
  return result;
}

struct PowI : Elementwise<1, ElemRule::floating> {
  struct Attrs {
    std::int64_t exponent = 1;
    static constexpr std::tuple fields{field("exponent", &Attrs::exponent)};
  };
  static constexpr int cost = 4;
  static constexpr std::string_view name = "powi";
  static constexpr std::string_view doc =
      "x^k for the integer k = `exponent`, by repeated multiplication; 1 / x^-k for negative k.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr Samples samples = {.low = -2, .high = 2, .ulp = 16};
  static std::vector<Attrs> sample_attrs() {
    return {{.exponent = 5}, {.exponent = -2}, {.exponent = 2}, {.exponent = 1}, {.exponent = 0}};
  }
  // The exponent leaves room for those of its derivatives.
  static std::string_view check(const Attrs& a) {
    constexpr std::int64_t most = std::int64_t{1} << 62;
    return a.exponent <= most && a.exponent >= -most ? "" : "powi needs an exponent between -2^62 and 2^62";
  }
  template <class T>
  static T eval(const Attrs& a, T x) {
    using std::isinf;
    const std::int64_t k = a.exponent;
    if (k >= 0) return power(x, k, T(1));
    const T p = power(x, -k, T(1));
    return isinf(p) ? power(1 / x, -k, T(1)) : 1 / p;
  }
  // d/dx = k x^(k-1); 0 for k = 0
  template <class B, class V>
  static std::array<V, 1> partials(B& b, const Attrs& a, V x, V) {
    const std::int64_t k = a.exponent;
    if (k == 0) return {b.zero(x)};
    const V factor = k == 1 ? b.one(x) : k == 2 ? x : b.template emit_op<PowI>({x}, {.exponent = k - 1});
    return {b.mul(b.like(x, static_cast<double>(k)), factor)};
  }
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x) {
    const std::int64_t k = a.exponent;
    if (k == 0) return b.fconst(x, 1);
    if (k > 0) return product(b, x, k);
    // Where x^-k overflows, its inverse may be subnormal.
    const V p = product(b, x, -k), one = b.fconst(x, 1);
    const auto overflows = b.eq(b.abs(p), b.fconst(p, std::numeric_limits<double>::infinity()));
    return b.rarely(overflows, b.div(one, p), [&] { return product(b, b.div(one, x), -k); });
  }
  template <class B, class V>
  static V product(B& b, V x, std::int64_t k) {
    V result{};
    for (bool first = true; k > 0; k /= 2) {
      if (k % 2 == 1) {
        result = first ? x : b.mul(result, x);
        first = false;
      }
      if (k > 1) x = b.mul(x, x);
    }
    return result;
  }
};

struct Min : Elementwise<2, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "min";
  static constexpr std::string_view doc =
      "The smaller of x and y; NaN where one is NaN. At a tie the derivative is the first operand's.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x <= y || x != x ? x : y;
  }
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return std::min(x, y); }
  // d/dx = [x <= y or x is NaN], d/dy = 1 - d/dx
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    const V first = takes_first(b, x, y);
    return {b.select(first, b.one(x), b.zero(x)), b.select(first, b.zero(x), b.one(x))};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int k) {
    const V first = takes_first(s.b, s.x(0), s.x(1));
    return k == 0 ? first : s.b.logical_not(first);
  }
  template <class B, class V>
  static V takes_first(B& b, V x, V y) {
    return b.logical_or(b.compare("le", x, y), b.compare("ne", x, x));
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.select(b.or_mask(b.le(x, y), b.ne(x, x)), x, y);
  }
};

struct Max : Elementwise<2, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "max";
  static constexpr std::string_view doc =
      "The larger of x and y; NaN where one is NaN. At a tie the derivative is the first operand's.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    return x >= y || x != x ? x : y;
  }
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return std::max(x, y); }
  // d/dx = [x >= y or x is NaN], d/dy = 1 - d/dx
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    const V first = takes_first(b, x, y);
    return {b.select(first, b.one(x), b.zero(x)), b.select(first, b.zero(x), b.one(x))};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int k) {
    const V first = takes_first(s.b, s.x(0), s.x(1));
    return k == 0 ? first : s.b.logical_not(first);
  }
  template <class B, class V>
  static V takes_first(B& b, V x, V y) {
    return b.logical_or(b.compare("ge", x, y), b.compare("ne", x, x));
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.select(b.or_mask(b.ge(x, y), b.ne(x, x)), x, y);
  }
};

struct Abs : Elementwise<1, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "abs";
  static constexpr std::string_view doc = "|x|. The derivative at 0 is 0.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x) {
    using std::fabs;
    return fabs(x);
  }
  static std::int64_t eval(std::int64_t x) { return x < 0 ? wrapping(0 - std::uint64_t(x)) : x; }
  // d/dx = sign x
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.call("sign", {x})};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.abs(x);
  }
};

struct Sign : Elementwise<1, ElemRule::number> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "sign";
  static constexpr std::string_view doc = "-1, 0 or 1; NaN of NaN. The derivative is 0 everywhere.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x) {
    return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;
  }
  static std::int64_t eval(std::int64_t x) { return (x > 0) - (x < 0); }
  template <class B, class V>
  static std::array<V, 1> partials(B& b, V x, V) {
    return {b.zero(x)};
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    const V zero = b.zero(x);
    return b.select(b.gt(x, zero), b.number(x, 1),
                    b.select(b.lt(x, zero), b.number(x, -1), b.select(b.eq(x, zero), zero, x)));
  }
};

struct CopySign : Elementwise<2, ElemRule::floating> {
  static constexpr bool smooth = true;
  static constexpr std::string_view name = "copysign";
  static constexpr std::string_view doc = "|x| with the sign bit of y. The derivative in x at 0 is 0, in y it is 0.";
  static constexpr Derivative derivative = Derivative::by_partials;
  template <class T>
  static T eval(T x, T y) {
    using std::copysign;
    return copysign(x, y);
  }
  // d/dx = sign(x) sign(y), with the sign bit of y
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    return {b.mul(b.call("sign", {x}), b.call("copysign", {b.one(x), y})), b.zero(x)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.copysign(x, y);
  }
};

struct IDiv : Elementwise<2, ElemRule::integer> {
  static constexpr int cost = kFunctionCost;
  static constexpr std::string_view name = "idiv";
  static constexpr std::string_view doc = "Floor of x / y, on integers; 0 where y is 0.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "an integer quotient is piecewise constant";
  static std::int64_t eval(std::int64_t x, std::int64_t y) {
    if (y == 0) return 0;
    if (y == -1) return wrapping(0 - std::uint64_t(x));
    const std::int64_t q = x / y;
    return x % y != 0 && (x < 0) != (y < 0) ? q - 1 : q;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.floor_div(x, y);
  }
};

struct IMod : Elementwise<2, ElemRule::integer> {
  static constexpr int cost = kFunctionCost;
  static constexpr std::string_view name = "imod";
  static constexpr std::string_view doc =
      "x - y * floor(x / y), on integers: the remainder has the sign of y; x where y is 0.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "an integer remainder has no derivative";
  static std::int64_t eval(std::int64_t x, std::int64_t y) {
    return wrapping(std::uint64_t(x) - std::uint64_t(y) * std::uint64_t(IDiv::eval(x, y)));
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.sub(x, b.mul(y, b.floor_div(x, y)));
  }
};

/// Marks a value as a constant of differentiation: for shifts of which the result does not depend, such as the maximum
/// in log(sum(exp(x))).
struct StopGradient : Elementwise<1, ElemRule::floating> {
  static constexpr std::string_view name = "stop_gradient";
  static constexpr std::string_view doc = "x, with derivative 0.";
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "the program says so: stop_gradient";
  static constexpr Samples samples = {.ulp = 0};
  template <class T>
  static T eval(T x) {
    return x;
  }
  template <class B, class V>
  static V lower(B&, V x) {
    return x;
  }
};

/// x y + z rounded once, as IEEE 754's fusedMultiplyAdd.
struct Fma : Elementwise<3, ElemRule::floating> {
  static constexpr std::string_view name = "fma";
  static constexpr std::string_view doc = "x * y + z, rounded once.";
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr Samples samples = {.ulp = 0};
  template <class T>
  static T eval(T x, T y, T z) {
    using std::fma;
    return fma(x, y, z);
  }
  // d/dx = y, d/dy = x, d/dz = 1
  template <class B, class V>
  static std::array<V, 3> partials(B& b, V x, V y, V z, V) {
    return {y, x, b.one(z)};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y, V z) {
    return b.fma(x, y, z);
  }
};

struct FDim : Elementwise<2, ElemRule::floating> {
  static constexpr std::string_view name = "fdim";
  static constexpr std::string_view doc =
      "x - y where x > y, 0 elsewhere; NaN where one is NaN. At a tie the derivative is 0.";
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr Samples samples = {.ulp = 0};
  template <class T>
  static T eval(T x, T y) {
    return x <= y ? T(0) : x - y;
  }
  // d/dx = [x > y], d/dy = -[x > y]
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V) {
    const V above = b.compare("gt", x, y);
    return {b.select(above, b.one(x), b.zero(x)), b.select(above, b.like(x, -1), b.zero(x))};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int) {
    return s.b.compare("gt", s.x(0), s.x(1));
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.select(b.le(x, y), b.fconst(x, 0), b.sub(x, y));
  }
};

/// The floating counterpart of imod.
struct FloorMod : Elementwise<2, ElemRule::floating> {
  static constexpr int cost = kFunctionCost;
  static constexpr std::string_view name = "floor_mod";
  static constexpr std::string_view doc =
      "x - y * floor(x / y), by the exact fmod: a remainder that is not 0 has the sign of y, and one that is 0 its "
      "sign "
      "bit. The derivative in y is -floor(x / y).";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr Samples samples = {.low = -3, .high = 3, .ulp = 0};
  template <class T>
  static T eval(T x, T y) {
    using std::copysign;
    using std::fmod;
    const T r = fmod(x, y);
    if (r == 0) return copysign(r, y);
    return (r < 0) != (y < 0) ? r + y : r;
  }
  // d/dx = 1, d/dy = -floor(x / y), which is the integer next to (x - z) / y
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V z) {
    return {b.one(x), b.neg(b.call("round", {b.div(b.sub(x, z), y)}))};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    const V zero = b.fconst(x, 0), r = b.libm("fmod", x, y);
    const auto apart = b.or_mask(b.and_mask(b.lt(r, zero), b.gt(y, zero)), b.and_mask(b.gt(r, zero), b.lt(y, zero)));
    return b.select(b.eq(r, zero), b.copysign(r, y), b.select(apart, b.add(r, y), r));
  }
};

struct FMod : Elementwise<2, ElemRule::floating> {
  static constexpr int cost = kFunctionCost;
  static constexpr std::string_view name = "fmod";
  static constexpr std::string_view doc =
      "x - y * trunc(x / y), exactly, as C's fmod. The derivative in y is -trunc(x / y).";
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr Samples samples = {.low = -3, .high = 3, .ulp = 0};
  template <class T>
  static T eval(T x, T y) {
    using std::fmod;
    return fmod(x, y);
  }
  // d/dx = 1, d/dy = -trunc(x / y), which is the integer next to (x - z) / y
  template <class B, class V>
  static std::array<V, 2> partials(B& b, V x, V y, V z) {
    return {b.one(x), b.neg(b.call("round", {b.div(b.sub(x, z), y)}))};
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.libm("fmod", x, y);
  }
};

using ArithmeticOps = OpList<Add, Sub, Mul, Div, Neg, Square, PowI, Min, Max, Abs, Sign, CopySign, IDiv, IMod, Fma,
                             FDim, FloorMod, FMod, StopGradient>;

}  // namespace rg::ops
