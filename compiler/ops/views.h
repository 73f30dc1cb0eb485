// Ops that only move elements: broadcast, transpose, reshape, slice, place, concat. All linear, each with its
// transpose.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/ops/element.h"

namespace rg::ops {

struct Eq;
struct Select;

struct View : OpBase {
  static constexpr Derivative derivative = Derivative::linear;
  static constexpr bool moves_elements = true;
  static constexpr int operands = 1;
};

/// Copies element by element: `source(index of the result) -> offset in the operand`.
template <class S, class F>
void eval_moved(S& s, const F& source) {
  auto& out = s.results[0];
  const auto& x = *s.operands[0];
  ir::for_each_index(out.shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
    const std::int64_t from = source(index);
    if (out.is_real())
      out.reals[static_cast<std::size_t>(i)] = x.reals[static_cast<std::size_t>(from)];
    else
      out.integers[static_cast<std::size_t>(i)] = x.integers[static_cast<std::size_t>(from)];
  });
}

/// `first` before every entry of `rest` shifted by one: attributes of an op with a new leading axis.
inline std::vector<std::int64_t> shifted(const std::vector<std::int64_t>& axes, std::int64_t first = -1) {
  std::vector<std::int64_t> out;
  if (first >= 0) out.push_back(first);
  for (const std::int64_t a : axes) out.push_back(a + 1);
  return out;
}

inline std::vector<Dim> prepended(const Dim& first, const std::vector<Dim>& rest) {
  std::vector<Dim> out{first};
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

inline std::vector<std::int64_t> iota_axes(std::size_t n, std::int64_t from = 0) {
  std::vector<std::int64_t> axes(n);
  std::iota(axes.begin(), axes.end(), from);
  return axes;
}

struct Broadcast : View {
  struct Attrs {
    Integers axes;
    std::vector<Dim> dims;
    static constexpr std::tuple fields{field("axes", &Attrs::axes), field("dims", &Attrs::dims)};
  };
  static constexpr std::string_view name = "broadcast";
  static constexpr std::string_view doc =
      "The operand's axis i as axis `axes`[i] of a tensor of extents `dims`, repeated along the others.";
  static Inferred infer(const Input<Attrs>& in) {
    const Type& x = in.operands[0];
    const Attrs& a = in.attrs;
    if (a.axes.size() != x.rank()) return Failure{"broadcast's axes do not fit its operand"};
    for (std::size_t i = 0; i < x.rank(); ++i) {
      const std::int64_t to = a.axes[i];
      if (to < 0 || to >= static_cast<std::int64_t>(a.dims.size()) || (i > 0 && to <= a.axes[i - 1]))
        return Failure{"broadcast's axes are not ascending axes of the result"};
      if (a.dims[static_cast<std::size_t>(to)] != x.dims[i])
        return Failure{fmt::format("broadcast of {} changes an extent", x.str(in.size_names))};
    }
    return std::vector<Type>{{x.elem, a.dims}};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "scalar", .operands = {{{elem, {}}}}, .attrs = Attrs{.dims = {n, m}}},
            {.about = "vector", .operands = {{{elem, {n}}}}, .attrs = Attrs{.axes = {1}, .dims = {m, n}}},
            {.about = "matrix", .operands = {{{elem, {n, m}}}}, .attrs = Attrs{.axes = {0, 2}, .dims = {n, 2, m}}}};
  }
  template <class S>
  static void eval(S& s) {
    const auto strides = s.operands[0]->strides();
    eval_moved(s, [&](std::span<const std::int64_t> index) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < strides.size(); ++i)
        at += strides[i] * index[static_cast<std::size_t>(s.attrs.axes[i])];
      return at;
    });
  }
  // The adjoint is summed over the repeated axes.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    std::vector<std::int64_t> repeated;
    for (std::size_t i = 0; i < s.attrs.dims.size(); ++i) {
      if (std::ranges::find(s.attrs.axes, static_cast<std::int64_t>(i)) == s.attrs.axes.end())
        repeated.push_back(static_cast<std::int64_t>(i));
    }
    return s.b.sum(y_adj, repeated);
  }
  static constexpr bool is_view = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    Index x;
    for (const std::int64_t a : s.attrs.axes) x.push_back(index[static_cast<std::size_t>(a)]);
    return s.x(0, x);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim& extent) {
    return {s.b.broadcast(s.x(0), prepended(extent, s.attrs.dims), shifted(s.attrs.axes, 0))};
  }
};

