#include "compiler/ad/reverse.h"

#include <algorithm>
#include <ranges>
#include <unordered_set>

#include "compiler/ad/activity.h"
#include "compiler/ops/all.h"

namespace rg::ad {

using namespace ir;
using Site = ops::Site<Builder>;

Reverse::Reverse(const Function& f, Builder& to, std::span<const ValueId> arguments, std::vector<Dim> sizes,
                 std::span<const std::int64_t> wrt)
    : f_(f), b_(to), cloner_(f, to, std::move(sizes)) {
  const auto& params = f.block(f.body).params;
  for (const std::int64_t p : wrt) wrt_.push_back(params[static_cast<std::size_t>(p)]);
  active_ = active_values(f, wrt_);
  for (std::size_t i = 0; i < params.size(); ++i) cloner_.map(params[i], arguments[i]);
  cloner_.set_hook([this](const Instr& instr, Cloner&) { return instruction(instr); });
  primals_ = cloner_.clone_body(f.body);
}

namespace {

// Whether computing the instruction again costs more than keeping its results.
bool costly(const Instr& instr) {
  const ops::OpInfo& info = ops::info(instr.op);
  if (instr.op == ops::opcode<ops::For>()) return true;
  return info.elementwise ? info.cost >= ops::kDivisionCost : info.derivative == ops::Derivative::multilinear;
}

}  // namespace

Reverse::Kept Reverse::kept(BlockId region) const {
  Kept out;
  const Block& body = f_.block(region);
  std::unordered_set<ValueId> varying(body.params.begin(), body.params.end());
  const auto varies = [&](ValueId v) { return varying.contains(v); };
  for (const InstrId i : body.instrs) {
    const Instr& instr = f_.instr(i);
    bool any = std::ranges::any_of(instr.operands, varies);
    for (const BlockId r : instr.regions) any = any || std::ranges::any_of(free_values(f_, r), varies);
    if (!any) continue;
    varying.insert(instr.results.begin(), instr.results.end());
    if (costly(instr)) out.instrs.push_back(&instr);
  }
  return out;
}

// The values of one step, after its code was emitted.
std::vector<ValueId> Reverse::tape_of_step(const Kept& kept) {
  std::vector<ValueId> out;
  for (const Instr* instr : kept.instrs) {
    for (const ValueId r : instr->results) out.push_back(cloner_(r));
    const auto inner = tapes_.find(instr);
    if (inner != tapes_.end()) out.insert(out.end(), inner->second.begin(), inner->second.end());
  }
  return out;
}

// The same values as read from the tape, in place of the code that made them.
void Reverse::read_tape(const Kept& kept, std::span<const ValueId> slices) {
  std::size_t next = 0;
  for (const Instr* instr : kept.instrs) {
    given_.insert(instr);
    for (const ValueId r : instr->results) cloner_.map(r, slices[next++]);
    const auto inner = tapes_.find(instr);
    if (inner == tapes_.end()) continue;
    for (ValueId& stack : inner->second) stack = slices[next++];
  }
}

// The primal of a loop that has a derivative: with its tape.
bool Reverse::instruction(const Instr& instr) {
  if (given_.contains(&instr)) return true;
  if (instr.op != ops::opcode<ops::For>()) return false;
  if (std::ranges::none_of(instr.results, [&](ValueId r) { return is_active(r); })) return false;
  const auto carried = static_cast<std::size_t>(instr.attrs.integers[0]);
  const Block& body = f_.block(instr.regions[0]);
  const std::vector<ValueId> operands = cloner_(instr.operands);
  const auto results = b_.scan(
      cloner_.dim(instr.attrs.dims[0]), {operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(carried)},
      {operands.begin() + static_cast<std::ptrdiff_t>(carried), operands.end()},
      [&](ValueId i, std::span<const ValueId> states, std::span<const ValueId> slices) {
        cloner_.map(body.params[0], i);
        for (std::size_t k = 0; k < states.size(); ++k) cloner_.map(body.params[k + 1], states[k]);
        for (std::size_t k = 0; k < slices.size(); ++k) cloner_.map(body.params[k + 1 + carried], slices[k]);
        std::vector<ValueId> next = cloner_.clone_body(instr.regions[0]);
        std::vector<ValueId> stacked(next.begin() + static_cast<std::ptrdiff_t>(carried), next.end());
        next.resize(carried);
        stacked.insert(stacked.end(), states.begin(), states.end());
        const auto tape = tape_of_step(kept(instr.regions[0]));
        stacked.insert(stacked.end(), tape.begin(), tape.end());
        return std::pair{next, stacked};
      },
      instr.attrs.integers[1] != 0);
  for (std::size_t k = 0; k < instr.results.size(); ++k) cloner_.map(instr.results[k], results[k]);
  tapes_[&instr] = {results.begin() + static_cast<std::ptrdiff_t>(instr.results.size()), results.end()};
  return true;
}

std::vector<ValueId> Reverse::pullback(std::span<const Adjoint> result_adjoints) {
  adjoints_.clear();
  std::size_t next = 0;
  for (const ValueId y : f_.block(f_.body).yields) {
    if (!is_float(f_.type(y).elem)) continue;
    const Adjoint& seed = result_adjoints[next++];
    if (seed.value.valid()) add(y, seed);
  }
  sweep(f_.body);
  std::vector<ValueId> out;
  for (const ValueId v : wrt_) out.push_back(adjoint(v));
  return out;
}

void Reverse::add(ValueId to, Adjoint a) {
  if (!is_active(to)) return;
  const auto [at, fresh] = adjoints_.emplace(to, a);
  if (fresh) return;
  Adjoint& sum = at->second;
  sum.value = b_.add(sum.value, a.value);
  sum.predicate = sum.predicate.valid() && a.predicate.valid() ? b_.logical_or(sum.predicate, a.predicate) : ValueId();
}

ValueId Reverse::adjoint(ValueId v) {
  const auto at = adjoints_.find(v);
  return at != adjoints_.end() ? at->second.value : b_.zeros(cloner_.type(f_.type(v)));
}

void Reverse::sweep(BlockId block) {
  for (const InstrId i : f_.block(block).instrs | std::views::reverse) {
    const Instr& instr = f_.instr(i);
    const bool reached = std::ranges::any_of(instr.results, [&](ValueId r) { return adjoints_.contains(r); });
    if (!reached) continue;
    b_.set_span(instr.span);
    sweep(instr);
  }
}

void Reverse::sweep(const Instr& instr) {
  if (instr.op == ops::opcode<ops::For>()) return loop(instr);
  if (instr.op == ops::opcode<ops::If>()) return branch(instr);
  switch (ops::info(instr.op).derivative) {
    case ops::Derivative::by_partials:
      return by_partials(instr, adjoints_.at(instr.results[0]));
    case ops::Derivative::linear:
    case ops::Derivative::multilinear:
      return by_transpose(instr, adjoints_.at(instr.results[0]));
    case ops::Derivative::custom:
      return custom(instr);
    default:
      return;
  }
}

// Where operand k has a derivative: the op's own predicate and that of the result's adjoint. Invalid: everywhere.
ValueId Reverse::guarded(const ops::OpInfo& row, ops::Site<Builder>& site, int k, ValueId y_predicate) {
  if (row.guard == nullptr) return y_predicate;
  const ValueId own = row.guard(site, k);
  return y_predicate.valid() ? b_.logical_and(own, y_predicate) : own;
}

// x_k_adj += dy/dx_k y_adj, under y_adj's predicate
void Reverse::by_partials(const Instr& instr, const Adjoint& given) {
  const Adjoint y_adj = given;
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attrs attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  const auto partials = ops::info(instr.op).partials(site);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!is_active(instr.operands[k])) continue;
    const ValueId predicate = guarded(ops::info(instr.op), site, static_cast<int>(k), y_adj.predicate);
    ValueId x_adj = b_.mul(partials[k], y_adj.value);
    // A partial that is constant is finite, so that the exact zeros of y_adj stay zeros.
    if (predicate.valid() && !b_.splat(partials[k])) x_adj = b_.select(predicate, x_adj, b_.zero(x_adj));
    add(instr.operands[k], {x_adj, predicate});
  }
}

