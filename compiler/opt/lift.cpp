#include "compiler/opt/lift.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <unordered_set>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;

bool has_map(const Function& f) {
  return std::ranges::any_of(f.instrs, [](const Instr& i) { return i.op == opcode<ops::Map>(); });
}

/// Whether the extent divides by what may be 0.
bool may_divide_by_zero(const Dim& d) {
  return std::ranges::any_of(d.terms(), [](const Dim::Term& t) {
    return std::ranges::any_of(t.atoms, [](const auto& atom) {
      if (atom->kind == DimAtom::Kind::size) return false;
      const bool here = atom->kind == DimAtom::Kind::div && !atom->b.proven_positive();
      return here || may_divide_by_zero(atom->a) || may_divide_by_zero(atom->b);
    });
  });
}

/// One flag an operand, contiguous (which std::vector<bool> is not).
class BatchFlags {
 public:
  void push_back(bool flag) { flags_.push_back(flag); }
  bool& back() { return flags_.back(); }
  std::span<const bool> span() {
    contiguous_ = std::make_unique<bool[]>(flags_.size());
    std::ranges::copy(flags_, contiguous_.get());
    return {contiguous_.get(), flags_.size()};
  }

 private:
  std::deque<bool> flags_;
  std::unique_ptr<bool[]> contiguous_;
};

/// Rewrites the innermost maps of a function, one index axis a map. The result is rebuilt until no map is left.
class Lifter {
 public:
  Lifter(const Function& f, Builder& to) : f_(f), b_(to), outside_(f, to) {
    outside_.set_hook([this](const Instr& instr, Cloner&) { return instruction(instr); });
  }
  Cloner& outside() { return outside_; }

 private:
  struct Batched {
    ValueId value;
    bool batched = false;
  };

  bool contains_map(BlockId id) const {
    for (const InstrId i : f_.block(id).instrs) {
      const Instr& instr = f_.instr(i);
      if (instr.op == opcode<ops::Map>()) return true;
      for (const BlockId r : instr.regions) {
        if (contains_map(r)) return true;
      }
    }
    return false;
  }

  // Lifts a map without inner maps; of several index axes the first stays a map around, until the next round.
  bool instruction(const Instr& instr) {
    if (instr.op != opcode<ops::Map>() || contains_map(instr.regions[0])) return false;
    const Block& body = f_.block(instr.regions[0]);
    const std::vector<Dim>& extents = ops::attrs_of<ops::Map>(instr).dims;
    if (extents.empty()) {
      bind(instr, outside_.clone_body(instr.regions[0]));
      return true;
    }
    if (extents.size() == 1) {
      bind(instr, batch(instr, {}));
      return true;
    }
    const std::vector<Type> outer(body.params.size() - 1, Type{Elem::i64, {}});
    const BlockId region = b_.in_block(outer, [&](std::span<const ValueId> index) { return batch(instr, index); });
    bind(instr, b_.emit(instr.op, {}, ops::ExtentAttrs{{extents.begin(), extents.end() - 1}}, {region}));
    return true;
  }

  void bind(const Instr& instr, const std::vector<ValueId>& results) {
    for (std::size_t k = 0; k < results.size(); ++k) outside_.map(instr.results[k], results[k]);
  }

  // The region over its last index axis, with values for the other indices.
  std::vector<ValueId> batch(const Instr& instr, std::span<const ValueId> outer) {
    extent_ = ops::attrs_of<ops::Map>(instr).dims.back();
    values_.clear();
    predicate_ = {};
    const Block& body = f_.block(instr.regions[0]);
    for (std::size_t k = 0; k < outer.size(); ++k) set(body.params[k], {outer[k], false});
    set(body.params.back(), {b_.iota(Elem::i64, {extent_}, 0), true});
    std::vector<ValueId> out;
    for (const Batched& v : run(instr.regions[0])) out.push_back(stretched(v));
    return out;
  }