struct Transpose : View {
  struct Attrs {
    Integers axes;
    static constexpr std::tuple fields{field("axes", &Attrs::axes)};
  };
  static constexpr std::string_view name = "transpose";
  static constexpr std::string_view doc = "The result's axis i is the operand's axis `axes`[i].";
  static Inferred infer(const Input<Attrs>& in) {
    const Type& x = in.operands[0];
    std::vector<std::int64_t> sorted = in.attrs.axes;
    std::ranges::sort(sorted);
    if (sorted != iota_axes(x.rank())) return Failure{"transpose's axes are not a permutation"};
    Type y{x.elem, {}};
    for (const std::int64_t a : in.attrs.axes) y.dims.push_back(x.dims[static_cast<std::size_t>(a)]);
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "scalar", .operands = {{{elem, {}}}}, .sizes = {{1, 1}}},
            {.about = "vector", .operands = {{{elem, {n}}}}, .attrs = Attrs{.axes = {0}}},
            {.about = "matrix", .operands = {{{elem, {n, m}}}}, .attrs = Attrs{.axes = {1, 0}}},
            {.about = "three axes", .operands = {{{elem, {n, 2, m}}}}, .attrs = Attrs{.axes = {2, 0, 1}}}};
  }
  template <class S>
  static void eval(S& s) {
    const auto strides = s.operands[0]->strides();
    eval_moved(s, [&](std::span<const std::int64_t> index) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < index.size(); ++i)
        at += strides[static_cast<std::size_t>(s.attrs.axes[i])] * index[i];
      return at;
    });
  }
  // The inverse permutation.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    std::vector<std::int64_t> inverse(s.attrs.axes.size());
    for (std::size_t i = 0; i < inverse.size(); ++i)
      inverse[static_cast<std::size_t>(s.attrs.axes[i])] = static_cast<std::int64_t>(i);
    return s.b.transpose(y_adj, inverse);
  }
  static constexpr bool is_view = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    Index x(index.size());
    for (std::size_t d = 0; d < x.size(); ++d) x[static_cast<std::size_t>(s.attrs.axes[d])] = index[d];
    return s.x(0, x);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    return {s.b.transpose(s.x(0), shifted(s.attrs.axes, 0))};
  }
};

/// Attributes of the ops whose result has other extents than they can know.
struct ExtentAttrs {
  std::vector<Dim> dims;
  static constexpr std::tuple fields{field("dims", &ExtentAttrs::dims)};
};

struct Reshape : View {
  using Attrs = ExtentAttrs;
  static constexpr std::string_view name = "reshape";
  static constexpr std::string_view doc = "The operand's elements in row-major order with extents `dims`.";
  static Inferred infer(const Input<Attrs>& in) {
    const Type y{in.operands[0].elem, in.attrs.dims};
    if (y.count() != in.operands[0].count()) {
      return Failure{fmt::format("reshape of {} to {} changes the number of elements",
                                 in.operands[0].str(in.size_names), y.str(in.size_names))};
    }
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "scalar", .operands = {{{elem, {}}}}, .attrs = Attrs{.dims = {1}}, .sizes = {{1, 1}}},
            {.about = "vector", .operands = {{{elem, {n}}}}, .attrs = Attrs{.dims = {n, 1}}},
            {.about = "flat", .operands = {{{elem, {n, m}}}}, .attrs = Attrs{.dims = {n * m}}},
            {.about = "matrix", .operands = {{{elem, {n, m * Dim(2)}}}}, .attrs = Attrs{.dims = {m, 2, n}}}};
  }
  template <class S>
  static void eval(S& s) {
    s.results[0].reals = s.operands[0]->reals;
    s.results[0].integers = s.operands[0]->integers;
  }
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return s.b.reshape(y_adj, s.x_type(0).dims);
  }
  static constexpr bool is_view = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    return s.x(0, s.e.reshaped(index, s.result.dims, s.operands[0].dims));
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim& extent) {
    return {s.b.reshape(s.x(0), prepended(extent, s.attrs.dims))};
  }
};