void Reverse::by_transpose(const Instr& instr, const Adjoint& given) {
  const Adjoint y_adj = given;
  const ops::OpInfo& row = ops::info(instr.op);
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attrs attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!is_active(instr.operands[k])) continue;
    const int number = static_cast<int>(k);
    Adjoint x_adj{row.transpose(site, number, y_adj.value), {}};
    if (row.guard != nullptr) {
      x_adj.predicate = guarded(row, site, number, y_adj.predicate);
    } else if (y_adj.predicate.valid() && row.elementwise) {
      x_adj.predicate = y_adj.predicate;
    } else if (y_adj.predicate.valid() && row.moves_elements) {
      x_adj.predicate = row.transpose(site, number, y_adj.predicate);
    }
    add(instr.operands[k], x_adj);
  }
}

void Reverse::custom(const Instr& instr) {
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attrs attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  std::vector<ValueId> y_adj;
  for (const ValueId r : instr.results) {
    const auto at = adjoints_.find(r);
    y_adj.push_back(at != adjoints_.end() ? at->second.value : ValueId());
  }
  const auto x_adj = ops::info(instr.op).vjp(site, y_adj);
  for (std::size_t k = 0; k < x_adj.size(); ++k) {
    if (x_adj[k].valid())
      add(instr.operands[k], {x_adj[k], guarded(ops::info(instr.op), site, static_cast<int>(k), {})});
  }
}