  Batched get(ValueId v) const {
    const auto at = values_.find(v);
    return at != values_.end() ? at->second : Batched{outside_(v), false};
  }
  // Every value has the type that it has of one item, with the axis in front where it is batched. Checked here, since
  // a breach elsewhere would be code that computes something else.
  void set(ValueId v, const Batched& to) {
    const Type& item = f_.type(v);
    const Type& is = b_.type(to.value);
    const bool fits =
        is.elem == item.elem && (to.batched ? is.dims == ops::prepended(extent_, item.dims) : is.dims == item.dims);
    if (!fits)
      internal_error("a value is " + is.str(f_.size_names) + (to.batched ? " over " : " where each item has ") +
                     (to.batched ? extent_.str(f_.size_names) + " items of " : std::string()) +
                     item.str(f_.size_names));
    values_[v] = to;
  }
  // The yield of a region that was found to be batched or not before the region was run.
  ValueId as_found(const Batched& v, bool batched) {
    if (v.batched && !batched) internal_error("a yield depends on the index, and was taken for one that does not");
    return batched ? stretched(v) : v.value;
  }
  // With the batch axis leading, repeated where the value does not depend on the index.
  ValueId stretched(const Batched& v) {
    return v.batched ? v.value : b_.broadcast_leading(v.value, ops::prepended(extent_, b_.dims(v.value)));
  }

  std::vector<Batched> run(BlockId id) {
    for (const InstrId i : f_.block(id).instrs) {
      b_.set_span(f_.instr(i).span);
      execute(f_.instr(i));
    }
    std::vector<Batched> out;
    for (const ValueId v : f_.block(id).yields) out.push_back(get(v));
    return out;
  }

  void execute(const Instr& instr) {
    if (instr.op == opcode<ops::If>()) return branch(instr);
    if (instr.op == opcode<ops::For>()) return loop(instr);
    if (instr.op == opcode<ops::Assert>()) return assertion(instr);
    const bool reads_at_index = instr.op == opcode<ops::Gather>() || instr.op == opcode<ops::ScatterAdd>();
    if (reads_at_index && predicate_.valid()) return masked(instr);
    if (instr.op == opcode<ops::Size>() && predicate_.valid() &&
        may_divide_by_zero(ops::attrs_of<ops::Size>(instr).dim))
      return chosen_size(instr);
    emit_batched(instr.op, instr.operands, instr.attrs, instr.results);
  }

  void emit_batched(Opcode op, const std::vector<ValueId>& from, const Attributes& attrs,
                    const std::vector<ValueId>& results) {
    std::vector<ValueId> operands;
    BatchFlags flags;
    bool any = false;
    for (const ValueId v : from) {
      const Batched x = get(v);
      operands.push_back(x.value);
      flags.push_back(x.batched);
      any = any || x.batched;
    }
    std::vector<ValueId> out;
    if (any) {
      ops::AnySite<Builder> site{b_, attrs, operands, {}};
      out = ops::info(op).batch(site, flags.span(), extent_);
    } else if (ops::info(op).infer != nullptr) {
      out = b_.emit(op, operands, attrs);
    } else {
      internal_error("lift meets " + std::string(ops::info(op).name));
    }
    for (std::size_t k = 0; k < results.size(); ++k) set(results[k], {out[k], any});
  }

  static bool is_masked(const Attributes& attrs) {
    const auto* read = attrs.get_if<ops::GatherAttrs>();
    return read != nullptr ? read->masked : attrs.as<ops::ScatterAttrs>().masked;
  }
  // With a mask that is a number an item.
  template <class A>
  static Attributes with_mask(const Attributes& attrs) {
    A own = attrs.as<A>();
    own.masked = true;
    own.labels.insert(own.labels.end() - 1, ops::Labels{});
    return own;
  }

  // A read or an addition at an index, only where the predicate of the branches around holds.
  void masked(const Instr& instr) {
    std::vector<ValueId> operands;
    BatchFlags flags;
    for (const ValueId v : instr.operands) {
      const Batched x = get(v);
      operands.push_back(x.value);
      flags.push_back(x.batched);
    }
    Attributes attrs = instr.attrs;
    if (is_masked(attrs)) {  // the mask's own labels follow the batch axis
      const ValueId mask = stretched({operands.back(), flags.back()});
      operands.back() = b_.logical_and(mask, b_.broadcast(predicate_, b_.dims(mask), {0}));
      flags.back() = true;
    } else {
      attrs =
          instr.op == opcode<ops::Gather>() ? with_mask<ops::GatherAttrs>(attrs) : with_mask<ops::ScatterAttrs>(attrs);
      operands.push_back(predicate_);
      flags.push_back(true);
    }
    ops::AnySite<Builder> site{b_, attrs, operands, {}};
    const auto out = ops::info(instr.op).batch(site, flags.span(), extent_);
    set(instr.results[0], {out[0], true});
  }

