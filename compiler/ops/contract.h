// Contractions, and what ops with labelled axes share.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>

#include "compiler/ops/labelled.h"
#include "compiler/ops/reduce.h"

namespace rg::ops {

/// Extent of every label, from the operands' axes; negative entries (indexed axes) are skipped.
class LabelExtents {
 public:
  /// Empty, or why the labels do not fit.
  std::string add(const Labels& labels, const std::vector<Dim>& dims) {
    if (labels.size() != dims.size()) return "the labels do not fit the operand's rank";
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] < 0) continue;
      if (!seen.insert(labels[i]).second) return "a label stands twice in one operand";
      const auto [at, fresh] = extents_.emplace(labels[i], dims[i]);
      if (!fresh && at->second != dims[i]) return fmt::format("label {} has two extents", labels[i]);
    }
    return {};
  }
  const Dim* find(std::int64_t label) const {
    const auto at = extents_.find(label);
    return at == extents_.end() ? nullptr : &at->second;
  }
  const std::map<std::int64_t, Dim>& all() const { return extents_; }

 private:
  std::map<std::int64_t, Dim> extents_;
};

/// Whether an entry stands for an indexed axis.
inline bool has_code(const Labels& labels) {
  return std::ranges::any_of(labels, [](std::int64_t l) { return l < 0; });
}

inline std::int64_t fresh_label(const std::vector<Labels>& labels) {
  std::int64_t next = 0;
  for (const Labels& l : labels) {
    for (const std::int64_t x : l) next = std::max(next, x + 1);
  }
  return next;
}

/// For a tensor whose axes carry `labels` with `strides`: the stride of each label of `order`, 0 where it has not that
/// label.
inline std::vector<std::int64_t> strides_along(const Labels& order, const Labels& labels,
                                               std::span<const std::int64_t> strides) {
  std::vector<std::int64_t> out(order.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto at = std::ranges::find(order, labels[i]);
    if (at != order.end()) out[static_cast<std::size_t>(at - order.begin())] += strides[i];
  }
  return out;
}

inline std::int64_t offset_at(std::span<const std::int64_t> strides, std::span<const std::int64_t> index) {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < index.size(); ++i) at += strides[i] * index[i];
  return at;
}

/// The labels that the result (the last list) lacks, as they first occur.
inline Labels summed_labels(const std::vector<Labels>& labels) {
  Labels summed;
  const Labels& kept = labels.back();
  for (std::size_t k = 0; k + 1 < labels.size(); ++k) {
    for (const std::int64_t l : labels[k]) {
      if (std::ranges::find(kept, l) == kept.end() && std::ranges::find(summed, l) == summed.end()) summed.push_back(l);
    }
  }
  return summed;
}

