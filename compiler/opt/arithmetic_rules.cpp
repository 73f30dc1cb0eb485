// Equations of sums, products and powers of floating numbers.
#include <cmath>
#include <limits>
#include <utility>

#include "compiler/ops/all.h"
#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;

/// Calls f(c, rest) for the splat factors c of a product of floating numbers until it gives something.
template <class F>
Simpler for_constant_factor(Builder& b, X x, const F& f) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (!b.splat(x[k])) continue;
    if (const Simpler v = f(x[k], x[1 - k])) return v;
  }
  return std::nullopt;
}

/// The splat c and x of a product c x, where v is one.
std::optional<std::pair<double, ValueId>> multiple(Builder& b, ValueId v) {
  const Instr* m = defined_by<ops::Mul>(b, v);
  if (m == nullptr) return std::nullopt;
  const auto c = b.splat(m->operands[0]);
  return c ? std::optional(std::pair{*c, m->operands[1]}) : std::nullopt;
}

double rounded(Elem elem, double v) { return elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v; }

/// v as a multiple of something: of itself where it is no product with a constant.
std::pair<double, ValueId> as_multiple(Builder& b, ValueId v) {
  const auto m = multiple(b, v);
  return m ? *m : std::pair{1.0, v};
}

// x^0 = 1, x^1 = x, x^2 = x x.
Simpler powi_small(Builder& b, X x, const ops::PowI::Attrs& a) {
  switch (a.exponent) {
    case 0:
      return b.one(x[0]);
    case 1:
      return x[0];
    case 2:
      return b.op<ops::Mul>(x[0], x[0]);
    default:
      return std::nullopt;
  }
}

// x^2 = x x.
Simpler square_product(Builder& b, X x, const ops::NoAttrs&) { return b.op<ops::Mul>(x[0], x[0]); }

// x c = c x, c (-x) = (-c) x: the constant comes first, with the sign.
// x c = c x, c (-x) = (-c) x.
Simpler constant_first(Builder& b, X x, const ops::NoAttrs&) {
  return for_constant_factor(b, x, [&](ValueId c, ValueId rest) -> Simpler {
    if (const Instr* inner = defined_by<ops::Neg>(b, rest)) return b.mul(b.like(c, -*b.splat(c)), inner->operands[0]);
    if (c == x[1] && !b.splat(x[0])) return b.mul(c, rest);
    return std::nullopt;
  });
}

// (c x) d = (c d) x where one of c, d is 2^k and c d is exact, so that in the range of normal numbers both sides are
// rounded once. With d = 2^k the left side is no nearer to either end of the range than the right. With c = 2^k, k < 0,
// it may lose digits below the range and not be 0 where |d| < 1 takes the right side there, hence |d| >= 1.
// (c x) d = (c d) x where one of the constants is a power of two and that loses nothing.
Simpler power_of_two_product(Builder& b, X x, const ops::NoAttrs&) {
  return for_constant_factor(b, x, [&](ValueId c, ValueId rest) -> Simpler {
    const auto inner = multiple(b, rest);
    if (!inner) return std::nullopt;
    const Elem elem = b.type(c).elem;
    const double first = inner->first, second = *b.splat(c), both = first * second;
    const bool exact = std::isfinite(both) && rounded(elem, both) == both && both / second == first;
    const double least = elem == Elem::f32 ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
    const bool safe =
        is_power_of_two(second) || (is_power_of_two(first) && (std::fabs(first) >= 1 || std::fabs(second) >= 1));
    if (!exact || !safe || std::fabs(both) < least) return std::nullopt;
    return b.mul(b.like(c, both), inner->second);
  });
}

