// Equations of labelled ops: contractions, sums, gather and scatter-add at indices that are affine.
#include <algorithm>
#include <set>

#include "compiler/ops/all.h"
#include "compiler/opt/aligned.h"
#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::Labels;
using ops::opcode;

bool has(const Labels& labels, std::int64_t l) { return std::ranges::find(labels, l) != labels.end(); }

/// The sum of as many v as the extent says: v times it in v's element type; 0 of none, also where v is negative or not
/// finite.
ValueId times(Builder& b, ValueId v, const Dim& extent) {
  if (b.is_absent(v)) return v;
  const Elem elem = b.type(v).elem;
  if (extent == Dim(0)) return b.zero(v);
  const ValueId count = b.size(extent);
  const ValueId factor =
      extent.is_constant() ? b.constant(elem, static_cast<double>(extent.constant())) : b.convert(count, elem);
  ValueId product = b.mul(b.broadcast(factor, b.dims(v), {}), v);
  if (is_float(elem)) product = b.add(product, b.zero(product));  // a sum from 0 is not -0
  if (extent.proven_positive() || !is_float(elem)) return product;
  const ValueId some = b.compare("gt", count, b.integer(Elem::i64, 0));
  return b.select(b.broadcast(some, b.dims(v), {}), product, b.zero(v));
}

/// Whether v is a broadcast of some axes: not of a number, which would be a factor of all.
bool repeats_axes(Builder& b, ValueId v) {
  const Instr* view = defined_by<ops::Broadcast>(b, v);
  return view != nullptr && !ops::attrs_of<ops::Broadcast>(*view).axes.empty();
}
/// The same, or a number for all elements.
bool repeats(Builder& b, ValueId v) { return defined_by<ops::Broadcast>(b, v) != nullptr || b.splat(v); }

struct Terms {
  std::vector<ValueId> operands;
  std::vector<Labels> labels;  // of the operands
  Labels result;

  Terms(const std::vector<ValueId>& x, const ops::Contract::Attrs& a)
      : operands(x), labels(a.labels.begin(), a.labels.end() - 1), result(a.labels.back()) {}
  std::size_t size() const { return operands.size(); }
  /// Whether another operand than k carries the label.
  bool elsewhere(std::size_t k, std::int64_t l) const {
    for (std::size_t i = 0; i < size(); ++i) {
      if (i != k && has(labels[i], l)) return true;
    }
    return false;
  }
  void replace(std::size_t k, ValueId v, Labels own) {
    operands[k] = v;
    labels[k] = std::move(own);
  }
  void erase(std::size_t k) {
    operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(k));
    labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(k));
  }
  ValueId emit(Builder& b) const {
    std::vector<Labels> all = labels;
    all.push_back(result);
    return b.contract(operands, all);
  }
};

/// The contraction where some labels of the result are on no operand any more: repeated along them.
ValueId emit_stretched(Builder& b, Terms t, const std::vector<Dim>& result_dims) {
  Labels present;
  std::vector<std::int64_t> axes;
  for (std::size_t d = 0; d < t.result.size(); ++d) {
    if (!t.elsewhere(t.size(), t.result[d])) continue;
    present.push_back(t.result[d]);
    axes.push_back(static_cast<std::int64_t>(d));
  }
  t.result = present;
  return b.broadcast(t.emit(b), result_dims, axes);
}

std::vector<Dim> result_dims(Builder& b, const Terms& t) {
  std::vector<Dim> dims;
  for (const std::int64_t l : t.result) {
    for (std::size_t k = 0; k < t.size(); ++k) {
      const auto at = std::ranges::find(t.labels[k], l);
      if (at == t.labels[k].end()) continue;
      dims.push_back(b.dims(t.operands[k])[static_cast<std::size_t>(at - t.labels[k].begin())]);
      break;
    }
  }
  return dims;
}

