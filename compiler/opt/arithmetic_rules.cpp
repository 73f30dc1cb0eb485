#include "compiler/opt/arithmetic_rules.h"

#include <cmath>
#include <limits>
#include <utility>

#include "compiler/ops/all.h"
#include "compiler/opt/match.h"

namespace rg::opt {

using namespace ir;
using X = const std::vector<ValueId>&;

namespace {

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

}  // namespace

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

Simpler square_product(Builder& b, X x, const ops::NoAttrs&) { return b.op<ops::Mul>(x[0], x[0]); }

// x c = c x, c (-x) = (-c) x: the constant comes first, with the sign.
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
Simpler constant_product(Builder& b, X x, const ops::NoAttrs&) {
  return for_constant_factor(b, x, [&](ValueId c, ValueId rest) -> Simpler {
    const auto inner = multiple(b, rest);
    if (!inner) return std::nullopt;
    return b.mul(b.like(c, inner->first * *b.splat(c)), inner->second);
  });
}

// x + x = 2 x, and c x + d x = (c + d) x for powers of two c, d >= 1 of one sign: products are exact or overflow, which
// the sum does then as well.
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
Simpler add_multiples(Builder& b, X x, const ops::NoAttrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const auto [c, u] = as_multiple(b, x[0]);
  const auto [d, v] = as_multiple(b, x[1]);
  if (u != v) return std::nullopt;
  return b.mul(b.like(u, c + d), u);
}

Simpler add_any_zero(Builder& b, X x, const ops::NoAttrs&) {
  if (b.splat(x[0]) == 0.0) return x[1];
  if (b.splat(x[1]) == 0.0) return x[0];
  return std::nullopt;
}

// (1 / y) a = a / y: 1 / y may be infinite or vanish where a / y does not. One division for all elements of a stays.
Simpler product_with_reciprocal(Builder& b, X x, const ops::NoAttrs&) {
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const Instr* quotient = defined_by<ops::Div>(b, x[k]);
    if (quotient == nullptr || b.splat(quotient->operands[0]) != 1.0) continue;
    const ValueId y = quotient->operands[1];
    if (defined_by<ops::Broadcast>(b, y) == nullptr) return b.op<ops::Div>(x[1 - k], y);
  }
  return std::nullopt;
}

Simpler sub_from_zero(Builder& b, X x, const ops::NoAttrs&) {
  return b.splat(x[0]) == 0.0 ? Simpler(b.neg(x[1])) : std::nullopt;
}

}  // namespace rg::opt
