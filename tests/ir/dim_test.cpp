// The algebra of extents against plain integer arithmetic, on random expressions.
#include "compiler/ir/dim.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>

#include "tests/ir/helpers.h"

namespace {

using namespace rg::ir;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
using Sizes = std::array<std::int64_t, 3>;
const std::vector<std::string> kNames{"n", "m", "k"};

/// An extent and, for given sizes, its value computed beside it; empty where a divisor is 0.
struct Pair {
  Dim dim;
  std::function<std::optional<std::int64_t>(const Sizes&)> value;
};

std::int64_t floored(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

Pair binary(int kind, const Pair& a, const Pair& b) {
  const Dim dim = kind == 0   ? a.dim + b.dim
                  : kind == 1 ? a.dim - b.dim
                  : kind == 2 ? a.dim * b.dim
                  : kind == 3 ? Dim::div(a.dim, b.dim)
                  : kind == 4 ? Dim::min(a.dim, b.dim)
                  : kind == 5 ? Dim::max(a.dim, b.dim)
                              : Dim::mod(a.dim, b.dim);
  const auto value = [kind, x = a.value, y = b.value](const Sizes& s) -> std::optional<std::int64_t> {
    const auto p = x(s), q = y(s);
    if (!p || !q || ((kind == 3 || kind == 6) && *q == 0)) return std::nullopt;
    switch (kind) {
      case 0:
        return *p + *q;
      case 1:
        return *p - *q;
      case 2:
        return *p * *q;
      case 3:
        return floored(*p, *q);
      case 4:
        return std::min(*p, *q);
      case 5:
        return std::max(*p, *q);
      default:
        return *p - *q * floored(*p, *q);
    }
  };
  return {dim, value};
}

Pair draw(std::mt19937& random, int depth) {
  if (depth == 0 || random() % 5 == 0) {
    if (random() % 3 == 0) {
      const auto c = static_cast<std::int64_t>(random() % 9) - 4;
      return {Dim(c), [c](const Sizes&) { return std::optional(c); }};
    }
    const std::uint32_t i = random() % 3;
    return {Dim::size(i), [i](const Sizes& s) { return std::optional(s[i]); }};
  }
  const Pair a = draw(random, depth - 1), b = draw(random, depth - 1);
  return binary(static_cast<int>(random() % 7), a, b);
}

Sizes draw_sizes(std::mt19937& random) {
  Sizes s{};
  for (auto& v : s) v = static_cast<std::int64_t>(random() % 7);
  return s;
}

}  // namespace

TEST_CASE("extents have the values of the expressions that they were made from") {
  std::mt19937 random(1);
  int compared = 0;
  for (int round = 0; round < 3000; ++round) {
    const Pair p = draw(random, 3);
    REQUIRE(p.dim.valid());
    for (int k = 0; k < 5; ++k) {
      const Sizes s = draw_sizes(random);
      const auto expected = p.value(s);
      if (!expected) continue;
      INFO(p.dim.str(kNames) << " at " << s[0] << " " << s[1] << " " << s[2]);
      CHECK(p.dim.evaluate(s) == expected);
      ++compared;
    }
  }
  CHECK(compared > 8000);
}

TEST_CASE("substitution commutes with evaluation") {
  std::mt19937 random(2);
  int compared = 0;
  for (int round = 0; round < 1000; ++round) {
    const Pair p = draw(random, 3);
    const std::array<Pair, 3> by{draw(random, 1), draw(random, 1), draw(random, 1)};
    const std::array<Dim, 3> dims{by[0].dim, by[1].dim, by[2].dim};
    const Dim substituted = p.dim.substitute(dims);
    const Sizes s = draw_sizes(random);
    Sizes inner{};
    bool defined = true;
    for (std::size_t i = 0; i < 3; ++i) {
      const auto v = by[i].value(s);
      defined = defined && v && *v >= 0;  // sizes are at least 0
      inner[i] = v.value_or(0);
    }
    if (!defined || !p.value(inner)) continue;
    INFO(p.dim.str(kNames) << " becomes " << substituted.str(kNames));
    CHECK(substituted.evaluate(s) == p.value(inner));
    ++compared;
  }
  CHECK(compared > 200);
}

TEST_CASE("equal polynomials are equal data, and the order is total") {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    const Dim a = draw(random, 2).dim, b = draw(random, 2).dim, c = draw(random, 2).dim;
    CHECK(a + b == b + a);
    CHECK(a * b == b * a);
    CHECK((a + b) + c == a + (b + c));
    CHECK((a * b) * c == a * (b * c));
    CHECK(a * (b + c) == a * b + a * c);
    CHECK((a - b) + b == a);
    CHECK(Dim::min(a, b) == Dim::min(b, a));
    CHECK(Dim::max(a, b) == Dim::max(b, a));
    CHECK((a < b) + (b < a) + (a == b) == 1);
    if (a < b && b < c) CHECK(a < c);
  }
  CHECK(Dim::div(Dim::size(0) * 6 + 1, 2) == Dim::size(0) * 3);
  CHECK(Dim::div(Dim::size(0) * Dim::size(1), Dim::size(1)) == Dim::size(0));
}