struct Recast : View {
  using Attrs = ExtentAttrs;
  static constexpr std::string_view name = "recast";
  static constexpr std::string_view doc =
      "The operand with extents `dims`, which an assertion says are equal to its own.";
  static Inferred infer(const Input<Attrs>& in) {
    if (in.attrs.dims.size() != in.operands[0].rank()) return Failure{"recast changes the rank"};
    return std::vector<Type>{{in.operands[0].elem, in.attrs.dims}};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    const std::vector<std::vector<std::int64_t>> equal{{3, 3}, {1, 1}, {0, 0}, {17, 17}};
    return {{.about = "vector", .operands = {{{elem, {n}}}}, .attrs = Attrs{.dims = {m}}, .sizes = equal},
            {.about = "matrix", .operands = {{{elem, {n, 2}}}}, .attrs = Attrs{.dims = {m, 2}}, .sizes = equal}};
  }
  template <class S>
  static void eval(S& s) {
    if (s.results[0].shape != s.operands[0]->shape) {
      s.error = "asserted extents are not equal";
      return;
    }
    s.results[0].reals = s.operands[0]->reals;
    s.results[0].integers = s.operands[0]->integers;
  }
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return s.b.template emit_op<Recast>({y_adj}, {.dims = s.x_type(0).dims});
  }
  static constexpr bool is_view = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    return s.x(0, index);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim& extent) {
    return {s.b.template emit_op<Recast>({s.x(0)}, {.dims = prepended(extent, s.attrs.dims)})};
  }
};

/// Where an op between a tensor and its elements at `starts` + `steps` * index reads or writes, and the result's
/// extents.
struct StridedAttrs {
  std::vector<Dim> dims;
  std::vector<Dim> starts;
  Integers steps;
  static constexpr std::tuple fields{field("dims", &StridedAttrs::dims), field("starts", &StridedAttrs::starts),
                                     field("steps", &StridedAttrs::steps)};
};

template <class A>
std::optional<Failure> check_strided(const Input<A>& in) {
  const std::size_t rank = in.operands[0].rank();
  const A& a = in.attrs;
  if (a.starts.size() != rank || a.steps.size() != rank || a.dims.size() != rank)
    return Failure{"starts, steps and extents do not fit the operand's rank"};
  if (std::ranges::find(a.steps, 0) != a.steps.end()) return Failure{"a step is 0"};
  return std::nullopt;
}

/// Offset of starts + steps * index in a tensor with the strides given.
template <class A>
std::int64_t strided_offset(const A& a, std::span<const std::int64_t> strides, std::span<const std::int64_t> index) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < index.size(); ++i) at += strides[i] * (a.starts[i].constant() + a.steps[i] * index[i]);
  return at;
}

/// Whether starts + steps * index stays in the extents for all indices below lengths.
template <class A>
bool strided_in_range(const A& a, std::span<const std::int64_t> lengths, std::span<const std::int64_t> extents) {
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == 0) continue;
    const std::int64_t first = a.starts[i].constant(), last = first + a.steps[i] * (lengths[i] - 1);
    if (std::min(first, last) < 0 || std::max(first, last) >= extents[i]) return false;
  }
  return true;
}

/// Attributes of slice and place under a new leading axis of the given extent.
template <class A>
A batched_strided(const A& a, const Dim& extent) {
  A out = a;
  out.starts = prepended(0, a.starts);
  out.steps = {1};
  out.steps.insert(out.steps.end(), a.steps.begin(), a.steps.end());
  out.dims = prepended(extent, a.dims);
  return out;
}

/// Base of the ops between a tensor and its elements at `starts` + `steps` * index.
template <class Op, class A>
struct Strided : View {
  using Attrs = A;
  static Inferred infer(const Input<Attrs>& in) {
    if (const auto f = check_strided(in)) return *f;
    return std::vector<Type>{{in.operands[0].elem, in.attrs.dims}};
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim& extent) {
    return {s.b.template emit_op<Op>({s.x(0)}, batched_strided(s.attrs, extent))};
  }
};

struct Slice : Strided<Slice, StridedAttrs> {
  static constexpr bool reads_all(const Attrs&) { return false; }
  static constexpr std::string_view name = "slice";
  static constexpr std::string_view doc = "The result of extents `dims` is x[`starts` + `steps` * index], per axis.";
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "scalar", .operands = {{{elem, {}}}}, .sizes = {{1, 1}}},
            {.about = "vector",
             .operands = {{{elem, {n + Dim(3)}}}},
             .attrs = Attrs{.dims = {n}, .starts = {1}, .steps = {1}}},
            {.about = "reversed",
             .operands = {{{elem, {n}}}},
             .attrs = Attrs{.dims = {n}, .starts = {n - Dim(1)}, .steps = {-1}}},
            {.about = "matrix",
             .operands = {{{elem, {n + Dim(2), m * Dim(2)}}}},
             .attrs = Attrs{.dims = {n, m}, .starts = {2, 0}, .steps = {1, 2}}}};
  }
  template <class S>
  static void eval(S& s) {
    if (!strided_in_range(s.attrs, s.results[0].shape, s.operands[0]->shape)) {
      s.error = "slice out of range";
      return;
    }
    const auto strides = s.operands[0]->strides();
    eval_moved(s, [&](std::span<const std::int64_t> index) { return strided_offset(s.attrs, strides, index); });
  }
  // Placed back among zeros.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return s.b.place(y_adj, s.attrs.starts, s.attrs.steps, s.x_type(0).dims, true);
  }
  static constexpr bool is_view = true;
  static constexpr bool is_uneven = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    Index x(index.size());
    for (std::size_t d = 0; d < x.size(); ++d) x[d] = s.attrs.starts[d] + Dim(s.attrs.steps[d]) * index[d];
    return s.x(0, x);
  }
};