// An operand that is a broadcast (or a splat) loses the labels that it is repeated along; a label that nobody carries
// then and that is summed multiplies by its extent.
Simpler drop_broadcast(Builder& b, const Terms& given) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    const Instr* view = defined_by<ops::Broadcast>(b, given.operands[k]);
    const Instr* splat = defined_by<ops::Constant>(b, given.operands[k]);
    const bool is_splat = splat != nullptr && !given.labels[k].empty() && b.splat(given.operands[k]);
    if (view == nullptr && !is_splat) continue;
    Terms t = given;
    const std::vector<Dim> wanted = result_dims(b, given);
    Labels own;
    if (view != nullptr) {
      for (const std::int64_t a : ops::attrs_of<ops::Broadcast>(*view).axes)
        own.push_back(given.labels[k][static_cast<std::size_t>(a)]);
    }
    Dim factor = 1;
    for (std::size_t d = 0; d < given.labels[k].size(); ++d) {
      const std::int64_t l = given.labels[k][d];
      if (!has(own, l) && !given.elsewhere(k, l) && !has(given.result, l))
        factor = factor * b.dims(given.operands[k])[d];
    }
    const ValueId source = is_splat ? b.splat_of(given.operands[k], {}) : view->operands[0];
    t.replace(k, source, own);
    const ValueId v = emit_stretched(b, t, wanted);
    return factor == Dim(1) ? v : times(b, v, factor);
  }
  return std::nullopt;
}

Simpler fold_transpose(Builder& b, const Terms& given) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    const Instr* view = defined_by<ops::Transpose>(b, given.operands[k]);
    if (view == nullptr) continue;
    Terms t = given;
    Labels own(given.labels[k].size());
    for (std::size_t d = 0; d < own.size(); ++d)
      own[static_cast<std::size_t>(ops::attrs_of<ops::Transpose>(*view).axes[d])] = given.labels[k][d];
    t.replace(k, view->operands[0], own);
    return t.emit(b);
  }
  return std::nullopt;
}

bool sums_nothing(const Terms& t) {
  std::set<std::int64_t> all;
  for (const Labels& l : t.labels) all.insert(l.begin(), l.end());
  return all.size() == t.result.size();
}

// Σ (-x) y = 0 - Σ x y: a sum, which begins at 0, is never -0.
Simpler sign_outside(Builder& b, const Terms& given) {
  if (sums_nothing(given)) return std::nullopt;
  for (std::size_t k = 0; k < given.size(); ++k) {
    const Instr* neg = defined_by<ops::Neg>(b, given.operands[k]);
    const Instr* sub = defined_by<ops::Sub>(b, given.operands[k]);
    if (sub != nullptr && b.splat(sub->operands[0]) != 0.0) sub = nullptr;
    if (neg == nullptr && sub == nullptr) continue;
    Terms t = given;
    t.replace(k, neg != nullptr ? neg->operands[0] : sub->operands[1], given.labels[k]);
    const ValueId v = t.emit(b);
    return b.sub(b.zero(v), v);
  }
  return std::nullopt;
}

// A number among the operands multiplies the one beside it.
Simpler number_inside(Builder& b, const Terms& given) {
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (given.size() < 2 || !given.labels[k].empty()) continue;
    Terms t = given;
    const std::size_t with = 1 - k;
    const ValueId number = b.broadcast(given.operands[k], b.dims(given.operands[with]), {});
    t.replace(with, b.mul(k == 0 ? number : given.operands[with], k == 0 ? given.operands[with] : number),
              given.labels[with]);
    t.erase(k);
    return t.emit(b);
  }
  return std::nullopt;
}

/// Whether v is a contraction of several arrays, or a product with one.
bool has_contraction(Builder& b, ValueId v, int depth = 4) {
  if (const Instr* inner = defined_by<ops::Contract>(b, v)) return inner->operands.size() > 1;
  const Instr* product = depth > 0 ? defined_by<ops::Mul>(b, v) : nullptr;
  return product != nullptr &&
         (has_contraction(b, product->operands[0], depth - 1) || has_contraction(b, product->operands[1], depth - 1));
}

// A product of two factors that are repeated along axes or contractions themselves (all: a product with a factor that
// is repeated, or a number) becomes two operands, in the order of the product.
Simpler split_product(Builder& b, const Terms& given, bool all) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    const Instr* product = defined_by<ops::Mul>(b, given.operands[k]);
    if (product == nullptr) continue;
    const ValueId u = product->operands[0], v = product->operands[1];
    const auto outer = [&](ValueId w) { return repeats_axes(b, w) || has_contraction(b, w); };
    const bool either = repeats_axes(b, u) || repeats_axes(b, v);
    const bool chosen = all ? repeats(b, u) || repeats(b, v) : either && outer(u) && outer(v);
    if (!chosen) continue;
    Terms t = given;
    t.replace(k, u, given.labels[k]);
    t.operands.insert(t.operands.begin() + static_cast<std::ptrdiff_t>(k) + 1, v);
    t.labels.insert(t.labels.begin() + static_cast<std::ptrdiff_t>(k) + 1, given.labels[k]);
    return t.emit(b);
  }
  return std::nullopt;
}