TEST_CASE("what is proven holds") {
  std::mt19937 random(4);
  int nonnegative = 0, unequal = 0;
  for (int round = 0; round < 4000; ++round) {
    const Pair a = draw(random, 2), b = draw(random, 2);
    const bool proven = a.dim.proven_nonnegative(), different = Dim::proven_unequal(a.dim, b.dim),
               below = Dim::proven_le(a.dim, b.dim);
    nonnegative += proven;
    unequal += different;
    for (int k = 0; k < 5; ++k) {
      const Sizes s = draw_sizes(random);
      const auto x = a.value(s), y = b.value(s);
      if (!x || !y) continue;
      if (proven) CHECK(*x >= 0);
      if (different) CHECK(*x != *y);
      if (below) CHECK(*x <= *y);
    }
  }
  CHECK(nonnegative > 100);
  CHECK(unequal > 20);
}

TEST_CASE("solving gives the size back") {
  std::mt19937 random(5);
  for (const std::int64_t coefficient : {1, -1, 3}) {
    const Dim d = Dim::size(0) * coefficient + Dim::size(1) * Dim::size(2) + 2;
    const auto solved = d.solve_for(0, Dim::size(1) * 7);
    REQUIRE(solved);
    const Sizes s{0, 3, 4};
    const std::int64_t n = *solved->evaluate(s);
    // n is the floor of an exact solution.
    const std::int64_t left = coefficient * n + 12 + 2, right = 21;
    CHECK(left <= right);
    CHECK(right - left < std::abs(coefficient));
  }
  CHECK(!(Dim::size(0) * Dim::size(0)).solve_for(0, 4));
  CHECK(!Dim::min(Dim::size(0), 3).solve_for(0, 4));
  CHECK(!Dim::size(1).solve_for(0, 4));
}

TEST_CASE("what leaves int64 is invalid and spreads; a divisor of 0 has no value") {
  CHECK(!(Dim(kMax) + Dim(1)).valid());
  CHECK(!(Dim(kMax) * Dim::size(0) * 2).valid());
  const Dim least = Dim(-kMax) - Dim(1);
  REQUIRE(least.valid());
  CHECK(!Dim::div(least, -1).valid());
  CHECK(!Dim::min(Dim(kMax) + Dim(1), Dim::size(0)).valid());
  CHECK(!(Dim::div(Dim(kMax) + Dim(1), Dim::size(0)) + 1).valid());
  CHECK(!Dim::div(0, 0).evaluate({}));
  CHECK(!Dim::div(5, 0).evaluate({}));
  const std::array<std::int64_t, 2> sizes{kMin, -1};
  CHECK(!Dim::div(Dim::size(0), Dim::size(1)).evaluate(sizes));
  CHECK(!(Dim::size(0) * 2).evaluate(sizes));
  CHECK(!Dim::size(7).evaluate(sizes));
}

TEST_CASE("extents read back from their text") {
  std::mt19937 random(6);
  std::vector<Dim> dims{Dim(kMax), Dim(-kMax) - Dim(1), (Dim(-kMax) - Dim(1)) * Dim::size(1)};
  for (int round = 0; round < 500; ++round) dims.push_back(draw(random, 3).dim);
  for (const Dim& d : dims) {
    const std::string text = "fn @f(n, m, k; %0: f64[" + d.str(kNames) + "]) { yield %0 }";
    INFO(text);
    const Module m = rg::test::module_of(text);
    CHECK(m.functions[0].param_types()[0].dims[0] == d);
  }
}