struct Contract : OpBase {
  struct Attrs {
    std::vector<Labels> labels;
    static constexpr std::tuple fields{field("labels", &Attrs::labels)};
  };
  static constexpr std::string_view name = "contract";
  static constexpr std::string_view doc =
      "The product of the operands summed over the labels that the result lacks; `labels` names each operand's axes, "
      "then the result's.";
  static constexpr int operands = -1;
  static constexpr Derivative derivative = Derivative::multilinear;
  static Inferred infer(const Input<Attrs>& in) {
    const auto& labels = in.attrs.labels;
    if (in.operands.empty() || labels.size() != in.operands.size() + 1)
      return Failure{"contract needs labels for each operand and the result"};
    LabelExtents extents;
    for (std::size_t k = 0; k < in.operands.size(); ++k) {
      if (in.operands[k].elem != in.operands[0].elem || in.operands[k].elem == Elem::boolean)
        return Failure{"contract of unlike element types"};
      if (const auto why = extents.add(labels[k], in.operands[k].dims); !why.empty()) return Failure{why};
      if (has_code(labels[k])) return Failure{"a label of a contraction is negative"};
    }
    Type y{in.operands[0].elem, {}};
    std::set<std::int64_t> seen;
    for (const std::int64_t l : labels.back()) {
      const Dim* extent = extents.find(l);
      if (extent == nullptr || !seen.insert(l).second)
        return Failure{"a label of the result is on no operand, or stands twice"};
      y.dims.push_back(*extent);
    }
    return std::vector<Type>{y};
  }
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const Dim n = example_n(), m = example_m();
    const auto of = [elem](std::vector<Dim> dims) { return ExampleOperand{.type = {elem, std::move(dims)}}; };
    std::vector<Example> out{
        {.about = "scalars", .operands = {of({}), of({})}, .attrs = Attrs{.labels = {{}, {}, {}}}, .sizes = {{1, 1}}},
        {.about = "inner", .operands = {of({n}), of({n})}, .attrs = Attrs{.labels = {{0}, {0}, {}}}},
        {.about = "outer", .operands = {of({n}), of({m})}, .attrs = Attrs{.labels = {{0}, {1}, {1, 0}}}},
        {.about = "matrix by vector", .operands = {of({n, m}), of({m})}, .attrs = Attrs{.labels = {{0, 1}, {1}, {0}}}},
        {.about = "matrices", .operands = {of({n, m}), of({m, 5})}, .attrs = Attrs{.labels = {{0, 1}, {1, 2}, {0, 2}}}},
        {.about = "transposed",
         .operands = {of({m, n}), of({5, m})},
         .attrs = Attrs{.labels = {{1, 0}, {2, 1}, {2, 0}}}},
        {.about = "batch",
         .operands = {of({n, 3, m}), of({n, m, 2})},
         .attrs = Attrs{.labels = {{0, 1, 2}, {0, 2, 3}, {0, 1, 3}}}},
        {.about = "three",
         .operands = {of({n}), of({n, m}), of({m})},
         .attrs = Attrs{.labels = {{0}, {0, 1}, {1}, {}}}},
        {.about = "summed alone", .operands = {of({n, m}), of({n})}, .attrs = Attrs{.labels = {{0, 1}, {0}, {0}}}},
        {.about = "one", .operands = {of({n, m})}, .attrs = Attrs{.labels = {{0, 1}, {1}}}},
    };
    for (Example& e : out) e.epsilons = 64;
    return out;
  }
  static constexpr bool is_uneven = true;
  // The sum over few: all products, one after the other.
  template <class E>
  static auto element(const ElementSite<E, Attrs>& s, const Index& index) {
    using V = typename E::Val;
    const auto& labels = s.attrs.labels;
    std::map<std::int64_t, Dim> at, extents;
    for (std::size_t d = 0; d < index.size(); ++d) at[labels.back()[d]] = index[d];
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      for (std::size_t d = 0; d < labels[k].size(); ++d) extents.emplace(labels[k][d], s.operands[k].dims[d]);
    }
    const Labels summed = summed_labels(labels);
    std::vector<Dim> sizes;
    for (const std::int64_t l : summed) sizes.push_back(extents.at(l));
    V sum{};
    s.e.each(sizes, [&](const Index& reduced) {
      for (std::size_t q = 0; q < summed.size(); ++q) at[summed[q]] = reduced[q];
      V product{};
      for (std::size_t k = 0; k < s.operands.size(); ++k) {
        Index x;
        for (const std::int64_t l : labels[k]) x.push_back(at.at(l));
        const V factor = s.x(k, x);
        if (s.e.nothing(factor)) return;
        product = product.valid() ? s.e.template op<Mul>(s.result.elem, {product, factor}) : factor;
      }
      sum = s.e.fold(Monoid::sum, s.result.elem, sum, product);
    });
    return sum.valid() ? sum : s.zero();
  }
  // The products are added in row-major order of the summed labels, which stand as they first occur.
  template <class S>
  static void eval(S& s) {
    const auto& labels = s.attrs.labels;
    const Labels& kept = labels.back();
    Labels summed;
    std::vector<std::int64_t> extents;
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      for (std::size_t d = 0; d < labels[k].size(); ++d) {
        if (std::ranges::find(kept, labels[k][d]) != kept.end() ||
            std::ranges::find(summed, labels[k][d]) != summed.end())
          continue;
        summed.push_back(labels[k][d]);
        extents.push_back(s.operands[k]->shape[d]);
      }
    }
    std::vector<std::vector<std::int64_t>> outer, inner;
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      outer.push_back(strides_along(kept, labels[k], s.operands[k]->strides()));
      inner.push_back(strides_along(summed, labels[k], s.operands[k]->strides()));
    }
    auto& out = s.results[0];
    std::vector<typename S::Number> factors(s.operands.size()), terms;
    ir::for_each_index(out.shape, [&](std::span<const std::int64_t> index, std::int64_t i) {
      std::uint64_t total = 0;
      terms.clear();
      ir::for_each_index(extents, [&](std::span<const std::int64_t> at, std::int64_t) {
        std::uint64_t product = 1;
        for (std::size_t k = 0; k < s.operands.size(); ++k) {
          const auto from = static_cast<std::size_t>(offset_at(outer[k], index) + offset_at(inner[k], at));
          if (out.is_real())
            factors[k] = s.operands[k]->reals[from];
          else
            product *= static_cast<std::uint64_t>(s.operands[k]->integers[from]);
        }
        total += product;
        if (out.is_real()) terms.push_back(s.numbers.rounded(s.numbers.product(factors)));
      });
      if (out.is_real())
        out.reals[static_cast<std::size_t>(i)] = s.numbers.sum(terms);
      else
        out.integers[static_cast<std::size_t>(i)] = ir::wrap(out.elem, static_cast<std::int64_t>(total));
    });
  }
  // x_k_adj = contraction of y_adj with the other operands to x_k's labels, repeated along labels that x_k alone
  // carries.
  template <class B, class V = typename B::Val>
  static V transpose(Site<B, Attrs>& s, int k, V y_adj) {
    return guarded_transpose(s, k, y_adj, V{});
  }
  template <class B, class V = typename B::Val>
  static V guarded_transpose(Site<B, Attrs>& s, int k, V y_adj, V y_pred) {
    const auto& labels = s.attrs.labels;
    const Labels& own = labels[static_cast<std::size_t>(k)];
    const std::vector<Labelled<V>> rest = others(s, k);
    std::set<std::int64_t> known(labels.back().begin(), labels.back().end());
    for (const Labelled<V>& o : rest) known.insert(o.labels.begin(), o.labels.end());
    Labels met;
    std::vector<std::int64_t> axes;
    for (std::size_t d = 0; d < own.size(); ++d) {
      if (!known.contains(own[d])) continue;
      met.push_back(own[d]);
      axes.push_back(static_cast<std::int64_t>(d));
    }
    const Labelled<V> t{y_adj, labels.back()};
    return s.b.broadcast(contracted(s.b, t, y_pred, rest, met), s.x_type(k).dims, axes);
  }
  template <class B, class V = typename B::Val>
  static V guarded_term(Site<B, Attrs>& s, int k, V t, V t_pred) {
    return contracted(s.b, Labelled<V>{t, s.attrs.labels[static_cast<std::size_t>(k)]}, t_pred, others(s, k),
                      s.attrs.labels.back());
  }
  // Where some element of the result that it contributes to is picked.
  template <class B, class V = typename B::Val>
  static V reach(Site<B, Attrs>& s, int k, V y_pred) {
    const Labelled<V> p = without_repeats(s.b, Labelled<V>{y_pred, s.attrs.labels.back()});
    return onto(s.b, p, s.attrs.labels[static_cast<std::size_t>(k)], s.x_type(k).dims);
  }
  // Where some factor of some term is picked.
  template <class B, class V = typename B::Val>
  static V reached(Site<B, Attrs>& s, std::span<const V> x_pred) {
    std::vector<V> all;
    for (std::size_t k = 0; k < x_pred.size(); ++k) {
      if (!x_pred[k].valid()) continue;
      const Labelled<V> p = without_repeats(s.b, Labelled<V>{x_pred[k], s.attrs.labels[k]});
      all.push_back(onto(s.b, p, s.attrs.labels.back(), s.b.dims(s.y())));
    }
    return any_of(s.b, std::span<const V>(all));
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool> batched, const Dim&) {
    std::vector<Labels> labels = s.attrs.labels;
    const std::int64_t fresh = fresh_label(labels);
    for (std::size_t k = 0; k < s.operands.size(); ++k) {
      if (batched[k]) labels[k].insert(labels[k].begin(), fresh);
    }
    labels.back().insert(labels.back().begin(), fresh);
    return {s.b.contract(std::vector<V>(s.operands.begin(), s.operands.end()), labels)};
  }

 private:
  template <class B, class V = typename B::Val>
  static std::vector<Labelled<V>> others(Site<B, Attrs>& s, int k) {
    std::vector<Labelled<V>> out;
    for (std::size_t i = 0; i < s.operands.size(); ++i) {
      if (static_cast<int>(i) != k) out.push_back({s.operands[i], s.attrs.labels[i]});
    }
    return out;
  }
  template <class B, class V>
  static V contracted(B& b, const Labelled<V>& t, V predicate, const std::vector<Labelled<V>>& rest,
                      const Labels& result) {
    if (predicate.valid()) return guarded_contract(b, t, predicate, rest, result);
    std::vector<V> operands{t.value};
    std::vector<Labels> labels{t.labels};
    for (const Labelled<V>& o : rest) {
      operands.push_back(o.value);
      labels.push_back(o.labels);
    }
    labels.push_back(result);
    return b.contract(operands, labels);
  }
};

using ContractionOps = OpList<Contract>;

}  // namespace rg::ops