/// `absent`: the zeros stand for a derivative that is not there.
struct PlaceAttrs {
  std::vector<Dim> dims;
  std::vector<Dim> starts;
  Integers steps;
  bool absent = false;
  static constexpr std::tuple fields{field("dims", &PlaceAttrs::dims), field("starts", &PlaceAttrs::starts),
                                     field("steps", &PlaceAttrs::steps), field("absent", &PlaceAttrs::absent)};
};

struct Place : Strided<Place, PlaceAttrs> {
  static constexpr bool fills(const Attrs&) { return true; }
  static constexpr std::string_view name = "place";
  static constexpr std::string_view doc =
      "Zeros of extents `dims` with the operand's element at index placed at `starts` + `steps` * index, per axis. The "
      "zeros are `absent` derivatives where that is set.";
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "scalar", .operands = {{{elem, {}}}}, .sizes = {{1, 1}}},
            {.about = "vector",
             .operands = {{{elem, {n}}}},
             .attrs = Attrs{.dims = {n + Dim(3)}, .starts = {1}, .steps = {1}}},
            {.about = "reversed",
             .operands = {{{elem, {n}}}},
             .attrs = Attrs{.dims = {n}, .starts = {n - Dim(1)}, .steps = {-1}}},
            {.about = "matrix",
             .operands = {{{elem, {n, m}}}},
             .attrs = Attrs{.dims = {n + Dim(2), m * Dim(2)}, .starts = {2, 0}, .steps = {1, 2}}}};
  }
  template <class S>
  static void eval(S& s) {
    auto& out = s.results[0];
    const auto& x = *s.operands[0];
    if (!strided_in_range(s.attrs, x.shape, out.shape)) {
      s.error = "place out of range";
      return;
    }
    const auto strides = out.strides();
    ir::for_each_index(x.shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
      const auto to = static_cast<std::size_t>(strided_offset(s.attrs, strides, index));
      if (out.is_real())
        out.reals[to] = x.reals[static_cast<std::size_t>(i)];
      else
        out.integers[to] = x.integers[static_cast<std::size_t>(i)];
    });
  }
  // The slice at which the operand was placed.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    return s.b.slice(y_adj, s.attrs.starts, s.attrs.steps, s.x_type(0).dims);
  }
  static constexpr bool in_pieces = true;
  static constexpr bool is_uneven = true;
  // The operand's element where the index is start + step * i for an i in its extent, zero elsewhere.
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    using V = typename E::Val;
    const Elem elem = s.result.elem;
    const V zero = s.attrs.absent ? s.e.absent(elem) : s.zero();
    Index x(index.size());
    V inside{};
    for (std::size_t d = 0; d < index.size(); ++d) {
      const std::int64_t step = s.attrs.steps[d];
      const Dim offset = (index[d] - s.attrs.starts[d]) * Dim(step < 0 ? -1 : 1);
      const auto [i, rest] = s.e.split(offset, step < 0 ? -step : step);
      if (rest.is_constant()) {
        if (rest.constant() != 0) return zero;
      } else {
        inside = s.e.both(inside, s.e.template op<Eq>(Elem::boolean, {s.e.index(rest), s.e.index(0)}));
      }
      x[d] = i;
      const V within = s.e.in_range(i, s.operands[0].dims[d]);
      if (s.e.never(within)) return zero;
      inside = s.e.both(inside, within);
    }
    const V value = s.x(0, x, s.e.both(s.e.guard(), inside));
    if (!inside.valid() || s.e.same(value, zero)) return value;
    return s.e.template op<Select>(elem, {inside, value, zero});
  }
};

