// Reductions over axes.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/fold.h"
#include "compiler/ops/views.h"

namespace rg::ops {

/// The axes of 0..rank-1 that are not in `axes`.
inline std::vector<std::int64_t> other_axes(std::size_t rank, const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(rank); ++i) {
    if (std::ranges::find(axes, i) == axes.end()) kept.push_back(i);
  }
  return kept;
}

/// Attributes of reductions: the axes that go, ascending.
struct ReductionAttrs {
  Integers axes;
  static constexpr std::tuple fields{field("axes", &ReductionAttrs::axes)};
};

/// Reductions of a matrix along one axis or all, of a vector, along none and along two of three.
inline std::vector<Example> reduction_examples(Elem elem) {
  const Dim n = example_n(), m = example_m();
  std::vector<Example> out{
      {.about = "scalar", .operands = {{{elem, {}}}}, .sizes = {{1, 1}}},
      {.about = "vector", .operands = {{{elem, {n}}}}, .attrs = ReductionAttrs{.axes = {0}}},
      {.about = "columns", .operands = {{{elem, {n, m}}}}, .attrs = ReductionAttrs{.axes = {0}}},
      {.about = "rows", .operands = {{{elem, {n, m}}}}, .attrs = ReductionAttrs{.axes = {1}}},
      {.about = "matrix", .operands = {{{elem, {n, m}}}}, .attrs = ReductionAttrs{.axes = {0, 1}}},
      {.about = "no axes", .operands = {{{elem, {n, m}}}}},
      {.about = "outer and inner", .operands = {{{elem, {n, 2, m}}}}, .attrs = ReductionAttrs{.axes = {0, 2}}},
  };
  for (Example& e : out) e.epsilons = 64;
  return out;
}

/// Attributes of the ops along one axis, which the result lacks.
struct AxisAttrs {
  std::int64_t axis = 0;
  static constexpr std::tuple fields{field("axis", &AxisAttrs::axis)};
};

/// The axes that a reduction or the search of an extreme's position reduces.
inline Integers reduced_axes(const Attributes& a) {
  const auto* one = a.get_if<AxisAttrs>();
  return one != nullptr ? Integers{one->axis} : a.as<ReductionAttrs>().axes;
}

/// The index with `reduced` along the axes (ascending) and `kept` along the others.
inline Index merged_index(std::size_t rank, const Integers& axes, const Index& kept, const Index& reduced) {
  Index index(rank);
  std::size_t k = 0, r = 0;
  for (std::size_t d = 0; d < rank; ++d) {
    const bool is_reduced = r < axes.size() && axes[r] == static_cast<std::int64_t>(d);
    index[d] = is_reduced ? reduced[r++] : kept[k++];
  }
  return index;
}

/// Base of the reductions over `axes` (ascending), which leave the result's extents.
template <bool Logical>
struct Reduction : OpBase {
  using Attrs = ReductionAttrs;
  static constexpr int operands = 1;
  static Inferred infer(const Input<Attrs>& in) {
    const Type& x = in.operands[0];
    const auto& axes = in.attrs.axes;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] < 0 || axes[i] >= static_cast<std::int64_t>(x.rank()) || (i > 0 && axes[i] <= axes[i - 1]))
        return Failure{"reduced axes are not ascending axes of the operand"};
    }
    if ((x.elem == Elem::boolean) != Logical)
      return Failure{fmt::format("this reduction does not take {}", ir::name(x.elem))};
    Type y{x.elem, {}};
    for (const std::int64_t a : other_axes(x.rank(), axes)) y.dims.push_back(x.dims[static_cast<std::size_t>(a)]);
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    return (elem == Elem::boolean) == Logical ? reduction_examples(elem) : std::vector<Example>{};
  }
};

