// Vector maths as templates over an abstract builder B, so that one text serves code generation and host evaluation.
//
// B has a value type V and, on floating values of one width (scalar or vector): fconst(like, double), add sub mul div
// neg fma sqrt abs copysign floor round_even, comparisons eq ne lt le gt ge giving masks, select(mask, a, b), any_lane
// fallback libm(name, x…) (the scalar C function on each lane), is_f64(x), pow2(n) = 2^n for integral n in the
// exponent range of normal numbers, exponent_of(x) = floor(log2 |x|) as a floating value and mantissa_of(x) in [1, 2),
// for normal x, scaled(v, n) = v 2^n for integral n, rounded once also where the result is not a normal number,
// rarely(mask, value, f), which replaces lanes under the mask by those of f(), computed only where there are some, and
// fixup(mask, value, name, x), the same by the C function.
//
// Reductions after W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980); the polynomials are
// Taylor series, long enough on the reduced intervals that their truncation lies below the rounding error, but for the
// tails of exp and expm1, which were fitted.
#pragma once

#include <array>
#include <limits>
#include <span>
#include <string_view>

namespace rg::ops::vecmath {

/// Horner's rule, highest coefficient first.
template <class B, class V>
V polynomial(B& b, V x, std::span<const double> coefficients) {
  V r = b.fconst(x, coefficients[0]);
  for (const double c : coefficients.subspan(1)) r = b.fma(r, x, b.fconst(x, c));
  return r;
}

// q(r) of degree 9 that begins 1/2 + r/6, with the least max |r² q(r) + r - expm1(r)| / |expm1(r)| on |r| <= 0.3475,
// which is 3.0e-17: for exp, in the rounding error of which r² q has an eighth part. Of degree 10, through the
// Chebyshev points, 7.2e-19.
inline constexpr std::array<double, 10> kExpTail{
    2.510820486575551e-08, 2.7622571474566046e-07, 2.7557248728543176e-06, 2.480151559943102e-05, 0.000198412698784772,
    0.0013888888921001587, 0.008333333333326656,   0.04166666666661905,    0.16666666666666666,   0.5};
inline constexpr std::array<double, 11> kExpm1Tail{2.091488256348507e-09,
                                                   2.5105490906986696e-08,
                                                   2.7557273171941026e-07,
                                                   2.7557254740405416e-06,
                                                   2.4801587325920163e-05,
                                                   0.00019841269875342141,
                                                   0.0013888888888883642,
                                                   0.008333333333325985,
                                                   0.04166666666666667,
                                                   0.1666666666666667,
                                                   0.5};

// q(r) of degree 4 with the least max |r² q(r) + r - expm1(r)| / |expm1(r)| on |r| <= 0.3475, which is 1.4e-8.
inline constexpr std::array<double, 5> kExpTailF32{0.0013882489182928295, 0.0083666915407235598, 0.041667205359470596,
                                                   0.16666542351784272, 0.4999999812541050095};

/// x = n log 2 + r with |r| <= log 2 / 2: n, r and q with expm1(r) = r + r² q, in f64 by `tail`.
template <class V>
struct ExpParts {
  V n, q, r;
};

template <class B, class V>
ExpParts<V> exp_parts(B& b, V x, std::span<const double> tail) {
  const bool wide = b.is_f64(x);
  const V n = b.round_even(b.mul(x, b.fconst(x, 1.4426950408889634074)));
  const double high = wide ? 0.693147180369123816490 : 0.693359375;
  const double low = wide ? 1.90821492927058770002e-10 : -2.12194440054690583e-4;
  V r = b.fma(n, b.fconst(x, -high), x);
  r = b.fma(n, b.fconst(x, -low), r);
  return {n, wide ? polynomial(b, r, tail) : polynomial(b, r, std::span(kExpTailF32)), r};
}

/// Clamped to [low, high]; NaN stays.
template <class B, class V>
V clamped(B& b, V x, double low, double high) {
  x = b.select(b.lt(x, b.fconst(x, low)), b.fconst(x, low), x);
  return b.select(b.gt(x, b.fconst(x, high)), b.fconst(x, high), x);
}

/// e^x, within 1 ulp: (1 + r (1 + r q)) 2^n.
template <class B, class V>
V exp(B& b, V x) {
  const bool wide = b.is_f64(x);
  x = wide ? clamped(b, x, -750, 710) : clamped(b, x, -110, 90);
  const auto p = exp_parts(b, x, kExpTail);
  const V one = b.fconst(x, 1);
  return b.scaled(b.fma(b.fma(p.q, p.r, one), p.r, one), p.n);
}

/// e^x - 1, within 2 ulp: twice expm1(r) 2^(n-1) + (2^(n-1) - 1/2), so that 2^n may be out of range.
template <class B, class V>
V expm1(B& b, V x) {
  const bool wide = b.is_f64(x);
  const auto p = exp_parts(b, wide ? clamped(b, x, -45, 710) : clamped(b, x, -20, 89), kExpm1Tail);
  const V scale = b.pow2(b.sub(p.n, b.fconst(x, 1)));
  const V half = b.fma(b.fma(b.mul(p.r, p.r), p.q, p.r), scale, b.sub(scale, b.fconst(x, 0.5)));
  const auto tiny = b.lt(b.abs(x), b.fconst(x, wide ? 1e-300 : 1e-30));
  return b.select(tiny, x, b.add(half, half));
}

// 2/(2k+1) from k = 11 down to k = 1: log((1+s)/(1-s)) = 2s + s Σ 2/(2k+1) s^2k.
inline constexpr std::array<double, 11> kLogTail{2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                                 2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};

/// log x, within 1 ulp. With x = 2^n (1 + f), s = f/(2 + f): log(1 + f) = f - (f²/2 - s (f²/2 + R)).
template <class B, class V>
V log(B& b, V x) {
  const bool wide = b.is_f64(x);
  const V zero = b.fconst(x, 0), one = b.fconst(x, 1);
  const auto small = b.lt(x, b.fconst(x, wide ? 2.2250738585072014e-308 : 1.17549435e-38));
  const V y = b.select(small, b.mul(x, b.fconst(x, wide ? 18014398509481984.0 : 33554432.0)), x);  // 2^54, 2^25
  V n = b.sub(b.exponent_of(y), b.select(small, b.fconst(x, wide ? 54 : 25), zero));
  V m = b.mantissa_of(y);
  const auto upper = b.gt(m, b.fconst(x, 1.4142135623730951));
  m = b.select(upper, b.mul(m, b.fconst(x, 0.5)), m);
  n = b.select(upper, b.add(n, one), n);
  const V f = b.sub(m, one);
  const V s = b.div(f, b.add(b.fconst(x, 2), f));
  const V z = b.mul(s, s);
  const V tail = polynomial(b, z, std::span(kLogTail).subspan(wide ? 0 : 6));
  const V half_square = b.mul(b.fconst(x, 0.5), b.mul(f, f));
  const V high = b.fconst(x, wide ? 0.693147180369123816490 : 0.693359375);
  const V low = b.fconst(x, wide ? 1.90821492927058770002e-10 : -2.12194440054690583e-4);
  const V correction = b.fma(s, b.fma(z, tail, half_square), b.mul(n, low));
  const V r = b.fma(n, high, b.sub(f, b.sub(half_square, correction)));
  const double inf = std::numeric_limits<double>::infinity();
  const V special = b.select(b.eq(x, zero), b.fconst(x, -inf),
                             b.select(b.gt(x, zero), x, b.fconst(x, std::numeric_limits<double>::quiet_NaN())));
  const auto ordinary = b.and_mask(b.gt(x, zero), b.lt(x, b.fconst(x, inf)));
  return b.select(ordinary, r, special);
}

/// log(1 + x), within 2 ulp: log u + (x - (u - 1))/u with u = 1 + x rounded.
template <class B, class V>
V log1p(B& b, V x) {
  const V one = b.fconst(x, 1);
  const V u = b.add(one, x);
  const V r = b.add(log(b, u), b.div(b.sub(x, b.sub(u, one)), u));
  const auto plain = b.or_mask(b.eq(u, one), b.eq(x, b.fconst(x, std::numeric_limits<double>::infinity())));
  return b.select(plain, x, b.select(b.le(x, b.fconst(x, -1)), log(b, u), r));
}

/// Where e^2a is next to the end of the range, far beyond where tanh is 1.
template <class B, class V>
V tanh_end(B& b, V like) {
  return b.fconst(like, b.is_f64(like) ? 350 : 44);
}

/// e^2a - 1 for 0 <= a <= tanh_end, and its value at that end beyond it: expm1(r) 2^n + (2^n - 1).
template <class B, class V>
V tanh_exponential(B& b, V a) {
  const V end = tanh_end(b, a), limited = b.select(b.gt(a, end), end, a);
  const auto p = exp_parts(b, b.add(limited, limited), kExpm1Tail);
  const V scale = b.pow2(p.n);
  return b.fma(b.fma(b.mul(p.r, p.r), p.q, p.r), scale, b.sub(scale, b.fconst(a, 1)));
}

/// tanh x, within 3 ulp: e/(e + 2) with e = e^2|x| - 1.
template <class B, class V>
V tanh(B& b, V x) {
  const V e = tanh_exponential(b, b.abs(x));
  return b.copysign(b.div(e, b.add(e, b.fconst(x, 2))), x);
}

/// 1/(1 + e^-x), for x < 0 as e^x/(1 + e^x), so that it does not vanish before e^x does; within 3 ulp.
template <class B, class V>
V sigmoid(B& b, V x) {
  const V one = b.fconst(x, 1), e = exp(b, b.neg(b.abs(x)));
  return b.div(b.select(b.lt(x, b.fconst(x, 0)), e, one), b.add(one, e));
}

/// The derivative of sigmoid at x, where y = sigmoid(x): y (1 - y), and from y = 7/8 on, where that cancels,
/// e^-x/(1 + e^-x)²; within 16 ulp.
template <class B, class V>
V sigmoid_slope(B& b, V x, V y) {
  const V one = b.fconst(x, 1);
  return b.rarely(b.gt(y, b.fconst(x, 0.875)), b.mul(y, b.sub(one, y)), [&] {
    const V e = exp(b, b.neg(b.abs(x))), d = b.add(one, e);
    return b.div(e, b.mul(d, d));
  });
}

/// The derivative of tanh at x, where y = tanh(x): 1 - y², and from |y| = 7/8 on, where that cancels, (1 + |y|) 2/(e +
/// 2) with the e of tanh, which is computed once where both are; past its end 4e/(1 + e)² with e = e^-2|x|. Within 16
/// ulp.
template <class B, class V>
V tanh_slope(B& b, V x, V y) {
  const V one = b.fconst(x, 1), two = b.fconst(x, 2);
  return b.rarely(b.gt(b.abs(y), b.fconst(x, 0.875)), b.mul(b.sub(one, y), b.add(one, y)), [&] {
    const V a = b.abs(x), rest = b.div(two, b.add(tanh_exponential(b, a), two));  // 1 - |y|
    return b.rarely(b.gt(a, tanh_end(b, a)), b.mul(b.add(one, b.abs(y)), rest), [&] {
      const V e = exp(b, b.mul(b.fconst(x, -2), a)), d = b.add(one, e);
      return b.div(b.mul(b.fconst(x, 4), e), b.mul(d, d));
    });
  });
}

/// x and y times a power of two that keeps x² + y² in range, and the square root of that sum, within 1 ulp.
template <class V>
struct ScaledNorm {
  V x, y, norm, unscale;
};

template <class B, class V>
ScaledNorm<V> scaled_norm(B& b, V x, V y) {
  const bool wide = b.is_f64(x);
  const V ax = b.abs(x), ay = b.abs(y), size = b.select(b.gt(ax, ay), ax, ay);
  const auto large = b.gt(size, b.fconst(x, wide ? 0x1p500 : 0x1p60));
  const auto small = b.lt(size, b.fconst(x, wide ? 0x1p-450 : 0x1p-50));
  const double down = wide ? 0x1p-600 : 0x1p-80, up = wide ? 0x1p600 : 0x1p100;
  const auto choice = [&](double of_large, double of_small) {
    return b.select(large, b.fconst(x, of_large), b.select(small, b.fconst(x, of_small), b.fconst(x, 1)));
  };
  const V scale = choice(down, up), u = b.mul(x, scale), v = b.mul(y, scale);
  return {u, v, b.sqrt(b.fma(u, u, b.mul(v, v))), choice(1 / down, 1 / up)};
}

/// sqrt(x² + y²) within 2 ulp; infinite where an operand is, as C's hypot.
template <class B, class V>
V hypot(B& b, V x, V y) {
  const auto s = scaled_norm(b, x, y);
  const V inf = b.fconst(x, std::numeric_limits<double>::infinity());
  return b.select(b.or_mask(b.eq(b.abs(x), inf), b.eq(b.abs(y), inf)), inf, b.mul(s.norm, s.unscale));
}

/// x/sqrt(x² + y²) within 3 ulp; x at the origin.
template <class B, class V>
V hypot_slope(B& b, V x, V y) {
  const auto s = scaled_norm(b, x, y);
  return b.select(b.eq(s.norm, b.fconst(x, 0)), x, b.div(s.x, s.norm));
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|), within 3 ulp.
template <class B, class V>
V softplus(B& b, V x) {
  const V zero = b.fconst(x, 0);
  return b.add(b.select(b.lt(x, zero), zero, x), log1p(b, exp(b, b.neg(b.abs(x)))));
}

// (-1)^k/(2k+1)! from k = 8 down to k = 1, and (-1)^k/(2k)! from k = 8 down to k = 1.
inline constexpr std::array<double, 8> kSinTail{
    1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800,
    1.0 / 362880,          -1.0 / 5040,          1.0 / 120,        -1.0 / 6};
inline constexpr std::array<double, 8> kCosTail{
    1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800,
    1.0 / 40320,          -1.0 / 720,         1.0 / 24,        -1.0 / 2};

/// sin(x + quarters π/2), within 3 ulp: x = n π/2 + r with π/2 in three parts (f32: four); beyond the range of
/// that, the C function.
template <class B, class V>
V sin_shifted(B& b, V x, double quarters, std::string_view fallback) {
  const bool wide = b.is_f64(x);
  const V n = b.round_even(b.mul(x, b.fconst(x, 0.63661977236758134308)));
  const std::array<double, 4> parts =
      wide ? std::array<double, 4>{1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21, 0}
           : std::array<double, 4>{1.5703125, 4.837512969970703125e-4, 7.54978995489188216e-8, -1.7151244994428828e-15};
  V r = x;
  for (const double p : std::span(parts).first(wide ? 3 : 4)) r = b.fma(n, b.fconst(x, -p), r);
  const V z = b.mul(r, r);
  const V sine = b.fma(b.mul(r, z), polynomial(b, z, std::span(kSinTail).subspan(wide ? 0 : 4)), r);
  const V cosine = b.fma(z, polynomial(b, z, std::span(kCosTail).subspan(wide ? 0 : 3)), b.fconst(x, 1));
  // m = (n + quarters) mod 4
  const V shifted = b.add(n, b.fconst(x, quarters));
  const V m = b.fma(b.fconst(x, -4), b.floor(b.mul(shifted, b.fconst(x, 0.25))), shifted);
  const auto odd = b.or_mask(b.eq(m, b.fconst(x, 1)), b.eq(m, b.fconst(x, 3)));
  const V magnitude = b.select(odd, cosine, sine);
  const V signed_value = b.select(b.ge(m, b.fconst(x, 2)), b.neg(magnitude), magnitude);
  return b.fixup(b.not_mask(b.le(b.abs(x), b.fconst(x, wide ? 1e5 : 5e2))), signed_value, fallback, x);
}

template <class B, class V>
V sin(B& b, V x) {
  return b.select(b.eq(x, b.fconst(x, 0)), x, sin_shifted(b, x, 0, "sin"));
}
template <class B, class V>
V cos(B& b, V x) {
  return sin_shifted(b, x, 1, "cos");
}

}  // namespace rg::ops::vecmath
