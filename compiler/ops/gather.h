// Reads and additions at index operands: gather and scatter_add, each the other's transpose.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/contract.h"

namespace rg::ops {

/// Attributes of a read at index operands: `labels` of each operand and the result; `masked`: the last operand says
/// where.
struct GatherAttrs {
  std::vector<Labels> labels;
  bool masked = false;
  static constexpr std::tuple fields{field("labels", &GatherAttrs::labels), field("masked", &GatherAttrs::masked)};
};

/// The same of an addition at index operands, with the extents of the result. `absent`: the zeros added to stand for a
/// derivative that is not there.
struct ScatterAttrs {
  std::vector<Dim> dims;
  std::vector<Labels> labels;
  bool masked = false;
  bool absent = false;
  static constexpr std::tuple fields{field("dims", &ScatterAttrs::dims), field("labels", &ScatterAttrs::labels),
                                     field("masked", &ScatterAttrs::masked), field("absent", &ScatterAttrs::absent)};
};

/// The layout that gather and scatter_add share: operand 0 with labels, then index operands, then perhaps a mask.
struct IndexedLayout {
  std::size_t indices = 0;
  bool has_mask = false;
  const std::vector<Labels>& labels;

  template <class A>
  IndexedLayout(const A& a, std::size_t operands) : has_mask(a.masked), labels(a.labels) {
    indices = operands - 1 - (has_mask ? 1 : 0);
  }
  const Labels& mask_labels() const { return labels[indices + 1]; }
};

/// Checks the operands that gather and scatter_add share; `coded` is the list with entries -(q) for indexed axes.
template <class A>
std::string check_indexed(const Input<A>& in, const Labels& coded) {
  const A& a = in.attrs;
  if (in.operands.empty() || a.labels.size() != in.operands.size() + 1)
    return "labels are needed for each operand and the result";
  if (a.masked && in.operands.size() < 2) return "the mask is missing";
  const IndexedLayout layout(a, in.operands.size());
  for (const Labels& l : a.labels) {
    if (&l != &coded && has_code(l)) return "a label is negative where no axis is indexed";
  }
  std::set<std::int64_t> used;
  for (const std::int64_t l : coded) {
    if (l >= 0) continue;
    if (l == INT64_MIN) return "an axis names an index operand that is not there";
    if (-l > static_cast<std::int64_t>(layout.indices)) return "an axis names an index operand that is not there";
    used.insert(-l);
  }
  if (used.size() != layout.indices) return "an index operand indexes no axis";
  for (std::size_t q = 1; q <= layout.indices; ++q) {
    if (!ir::is_integer(in.operands[q].elem)) return "an index is not an integer";
  }
  if (a.masked && in.operands.back().elem != Elem::boolean) return "the mask is not of truth values";
  return {};
}

/// Visits every element of a gather or scatter: `f(offset at the coded tensor, offset at the plain tensor)` where the
/// mask holds. `coded` has the entries -(q); `plain` labels every axis of the other tensor. Gives an error text.
template <class S, class T, class F>
std::string for_each_indexed(const S& s, const T& coded_tensor, const Labels& coded, const T& plain_tensor,
                             const Labels& plain, const F& f) {
  const IndexedLayout layout(s.attrs, s.operands.size());
  const auto coded_strides = coded_tensor.strides();
  const auto direct = strides_along(plain, coded, coded_strides);
  std::vector<std::vector<std::int64_t>> strides;  // of the indices and the mask
  for (std::size_t k = 1; k < s.operands.size(); ++k)
    strides.push_back(strides_along(plain, layout.labels[k], s.operands[k]->strides()));
  std::string error;
  ir::for_each_index(plain_tensor.shape, [&](std::span<const std::int64_t> index, std::int64_t number) {
    if (!error.empty()) return;
    if (layout.has_mask && s.operands.back()->integer(offset_at(strides.back(), index)) == 0) return;
    std::int64_t offset = offset_at(direct, index);
    for (std::size_t d = 0; d < coded.size(); ++d) {
      if (coded[d] >= 0) continue;
      const auto q = static_cast<std::size_t>(-coded[d]);
      const std::int64_t i = s.operands[q]->integer(offset_at(strides[q - 1], index));
      if (i < 0 || i >= coded_tensor.shape[d]) {
        error = fmt::format("index {} is outside of an axis of extent {}", i, coded_tensor.shape[d]);
        return;
      }
      offset += coded_strides[d] * i;
    }
    f(static_cast<std::size_t>(offset), static_cast<std::size_t>(number));
  });
  return error;
}

/// Labels of operands and result with a fresh one leading where batched. The coded list and the plain list get it too.
inline std::vector<Labels> batched_labels(const GatherAttrs& a, std::span<const bool> batched, bool result_too) {
  std::vector<Labels> labels = a.labels;
  const std::int64_t fresh = fresh_label(labels);
  for (std::size_t k = 0; k < batched.size(); ++k) {
    if (batched[k]) labels[k].insert(labels[k].begin(), fresh);
  }
  if (result_too) labels.back().insert(labels.back().begin(), fresh);
  return labels;
}

template <class B, class V>
V any_added(B& b, std::vector<V> operands, const ScatterAttrs& a);

struct Gather : OpBase {
  using Attrs = GatherAttrs;
  static constexpr std::string_view name = "gather";
  static constexpr std::string_view doc =
      "x read at index operands: in `labels`, an entry -(q) of x's list says that the axis is indexed by operand q. If "
      "it is `masked`, the last operand is a mask: where it is false the result is 0 and nothing is read.";
  static constexpr int operands = -1;
  static constexpr Derivative derivative = Derivative::linear;
  static Inferred infer(const Input<Attrs>& in) {
    if (in.attrs.labels.empty()) return Failure{"gather needs labels"};
    if (const auto why = check_indexed(in, in.attrs.labels[0]); !why.empty()) return Failure{why};
    LabelExtents extents;
    for (std::size_t k = 0; k < in.operands.size(); ++k) {
      if (const auto why = extents.add(in.attrs.labels[k], in.operands[k].dims); !why.empty()) return Failure{why};
    }
    Type y{in.operands[0].elem, {}};
    for (const std::int64_t l : in.attrs.labels.back()) {
      const Dim* extent = extents.find(l);
      if (extent == nullptr) return Failure{"a label of the result is on no operand"};
      y.dims.push_back(*extent);
    }
    const Labels& out = in.attrs.labels.back();
    if (std::set<std::int64_t>(out.begin(), out.end()).size() != extents.all().size() ||
        out.size() != extents.all().size())
      return Failure{"a label of an operand is not on the result"};
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    const Dim n = example_n(), m = example_m();
    const auto of = [](Elem e, std::vector<Dim> dims, Dim below = 0) {
      return ExampleOperand{.type = {e, std::move(dims)}, .below = std::move(below)};
    };
    const ExampleOperand index = of(Elem::i64, {m}, n);
    std::vector<Example> out{
        {.about = "vector", .operands = {of(elem, {n}), index}, .attrs = Attrs{.labels = {{-1}, {0}, {0}}}},
        {.about = "scalar",
         .operands = {of(elem, {n}), of(Elem::i32, {}, n)},
         .attrs = Attrs{.labels = {{-1}, {}, {}}}},
        {.about = "rows", .operands = {of(elem, {n, 3}), index}, .attrs = Attrs{.labels = {{-1, 1}, {0}, {1, 0}}}},
        {.about = "one of each row",
         .operands = {of(elem, {m, n}), index},
         .attrs = Attrs{.labels = {{0, -1}, {0}, {0}}}},
        {.about = "two indices",
         .operands = {of(elem, {n, 3}), index, of(Elem::i32, {2}, 3)},
         .attrs = Attrs{.labels = {{-1, -2}, {0}, {1}, {1, 0}}}},
        {.about = "masked",
         .operands = {of(elem, {n}), index, of(Elem::boolean, {m, 2})},
         .attrs = Attrs{.labels = {{-1}, {0}, {0, 1}, {1, 0}}, .masked = true}},
    };
    for (Example& e : out) e.sizes = nonempty_sizes();
    out[0].sizes.push_back({2, 0});
    return out;
  }
  template <class S>
  static void eval(S& s) {
    const auto& x = *s.operands[0];
    auto& out = s.results[0];
    s.error =
        for_each_indexed(s, x, s.attrs.labels[0], out, s.attrs.labels.back(), [&](std::size_t from, std::size_t to) {
          if (out.is_real())
            out.reals[to] = x.reals[from];
          else
            out.integers[to] = x.integers[from];
        });
  }
  static constexpr bool moves_elements = true;
  static constexpr bool reads_all(const Attrs&) { return false; }
  static bool fills(const Attrs& a) { return a.masked; }
  static constexpr bool is_uneven = true;
  static constexpr bool shows_zeros = true;
  // The operand's element at what the index operands are there. An index that is not proven reads nothing when it is
  // out of range.
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    using V = typename E::Val;
    const auto& [labels, masked] = s.attrs;
    std::map<std::int64_t, Dim> at;
    for (std::size_t d = 0; d < index.size(); ++d) at[labels.back()[d]] = index[d];
    const auto operand = [&](std::size_t k) {
      Index i;
      for (const std::int64_t l : s.attrs.labels[k]) i.push_back(at.at(l));
      return s.x(k, i);
    };
    V mask{};
    if (masked) {
      mask = operand(s.operands.size() - 1);
      if (s.e.never(mask)) return s.zero();
      if (s.e.always(mask)) mask = {};
    }
    V reading = s.e.both(s.e.guard(), mask);
    Index x;
    for (std::size_t d = 0; d < labels[0].size(); ++d) {
      const std::int64_t l = labels[0][d];
      if (l >= 0) {
        x.push_back(at.at(l));
        continue;
      }
      const auto k = static_cast<std::size_t>(-l);
      V i = operand(k);
      if (s.operands[k].elem != Elem::i64) i = s.e.template op<Convert>(Elem::i64, {i});
      x.push_back(s.e.dim(i));
      reading = s.e.both(reading, s.e.in_range(k, x.back(), s.operands[0].dims[d]));
    }
    const V value = s.x(0, x, reading);
    if (!mask.valid() || s.e.same(value, s.zero())) return value;
    return s.e.template op<Select>(s.result.elem, {mask, value, s.zero()});
  }
  // Added up at the places read.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj);
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool> batched, const Dim&) {
    const Attrs a{.labels = batched_labels(s.attrs, batched, true), .masked = s.attrs.masked};
    return {s.b.template emit_op<Gather>({s.operands.begin(), s.operands.end()}, a)};
  }
};