/// The number and the contraction of several arrays whose product v is: s and c of s c.
std::optional<std::pair<ValueId, ValueId>> scaled_contraction(Builder& b, ValueId v) {
  const Instr* product = defined_by<ops::Mul>(b, v);
  if (product == nullptr) return std::nullopt;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const ValueId number = product->operands[k], rest = product->operands[1 - k];
    if (repeats(b, number) && !repeats_axes(b, number) && has_contraction(b, rest)) return std::pair{number, rest};
  }
  return std::nullopt;
}

/// The number of a scaled contraction, for all elements of v.
ValueId times_number(Builder& b, ValueId number, ValueId v) {
  if (b.splat(number)) return b.mul(b.splat_of(number, b.dims(v)), v);
  return b.mul(b.broadcast(defined_by<ops::Broadcast>(b, number)->operands[0], b.dims(v), {}), v);
}

// A number that multiplies a contraction goes outside, so that the contraction is part of this one.
Simpler merge_scaled(Builder& b, const Terms& given) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    const auto found = scaled_contraction(b, given.operands[k]);
    if (!found) continue;
    Terms t = given;
    t.replace(k, found->second, given.labels[k]);
    return times_number(b, found->first, t.emit(b));
  }
  return std::nullopt;
}

// Numbers among the operands go outside.
Simpler number_outside(Builder& b, const Terms& given) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    if (!given.labels[k].empty() || given.size() < 2) continue;
    Terms t = given;
    t.erase(k);
    const ValueId rest = t.emit(b);
    return b.mul(b.broadcast(given.operands[k], b.dims(rest), {}), rest);
  }
  return std::nullopt;
}

// A summed label of one operand alone is summed in it: where another operand has a label that this one lacks (all:
// everywhere), so that fewer products are made by a factor of an extent.
Simpler sum_inside(Builder& b, const Terms& given, bool all) {
  for (std::size_t k = 0; k < given.size(); ++k) {
    std::vector<std::int64_t> axes;
    Labels own;
    for (std::size_t d = 0; d < given.labels[k].size(); ++d) {
      const std::int64_t l = given.labels[k][d];
      if (given.elsewhere(k, l) || has(given.result, l))
        own.push_back(l);
      else
        axes.push_back(static_cast<std::int64_t>(d));
    }
    const bool saves = std::ranges::any_of(given.labels, [&](const Labels& other) {
      return std::ranges::any_of(other, [&](std::int64_t l) { return !has(given.labels[k], l); });
    });
    if (axes.empty() || !(all || saves || given.size() == 1)) continue;
    Terms t = given;
    t.replace(k, b.sum(given.operands[k], axes), own);
    return t.emit(b);
  }
  return std::nullopt;
}

// Nothing is summed: the product of the operands, aligned.
Simpler plain_product(Builder& b, const Terms& t) {
  if (!sums_nothing(t)) return std::nullopt;
  const std::vector<Dim> dims = result_dims(b, t);
  ValueId product;
  for (std::size_t k = 0; k < t.size(); ++k) {
    const ValueId v = aligned(b, t.operands[k], t.labels[k], t.result, dims);
    product = product.valid() ? b.mul(product, v) : v;
  }
  return product;
}

// Σ over repeated axes of a broadcast: the operand times their extents.
Simpler sum_of_broadcast(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  if (a.axes.empty()) return x[0];
  const Instr* view = defined_by<ops::Broadcast>(b, x[0]);
  const Instr* constant = defined_by<ops::Constant>(b, x[0]);
  const bool is_splat = constant != nullptr && b.splat(x[0]);
  if (view == nullptr && !is_splat) return std::nullopt;
  const std::vector<Dim> from = b.dims(x[0]);
  Dim factor = 1;
  std::vector<Dim> to;
  std::vector<std::int64_t> axes, inner;
  for (std::size_t d = 0; d < from.size(); ++d) {
    const auto axis = static_cast<std::int64_t>(d);
    const bool summed = std::ranges::find(a.axes, axis) != a.axes.end();
    const auto own = view == nullptr ? std::ptrdiff_t{-1} : [&] {
      const auto at = std::ranges::find(ops::attrs_of<ops::Broadcast>(*view).axes, axis);
      return at == ops::attrs_of<ops::Broadcast>(*view).axes.end()
                 ? std::ptrdiff_t{-1}
                 : at - ops::attrs_of<ops::Broadcast>(*view).axes.begin();
    }();
    if (summed && own < 0) factor = factor * from[d];
    if (summed && own >= 0) inner.push_back(own);
    if (!summed && own >= 0) axes.push_back(static_cast<std::int64_t>(to.size()));
    if (!summed) to.push_back(from[d]);
  }
  if (factor == Dim(1) && view != nullptr && inner.size() == a.axes.size() && to.size() == axes.size())
    return std::nullopt;
  const ValueId source = view != nullptr ? view->operands[0] : b.splat_of(x[0], {});
  return b.broadcast(times(b, b.sum(source, inner), factor), to, axes);
}

