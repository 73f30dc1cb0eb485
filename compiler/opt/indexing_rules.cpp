// Reads and additions at indices that are an axis' index and a constant: slices and placements.
#include <algorithm>
#include <set>

#include "compiler/opt/aligned.h"
#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::Labels;
using ops::opcode;

bool has_label(const Labels& labels, std::int64_t l) { return std::ranges::find(labels, l) != labels.end(); }

/// An index value that is i + start for the index i along one of its axes.
struct Affine {
  std::size_t axis;
  Dim start;
};

std::optional<Dim> constant_extent(Builder& b, ValueId v) {
  const Instr* def = b.function().definition(v);
  while (def != nullptr && def->op == opcode<ops::Broadcast>()) def = b.function().definition(def->operands[0]);
  if (def == nullptr) return std::nullopt;
  if (def->op == opcode<ops::Size>()) return ops::attrs_of<ops::Size>(*def).dim;
  if (def->op != opcode<ops::Constant>()) return std::nullopt;
  const Integers& values = ops::attrs_of<ops::Constant>(*def).integers;
  return values.size() == 1 ? std::optional(Dim(values[0])) : std::nullopt;
}

std::optional<Affine> affine_index(Builder& b, ValueId v) {
  const Instr* def = b.function().definition(v);
  if (def == nullptr) return std::nullopt;
  if (def->op == opcode<ops::Iota>()) return Affine{static_cast<std::size_t>(ops::attrs_of<ops::Iota>(*def).axis), 0};
  if (def->op == opcode<ops::Broadcast>()) {
    auto inner = affine_index(b, def->operands[0]);
    if (inner) inner->axis = static_cast<std::size_t>(ops::attrs_of<ops::Broadcast>(*def).axes[inner->axis]);
    return inner;
  }
  const bool sum = def->op == opcode<ops::Add>();
  if (!sum && def->op != opcode<ops::Sub>()) return std::nullopt;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (k == 1 && !sum) break;
    auto index = affine_index(b, def->operands[k]);
    const auto offset = constant_extent(b, def->operands[1 - k]);
    if (!index || !offset) continue;
    index->start = sum ? index->start + *offset : index->start - *offset;
    return index;
  }
  return std::nullopt;
}

/// For each axis of the coded tensor its label and start, where every index is affine in a label of its own.
struct AffineCode {
  Labels labels;
  std::vector<Dim> starts;
};

std::optional<AffineCode> affine_code(Builder& b, const std::vector<ValueId>& x, const std::vector<Labels>& labels,
                                      const Labels& coded) {
  AffineCode code;
  for (const std::int64_t l : coded) {
    if (l >= 0) {
      code.labels.push_back(l);
      code.starts.emplace_back(0);
      continue;
    }
    const auto q = static_cast<std::size_t>(-l);
    const auto index = affine_index(b, x[q]);
    if (!index) return std::nullopt;
    code.labels.push_back(labels[q][index->axis]);
    code.starts.push_back(index->start);
  }
  std::set<std::int64_t> distinct(code.labels.begin(), code.labels.end());
  if (distinct.size() != code.labels.size()) return std::nullopt;
  return code;
}

// x read at i + c for an index i of the result: a slice.
Simpler gather_of_affine(Builder& b, const std::vector<ValueId>& x, const ops::GatherAttrs& a) {
  const ops::IndexedLayout layout(a, x.size());
  const auto code = affine_code(b, x, a.labels, a.labels[0]);
  if (!code) return std::nullopt;
  ops::LabelExtents extents;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (!extents.add(a.labels[k], b.dims(x[k])).empty()) return std::nullopt;
  }
  std::vector<Dim> lengths, dims;
  for (const std::int64_t l : code->labels) lengths.push_back(*extents.find(l));
  for (const std::int64_t l : a.labels.back()) dims.push_back(*extents.find(l));
  // Where the mask is false nothing is read, so that the index may be out of range there.
  for (std::size_t d = 0; layout.has_mask && d < lengths.size(); ++d) {
    const Dim after = b.dims(x[0])[d] - code->starts[d] - lengths[d];
    if (!code->starts[d].proven_nonnegative() || !after.proven_nonnegative()) return std::nullopt;
  }
  const ValueId part = b.slice(x[0], code->starts, std::vector<std::int64_t>(lengths.size(), 1), lengths);
  const ValueId view = aligned(b, part, code->labels, a.labels.back(), dims);
  if (!layout.has_mask) return view;
  return b.select(aligned(b, x.back(), layout.mask_labels(), a.labels.back(), dims), view, b.zero(view));
}

// Updates added at i + c for an index i of theirs: placed among zeros.
Simpler scatter_at_affine(Builder& b, const std::vector<ValueId>& x, const ops::ScatterAttrs& a) {
  if (ops::IndexedLayout(a, x.size()).has_mask) return std::nullopt;
  const Labels& target = a.labels.back();
  const auto code = affine_code(b, x, a.labels, target);
  if (!code) return std::nullopt;
  std::vector<std::int64_t> summed, order;
  Labels kept;
  for (std::size_t d = 0; d < a.labels[0].size(); ++d) {
    if (has_label(code->labels, a.labels[0][d]))
      kept.push_back(a.labels[0][d]);
    else
      summed.push_back(static_cast<std::int64_t>(d));
  }
  if (kept.size() != code->labels.size()) return std::nullopt;
  for (const std::int64_t l : code->labels) order.push_back(std::ranges::find(kept, l) - kept.begin());
  ValueId updates = b.transpose(b.sum(x[0], summed), order);
  // What is added to a zero is not -0.
  if (is_float(b.type(updates).elem) && !a.absent) updates = b.add(updates, b.zero(updates));
  if (b.dims(updates) == a.dims && std::ranges::all_of(code->starts, [](const Dim& s) { return s == Dim(0); }))
    return updates;
  return b.place(updates, code->starts, std::vector<std::int64_t>(a.dims.size(), 1), a.dims, a.absent);
}

const Rule kIndexing[] = {
    of<ops::Gather, gather_of_affine>("x[i + c] over an index i is a slice", exact, {[](B& b, E e) {
                                        return raw<ops::Gather>(b, {matrix(b, e), b.iota(Elem::i64, {kN}, 0)},
                                                                {.labels = {{-1, 1}, {0}, {0, 1}}});
                                      }}),
    of<ops::ScatterAdd, scatter_at_affine>(
        "at i + c over an index i is place", exact, {[](B& b, E e) {
          const V index = b.add(b.iota(Elem::i64, {kN}, 0), b.integer(Elem::i64, 2, {kN}));
          return raw<ops::ScatterAdd>(b, {vector(b, e), index}, {.dims = {kN + Dim(3)}, .labels = {{0}, {0}, {-1}}});
        }}),
};

}  // namespace

std::span<const Rule> indexing_rules() { return kIndexing; }

}  // namespace rg::opt