/// The elements of each result over the reduced axes, in row-major order: numbers by `of_numbers(terms)`, integers by
/// `f(result, x)` from `start`.
template <class S, class OfNumbers, class F>
void eval_reduction(S& s, const OfNumbers& of_numbers, std::int64_t start, const F& f) {
  auto& out = s.results[0];
  const auto& x = *s.operands[0];
  const auto strides = x.strides();
  const auto kept = other_axes(x.shape.size(), s.attrs.axes);
  const auto offset = [&](std::span<const std::int64_t> index, const std::vector<std::int64_t>& axes) {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < axes.size(); ++d) at += strides[static_cast<std::size_t>(axes[d])] * index[d];
    return at;
  };
  std::vector<std::int64_t> reduced;
  for (const std::int64_t a : s.attrs.axes) reduced.push_back(x.shape[static_cast<std::size_t>(a)]);
  std::vector<typename S::Number> terms;
  ir::for_each_index(out.shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
    const std::int64_t base = offset(index, kept);
    const auto to = static_cast<std::size_t>(i);
    std::int64_t total = start;
    terms.clear();
    ir::for_each_index(reduced, [&](std::span<const std::int64_t> inner, std::int64_t) {
      const auto from = static_cast<std::size_t>(base + offset(inner, s.attrs.axes));
      if (x.is_real())
        terms.push_back(x.reals[from]);
      else
        total = ir::wrap(out.elem, f(total, x.integers[from]));
    });
    if (x.is_real())
      out.reals[to] = of_numbers(std::span<const typename S::Number>(terms));
    else
      out.integers[to] = total;
  });
}

/// The element of a reduction over few: all of them, one after the other.
template <class E>
auto folded_element(const ElementSite<E, ReductionAttrs>& s, Monoid monoid, const Index& index) {
  const Integers& axes = s.attrs.axes;
  const Type& x = s.operands[0];
  std::vector<Dim> extents;
  for (const std::int64_t a : axes) extents.push_back(x.dims[static_cast<std::size_t>(a)]);
  typename E::Val sum{};
  s.e.each(extents, [&](const Index& reduced) {
    sum = s.e.fold(monoid, s.result.elem, sum, s.x(0, merged_index(x.rank(), axes, index, reduced)));
  });
  const auto start = identity(monoid, s.result.elem);
  return sum.valid() ? sum : s.e.constant(s.result.elem, start.first, start.second);
}

template <class Op, class B, class V = typename B::Val>
std::vector<V> batch_reduction(Site<B, ReductionAttrs>& s) {
  return {s.b.template emit_op<Op>({s.x(0)}, {.axes = shifted(s.attrs.axes)})};
}

/// `v`, of the reduction's result type, repeated along the reduced axes.
template <class B, class V = typename B::Val>
V unreduced(Site<B, ReductionAttrs>& s, V v) {
  return s.b.broadcast(v, s.x_type(0).dims, other_axes(s.x_type(0).rank(), s.attrs.axes));
}

struct ReduceSum : Reduction<false> {
  static constexpr Monoid monoid = Monoid::sum;
  static constexpr std::string_view name = "reduce_sum";
  static constexpr std::string_view doc = "The sum over `axes`; 0 of nothing.";
  static constexpr Derivative derivative = Derivative::linear;
  template <class S>
  static void eval(S& s) {
    eval_reduction(
        s, [&](auto terms) { return s.numbers.sum(terms); }, 0,
        [](std::int64_t a, std::int64_t x) { return Add::eval(a, x); });
  }
  // The adjoint repeated along the summed axes.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return unreduced(s, y_adj);
  }
  static constexpr bool moves_elements = true;
  template <class B, class V = typename B::Val>
  static V reached(Site<B, Attrs>& s, std::span<const V> x_pred) {
    return s.b.sum(x_pred[0], s.attrs.axes);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return batch_reduction<ReduceSum>(s);
  }
};

struct ReduceProd : Reduction<false> {
  static constexpr Monoid monoid = Monoid::prod;
  static constexpr std::string_view name = "reduce_prod";
  static constexpr std::string_view doc = "The product over `axes`; 1 of nothing.";
  static constexpr Derivative derivative = Derivative::by_expansion;
  template <class S>
  static void eval(S& s) {
    eval_reduction(
        s, [&](auto terms) { return s.numbers.rounded(s.numbers.product(terms)); }, 1,
        [](std::int64_t a, std::int64_t x) { return Mul::eval(a, x); });
  }
  // A loop that multiplies one slice a step, so that zeros among the factors need no division.
  template <class B, class V = typename B::Val>
  static std::vector<V> expand(Site<B, Attrs>& s) {
    const Type& x = s.x_type(0);
    std::vector<std::int64_t> order = s.attrs.axes;
    const auto kept = other_axes(x.rank(), s.attrs.axes);
    order.insert(order.end(), kept.begin(), kept.end());
    Type slice{x.elem, {}};
    Dim trip = 1;
    for (const std::int64_t a : s.attrs.axes) trip = trip * x.dims[static_cast<std::size_t>(a)];
    for (const std::int64_t a : kept) slice.dims.push_back(x.dims[static_cast<std::size_t>(a)]);
    const V factors = s.b.reshape(s.b.transpose(s.x(0), order), prepended(trip, slice.dims));
    const V start = s.b.constant(x.elem, 1, slice.dims);
    return s.b.scan(trip, {start}, {factors}, [&](V, std::span<const V> state, std::span<const V> factor) {
      return std::pair{std::vector<V>{s.b.mul(state[0], factor[0])}, std::vector<V>{}};
    });
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return batch_reduction<ReduceProd>(s);
  }
};