struct Concat : View {
  struct Attrs {
    std::int64_t axis = 0;
    static constexpr std::tuple fields{field("axis", &Attrs::axis)};
  };
  static constexpr std::string_view name = "concat";
  static constexpr std::string_view doc = "The operands one after the other along axis `axis`.";
  static constexpr int operands = -1;
  static Inferred infer(const Input<Attrs>& in) {
    if (in.operands.empty()) return Failure{"concat needs operands"};
    Type y = in.operands[0];
    const auto axis = static_cast<std::size_t>(in.attrs.axis);
    if (in.attrs.axis < 0 || axis >= y.rank()) return Failure{"concat's axis is not one of its operands"};
    for (std::size_t k = 1; k < in.operands.size(); ++k) {
      Type x = in.operands[k];
      if (x.rank() != y.rank() || x.elem != y.elem) return Failure{"concat of unlike operands"};
      const Dim extent = x.dims[axis];
      x.dims[axis] = y.dims[axis];
      if (x != y)
        return Failure{fmt::format("concat of {} and {}", y.str(in.size_names), in.operands[k].str(in.size_names))};
      y.dims[axis] = y.dims[axis] + extent;
    }
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    return {{.about = "one", .operands = {{{elem, {n}}}}, .attrs = Attrs{.axis = 0}},
            {.about = "vector", .operands = {{{elem, {n}}}, {{elem, {m}}}, {{elem, {2}}}}, .attrs = Attrs{.axis = 0}},
            {.about = "matrix", .operands = {{{elem, {n, 2}}}, {{elem, {n, m}}}}, .attrs = Attrs{.axis = 1}},
            {.about = "rows", .operands = {{{elem, {2, m}}}, {{elem, {n, m}}}}, .attrs = Attrs{.axis = 0}}};
  }
  template <class S>
  static void eval(S& s) {
    auto& out = s.results[0];
    const auto axis = static_cast<std::size_t>(s.attrs.axis);
    const auto strides = out.strides();
    std::int64_t start = 0;
    for (const auto* x : s.operands) {
      ir::for_each_index(x->shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
        std::int64_t to = start * strides[axis];
        for (std::size_t d = 0; d < index.size(); ++d) to += strides[d] * index[d];
        if (out.is_real())
          out.reals[static_cast<std::size_t>(to)] = x->reals[static_cast<std::size_t>(i)];
        else
          out.integers[static_cast<std::size_t>(to)] = x->integers[static_cast<std::size_t>(i)];
      });
      start += x->shape[axis];
    }
  }
  // Operand k receives its part.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int k, V y_adj) {
    const auto axis = static_cast<std::size_t>(s.attrs.axis);
    const Type& x = s.x_type(k);
    std::vector<Dim> starts(x.rank(), Dim(0));
    for (int i = 0; i < k; ++i) starts[axis] = starts[axis] + s.x_type(i).dims[axis];
    return s.b.slice(y_adj, starts, std::vector<std::int64_t>(x.rank(), 1), x.dims);
  }
  static constexpr bool in_pieces = true;
  static constexpr bool is_uneven = true;
  // A choice between the operands by where the index falls; those that it cannot fall into are no part of it.
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    using V = typename E::Val;
    const auto axis = static_cast<std::size_t>(s.attrs.axis);
    Dim start = 0;
    std::vector<std::pair<V, V>> pieces;  // where, and what
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      const Dim extent = s.operands[k].dims[axis];
      Index piece = index;
      piece[axis] = index[axis] - start;
      start = start + extent;
      const V inside = s.e.in_range(piece[axis], extent);
      if (s.e.never(inside)) continue;
      pieces.emplace_back(inside, s.x(k, piece, s.e.both(s.e.guard(), inside)));
      if (!inside.valid()) return pieces.back().second;
    }
    if (pieces.empty()) return s.zero();
    V result = pieces.back().second;
    for (std::size_t k = pieces.size() - 1; k-- > 0;)
      result = s.e.template op<Select>(s.result.elem, {pieces[k].first, pieces[k].second, result});
    return result;
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool> batched, const Dim& extent) {
    std::vector<V> operands;
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      const V v = s.operands[k];
      operands.push_back(batched[k] ? v : s.b.broadcast_leading(v, prepended(extent, s.b.type(v).dims)));
    }
    return {s.b.template emit_op<Concat>(std::move(operands), {.axis = s.attrs.axis + 1})};
  }
};

using ViewOps = OpList<Broadcast, Transpose, Reshape, Recast, Slice, Place, Concat>;

}  // namespace rg::ops
