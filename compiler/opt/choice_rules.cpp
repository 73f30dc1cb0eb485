// Equations of choices: select under a condition that is known, and sums in which an index picks the terms.
#include <algorithm>
#include <cmath>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::Labels;
using ops::opcode;

constexpr int kDepth = 4;  // operations looked into

/// v where the condition has the truth value; v itself where that says nothing.
ValueId assume(Builder& b, ValueId v, ValueId condition, bool truth, int depth) {
  const Instr* found = b.function().definition(v);
  if (found == nullptr || depth == 0 || found->results.size() != 1) return v;
  const Instr def = *found;
  if (def.op == opcode<ops::Select>() && def.operands[0] == condition)
    return assume(b, def.operands[truth ? 1 : 2], condition, truth, depth - 1);
  const ops::OpInfo& info = ops::info(def.op);
  constexpr Opcode cheap_ops[] = {opcode<ops::Add>(), opcode<ops::Sub>(), opcode<ops::Mul>(),
                                  opcode<ops::Neg>(), opcode<ops::Div>(), opcode<ops::Select>()};
  const bool cheap = std::ranges::find(cheap_ops, def.op) != std::end(cheap_ops);
  const bool function = info.elementwise && def.operands.size() == 1;
  if (!cheap && !function) return v;
  std::vector<ValueId> operands;
  for (const ValueId x : def.operands) operands.push_back(assume(b, x, condition, truth, depth - 1));
  if (operands == def.operands) return v;
  if (const Instr* view = function ? defined_by<ops::Broadcast>(b, operands[0]) : nullptr) {
    // Of fewer elements: worth having beside the one of all.
    const Instr of = *view;
    return b.broadcast(b.emit1(def.op, of.operands, def.attrs), ops::attrs_of<ops::Broadcast>(of).dims,
                       ops::attrs_of<ops::Broadcast>(of).axes);
  }
  if (!cheap) return v;
  if (def.op == opcode<ops::Mul>()) return b.mul(operands[0], operands[1]);
  if (def.op == opcode<ops::Add>()) return b.add(operands[0], operands[1]);
  if (def.op == opcode<ops::Neg>()) return b.neg(operands[0]);
  return b.emit1(def.op, operands, def.attrs);
}

/// eq(i, q) where i is the index along `axis` and q, of axes `axes` of the whole, does not vary along it.
struct Pick {
  std::size_t axis;
  ValueId index;
  std::vector<std::int64_t> axes;
};

/// v without its broadcasts, and which axes of the whole its own axes are.
std::pair<ValueId, std::vector<std::int64_t>> without_broadcast(Builder& b, ValueId v, std::vector<std::int64_t> axes) {
  const Instr* view = defined_by<ops::Broadcast>(b, v);
  if (view == nullptr) return {v, std::move(axes)};
  std::vector<std::int64_t> own;
  for (const std::int64_t a : ops::attrs_of<ops::Broadcast>(*view).axes)
    own.push_back(axes[static_cast<std::size_t>(a)]);
  return without_broadcast(b, view->operands[0], std::move(own));
}

std::vector<Pick> picks(Builder& b, ValueId condition) {
  std::vector<Pick> out;
  const auto [test, axes] = without_broadcast(b, condition, ops::iota_axes(b.dims(condition).size()));
  const Instr* eq = defined_by<ops::Eq>(b, test);
  if (eq == nullptr) return out;
  const std::vector<ValueId> sides = eq->operands;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const auto [counter, counted] = without_broadcast(b, sides[k], axes);
    const Instr* iota = defined_by<ops::Iota>(b, counter);
    if (iota == nullptr) continue;
    const auto axis = static_cast<std::size_t>(counted[static_cast<std::size_t>(ops::attrs_of<ops::Iota>(*iota).axis)]);
    const auto [index, own] = without_broadcast(b, sides[1 - k], axes);
    const Instr* other = defined_by<ops::Iota>(b, index);
    if (other != nullptr) {  // an index too: of one axis
      const std::int64_t along = own[static_cast<std::size_t>(ops::attrs_of<ops::Iota>(*other).axis)];
      if (static_cast<std::size_t>(along) != axis) out.push_back({axis, index, {along}});
    } else if (std::ranges::find(own, static_cast<std::int64_t>(axis)) == own.end()) {
      out.push_back({axis, index, own});
    }
  }
  return out;
}