Simpler sum_of_product_if(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a,
                          bool (*chosen)(Builder& b, ValueId factor)) {
  const Instr* product = defined_by<ops::Mul>(b, x[0]);
  if (product == nullptr || !is_float(b.type(x[0]).elem)) return std::nullopt;
  const ValueId u = product->operands[0], v = product->operands[1];
  if (!chosen(b, u) && !chosen(b, v)) return std::nullopt;
  const Labels all = ops::iota_axes(b.dims(x[0]).size());
  return b.contract({u, v}, {all, all, ops::other_axes(all.size(), a.axes)});
}

// Σ a b where a or b is a broadcast of some axes: a contraction.
Simpler sum_of_product(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  return sum_of_product_if(b, x, a, repeats_axes);
}

// The same where a or b is any broadcast or a number.
Simpler sum_of_scaled(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  return sum_of_product_if(b, x, a, repeats);
}

// Σ s c for a number s and a contraction c of several arrays: s Σ c.
Simpler sum_of_scaled_contract(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  const auto found = scaled_contraction(b, x[0]);
  if (!found || a.axes.empty()) return std::nullopt;
  return times_number(b, found->first, b.sum(found->second, a.axes));
}

// Σ over labels of a contraction's result: the contraction without them.
Simpler sum_of_contract(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  const Instr* inner = defined_by<ops::Contract>(b, x[0]);
  if (inner == nullptr || !is_float(b.type(x[0]).elem)) return std::nullopt;
  Terms t(inner->operands, ops::attrs_of<ops::Contract>(*inner));
  Labels kept;
  for (const std::int64_t axis : ops::other_axes(t.result.size(), a.axes))
    kept.push_back(t.result[static_cast<std::size_t>(axis)]);
  t.result = kept;
  return t.emit(b);
}

template <auto... Steps>
Simpler first_of(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const Terms t(x, a);
  Simpler found;
  static_cast<void>(((found = Steps(b, t)) || ...));
  return found;
}

Simpler nothing_of_absent(Builder& b, const Terms& t) {
  if (std::ranges::none_of(t.operands, [&](ValueId v) { return b.is_absent(v); })) return std::nullopt;
  return b.absent({b.type(t.operands[0]).elem, result_dims(b, t)});
}
Simpler split_outer(Builder& b, const Terms& t) { return split_product(b, t, false); }
Simpler split_scaled(Builder& b, const Terms& t) { return split_product(b, t, true); }
Simpler sum_where_less(Builder& b, const Terms& t) { return sum_inside(b, t, false); }
Simpler sum_everywhere(Builder& b, const Terms& t) { return sum_inside(b, t, true); }

// An operand that is absent: so is the result.
Simpler contract_of_absent(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  return first_of<nothing_of_absent>(b, x, a);
}
// Transposes and broadcasts become labels, a number multiplies the operand beside it, and what sums nothing is a
// product.
Simpler contract_of_views(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  return first_of<drop_broadcast, fold_transpose, plain_product, number_inside>(b, x, a);
}
// Signs go outside.
Simpler contract_of_negative(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  return first_of<sign_outside>(b, x, a);
}
// Where that saves products: outer products become two operands, numbers that multiply contractions go outside, and a
// label of one operand alone is summed there.
Simpler contract_by_parts(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  return first_of<split_outer, merge_scaled, sum_where_less>(b, x, a);
}
// All products with broadcasts become operands, numbers go outside, and labels of one operand are summed there.
Simpler contract_of_scaled(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  return first_of<number_outside, split_scaled, sum_everywhere>(b, x, a);
}

