// What reductions fold with: a commutative monoid and its identity element. How it folds is in fold.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "compiler/ir/type.h"

namespace rg::ops {

using ir::Elem;

/// argmin and argmax fold pairs of a value and its position.
enum class Monoid : std::uint8_t { sum, prod, min, max, any, all, argmin, argmax };

constexpr std::string_view name(Monoid m) {
  constexpr std::string_view names[] = {"sum", "prod", "min", "max", "any", "all", "argmin", "argmax"};
  return names[static_cast<std::size_t>(m)];
}

/// Whether what is folded has a position.
constexpr bool has_position(Monoid m) { return m == Monoid::argmin || m == Monoid::argmax; }

/// Whether the result depends on the order in which elements of the type are folded.
constexpr bool is_ordered(Monoid m, Elem elem) { return ir::is_float(elem) && (m == Monoid::sum || m == Monoid::prod); }

/// The identity element, as a real and as an integer: of min and max of an integer type the ends of its range.
constexpr std::pair<double, std::int64_t> identity(Monoid m, Elem elem) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const bool narrow = elem == Elem::i32;
  const std::int64_t low = narrow ? INT32_MIN : INT64_MIN, high = narrow ? INT32_MAX : INT64_MAX;
  switch (m) {
    case Monoid::sum:
    case Monoid::any:
      return {0, 0};
    case Monoid::prod:
    case Monoid::all:
      return {1, 1};
    case Monoid::min:
    case Monoid::argmin:
      return {inf, high};
    case Monoid::max:
    case Monoid::argmax:
      return {-inf, low};
  }
  return {0, 0};
}

}  // namespace rg::ops