std::vector<ValueId> Reverse::active_free_values(const std::vector<BlockId>& regions) const {
  std::vector<ValueId> out;
  std::unordered_set<ValueId> seen;
  for (const BlockId r : regions) {
    for (const ValueId v : free_values(f_, r)) {
      if (is_active(v) && seen.insert(v).second) out.push_back(v);
    }
  }
  return out;
}

void Reverse::branch(const Instr& instr) {
  const std::vector<ValueId> free = active_free_values(instr.regions);
  std::vector<ValueId> y_adj;
  for (const ValueId r : instr.results) y_adj.push_back(adjoints_.contains(r) ? adjoint(r) : ValueId());
  Adjoints outer;
  std::swap(outer, adjoints_);
  std::vector<BlockId> regions;
  for (const BlockId r : instr.regions) {
    regions.push_back(b_.in_block({}, [&](std::span<const ValueId>) {
      adjoints_.clear();
      cloner_.clone_body(r);
      for (std::size_t k = 0; k < y_adj.size(); ++k) {
        if (y_adj[k].valid()) add(f_.block(r).yields[k], {y_adj[k], {}});
      }
      sweep(r);
      std::vector<ValueId> yields;
      for (const ValueId v : free) yields.push_back(adjoint(v));
      return yields;
    }));
  }
  adjoints_ = std::move(outer);
  const auto results = b_.emit(instr.op, {cloner_(instr.operands[0])}, {}, regions);
  for (std::size_t k = 0; k < free.size(); ++k) add(free[k], {results[k], {}});
}

void Reverse::loop(const Instr& instr) {
  const BlockId region = instr.regions[0];
  const Block& body = f_.block(region);
  const auto carried = static_cast<std::size_t>(instr.attrs.integers[0]);
  const std::vector<ValueId> free = active_free_values(instr.regions);
  // States of the sweep: adjoints of the active states, then of the free values, which the steps add to. Arrays: the
  // tape, the primal's arrays, adjoints of the stacks that are reached.
  std::vector<std::size_t> active_states, active_arrays, reached_stacks;
  std::vector<ValueId> states, arrays = tapes_.at(&instr);
  const std::size_t tape_size = arrays.size();
  for (std::size_t k = 0; k < carried; ++k) {
    if (!is_active(body.params[k + 1])) continue;
    active_states.push_back(k);
    states.push_back(adjoint(instr.results[k]));
  }
  for (const ValueId v : free) states.push_back(adjoint(v));
  for (std::size_t k = carried; k < instr.operands.size(); ++k) {
    arrays.push_back(cloner_(instr.operands[k]));
    if (is_active(body.params[k + 1])) active_arrays.push_back(k);
  }
  const std::size_t primal_size = arrays.size();
  for (std::size_t k = carried; k < instr.results.size(); ++k) {
    if (!adjoints_.contains(instr.results[k])) continue;
    reached_stacks.push_back(k);
    arrays.push_back(adjoint(instr.results[k]));
  }
  Adjoints outer;
  std::swap(outer, adjoints_);
  const auto results = b_.scan(
      cloner_.dim(instr.attrs.dims[0]), states, arrays,
      [&](ValueId i, std::span<const ValueId> state, std::span<const ValueId> slice) {
        adjoints_.clear();
        cloner_.map(body.params[0], i);
        for (std::size_t k = 0; k < carried; ++k) cloner_.map(body.params[k + 1], slice[k]);
        for (std::size_t k = carried; k + 1 < body.params.size(); ++k)
          cloner_.map(body.params[k + 1], slice[tape_size + k - carried]);
        read_tape(kept(region), slice.subspan(carried, tape_size - carried));
        cloner_.clone_body(region);
        for (std::size_t n = 0; n < free.size(); ++n) adjoints_[free[n]] = {state[active_states.size() + n]};
        for (std::size_t n = 0; n < active_states.size(); ++n) add(body.yields[active_states[n]], {state[n], {}});
        for (std::size_t n = 0; n < reached_stacks.size(); ++n)
          add(body.yields[reached_stacks[n]], {slice[primal_size + n], {}});
        sweep(region);
        std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
        for (const std::size_t k : active_states) out.first.push_back(adjoint(body.params[k + 1]));
        for (const ValueId v : free) out.first.push_back(adjoint(v));
        for (const std::size_t k : active_arrays) out.second.push_back(adjoint(body.params[k + 1]));
        return out;
      },
      instr.attrs.integers[1] == 0);
  adjoints_ = std::move(outer);
  // First what the loop has added to: an initial state may be one of the free values.
  std::size_t next = active_states.size();
  for (const ValueId v : free) adjoints_[v] = {results[next++]};
  for (const std::size_t k : active_arrays) add(instr.operands[k], {results[next++], {}});
  next = 0;
  for (const std::size_t k : active_states) add(instr.operands[k], {results[next++], {}});
}

}  // namespace rg::ad