  // A size that exists only where some item asks for it.
  void chosen_size(const Instr& instr) {
    const ValueId some = b_.reduce("any", predicate_, {0});
    const auto arm = [&](const std::function<ValueId()>& value) {
      return b_.in_block({}, [&](std::span<const ValueId>) { return std::vector<ValueId>{value()}; });
    };
    const BlockId then = arm([&] { return b_.size(ops::attrs_of<ops::Size>(instr).dim); });
    const BlockId otherwise = arm([&] { return b_.integer(Elem::i64, 0); });
    set(instr.results[0], {b_.emit1(opcode<ops::If>(), {some}, {}, {then, otherwise}), false});
  }

  void assertion(const Instr& instr) {
    const Batched c = get(instr.operands[0]);
    ValueId holds = c.value;
    bool batched = c.batched;
    if (predicate_.valid()) {
      holds = b_.logical_or(stretched(c), b_.logical_not(predicate_));
      batched = true;
    }
    if (batched) {
      holds = b_.reduce("all", holds, {0});
    } else if (!extent_.proven_positive()) {  // of no items nothing is asked
      holds = b_.logical_or(holds, b_.compare("eq", b_.size(extent_), b_.integer(Elem::i64, 0)));
    }
    b_.emit(instr.op, {holds}, instr.attrs);
  }

  void branch(const Instr& instr) {
    const Batched condition = get(instr.operands[0]);
    if (condition.batched) return both_arms(instr, condition.value);
    // Yields are stretched where one of the arms is batched, which is known after a dry run of the dependence.
    std::vector<char> batched(instr.results.size());
    for (const BlockId r : instr.regions) {
      const auto dependent = dependence(r, {});
      for (std::size_t k = 0; k < batched.size(); ++k)
        batched[k] = batched[k] || depends(f_.block(r).yields[k], dependent);
    }
    std::vector<BlockId> regions;
    for (const BlockId r : instr.regions) {
      regions.push_back(b_.in_block({}, [&](std::span<const ValueId>) {
        std::vector<ValueId> yields;
        const auto out = run(r);
        for (std::size_t k = 0; k < out.size(); ++k) yields.push_back(as_found(out[k], batched[k] != 0));
        return yields;
      }));
    }
    const auto results = b_.emit(instr.op, {condition.value}, {}, regions);
    for (std::size_t k = 0; k < results.size(); ++k) set(instr.results[k], {results[k], batched[k] != 0});
  }

  void both_arms(const Instr& instr, ValueId condition) {
    const ValueId around = predicate_;
    const auto under = [&](ValueId p) { return around.valid() ? b_.logical_and(around, p) : p; };
    predicate_ = under(condition);
    const auto first = run(instr.regions[0]);
    predicate_ = under(b_.logical_not(condition));
    const auto second = run(instr.regions[1]);
    predicate_ = around;
    for (std::size_t k = 0; k < instr.results.size(); ++k) {
      const ValueId x = stretched(first[k]), y = stretched(second[k]);
      set(instr.results[k], {b_.select(b_.broadcast(condition, b_.dims(x), {0}), x, y), true});
    }
  }

  // Whether the value depends on the index: found by `dependence` in a region to come, known of what is around it.
  bool depends(ValueId v, const std::unordered_set<ValueId>& dependent) const {
    if (dependent.contains(v)) return true;
    const auto at = values_.find(v);
    return at != values_.end() && at->second.batched;
  }

  // Values of a region (and of those in it) that depend on the index, when the parameters given do.
  std::unordered_set<ValueId> dependence(BlockId region, const std::vector<ValueId>& params) const {
    std::unordered_set<ValueId> dependent(params.begin(), params.end());
    for (bool changed = true; changed;) {
      const std::size_t before = dependent.size();
      mark(region, dependent);
      changed = dependent.size() != before;
    }
    return dependent;
  }