struct ScatterAdd : OpBase {
  using Attrs = ScatterAttrs;
  static constexpr std::string_view name = "scatter_add";
  static constexpr std::string_view doc =
      "Zeros of extents `dims` to which every element of the first operand is added at index operands; `labels` codes "
      "the result's axes as gather's operand, a false mask adds nothing.";
  static constexpr int operands = -1;
  static constexpr Derivative derivative = Derivative::linear;
  static Inferred infer(const Input<Attrs>& in) {
    if (in.attrs.labels.empty()) return Failure{"scatter_add needs labels"};
    if (const auto why = check_indexed(in, in.attrs.labels.back()); !why.empty()) return Failure{why};
    if (in.operands[0].elem == Elem::boolean) return Failure{"scatter_add takes numbers"};
    const Labels& updates = in.attrs.labels[0];
    LabelExtents extents;
    if (const auto why = extents.add(updates, in.operands[0].dims); !why.empty()) return Failure{why};
    for (std::size_t k = 1; k < in.operands.size(); ++k) {
      for (const std::int64_t l : in.attrs.labels[k]) {
        if (extents.find(l) == nullptr) return Failure{"a label of an index is not on the updates"};
      }
      if (const auto why = extents.add(in.attrs.labels[k], in.operands[k].dims); !why.empty()) return Failure{why};
    }
    if (in.attrs.labels.back().size() != in.attrs.dims.size())
      return Failure{"the target's labels do not fit its extents"};
    for (std::size_t d = 0; d < in.attrs.dims.size(); ++d) {
      const std::int64_t l = in.attrs.labels.back()[d];
      if (l < 0) continue;
      if (extents.find(l) == nullptr || *extents.find(l) != in.attrs.dims[d])
        return Failure{"a label of the target does not fit the updates"};
    }
    return std::vector<Type>{{in.operands[0].elem, in.attrs.dims}};
  }
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const Dim n = example_n(), m = example_m();
    const auto of = [](Elem e, std::vector<Dim> dims, Dim below = 0) {
      return ExampleOperand{.type = {e, std::move(dims)}, .below = std::move(below)};
    };
    const ExampleOperand index = of(Elem::i64, {m}, n);
    std::vector<Example> out{
        {.about = "vector",
         .operands = {of(elem, {m}), index},
         .attrs = Attrs{.dims = {n}, .labels = {{0}, {0}, {-1}}}},
        {.about = "scalar",
         .operands = {of(elem, {}), of(Elem::i32, {}, n)},
         .attrs = Attrs{.dims = {n}, .labels = {{}, {}, {-1}}}},
        {.about = "rows",
         .operands = {of(elem, {3, m}), index},
         .attrs = Attrs{.dims = {n, 3}, .labels = {{1, 0}, {0}, {-1, 1}}}},
        {.about = "one of each row",
         .operands = {of(elem, {m}), index},
         .attrs = Attrs{.dims = {m, n}, .labels = {{0}, {0}, {0, -1}}}},
        {.about = "summed alone",
         .operands = {of(elem, {m, 2}), index},
         .attrs = Attrs{.dims = {n}, .labels = {{0, 1}, {0}, {-1}}}},
        {.about = "two indices",
         .operands = {of(elem, {2, m}), index, of(Elem::i32, {2}, 3)},
         .attrs = Attrs{.dims = {n, 3}, .labels = {{1, 0}, {0}, {1}, {-1, -2}}}},
        {.about = "masked",
         .operands = {of(elem, {2, m}), index, of(Elem::boolean, {m, 2})},
         .attrs = Attrs{.dims = {n}, .labels = {{1, 0}, {0}, {0, 1}, {-1}}, .masked = true}},
    };
    for (Example& e : out) {
      e.sizes = nonempty_sizes();
      e.epsilons = 64;
    }
    out[0].sizes.push_back({2, 0});
    return out;
  }
  template <class S>
  static void eval(S& s) {
    const auto& updates = *s.operands[0];
    auto& out = s.results[0];
    std::vector<std::vector<typename S::Number>> terms(out.reals.size());
    s.error = for_each_indexed(
        s, out, s.attrs.labels.back(), updates, s.attrs.labels[0], [&](std::size_t to, std::size_t from) {
          if (out.is_real())
            terms[to].push_back(updates.reals[from]);
          else
            out.integers[to] = ir::wrap(out.elem, Add::eval(out.integers[to], updates.integers[from]));
        });
    for (std::size_t to = 0; to < terms.size(); ++to) out.reals[to] = s.numbers.sum(terms[to]);
  }
  static constexpr bool moves_elements = true;
  static bool reads_all(const Attrs& a) { return !a.masked; }
  static constexpr bool fills(const Attrs&) { return true; }
  template <class B, class V = typename B::Val>
  static V reached(Site<B, Attrs>& s, std::span<const V> x_pred) {
    std::vector<V> operands(s.operands.begin(), s.operands.end());
    operands[0] = x_pred[0];
    return any_added(s.b, operands, s.attrs);
  }
  // Read at the places added to.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int, V y_adj) {
    std::vector<V> operands(s.operands.begin(), s.operands.end());
    operands[0] = y_adj;
    GatherAttrs a{.labels = s.attrs.labels, .masked = s.attrs.masked};
    std::swap(a.labels.front(), a.labels.back());
    const std::set<std::int64_t> reached = labels_of(a);
    // A label that only the updates carry is summed there, so the adjoint is the same along it.
    Labels known;
    std::vector<std::int64_t> axes;
    for (std::size_t d = 0; d < s.attrs.labels[0].size(); ++d) {
      if (!reached.contains(s.attrs.labels[0][d])) continue;
      known.push_back(s.attrs.labels[0][d]);
      axes.push_back(static_cast<std::int64_t>(d));
    }
    a.labels.back() = known;
    return s.b.broadcast(s.b.template emit_op<Gather>(operands, a), s.x_type(0).dims, axes);
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool> batched, const Dim& extent) {
    std::vector<V> operands(s.operands.begin(), s.operands.end());
    if (!batched[0]) operands[0] = s.b.broadcast_leading(operands[0], prepended(extent, s.b.type(operands[0]).dims));
    std::vector<Labels> labels = s.attrs.labels;
    const std::int64_t fresh = fresh_label(labels);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (k == 0 || k + 1 == labels.size() || batched[k]) labels[k].insert(labels[k].begin(), fresh);
    }
    return {s.b.template emit_op<ScatterAdd>(std::move(operands), {.dims = prepended(extent, s.attrs.dims),
                                                                   .labels = labels,
                                                                   .masked = s.attrs.masked,
                                                                   .absent = s.attrs.absent})};
  }

 private:
  // Labels on the coded tensor, the indices and the mask: all lists but the last.
  static std::set<std::int64_t> labels_of(const GatherAttrs& a) {
    std::set<std::int64_t> all;
    for (std::size_t k = 0; k + 1 < a.labels.size(); ++k) all.insert(a.labels[k].begin(), a.labels[k].end());
    return all;
  }
};

