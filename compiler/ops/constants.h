// Values without operands: constants, extents, indices.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/element.h"

namespace rg::ops {

struct Convert;

struct Source : OpBase {
  static constexpr int operands = 0;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "a constant depends on nothing";
  /// Never asked for: no operand can be batched.
  template <class B, class A, class V = typename B::Val>
  static std::vector<V> batch(Site<B, A>& s, std::span<const bool>, const Dim&) {
    return {s.results.begin(), s.results.end()};
  }
};

struct Constant : Source {
  struct Attrs {
    Elem elem = Elem::f64;
    std::vector<Dim> dims;
    std::vector<double> reals;
    Integers integers;
    bool absent = false;
    static constexpr std::tuple fields{field("elem", &Attrs::elem), field("dims", &Attrs::dims),
                                       field("reals", &Attrs::reals), field("integers", &Attrs::integers),
                                       field("absent", &Attrs::absent)};
    /// Whether one value is that of all elements.
    bool is_splat() const { return reals.size() + integers.size() == 1; }
  };
  static constexpr std::string_view name = "constant";
  static constexpr std::string_view doc =
      "A tensor of extents `dims` and type `elem`, from `reals` or `integers`: one value for all elements, or each "
      "element's in row-major order. Zeros that are `absent` stand for a derivative that is not there, whatever is "
      "multiplied by them.";
  static Inferred infer(const Input<Attrs>& in) {
    const Attrs& a = in.attrs;
    const bool real = ir::is_float(a.elem);
    const std::size_t count = real ? a.reals.size() : a.integers.size();
    if (!(real ? a.integers.empty() : a.reals.empty())) return Failure{"constant has values of another element type"};
    const Type type{a.elem, a.dims};
    if (count == 1) return std::vector<Type>{type};
    const Dim n = type.count();
    if (!n.is_constant() || n.constant() != static_cast<std::int64_t>(count)) {
      return Failure{fmt::format("constant of {} values for {}", count, type.str(in.size_names))};
    }
    return std::vector<Type>{type};
  }
  static std::vector<Example> examples(Elem elem) {
    Attrs splat{.elem = elem, .dims = {example_n(), example_m()}}, scalar{.elem = elem},
        list{.elem = elem, .dims = {2, 3}};
    if (ir::is_float(elem)) {
      splat.reals = {-2.5};
      scalar.reals = {0.1};
      list.reals = {-0.0, 1e300, std::numeric_limits<double>::infinity(), 4, std::numeric_limits<double>::quiet_NaN(),
                    6};
      if (elem == Elem::f32) list.reals[1] = 1e30F;
    } else {
      splat.integers = {1};
      scalar.integers = {0};
      list.integers =
          elem == Elem::boolean ? Integers{0, 1, 1, 0, 0, 1} : Integers{-1, 2, 3, ir::extreme(elem, true), 5, 6};
    }
    return {{.about = "splat", .operands = {}, .attrs = splat},
            {.about = "scalar", .operands = {}, .attrs = scalar, .sizes = {{1, 1}}},
            {.about = "list", .operands = {}, .attrs = list, .sizes = {{1, 1}}}};
  }
  template <class S>
  static void eval(S& s) {
    auto& out = s.results[0];
    const auto count = static_cast<std::size_t>(out.count());
    for (std::size_t i = 0; i < count; ++i) {
      if (out.is_real()) {
        const double v = s.attrs.reals[s.attrs.reals.size() == 1 ? 0 : i];
        out.reals[i] = out.elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
      } else {
        out.integers[i] = s.attrs.integers[s.attrs.integers.size() == 1 ? 0 : i];
      }
    }
  }
  static constexpr bool is_uneven = true;
  static constexpr bool shows_zeros = true;
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    const auto& a = s.attrs;
    if (a.absent) return s.e.absent(a.elem);
    const auto number = [&](std::size_t i) {
      const bool real = ir::is_float(a.elem);
      return s.e.constant(a.elem, real ? a.reals[i] : 0, real ? 0 : a.integers[i]);
    };
    if (a.is_splat()) return number(0);
    Dim at = 0;
    for (std::size_t d = 0; d < index.size(); ++d) at = at * a.dims[d] + index[d];
    const auto count = static_cast<std::int64_t>(a.reals.size() + a.integers.size());
    if (at.is_constant() && at.constant() >= 0 && at.constant() < count)
      return number(static_cast<std::size_t>(at.constant()));
    return s.e.listed(a.reals, a.integers, a.elem, at);
  }
};

struct Size : Source {
  struct Attrs {
    Dim dim;
    static constexpr std::tuple fields{field("dim", &Attrs::dim)};
  };
  static constexpr std::string_view name = "size";
  static constexpr std::string_view doc = "The value of the extent `dim`, as i64.";
  static Inferred infer(const Input<Attrs>&) { return std::vector<Type>{{Elem::i64, {}}}; }
  static std::vector<Example> examples(Elem elem) {
    if (elem != Elem::i64) return {};
    return {{.about = "extent", .operands = {}, .attrs = Attrs{.dim = example_n() * Dim(2) + example_m()}}};
  }
  template <class S>
  static void eval(S& s) {
    s.results[0].integers[0] = s.attrs.dim.constant();
  }
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index&) {
    return s.e.index(s.attrs.dim);
  }
};

struct Iota : Source {
  struct Attrs {
    Elem elem = Elem::i64;
    std::vector<Dim> dims;
    std::int64_t axis = 0;
    static constexpr std::tuple fields{field("elem", &Attrs::elem), field("dims", &Attrs::dims),
                                       field("axis", &Attrs::axis)};
  };
  static constexpr std::string_view name = "iota";
  static constexpr std::string_view doc = "The index along `axis`, in a tensor of extents `dims` and type `elem`.";
  static Inferred infer(const Input<Attrs>& in) {
    const Attrs& a = in.attrs;
    if (a.elem == Elem::boolean) return Failure{"iota is of numbers"};
    if (a.axis < 0 || a.axis >= static_cast<std::int64_t>(a.dims.size()))
      return Failure{"iota's axis is not one of its extents"};
    return std::vector<Type>{{a.elem, a.dims}};
  }
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const std::vector<Dim> dims{example_n(), example_m()};
    return {{.about = "rows", .operands = {}, .attrs = Attrs{.elem = elem, .dims = dims, .axis = 0}},
            {.about = "columns", .operands = {}, .attrs = Attrs{.elem = elem, .dims = dims, .axis = 1}}};
  }
  template <class S>
  static void eval(S& s) {
    auto& out = s.results[0];
    const auto axis = static_cast<std::size_t>(s.attrs.axis);
    const std::int64_t count = out.count();
    const std::int64_t stride = count == 0 ? 1 : out.strides()[axis];
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t index = i / stride % out.shape[axis];
      if (out.is_real())
        out.reals[static_cast<std::size_t>(i)] = static_cast<double>(index);
      else
        out.integers[static_cast<std::size_t>(i)] = index;
    }
  }
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    const auto i = s.e.index(index[static_cast<std::size_t>(s.attrs.axis)]);
    return s.attrs.elem == Elem::i64 ? i : s.e.template op<Convert>(s.attrs.elem, {i});
  }
};

using SourceOps = OpList<Constant, Size, Iota>;

}  // namespace rg::ops