  void mark(BlockId region, std::unordered_set<ValueId>& dependent) const {
    const auto depends = [&](ValueId v) { return this->depends(v, dependent); };
    const bool masked_reads = predicate_.valid();
    for (const InstrId i : f_.block(region).instrs) {
      const Instr& instr = f_.instr(i);
      bool any = std::ranges::any_of(instr.operands, depends);
      if (masked_reads && (instr.op == opcode<ops::Gather>() || instr.op == opcode<ops::ScatterAdd>())) any = true;
      if (instr.op == opcode<ops::For>()) {
        const Block& body = f_.block(instr.regions[0]);
        const auto carried = ops::attrs_of<ops::For>(instr).states;
        for (std::size_t k = 0; k < instr.operands.size(); ++k) {
          if (depends(instr.operands[k]) || (k < carried && depends(body.yields[k])))
            dependent.insert(body.params[k + 1]);
        }
        mark(instr.regions[0], dependent);
        for (std::size_t k = 0; k < instr.results.size(); ++k) {
          if (depends(body.yields[k]) || (k < carried && depends(body.params[k + 1])))
            dependent.insert(instr.results[k]);
        }
        continue;
      }
      for (const BlockId r : instr.regions) {
        mark(r, dependent);
        // Under a condition that depends on the index reads are masked and every result is selected.
        for (std::size_t k = 0; k < instr.results.size(); ++k) {
          if (any || depends(f_.block(r).yields[k])) dependent.insert(instr.results[k]);
        }
      }
      if (any) dependent.insert(instr.results.begin(), instr.results.end());
    }
  }

  void loop(const Instr& instr) {
    const Block& body = f_.block(instr.regions[0]);
    const auto carried = ops::attrs_of<ops::For>(instr).states;
    std::vector<ValueId> batched_params;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      if (get(instr.operands[k]).batched) batched_params.push_back(body.params[k + 1]);
    }
    std::unordered_set<ValueId> dependent;
    for (bool changed = true; changed;) {
      dependent = dependence(instr.regions[0], batched_params);
      changed = false;
      for (std::size_t k = 0; k < carried; ++k) {
        if (depends(body.yields[k], dependent) && !dependent.contains(body.params[k + 1])) {
          batched_params.push_back(body.params[k + 1]);
          changed = true;
        }
      }
    }
    std::vector<ValueId> states, arrays;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      const Batched x = get(instr.operands[k]);
      if (k < carried) {
        states.push_back(dependent.contains(body.params[k + 1]) ? stretched(x) : x.value);
      } else {
        arrays.push_back(x.batched ? b_.transpose(x.value, swapped(b_.type(x.value).rank())) : x.value);
      }
    }
    std::vector<char> stacked_batched;
    const auto results = b_.scan(
        ops::attrs_of<ops::For>(instr).trip, states, arrays,
        [&](ValueId i, std::span<const ValueId> state, std::span<const ValueId> slice) {
          set(body.params[0], {i, false});
          for (std::size_t k = 0; k < instr.operands.size(); ++k) {
            const ValueId p = body.params[k + 1];
            set(p, {k < carried ? state[k] : slice[k - carried], dependent.contains(p)});
          }
          std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
          const auto yields = run(instr.regions[0]);
          for (std::size_t k = 0; k < yields.size(); ++k) {
            if (k < carried) {
              out.first.push_back(as_found(yields[k], dependent.contains(body.params[k + 1])));
            } else {
              out.second.push_back(yields[k].value);
              stacked_batched.push_back(yields[k].batched);
            }
          }
          return out;
        },
        ops::attrs_of<ops::For>(instr).reversed);
    for (std::size_t k = 0; k < results.size(); ++k) {
      if (k < carried) {
        set(instr.results[k], {results[k], dependent.contains(body.params[k + 1])});
      } else {
        const bool batched = stacked_batched[k - carried] != 0;
        set(instr.results[k],
            {batched ? b_.transpose(results[k], swapped(b_.type(results[k]).rank())) : results[k], batched});
      }
    }
  }

  // The permutation that exchanges the first two axes.
  static std::vector<std::int64_t> swapped(std::size_t rank) {
    auto p = ops::iota_axes(rank);
    std::swap(p[0], p[1]);
    return p;
  }

  const Function& f_;
  Builder& b_;
  Cloner outside_;
  Dim extent_;
  ValueId predicate_;
  std::unordered_map<ValueId, Batched> values_;
};

Function without_innermost_maps(const Function& f) {
  Function out = declare_like(f);
  Builder b(out);
  b.limit(budget(f.instrs.size()));
  Lifter lifter(f, b);
  const auto& params = f.block(f.body).params;
  for (std::size_t i = 0; i < params.size(); ++i) lifter.outside().map(params[i], out.block(out.body).params[i]);
  b.set_yields(lifter.outside().clone_body(f.body));
  return out;
}

}  // namespace

Function lift(const Function& f) {
  if (!has_map(f)) return f;
  Function out = without_innermost_maps(f);
  while (has_map(out)) out = without_innermost_maps(out);
  return out;
}

}  // namespace rg::opt
