#include "compiler/plan/build/roots.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"

namespace rg::plan {

using ops::opcode;

namespace {

constexpr std::int64_t expensive = plan::cost("stored-value");
constexpr std::int64_t factor = plan::cost("stored-factor");
constexpr std::int64_t factor_of_tiles = plan::cost("stored-factor-of-tiles");
constexpr std::int64_t most_written = plan::cost("written-sum");
constexpr std::int64_t most = 1 << 20;

bool is_reduction(const ops::OpInfo& op) { return op.code == opcode<ops::Contract>() || op.monoid.has_value(); }

std::int64_t count_of(const std::vector<Dim>& extents) {
  std::int64_t n = 1;
  for (const Dim& e : extents) n = std::min(most, n * std::max<std::int64_t>(1, e.constant()));
  return n;
}

// Calls f with every value that the regions of `in` use and do not define.
void captures(const ir::Function& f, const ir::Instr& in, std::set<ValueId>& inside,
              const std::function<void(ValueId)>& use) {
  for (const ir::BlockId region : in.regions) {
    const ir::Block& b = f.block(region);
    inside.insert(b.params.begin(), b.params.end());
    for (const ir::InstrId i : b.instrs) {
      const ir::Instr& inner = f.instr(i);
      for (const ValueId v : inner.operands) {
        if (!inside.contains(v)) use(v);
      }
      inside.insert(inner.results.begin(), inner.results.end());
      captures(f, inner, inside, use);
    }
    for (const ValueId v : b.yields) {
      if (!inside.contains(v)) use(v);
    }
  }
}

// The root statement that evaluates a value, or several.
struct Reader {
  std::uint32_t statement;
  bool several;
};

class Readers {
 public:
  std::optional<Reader> of(ValueId v) const {
    const auto at = by_.find(v);
    return at == by_.end() ? std::nullopt : std::optional(at->second);
  }
  void add(ValueId v, Reader r) {
    const auto [at, fresh] = by_.emplace(v, r);
    if (!fresh) at->second.several = at->second.several || r.several || at->second.statement != r.statement;
  }

 private:
  std::unordered_map<ValueId, Reader> by_;
};

struct Finder {
  const ir::Function& f;
  const PlanOptions& options;
  const OfIndex* of_index;
  std::set<ValueId> roots = {};
  std::unordered_map<ValueId, std::int64_t> cost = {};  // of computing one element in place
  // The least cost from which a reader asks for a root, of the sweep before: so what is above one costs less also where
  // the reader comes later.
  std::unordered_map<ValueId, std::int64_t> limit = {};

  bool local(ValueId v) const { return f.definition(v) != nullptr; }

  std::vector<Dim> reduced_extents(const ir::Instr& in) const {
    std::vector<Dim> extents;
    if (in.op == opcode<ops::Contract>()) {
      const auto by_label = label_extents(f, in);
      for (const std::int64_t l : summed_labels(in)) extents.push_back(by_label.at(l));
    } else {
      for (const std::int64_t a : ops::reduced_axes(in.attrs))
        extents.push_back(f.type(in.operands[0]).dims[static_cast<std::size_t>(a)]);
    }
    return extents;
  }

  std::int64_t cost_of(ValueId v) const {
    const auto it = cost.find(v);
    return it == cost.end() || roots.contains(v) ? 1 : it->second;
  }

  // The values that a choice by the index alone is among: where the index is written out, the choice costs nothing.
  void for_each_piece(ValueId v, const std::function<void(ValueId)>& visit) const {
    std::vector<ValueId> open{v};
    while (!open.empty()) {
      const ValueId x = open.back();
      open.pop_back();
      const ir::Instr* in = f.definition(x);
      if (in && in->op == opcode<ops::Select>() && (*of_index)(in->operands[0]) && !roots.contains(x)) {
        open.push_back(in->operands[2]);
        open.push_back(in->operands[1]);
      } else {
        visit(x);
      }
    }
  }

  // Whether each of two operands is repeated along an axis of the other.
  bool by_tiles(const ir::Instr& in) const {
    if (in.operands.size() != 2 || summed_labels(in).size() != 1) return false;
    const auto& labels = ops::attrs_of<ops::Contract>(in).labels;
    const auto has_own = [&](std::size_t k) {
      return std::ranges::any_of(labels[k], [&](std::int64_t l) {
        return std::ranges::find(labels.back(), l) != labels.back().end() &&
               std::ranges::find(labels[1 - k], l) == labels[1 - k].end();
      });
    };
    return has_own(0) && has_own(1);
  }