// select(p, f(select(p, a, b)), c) = select(p, f(a), c) for elementwise f, and the same in the other branch.
Simpler select_known(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  const ValueId yes = assume(b, x[1], x[0], true, kDepth), no = assume(b, x[2], x[0], false, kDepth);
  if (yes == x[1] && no == x[2]) return std::nullopt;
  return b.select(x[0], yes, no);
}

// A broadcast of a choice between constants: the choice by the broadcast condition.
Simpler broadcast_of_choice(Builder& b, const std::vector<ValueId>& x, const ops::Broadcast::Attrs& a) {
  const Instr* choice = defined_by<ops::Select>(b, x[0]);
  if (choice == nullptr) return std::nullopt;
  const std::vector<ValueId> of = choice->operands;
  if (!b.splat(of[1]) || !b.splat(of[2]) || !is_float(b.type(x[0]).elem)) return std::nullopt;
  return b.select(b.broadcast(of[0], a.dims, a.axes), b.splat_of(of[1], a.dims), b.splat_of(of[2], a.dims));
}

// Σ -x = 0 - Σ x: a sum begins at 0, so that neither side is -0.
Simpler sum_of_negative(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  const Instr* neg = defined_by<ops::Neg>(b, x[0]);
  if (neg == nullptr || !is_float(b.type(x[0]).elem) || a.axes.empty()) return std::nullopt;
  const ValueId total = b.sum(neg->operands[0], a.axes);
  return b.sub(b.zero(total), total);
}

Simpler sum_of_multiple_if(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a,
                           bool (*chosen)(double c)) {
  const Instr* product = defined_by<ops::Mul>(b, x[0]);
  if (product == nullptr || !is_float(b.type(x[0]).elem) || a.axes.empty()) return std::nullopt;
  const std::vector<ValueId> of = product->operands;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    const auto c = b.splat(of[k]);
    if (!c || !chosen(*c)) continue;
    const ValueId total = b.sum(of[1 - k], a.axes);
    return b.mul(b.splat_of(of[k], b.dims(total)), total);
  }
  return std::nullopt;
}

// Σ 2^k x = 2^k Σ x for k >= 0.
Simpler sum_of_doubles(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  return sum_of_multiple_if(b, x, a, [](double c) { return c >= 1 && is_power_of_two(c); });
}

// Σ c x = c Σ x for a constant c.
Simpler sum_of_multiple(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  return sum_of_multiple_if(b, x, a, [](double) { return true; });
}

// y[…, k, …] = Σ_n [k = q_n] v[n, …, k, …]: v at k = q_n, added at q_n.
Simpler sum_of_picked(Builder& b, const std::vector<ValueId>& x, const ops::ReductionAttrs& a) {
  const Instr* choice = defined_by<ops::Select>(b, x[0]);
  if (choice == nullptr) return std::nullopt;
  const std::vector<ValueId> of = choice->operands;
  const auto rest = b.splat(of[2]);
  if (rest != 0.0 || std::signbit(*rest) || !is_float(b.type(x[0]).elem)) return std::nullopt;
  const std::size_t rank = b.dims(x[0]).size();
  const auto summed = [&](std::int64_t axis) { return std::ranges::find(a.axes, axis) != a.axes.end(); };
  for (const Pick& p : picks(b, of[0])) {
    const bool varies = std::ranges::any_of(p.axes, summed);
    const Instr* by = b.function().definition(p.index);
    // The winner of a reduction is in range; another index would need a mask.
    const bool in_range = by != nullptr && (by->op == opcode<ops::ArgMin>() || by->op == opcode<ops::ArgMax>());
    if (summed(static_cast<std::int64_t>(p.axis)) || !varies || !in_range) continue;
    const Labels all = ops::iota_axes(rank);
    Labels read = all, updates = all, target;
    read[p.axis] = -1;
    std::erase(updates, static_cast<std::int64_t>(p.axis));
    std::vector<Dim> dims;
    for (const std::int64_t l : ops::other_axes(rank, a.axes)) {
      target.push_back(l == static_cast<std::int64_t>(p.axis) ? -1 : l);
      dims.push_back(b.dims(x[0])[static_cast<std::size_t>(l)]);
    }
    const ValueId terms = b.emit_op<ops::Gather>({of[1], p.index}, {.labels = {read, p.axes, updates}});
    return b.emit_op<ops::ScatterAdd>({terms, p.index}, {.dims = dims, .labels = {updates, p.axes, target}});
  }
  return std::nullopt;
}