const Rule kContraction[] = {
    of<ops::ReduceSum, sum_of_broadcast>(
        "of repeated terms is a multiple", regrouping,
        {[](B& b, E e) { return summed(b, repeated(b, vector(b, e), {kN, kM}, {0}), {1}); },
         [](B& b, E e) { return summed(b, b.constant(e, 0.1, {kN, kM}), {1}); }}),
    of<ops::ReduceSum, sum_of_product>("of a product with a broadcast is a contraction", regrouping, {[](B& b, E e) {
                                         const V x = matrix(b, e), y = b.add_param({e, {kM}});
                                         return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {1})}), {1});
                                       }}),
    of<ops::ReduceSum, sum_of_scaled>("of a product with a number is a contraction", fast, {[](B& b, E e) {
                                        const V x = matrix(b, e), y = number(b, e);
                                        return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {})}), {1});
                                      }}),
    of<ops::ReduceSum, sum_of_scaled_contract>(
        "of a contraction by a number is the number times its sum", contraction, {[](B& b, E e) {
          const V x = matrix(b, e), y = matrix(b, e);
          const V inner = contracted(b, {x, y}, {{0, 1}, {2, 1}, {0, 2}});
          return summed(b, raw<ops::Mul>(b, {repeated(b, number(b, e), {kN, kN}, {}), inner}), {0});
        }}),
    of<ops::ReduceSum, sum_of_contract>("of a contraction is a contraction", regrouping, {[](B& b, E e) {
                                          const V x = matrix(b, e), y = matrix(b, e);
                                          return summed(b, contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}}), {0});
                                        }}),
    of<ops::Contract, contract_of_absent>("of an absent derivative is absent", exact, {[](B& b, E e) {
                                            return contracted(b, {vector(b, e), b.absent({e, {kN}})}, {{0}, {0}, {}});
                                          }}),
    of<ops::Contract, contract_of_scaled>(
        "numbers and sums of one operand go outside, products with broadcasts are operands", fast, {[](B& b, E e) {
          const V x = vector(b, e), y = vector(b, e);
          return contracted(b, {raw<ops::Mul>(b, {repeated(b, number(b, e), {kN}, {}), x}), y}, {{0}, {0}, {}});
        }}),
    of<ops::Contract, contract_of_views>("views and numbers in operands", regrouping,
                                         {[](B& b, E e) {
                                            const V x = raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}}),
                                                    y = vector(b, e);
                                            return contracted(b, {x, y}, {{1, 0}, {0}, {1}});
                                          },
                                          [](B& b, E e) {
                                            const V x = matrix(b, e), y = repeated(b, vector(b, e), {kN, kM}, {0});
                                            return contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}});
                                          },
                                          [](B& b, E e) {
                                            const V x = vector(b, e), y = number(b, e);
                                            return contracted(b, {y, x}, {{}, {0}, {}});
                                          },
                                          [](B& b, E e) {
                                            const V x = vector(b, e), y = vector(b, e);
                                            return contracted(b, {x, y}, {{0}, {0}, {0}});
                                          }}),
    of<ops::Contract, contract_of_negative>("of -x is 0 less the contraction of x", exact, {[](B& b, E e) {
                                              const V x = raw<ops::Neg>(b, {matrix(b, e)}), y = vector(b, e);
                                              return contracted(b, {x, y}, {{0, 1}, {0}, {1}});
                                            }}),
    of<ops::Contract, contract_by_parts>(
        "outer products and products with contractions are operands, their numbers go outside, sums of one operand "
        "are "
        "inside",
        contraction,
        {[](B& b, E e) {
           const V x = matrix(b, e), y = b.add_param({e, {kM, Dim(3)}});
           return contracted(b, {x, y}, {{0, 1}, {1, 2}, {2}});
         },
         [](B& b, E e) {
           const V x = vector(b, e), y = b.add_param({e, {kM}}), z = matrix(b, e);
           const V outer = raw<ops::Mul>(b, {repeated(b, x, {kN, kM}, {0}), repeated(b, y, {kN, kM}, {1})});
           return contracted(b, {outer, z}, {{0, 1}, {0, 1}, {0}});
         },
         [](B& b, E e) {
           const V x = matrix(b, e), y = vector(b, e);
           const V inner = contracted(b, {x, y}, {{0, 1}, {0}, {1}});
           return contracted(b, {scaled(b, 0.1, inner), b.add_param({e, {kM}})}, {{0}, {0}, {}});
         }}),
};

}  // namespace

std::span<const Rule> contraction_rules() { return kContraction; }

}  // namespace rg::opt