// c Σ (d x) y = ± Σ x y where c d = ±1: the terms differ by a power of two from those of the left side, whose sum is
// scaled back, so that the right side overflows only where the sum of magnitudes does.
// c Σ (d x) y = ± Σ x y where c and d are powers of two and c d = ±1.
Simpler cancelled_factor(Builder& b, X x, const ops::NoAttrs&) {
  return for_constant_factor(b, x, [&](ValueId c, ValueId rest) -> Simpler {
    const double outside = *b.splat(c);
    const Instr* def = defined_by<ops::Contract>(b, rest);
    if (def == nullptr || !is_power_of_two(outside)) return std::nullopt;
    const ops::Labels& kept = ops::attrs_of<ops::Contract>(*def).labels.back();
    std::vector<ValueId> operands = def->operands;
    const std::vector<ops::Labels> labels = ops::attrs_of<ops::Contract>(*def).labels;
    const auto sums = [&](std::int64_t label) { return std::ranges::find(kept, label) == kept.end(); };
    for (std::size_t k = 0; k < operands.size(); ++k) {
      const auto inside = multiple(b, operands[k]);
      if (!inside || std::fabs(inside->first * outside) != 1 || !std::ranges::any_of(labels[k], sums)) continue;
      operands[k] = inside->second;
      const ValueId sum = b.contract(operands, labels);
      return inside->first * outside == 1 ? sum : b.sub(b.zero(sum), sum);
    }
    return std::nullopt;
  });
}

// (c x) d = (c d) x.
// (c x) d = (c d) x.
Simpler constant_product(Builder& b, X x, const ops::NoAttrs&) {
  return for_constant_factor(b, x, [&](ValueId c, ValueId rest) -> Simpler {
    const auto inner = multiple(b, rest);
    if (!inner) return std::nullopt;
    return b.mul(b.like(c, inner->first * *b.splat(c)), inner->second);
  });
}

// x + x = 2 x, and c x + d x = (c + d) x for powers of two c, d >= 1 of one sign: products are exact or overflow, which
// the sum does then as well.
// x + x = 2 x, and c x + d x = (c + d) x for powers of two that are at least 1 and of one sign.
Simpler add_doubles(Builder& b, X x, const ops::NoAttrs&) {
  const Elem elem = b.type(x[0]).elem;
  if (!is_float(elem)) return std::nullopt;
  const auto [c, u] = as_multiple(b, x[0]);
  const auto [d, v] = as_multiple(b, x[1]);
  const auto doubles = [](double s) { return is_power_of_two(s) && std::fabs(s) >= 1; };
  const double sum = c + d;
  if (u != v || !doubles(c) || !doubles(d) || c * d < 0) return std::nullopt;
  if (!std::isfinite(rounded(elem, sum)) || rounded(elem, sum) != sum || sum - c != d) return std::nullopt;
  return b.mul(b.like(u, sum), u);
}

// c x + d x = (c + d) x.
// c x + d x = (c + d) x.
Simpler add_multiples(Builder& b, X x, const ops::NoAttrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const auto [c, u] = as_multiple(b, x[0]);
  const auto [d, v] = as_multiple(b, x[1]);
  if (u != v) return std::nullopt;
  return b.mul(b.like(u, c + d), u);
}

// x + 0 = x, also where x is -0.
Simpler add_any_zero(Builder& b, X x, const ops::NoAttrs&) {
  if (b.splat(x[0]) == 0.0) return x[1];
  if (b.splat(x[1]) == 0.0) return x[0];
  return std::nullopt;
}

// (1 / y) a = a / y: 1 / y may be infinite or vanish where a / y does not. One division for all elements of a stays.
// (1 / y) a = a / y, where y is no number that is repeated.
Simpler product_with_reciprocal(Builder& b, X x, const ops::NoAttrs&) {
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const Instr* quotient = defined_by<ops::Div>(b, x[k]);
    if (quotient == nullptr || b.splat(quotient->operands[0]) != 1.0) continue;
    const ValueId y = quotient->operands[1];
    if (defined_by<ops::Broadcast>(b, y) == nullptr) return b.op<ops::Div>(x[1 - k], y);
  }
  return std::nullopt;
}