/// Base of the reductions to an extreme. The derivative follows the first element that attains it (in row-major order
/// of the reduced axes); a NaN wins.
template <class Op, bool Greatest>
struct Extreme : Reduction<false> {
  static constexpr Monoid monoid = Greatest ? Monoid::max : Monoid::min;
  static constexpr Derivative derivative = Derivative::custom;
  template <class S>
  static void eval(S& s) {
    const auto first_winner = [](auto terms) {
      typename S::Number best = (Greatest ? -1 : 1) * std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < terms.size(); ++i) {
        const auto &x = terms[i].value, &a = best.value;
        if (i == 0 || !(a != a || (Greatest ? a >= x : a <= x))) best = terms[i];
      }
      return best;
    };
    eval_reduction(s, first_winner, ir::extreme(s.results[0].elem, !Greatest),
                   [](std::int64_t a, std::int64_t x) { return Greatest ? std::max(a, x) : std::min(a, x); });
  }
  // Which element wins, as a predicate of the operand's shape: its row-major number along the reduced axes is the
  // winner's.
  template <class B, class V = typename B::Val>
  static V winner(Site<B, Attrs>& s) {
    const Type x = s.x_type(0);
    const auto kept = other_axes(x.rank(), s.attrs.axes);
    std::vector<std::int64_t> order = kept;
    order.insert(order.end(), s.attrs.axes.begin(), s.attrs.axes.end());
    std::vector<Dim> flat;
    Dim count = 1;
    for (const std::int64_t a : kept) flat.push_back(x.dims[static_cast<std::size_t>(a)]);
    for (const std::int64_t a : s.attrs.axes) count = count * x.dims[static_cast<std::size_t>(a)];
    flat.push_back(count);
    const V flattened = s.b.reshape(s.b.transpose(s.x(0), order), flat);
    const V index = s.b.emit1(s.b.named(Greatest ? "argmax" : "argmin"), {flattened},
                              AxisAttrs{static_cast<std::int64_t>(kept.size())});
    V number = s.b.integer(Elem::i64, 0, x.dims);
    for (const std::int64_t a : s.attrs.axes) {
      const V extent = s.b.broadcast(s.b.size(x.dims[static_cast<std::size_t>(a)]), x.dims, {});
      number = s.b.add(s.b.mul(number, extent), s.b.iota(Elem::i64, x.dims, a));
    }
    return s.b.compare("eq", number, s.b.broadcast(index, x.dims, kept));
  }
  // y_tan = Σ [x is the winner] x_tan
  template <class B, class V = typename B::Val>
  static std::vector<V> jvp(Site<B, Attrs>& s, std::span<const V> x_tan) {
    return {s.b.sum(s.b.select(winner(s), x_tan[0], s.b.absent(s.b.type(x_tan[0]))), s.attrs.axes)};
  }
  // x_adj = [x is the winner] y_adj
  template <class B, class V = typename B::Val>
  static std::vector<V> vjp(Site<B, Attrs>& s, std::span<const V> y_adj) {
    return {s.b.select(winner(s), unreduced(s, y_adj[0]), s.b.absent(s.x_type(0)))};
  }
  template <class B, class V = typename B::Val>
  static V guard(Site<B, Attrs>& s, int) {
    return winner(s);
  }
  template <class B, class V = typename B::Val>
  static V reach(Site<B, Attrs>& s, int, V y_pred) {
    return unreduced(s, y_pred);
  }
  template <class B, class V = typename B::Val>
  static V reached(Site<B, Attrs>& s, std::span<const V> x_pred) {
    return s.b.sum(s.b.logical_and(winner(s), x_pred[0]), s.attrs.axes);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return batch_reduction<Op>(s);
  }
};

struct ReduceMin : Extreme<ReduceMin, false> {
  static constexpr std::string_view name = "reduce_min";
  static constexpr std::string_view doc =
      "The least element over `axes`; NaN where one is NaN. The derivative is the first least element's.";
};

