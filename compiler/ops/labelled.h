// Tensors with a label an axis, and the contraction of one that is zero outside of a predicate.
#pragma once

#include <algorithm>

#include "compiler/ops/views.h"

namespace rg::ops {

using Labels = std::vector<std::int64_t>;

/// A tensor with a label an axis.
template <class V>
struct Labelled {
  V value;
  Labels labels;
};

/// v without the axes that it is only repeated along.
template <class B, class V>
Labelled<V> without_repeats(B& b, Labelled<V> v) {
  const ir::Instr* def = b.function().definition(v.value);
  if (def == nullptr || def->op != b.named(Broadcast::name)) return v;
  Labels own;
  for (const std::int64_t a : attrs_of<Broadcast>(*def).axes) own.push_back(v.labels[static_cast<std::size_t>(a)]);
  return without_repeats(b, Labelled<V>{def->operands[0], own});
}

/// v summed ("any" of truth values) over the labels that are not in `to`, and repeated along those of `to` that it has
/// not: with `to`'s axes, of extents `dims`.
template <class B, class V>
V onto(B& b, const Labelled<V>& v, const Labels& to, const std::vector<Dim>& dims) {
  std::vector<std::int64_t> summed, order, axes;
  Labels kept;
  for (std::size_t d = 0; d < v.labels.size(); ++d) {
    if (std::ranges::find(to, v.labels[d]) == to.end())
      summed.push_back(static_cast<std::int64_t>(d));
    else
      kept.push_back(v.labels[d]);
  }
  for (std::size_t d = 0; d < to.size(); ++d) {
    const auto at = std::ranges::find(kept, to[d]);
    if (at == kept.end()) continue;
    order.push_back(at - kept.begin());
    axes.push_back(static_cast<std::int64_t>(d));
  }
  return b.broadcast(b.transpose(b.sum(v.value, summed), order), dims, axes);
}

/// The contraction of t with the other operands, where t is a hard zero outside of the predicate `p`. If all of p's
/// labels are on the result, it is zero where p is false. If not, every other operand counts only where it meets some
/// element of p: an infinity or a NaN in it that meets both elements in p and elements outside of it has made a result
/// in p infinite or NaN before.
template <class B, class V>
V guarded_contract(B& b, const Labelled<V>& t, V predicate, std::vector<Labelled<V>> others, const Labels& result) {
  const Labelled<V> p = without_repeats(b, Labelled<V>{predicate, t.labels});
  const bool on_result =
      std::ranges::all_of(p.labels, [&](std::int64_t l) { return std::ranges::find(result, l) != result.end(); });
  std::vector<V> operands{t.value};
  std::vector<Labels> labels{t.labels};
  for (Labelled<V>& o : others) {
    if (!on_result) {
      const V met = onto(b, p, o.labels, b.dims(o.value));
      o.value = b.select(met, o.value, b.zero(o.value));
    }
    operands.push_back(o.value);
    labels.push_back(o.labels);
  }
  labels.push_back(result);
  const V v = b.contract(operands, labels);
  return on_result ? b.select(onto(b, p, result, b.dims(v)), v, b.zero(v)) : v;
}

}  // namespace rg::ops
