// Comparisons, logic, selection and conversion.
#pragma once

#include "compiler/ops/elementwise.h"

namespace rg::ops {

struct Comparison : Elementwise<2, ElemRule::compare> {
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a comparison is piecewise constant";
};

struct Eq : Comparison {
  static constexpr std::string_view name = "eq";
  static constexpr std::string_view doc = "x == y; false where one is NaN.";
  static constexpr bool commutative = true;
  template <class T>
  static bool eval(T x, T y) {
    return x == y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.eq(x, y);
  }
};
struct Ne : Comparison {
  static constexpr std::string_view name = "ne";
  static constexpr std::string_view doc = "x != y; true where one is NaN.";
  static constexpr bool commutative = true;
  template <class T>
  static bool eval(T x, T y) {
    return x != y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.ne(x, y);
  }
};
struct Lt : Comparison {
  static constexpr std::string_view name = "lt";
  static constexpr std::string_view doc = "x < y; false where one is NaN.";
  template <class T>
  static bool eval(T x, T y) {
    return x < y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.lt(x, y);
  }
};
struct Le : Comparison {
  static constexpr std::string_view name = "le";
  static constexpr std::string_view doc = "x <= y; false where one is NaN.";
  template <class T>
  static bool eval(T x, T y) {
    return x <= y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.le(x, y);
  }
};
struct Gt : Comparison {
  static constexpr std::string_view name = "gt";
  static constexpr std::string_view doc = "x > y; false where one is NaN.";
  template <class T>
  static bool eval(T x, T y) {
    return x > y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.gt(x, y);
  }
};
struct Ge : Comparison {
  static constexpr std::string_view name = "ge";
  static constexpr std::string_view doc = "x >= y; false where one is NaN.";
  template <class T>
  static bool eval(T x, T y) {
    return x >= y;
  }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.ge(x, y);
  }
};

template <int N>
struct Logical : Elementwise<N, ElemRule::boolean> {
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a truth value has no derivative";
};

struct And : Logical<2> {
  static constexpr std::string_view name = "and";
  static constexpr std::string_view doc = "x and y, both evaluated.";
  static constexpr bool commutative = true;
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return x & y; }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.and_mask(x, y);
  }
};
struct Or : Logical<2> {
  static constexpr std::string_view name = "or";
  static constexpr std::string_view doc = "x or y, both evaluated.";
  static constexpr bool commutative = true;
  static std::int64_t eval(std::int64_t x, std::int64_t y) { return x | y; }
  template <class B, class V>
  static V lower(B& b, V x, V y) {
    return b.or_mask(x, y);
  }
};
struct Not : Logical<1> {
  static constexpr std::string_view name = "not";
  static constexpr std::string_view doc = "not x.";
  static std::int64_t eval(std::int64_t x) { return 1 - x; }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.not_mask(x);
  }
};