/// Where a scatter_add of truth values, with "or" for the sum, gives true: by indices alone where each is one number,
/// and by counting where there are more.
template <class B, class V>
V any_added(B& b, std::vector<V> operands, const ScatterAttrs& a) {
  const IndexedLayout layout(a, operands.size());
  bool single = !layout.has_mask;
  for (std::size_t q = 1; q <= layout.indices; ++q) single = single && a.labels[q].empty();
  const Labels& target = a.labels.back();
  if (!single) {
    operands[0] = b.convert(operands[0], Elem::i64);
    const V count = b.template emit_op<ScatterAdd>(operands, a);
    return b.compare("ne", count, b.zero(count));
  }
  V at = onto(b, Labelled<V>{operands[0], a.labels[0]}, target, a.dims);
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] >= 0) continue;
    const V index = operands[static_cast<std::size_t>(-target[d])];
    const V here = b.iota(b.type(index).elem, a.dims, static_cast<std::int64_t>(d));
    at = b.logical_and(at, b.compare("eq", here, b.broadcast(index, a.dims, {})));
  }
  return at;
}

template <class B, class V>
V Gather::transpose(Site<B, GatherAttrs>& s, int, V y_adj) {
  std::vector<V> operands(s.operands.begin(), s.operands.end());
  operands[0] = y_adj;
  ScatterAttrs a{.dims = s.x_type(0).dims, .labels = s.attrs.labels, .masked = s.attrs.masked, .absent = true};
  std::swap(a.labels.front(), a.labels.back());
  if (s.b.type(y_adj).elem == Elem::boolean) return any_added(s.b, operands, a);
  return s.b.template emit_op<ScatterAdd>(operands, a);
}

using IndexedOps = OpList<Gather, ScatterAdd>;

}  // namespace rg::ops