// A contraction over j with [i = j] of a derivative: the other operands at j = i.
Simpler contract_with_delta(Builder& b, const std::vector<ValueId>& x, const ops::Contract::Attrs& a) {
  if (x.size() < 2 || !is_float(b.type(x[0]).elem)) return std::nullopt;
  const Labels& result = a.labels.back();
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Instr* choice = defined_by<ops::Select>(b, x[k]);
    if (choice == nullptr) continue;
    const std::vector<ValueId> of = choice->operands;
    // A zero that the program has is multiplied as any other number: its product with an infinity is NaN.
    if (!b.splat(of[1]) || !b.is_absent(of[2])) continue;
    const Labels& own = a.labels[k];
    for (const Pick& p : picks(b, of[0])) {
      if (own.size() != 2 || p.axes.size() != 1 || defined_by<ops::Iota>(b, p.index) == nullptr) continue;
      const std::int64_t gone = own[p.axis], stays = own[static_cast<std::size_t>(p.axes[0])];
      if (std::ranges::find(result, gone) != result.end() || b.dims(x[k])[0] != b.dims(x[k])[1]) continue;
      std::vector<ValueId> operands;
      std::vector<Labels> labels;
      bool both = false;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i == k) {  // the constant stays a factor, in its place
          if (b.splat(of[1]) == 1.0) continue;
          operands.push_back(b.splat_of(of[1], {}));
          labels.emplace_back();
          continue;
        }
        Labels l = a.labels[i];
        const bool has_gone = std::ranges::find(l, gone) != l.end();
        both = both || (has_gone && std::ranges::find(l, stays) != l.end());
        std::ranges::replace(l, gone, stays);
        operands.push_back(x[i]);
        labels.push_back(std::move(l));
      }
      const bool carried =
          std::ranges::any_of(labels, [&](const Labels& l) { return std::ranges::find(l, stays) != l.end(); });
      if (both || !carried) continue;
      labels.push_back(result);
      return b.contract(operands, labels);
    }
  }
  return std::nullopt;
}

const Rule kChoice[] = {
    of<ops::Select, select_known>("under a condition that is known", exact, {[](B& b, E e) {
                                    const V x = vector(b, e), c = test(b, x);
                                    const V inner = raw<ops::Select>(b, {c, x, splat(b, e, 0)});
                                    return raw<ops::Select>(b, {c, raw<ops::Mul>(b, {inner, inner}), splat(b, e, 1)});
                                  }}),
    of<ops::Broadcast, broadcast_of_choice>(
        "of a choice between constants", exact, {[](B& b, E e) {
          const V c = test(b, vector(b, e));
          return repeated(b, raw<ops::Select>(b, {c, splat(b, e, 1), splat(b, e, -0.0)}), {kN, kM}, {0});
        }}),
    of<ops::ReduceSum, sum_of_negative>("of -x is 0 less the sum of x", exact,
                                        {[](B& b, E e) { return summed(b, raw<ops::Neg>(b, {matrix(b, e)}), {1}); }}),
    of<ops::ReduceSum, sum_of_doubles>("of c x is c times the sum of x for c = 1, 2, 4, …", regrouping,
                                       {[](B& b, E e) { return summed(b, scaled(b, 4, matrix(b, e)), {1}); }}),
    of<ops::ReduceSum, sum_of_multiple>("of c x is c times the sum of x", fast,
                                        {[](B& b, E e) { return summed(b, scaled(b, 0.1, matrix(b, e)), {1}); }}),
    of<ops::ReduceSum, sum_of_picked>(
        "of terms picked by an index is a scatter", regrouping, {[](B& b, E e) {
          const V x = matrix(b, e);
          const V best = raw<ops::ArgMax>(b, {x}, {.axis = 1});
          const V here = b.compare("eq", b.iota(Elem::i64, {kN, kM}, 1), b.broadcast(best, {kN, kM}, {0}));
          return summed(b, raw<ops::Select>(b, {here, x, b.constant(e, 0, {kN, kM})}), {0});
        }}),
    of<ops::Contract, contract_with_delta>("with [i = j] of a derivative renames", regrouping, {[](B& b, E e) {
                                             const V x = matrix(b, e);
                                             const V delta =
                                                 diagonal(b, b.constant(e, 0.1, {kN, kN}), b.absent({e, {kN, kN}}));
                                             return contracted(b, {x, delta}, {{0, 1}, {0, 2}, {1, 2}});
                                           }}),
};

}  // namespace

std::span<const Rule> choice_rules() { return kChoice; }

}  // namespace rg::opt