  // A value computed more than once an element by `in`: a broadcast operand, a factor of a contraction.
  void repeated(const ir::Instr& in) {
    const auto must = [&](ValueId v, std::int64_t from) {
      if (!local(v) || cost_of(v) < from) return;
      const auto [at, fresh] = limit.emplace(v, from);
      at->second = std::min(at->second, from);
      roots.insert(v);
    };
    if (in.op == opcode<ops::Broadcast>()) {
      std::vector<Dim> added;
      const ir::Integers& axes = ops::attrs_of<ops::Broadcast>(in).axes;
      const auto& to = f.type(in.results[0]).dims;
      for (std::size_t d = 0; d < to.size(); ++d) {
        if (std::ranges::find(axes, static_cast<std::int64_t>(d)) == axes.end()) added.push_back(to[d]);
      }
      if (!small_static(added, options.unroll_limit)) must(in.operands[0], expensive);
    }
    if (in.op == opcode<ops::Contract>()) {
      const auto& labels = ops::attrs_of<ops::Contract>(in).labels;
      const auto extents = label_extents(f, in);
      const bool unrolled = unrolled_reduction(f, in, options);
      const std::int64_t of_factor = by_tiles(in) ? factor_of_tiles : factor;
      for (std::size_t k = 0; k < in.operands.size(); ++k) {
        std::vector<Dim> added;
        for (const auto& [label, extent] : extents) {
          if (std::ranges::find(labels[k], label) == labels[k].end()) added.push_back(extent);
        }
        if (!unrolled && !added.empty()) must(in.operands[k], of_factor);
        if (unrolled && !small_static(added, options.unroll_limit))
          for_each_piece(in.operands[k], [&](ValueId v) { must(v, expensive); });
      }
    }
    if (in.op == opcode<ops::Gather>()) must(in.operands[0], expensive);
  }

  void visit(const ir::Instr& in) {
    const ops::OpInfo& info = ops::info(in.op);
    repeated(in);
    if (info.regions > 0) {
      std::set<ValueId> inside;
      captures(f, in, inside, [&](ValueId v) {
        if (local(v) && !is_cheap_view(v)) roots.insert(v);
      });
      for (std::size_t k = 0; k < in.operands.size(); ++k) {
        if (in.op == opcode<ops::For>() && k < ops::attrs_of<ops::For>(in).states) continue;
        if (local(in.operands[k]) && !is_chosen_view(in.operands[k])) roots.insert(in.operands[k]);
      }
      roots.insert(in.results.begin(), in.results.end());
      return;
    }
    std::int64_t sum = info.cost;
    for (const ValueId v : in.operands) sum += cost_of(v);
    if (is_reduction(info)) {
      if (unrolled_reduction(f, in, options)) {
        sum *= count_of(reduced_extents(in));
      } else {
        roots.insert(in.results[0]);
      }
    }
    if (in.op == opcode<ops::ScatterAdd>()) roots.insert(in.results[0]);
    if (!info.kernels.empty()) {
      for (const ValueId v : in.operands) {
        if (local(v)) roots.insert(v);
      }
      roots.insert(in.results.begin(), in.results.end());
    }
    for (const ValueId r : in.results) {
      cost[r] = std::min(sum, most);
      const auto asked = limit.find(r);
      if (asked != limit.end() && cost[r] >= asked->second) roots.insert(r);
    }
  }

  // What v is a view of: a root, or what is no view.
  ValueId viewed(ValueId v) const {
    while (!roots.contains(v)) {
      const ir::Instr* in = f.definition(v);
      if (!in || !ops::info(in->op).is_view) break;
      v = in->operands[0];
    }
    return v;
  }
  // A view of what is stored, or known without reading.
  bool is_cheap_view(ValueId v) const {
    const ir::Instr* in = f.definition(v = viewed(v));
    return !in || roots.contains(v) || (in->operands.empty() && in->regions.empty());
  }
  // The same, or a choice between such by the index alone, as a ragged extent makes it of its rectangle.
  bool is_chosen_view(ValueId v) const {
    constexpr int most_choices = 4;
    std::vector<ValueId> open{v};
    for (int choices = 0; !open.empty();) {
      v = viewed(open.back());
      open.pop_back();
      if (is_cheap_view(v)) continue;
      const ir::Instr& in = *f.definition(v);
      const bool chosen = in.op == opcode<ops::Select>() && (*of_index)(in.operands[0]);
      if (!chosen || ++choices > most_choices) return false;
      open.insert(open.end(), in.operands.begin() + 1, in.operands.end());
    }
    return true;
  }

  // Operations of one element that are its own: what is repeated along an axis is not. Those of the operands first.
  std::int64_t own_cost(ValueId v, std::unordered_map<ValueId, std::int64_t>& known) const {
    std::vector<ValueId> open{v};
    while (!open.empty()) {
      const ValueId x = open.back();
      const ir::Instr* in = f.definition(x);
      if (known.contains(x)) {
        open.pop_back();
        continue;
      }
      if (!in || roots.contains(x) || in->op == opcode<ops::Broadcast>() || ops::info(in->op).regions > 0) {
        known[x] = 1;
        continue;
      }
      const bool written = is_reduction(ops::info(in->op));
      const std::size_t depth = open.size();
      std::int64_t sum = ops::info(in->op).cost;
      for (const ValueId operand : std::set<ValueId>(in->operands.begin(), in->operands.end())) {
        std::int64_t most_of_piece = 1;
        const auto piece = [&](ValueId p) {
          const auto at = known.find(p);
          if (at == known.end())
            open.push_back(p);
          else
            most_of_piece = std::max(most_of_piece, at->second);
        };
        written ? for_each_piece(operand, piece) : piece(operand);
        sum += most_of_piece;
      }
      if (open.size() == depth) known[x] = std::min(most, written ? sum * count_of(reduced_extents(*in)) : sum);
    }
    return known.at(v);
  }