struct ReduceMax : Extreme<ReduceMax, true> {
  static constexpr std::string_view name = "reduce_max";
  static constexpr std::string_view doc =
      "The greatest element over `axes`; NaN where one is NaN. The derivative is the first greatest element's.";
};

struct ReduceAny : Reduction<true> {
  static constexpr Monoid monoid = Monoid::any;
  static constexpr std::string_view name = "reduce_any";
  static constexpr std::string_view doc = "Whether some element over `axes` is true.";
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a truth value has no derivative";
  template <class S>
  static void eval(S& s) {
    eval_reduction(
        s, [](auto) { return typename S::Number(); }, 0,
        [](std::int64_t a, std::int64_t x) -> std::int64_t { return a != 0 || x != 0; });
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return batch_reduction<ReduceAny>(s);
  }
};

struct ReduceAll : Reduction<true> {
  static constexpr Monoid monoid = Monoid::all;
  static constexpr std::string_view name = "reduce_all";
  static constexpr std::string_view doc = "Whether every element over `axes` is true.";
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a truth value has no derivative";
  template <class S>
  static void eval(S& s) {
    eval_reduction(
        s, [](auto) { return typename S::Number(); }, 1,
        [](std::int64_t a, std::int64_t x) -> std::int64_t { return a != 0 && x != 0; });
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return batch_reduction<ReduceAll>(s);
  }
};

template <class Op, bool Greatest>
struct ArgExtreme : OpBase {
  static constexpr Monoid monoid = Greatest ? Monoid::argmax : Monoid::argmin;
  using Attrs = AxisAttrs;
  static constexpr int operands = 1;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a position is piecewise constant";
  static Inferred infer(const Input<Attrs>& in) {
    const Type& x = in.operands[0];
    if (in.attrs.axis < 0 || in.attrs.axis >= static_cast<std::int64_t>(x.rank()))
      return Failure{"the axis is not one of the operand's"};
    if (x.elem == Elem::boolean) return Failure{"an extreme of truth values has no position"};
    Type y{Elem::i64, {}};
    for (const std::int64_t a : other_axes(x.rank(), {in.attrs.axis}))
      y.dims.push_back(x.dims[static_cast<std::size_t>(a)]);
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const Dim n = example_n(), m = example_m();
    return {{.about = "vector", .operands = {{{elem, {n}}}}, .attrs = Attrs{.axis = 0}, .sizes = nonempty_sizes()},
            {.about = "columns", .operands = {{{elem, {n, m}}}}, .attrs = Attrs{.axis = 0}, .sizes = nonempty_sizes()},
            {.about = "rows", .operands = {{{elem, {n, m}}}}, .attrs = Attrs{.axis = 1}, .sizes = nonempty_sizes()}};
  }
  template <class S>
  static void eval(S& s) {
    const auto& x = *s.operands[0];
    auto& out = s.results[0];
    const auto axis = static_cast<std::size_t>(s.attrs.axis);
    const auto strides = x.strides();
    const auto kept = other_axes(x.shape.size(), {s.attrs.axis});
    ir::for_each_index(out.shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
      std::int64_t base = 0;
      for (std::size_t d = 0; d < kept.size(); ++d) base += strides[static_cast<std::size_t>(kept[d])] * index[d];
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < x.shape[axis]; ++k) {
        const auto wins = [](const auto& now, const auto& then) {
          return then == then && (now != now || (Greatest ? now > then : now < then));
        };
        const auto now = static_cast<std::size_t>(base + k * strides[axis]),
                   then = static_cast<std::size_t>(base + best * strides[axis]);
        if (x.is_real() ? wins(x.reals[now].value, x.reals[then].value) : wins(x.integers[now], x.integers[then]))
          best = k;
      }
      out.integers[static_cast<std::size_t>(i)] = best;
    });
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return {s.b.template emit_op<Op>({s.x(0)}, {.axis = s.attrs.axis + 1})};
  }
};

struct ArgMin : ArgExtreme<ArgMin, false> {
  static constexpr std::string_view name = "argmin";
  static constexpr std::string_view doc =
      "The position of the first least element along `axis`; of the first NaN where there is one.";
};

struct ArgMax : ArgExtreme<ArgMax, true> {
  static constexpr std::string_view name = "argmax";
  static constexpr std::string_view doc =
      "The position of the first greatest element along `axis`; of the first NaN where there is one.";
};

using ReductionOps = OpList<ReduceSum, ReduceProd, ReduceMin, ReduceMax, ReduceAny, ReduceAll, ArgMin, ArgMax>;

}  // namespace rg::ops