struct FloatTest : Elementwise<1, ElemRule::test> {
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a test of a value is piecewise constant";
};
struct IsNan : FloatTest {
  static constexpr std::string_view name = "isnan";
  static constexpr std::string_view doc = "Whether x is NaN.";
  template <class T>
  static bool eval(T x) {
    using std::isnan;
    return isnan(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.ne(x, x);
  }
};
struct IsInf : FloatTest {
  static constexpr std::string_view name = "isinf";
  static constexpr std::string_view doc = "Whether x is infinite.";
  template <class T>
  static bool eval(T x) {
    using std::isinf;
    return isinf(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.eq(b.abs(x), b.fconst(x, std::numeric_limits<double>::infinity()));
  }
};
struct IsFinite : FloatTest {
  static constexpr std::string_view name = "isfinite";
  static constexpr std::string_view doc = "Whether x is neither infinite nor NaN.";
  template <class T>
  static bool eval(T x) {
    using std::isfinite;
    return isfinite(x);
  }
  template <class B, class V>
  static V lower(B& b, V x) {
    return b.lt(b.abs(x), b.fconst(x, std::numeric_limits<double>::infinity()));
  }
};

struct Select : Elementwise<3, ElemRule::select> {
  static constexpr bool shows_zeros = true;
  static constexpr std::string_view name = "select";
  static constexpr std::string_view doc =
      "x where the condition holds, y elsewhere. What is not chosen has derivative exactly 0.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::linear;
  template <class S>
  static void eval_at(S& s, std::size_t at) {
    const auto& from = *s.operands[s.operands[0]->integers[at] != 0 ? 1 : 2];
    if (from.is_real())
      s.results[0].reals[at] = from.reals[at];
    else
      s.results[0].integers[at] = from.integers[at];
  }
  // x_adj = select(c, z_adj, 0), y_adj = select(c, 0, z_adj)
  template <class B, class V = typename B::Val>
  static V transpose(Site<B>& s, int k, V z_adj) {
    const V zero = s.b.absent(s.b.type(z_adj));
    return k == 1 ? s.b.select(s.x(0), z_adj, zero) : s.b.select(s.x(0), zero, z_adj);
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int k) {
    return k == 1 ? s.x(0) : s.b.logical_not(s.x(0));
  }
  template <class B, class V = typename B::Val>
  static V reached(Site<B>& s, std::span<const V> x_pred) {
    std::array<V, 2> parts;
    for (const int k : {1, 2}) {
      const V p = x_pred[static_cast<std::size_t>(k)];
      if (p.valid()) parts[static_cast<std::size_t>(k - 1)] = s.b.logical_and(guard(s, k), p);
    }
    return any_of(s.b, std::span<const V>(parts));
  }
  template <class B, class V>
  static V lower(B& b, V c, V x, V y) {
    return b.select(c, x, y);
  }
};

/// The product that derivatives are made of where a tangent or an adjoint t is given at run time and the condition says
/// where it is not zero: exactly 0 there whatever the partial derivative a is, but with the derivative a in t.
struct GuardedMul : Elementwise<3, ElemRule::guarded> {
  static constexpr std::string_view name = "guarded_mul";
  static constexpr std::string_view doc =
      "a t where the condition holds, 0 elsewhere, of operands condition, a, t. The derivative in t is a everywhere; "
      "in "
      "a it is exactly 0 where the condition does not hold.";
  static constexpr Derivative derivative = Derivative::by_partials;
  static constexpr bool smooth = true;
  template <class S>
  static void eval_at(S& s, std::size_t at) {
    const bool holds = s.operands[0]->integers[at] != 0;
    s.results[0].reals[at] = s.numbers.guarded_mul(holds, s.operands[1]->reals[at], s.operands[2]->reals[at]);
  }
  // d/da = t, d/dt = a
  template <class B, class V>
  static std::array<V, 3> partials(B&, V c, V a, V t, V) {
    return {c, t, a};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B>& s, int k) {
    return k == 1 ? s.x(0) : V{};
  }
  template <class B, class V>
  static V lower(B& b, V c, V a, V t) {
    return b.select(c, b.mul(a, t), b.zero(a));
  }
};

struct Convert : Elementwise<1, ElemRule::convert> {
  struct Attrs {
    Elem elem = Elem::f64;
    static constexpr std::tuple fields{field("elem", &Attrs::elem)};
  };
  static constexpr std::string_view name = "convert";
  static constexpr std::string_view doc =
      "x as the element type `elem`: to an integer truncates, from a truth value gives 0 or 1, to a truth value is "
      "x != 0.";
  static constexpr bool builtin = false;
  static constexpr Derivative derivative = Derivative::linear;
  static std::vector<Attrs> sample_attrs() {
    std::vector<Attrs> out;
    for (const Elem to : {Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}) out.push_back({.elem = to});
    return out;
  }
  template <class S>
  static void eval_at(S& s, std::size_t at) {
    const auto& x = *s.operands[0];
    auto& out = s.results[0];
    if (out.is_real()) {
      if (x.is_real())
        out.reals[at] = s.numbers.converted(x.reals[at]);
      else  // rounded once
        out.reals[at] = out.elem == Elem::f32 ? static_cast<double>(static_cast<float>(x.integers[at]))
                                              : static_cast<double>(x.integers[at]);
    } else if (out.elem == Elem::boolean) {
      out.integers[at] = x.is_real() ? x.reals[at].value != 0 : x.integers[at] != 0;
    } else {
      out.integers[at] =
          ir::wrap(out.elem, x.is_real() ? ir::truncated(out.elem, s.numbers.whole(x.reals[at])) : x.integers[at]);
    }
  }
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return s.b.convert(y_adj, s.x_type(0).elem);
  }
  template <class B, class V>
  static V lower(B& b, const Attrs& a, V x) {
    return b.convert(x, a.elem);
  }
};

using ComparisonOps = OpList<Eq, Ne, Lt, Le, Gt, Ge, And, Or, Not, IsNan, IsInf, IsFinite, Select, GuardedMul, Convert>;

}  // namespace rg::ops