  // The terms of sums that would be written out though the terms are long: they get a loop.
  std::vector<ValueId> long_terms(const ir::Block& b) {
    constexpr std::int64_t few = 4;
    std::unordered_map<ValueId, std::int64_t> known;
    std::vector<ValueId> found;
    for (const ir::InstrId i : b.instrs) {
      const ir::Instr& in = f.instr(i);
      if (!ops::info(in.op).monoid || !unrolled_reduction(f, in, options)) continue;
      const std::int64_t count = count_of(reduced_extents(in));
      const ValueId term = in.operands[0];
      if (count <= few || !local(term) || roots.contains(term) || own_cost(term, known) * count <= most_written)
        continue;
      found.push_back(term);
      roots.insert(term);
      known[term] = 1;
    }
    return found;
  }

  // What is expensive and evaluated in place by several statements, what is nearest to its readers first: those become
  // roots, and what they read is theirs alone. One walk from the last instruction to the first, since a value's cost
  // depends on what is before it, and its readers are after it.
  std::vector<ValueId> read_often(const ir::Block& b, const std::set<ValueId>& added) {
    std::vector<ValueId> found;
    Readers readers;
    for (const ValueId v : added) readers.add(v, {v.index, false});
    for (auto i = b.instrs.rbegin(); i != b.instrs.rend(); ++i) {
      const ir::Instr& in = f.instr(*i);
      for (const ValueId v : in.results) {
        const auto by = readers.of(v);
        const bool often = by && by->several && cost_of(v) >= expensive;
        if (often && !roots.contains(v) && !is_cheap_view(v)) {
          found.push_back(v);
          roots.insert(v);
        }
        const bool own = roots.contains(v);
        if (!own && !by) continue;
        for (const ValueId x : in.operands) readers.add(x, own ? Reader{v.index, false} : *by);
      }
    }
    return found;
  }
};

}  // namespace

OfIndex::OfIndex(const ir::Function& f) : known_(f.values.size(), false) {
  for (const ir::Instr& in : f.instrs) {
    const ops::OpInfo& info = ops::info(in.op);
    const bool known = in.operands.empty()
                           ? info.regions == 0
                           : (info.elementwise || in.op == opcode<ops::Broadcast>()) &&
                                 std::ranges::all_of(in.operands, [&](ValueId x) { return (*this)(x); });
    for (const ValueId v : in.results) known_[v.index] = known;
  }
}

bool small_static(const std::vector<Dim>& extents, std::int64_t limit) {
  std::int64_t n = 1;
  for (const Dim& e : extents) {
    if (!e.is_constant() || e.constant() > limit) return false;
    n *= std::max<std::int64_t>(1, e.constant());
    if (n > limit) return false;
  }
  return true;
}

bool unrolled_reduction(const ir::Function& f, const ir::Instr& in, const PlanOptions& options) {
  const auto monoid = ops::info(in.op).monoid;
  if (monoid && ops::has_position(*monoid)) return false;
  const Finder finder{f, options, nullptr};
  return small_static(finder.reduced_extents(in), std::min<std::int64_t>(options.unroll_limit, 16));
}

std::set<ValueId> find_roots(const ir::Function& f, const OfIndex& of_index, ir::BlockId block,
                             const PlanOptions& options, const std::set<ValueId>& elsewhere,
                             const std::set<ValueId>& added) {
  Finder finder{f, options, &of_index};
  const ir::Block& b = f.block(block);
  // The costs above a root fall, so that what was a root for its cost may be computed in place: all is decided anew.
  std::set<ValueId> shared;
  const auto sweep = [&] {
    finder.roots = elsewhere;
    finder.roots.insert(shared.begin(), shared.end());
    for (const ir::InstrId i : b.instrs) finder.visit(f.instr(i));
  };
  const auto decide = [&] {
    finder.limit.clear();
    sweep();
    sweep();
  };
  const auto until_none = [&](const auto& find) {
    for (std::vector<ValueId> more = find(); !more.empty(); more = find()) {
      shared.insert(more.begin(), more.end());
      decide();
    }
  };
  decide();
  until_none([&] { return finder.read_often(b, added); });
  until_none([&] { return finder.long_terms(b); });
  // What is cheap now, with roots below it, is none after all; what is above it costs more by that.
  finder.roots = elsewhere;
  finder.roots.insert(shared.begin(), shared.end());
  for (const ir::InstrId i : b.instrs) {
    const ir::Instr& in = f.instr(i);
    finder.visit(in);
    for (const ValueId v : in.results) {
      const auto cost = finder.cost.find(v);
      if (cost != finder.cost.end() && cost->second < expensive && shared.contains(v) && !elsewhere.contains(v))
        finder.roots.erase(v);
    }
  }
  return finder.roots;
}

}  // namespace rg::plan