// 0 - x = -x, also where x is 0.
Simpler sub_from_zero(Builder& b, X x, const ops::NoAttrs&) {
  return b.splat(x[0]) == 0.0 ? Simpler(b.neg(x[1])) : std::nullopt;
}

const Rule kArithmetic[] = {
    of<ops::Add, add_doubles>("x + x = 2 x, c x + d x = (c + d) x for c, d = 1, 2, 4, …", exact,
                              {[](B& b, E e) {
                                 const V x = vector(b, e);
                                 return raw<ops::Add>(b, {x, x});
                               },
                               [](B& b, E e) {
                                 const V x = vector(b, e);
                                 return raw<ops::Add>(b, {x, scaled(b, 2, x)});
                               },
                               [](B& b, E e) {
                                 const V x = vector(b, e);
                                 return raw<ops::Add>(b, {scaled(b, -4, x), scaled(b, -2, x)});
                               }}),
    of<ops::Add, add_any_zero>("x + 0 = x", fast,
                               {[](B& b, E e) { return raw<ops::Add>(b, {vector(b, e), splat(b, e, 0)}); }}),
    of<ops::Add, add_multiples>("c x + d x = (c + d) x", fast, {[](B& b, E e) {
                                  const V x = vector(b, e);
                                  return raw<ops::Add>(b, {scaled(b, 3, x), scaled(b, 0.1, x)});
                                }}),
    of<ops::Sub, sub_from_zero>("0 - x = -x", fast,
                                {[](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, 0), vector(b, e)}); }}),
    of<ops::Mul, constant_first>(
        "x c = c x, c (-x) = (-c) x for a constant c", exact,
        {[](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, 0.1)}); },
         [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), raw<ops::Neg>(b, {vector(b, e)})}); }}),
    of<ops::Mul, power_of_two_product>("(c x) d = (c d) x where c or d is a power of two and c d is in range",
                                       regrouping,
                                       {[](B& b, E e) { return scaled(b, 2, scaled(b, 0.1, vector(b, e))); },
                                        [](B& b, E e) { return scaled(b, 0.25, scaled(b, 0.1, vector(b, e))); },
                                        [](B& b, E e) { return scaled(b, 0.1, scaled(b, 4, vector(b, e))); },
                                        [](B& b, E e) { return scaled(b, 3, scaled(b, 0.125, vector(b, e))); }}),
    of<ops::Mul, constant_product>("(c x) d = (c d) x", fast,
                                   {[](B& b, E e) { return scaled(b, 3, scaled(b, 0.1, vector(b, e))); }}),
    of<ops::Mul, product_with_reciprocal>("(1 / y) a = a / y", regrouping, {[](B& b, E e) {
                                            const V x = vector(b, e), y = vector(b, e);
                                            return raw<ops::Mul>(b, {raw<ops::Div>(b, {splat(b, e, 1), y}), x});
                                          }}),
    of<ops::PowI, powi_small>("x^0 = 1, x^1 = x, x^2 = x x", exact,
                              {[](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 0}); },
                               [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 1}); },
                               [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.exponent = 2}); }}),
    of<ops::Square, square_product>("x^2 = x x", exact,
                                    {[](B& b, E e) { return raw<ops::Square>(b, {vector(b, e)}); }}),
    of<ops::Mul, cancelled_factor>(
        "c Σ (d x) y = ± Σ x y where c d = ±1 are powers of two", regrouping,
        {[](B& b, E e) {
           return scaled(b, 2, contracted(b, {scaled(b, 0.5, matrix(b, e)), vector(b, e)}, {{0, 1}, {0}, {1}}));
         },
         [](B& b, E e) {
           return scaled(b, 4, contracted(b, {matrix(b, e), scaled(b, -0.25, vector(b, e))}, {{0, 1}, {0}, {1}}));
         }}),
};

}  // namespace

std::span<const Rule> arithmetic_rules() { return kArithmetic; }

}  // namespace rg::opt
