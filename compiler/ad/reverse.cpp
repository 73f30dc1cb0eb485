#include "compiler/ad/reverse.h"

#include <algorithm>
#include <cmath>
#include <ranges>
#include <unordered_set>

#include "compiler/ad/activity.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::ad {

using namespace ir;
using Site = ops::AnySite<Builder>;

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

// How deep placed adjoints are multiplied before they are placed.
constexpr int kMaxPlaced = 3;

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
  const auto carried = ops::attrs_of<ops::For>(instr).states;
  const Block& body = f_.block(instr.regions[0]);
  const std::vector<ValueId> operands = cloner_(instr.operands);
  const auto results = b_.scan(
      cloner_.dim(ops::attrs_of<ops::For>(instr).trip),
      {operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(carried)},
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
      ops::attrs_of<ops::For>(instr).reversed);
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
    any_given_ = any_given_ || seed.guards.given.valid();
    if (seed.value.valid()) add(y, seed);
  }
  sweep(f_.body);
  std::vector<ValueId> out;
  for (const ValueId v : wrt_) out.push_back(adjoint_value(v));
  return out;
}

void Reverse::add(ValueId to, const Adjoint& a) {
  if (!is_active(to)) return;
  const auto [at, fresh] = adjoints_.emplace(to, a);
  if (fresh) return;
  Adjoint& total = at->second;
  total = {b_.add(total.value, a.value), sum(b_, total.guards, a.guards)};
}

Reverse::Adjoint Reverse::adjoint(ValueId v) const {
  const auto at = adjoints_.find(v);
  return at != adjoints_.end() ? at->second : Adjoint{};
}

ValueId Reverse::adjoint_value(ValueId v) {
  const Adjoint a = adjoint(v);
  return a.value.valid() ? a.value : b_.absent(cloner_.type(f_.type(v)));
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

// Where operand k has a derivative: where the result has one, passed by the op, and the op's own guard.
Guards Reverse::reach(const Instr& instr, Site& site, int k, const Guards& y) {
  const ops::OpInfo& row = ops::info(instr.op);
  Guards out;
  out.one_hot = y.one_hot;
  out.some = y.some;
  for (const auto channel : kChannels) {
    if ((y.*channel).valid()) out.*channel = row.reach(site, k, y.*channel);
  }
  // Of what is repeated some copy is read.
  const bool repeats = row.derivative == ops::Derivative::linear && row.reads_all(site.attrs) &&
                       site.x_type(k).rank() < b_.dims(site.y()).size();
  if (repeats) out.read = {};
  out.some = out.some || (y.one_hot && !row.elementwise);
  if (!y.read.valid() && !row.reads_all(site.attrs)) out.read = row.reach(site, k, b_.boolean(true, b_.dims(site.y())));
  if (row.guard != nullptr) out.chosen = both(b_, row.guard(site, k), out.chosen);
  return out;
}

// The product under y_adj's guards. What is placed is multiplied before: x * (place v) = place((slice x) * v).
Reverse::Adjoint Reverse::times(const ops::OpInfo& row, ValueId partial, const Adjoint& y_adj, const OperandAt* at) {
  const auto constant = b_.splat(partial);
  if (y_adj.placed == nullptr || (constant && std::isfinite(*constant))) {
    const ValueId product = scaled(b_, row, partial, y_adj.value, y_adj.guards, loops_ > 0, at);
    return {product, y_adj.guards, product == y_adj.value ? y_adj.placed : nullptr};
  }
  const Placed& p = *y_adj.placed;
  std::vector<ValueId> operands = cloner_(p.instr.operands);
  const std::vector<ValueId> results = cloner_(p.instr.results);
  const Attributes attrs = cloner_.attrs(p.instr.attrs);
  operands[0] = partial;
  const Adjoint inner = times(row, b_.emit1(p.instr.op, operands, attrs), p.inner);
  Site site{b_, attrs, operands, results};
  const ValueId value = ops::info(p.instr.op).transpose(site, 0, inner.value);
  return {value, y_adj.guards, std::make_shared<const Placed>(Placed{p.instr, inner, p.depth})};
}

// x_k_adj += dy/dx_k y_adj, under y_adj's guards
void Reverse::by_partials(const Instr& instr, const Adjoint& given) {
  const Adjoint y_adj = given;
  const ops::OpInfo& row = ops::info(instr.op);
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attributes attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  const auto partials = row.partials(site);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!is_active(instr.operands[k]) || b_.splat(partials[k]) == 0.0) continue;  // a function of steps
    const OperandAt at{site, static_cast<int>(k)};
    Adjoint x_adj = times(row, partials[k], y_adj, &at);
    x_adj.guards = reach(instr, site, static_cast<int>(k), y_adj.guards);
    if (row.guard != nullptr) {
      const ValueId own = row.guard(site, static_cast<int>(k));
      if (own.valid()) x_adj = {zero_outside(b_, own, x_adj.value), x_adj.guards};
    }
    add(instr.operands[k], x_adj);
  }
}

void Reverse::by_transpose(const Instr& instr, const Adjoint& given) {
  const Adjoint y_adj = given;
  const ops::OpInfo& row = ops::info(instr.op);
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attributes attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  const bool multilinear = row.derivative == ops::Derivative::multilinear;
  Guards y_guards = y_adj.guards;
  // Every element is reached from some element of the result: also from the one of a one-hot seed.
  if (multilinear && y_guards.one_hot) y_guards.read = {};
  const ValueId met = y_adj.placed != nullptr && loops_ == 0 ? structural(b_, y_guards) : y_guards.chosen;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!is_active(instr.operands[k])) continue;
    const int number = static_cast<int>(k);
    Adjoint x_adj;
    if (multilinear)
      x_adj.value = row.guarded_transpose(site, number, y_adj.value, met);
    else
      x_adj.value = row.transpose(site, number, y_adj.value);
    x_adj.guards = reach(instr, site, number, y_guards);
    const int depth = y_adj.placed != nullptr ? y_adj.placed->depth + 1 : 1;
    const bool reads_fewer = row.moves_elements && !row.reads_all(attrs) &&
                             Dim::proven_le(b_.type(results[0]).count(), site.x_type(0).count());
    if (reads_fewer && depth <= kMaxPlaced) x_adj.placed = std::make_shared<const Placed>(Placed{instr, y_adj, depth});
    add(instr.operands[k], x_adj);
  }
}

void Reverse::custom(const Instr& instr) {
  const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
  const Attributes attrs = cloner_.attrs(instr.attrs);
  Site site{b_, attrs, operands, results};
  std::vector<ValueId> y_adj;
  Guards y_guards;
  bool first = true;
  for (const ValueId r : instr.results) {
    const Adjoint a = adjoint(r);
    y_adj.push_back(a.value);
    if (!a.value.valid()) continue;
    y_guards = first ? a.guards : sum(b_, y_guards, a.guards);
    first = false;
  }
  const auto x_adj = ops::info(instr.op).vjp(site, y_adj);
  for (std::size_t k = 0; k < x_adj.size(); ++k) {
    if (x_adj[k].valid() && is_active(instr.operands[k]))
      add(instr.operands[k], {x_adj[k], reach(instr, site, static_cast<int>(k), y_guards)});
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
  std::vector<Adjoint> y_adj;
  std::vector<Type> types;
  for (const ValueId r : instr.results) y_adj.push_back(adjoint(r));
  for (const ValueId v : free) types.push_back(cloner_.type(f_.type(v)));
  Adjoints outer;
  std::swap(outer, adjoints_);
  const ValueId condition = cloner_(instr.operands[0]);
  BranchGuards guards(b_, condition);
  std::vector<BlockId> regions;
  for (const BlockId r : instr.regions) {
    regions.push_back(b_.in_block({}, [&](std::span<const ValueId>) {
      adjoints_.clear();
      cloner_.clone_body(r);
      for (std::size_t k = 0; k < y_adj.size(); ++k) {
        if (y_adj[k].value.valid()) add(f_.block(r).yields[k], {y_adj[k].value, y_adj[k].guards});
      }
      sweep(r);
      std::vector<ValueId> yields;
      for (const ValueId v : free) {
        guards.arm(adjoints_.contains(v), adjoint(v).guards);
        yields.push_back(adjoint_value(v));
      }
      return yields;
    }));
  }
  guards.add_yields(regions, types);
  adjoints_ = std::move(outer);
  const auto results = b_.emit(instr.op, {condition}, {}, regions);
  const auto found = guards.of_results(std::span(results).subspan(free.size()), types);
  for (std::size_t k = 0; k < free.size(); ++k) add(free[k], {results[k], found[k]});
}

// The sweep's loop over one loop of the primal. Its states: adjoints of the active states, then of the free values,
// which the steps add to, then what is carried of their guards. Its arrays: the tape, the primal's arrays, adjoints of
// the stacks that are reached and their guards.
struct Reverse::Sweep {
  const Instr& instr;
  const Block& body;
  std::size_t carried;
  std::vector<ValueId> free;
  std::vector<std::size_t> active_states = {}, active_arrays = {}, reached_stacks = {};
  std::vector<Carried> of_states = {}, of_free = {};
  std::vector<ValueId> arrays = {};
  std::size_t tape_size = 0, primal_size = 0;
  std::vector<Guards> array_guards = {};  // as a step gives them
  bool settled = true;
};

void Reverse::loop(const Instr& instr) {
  Sweep s{instr, f_.block(instr.regions[0]), ops::attrs_of<ops::For>(instr).states, active_free_values(instr.regions)};
  for (std::size_t k = 0; k < s.carried; ++k) {
    if (!is_active(s.body.params[k + 1])) continue;
    s.active_states.push_back(k);
    const Adjoint a = adjoint(instr.results[k]);
    s.of_states.push_back(Carried::before(a.guards, a.value.valid(), any_given_));
  }
  for (const ValueId v : s.free) {
    const Adjoint a = adjoint(v);
    s.of_free.push_back(Carried::before(a.guards, a.value.valid(), any_given_));
  }
  s.arrays = tapes_.at(&instr);
  s.tape_size = s.arrays.size();
  for (std::size_t k = s.carried; k < instr.operands.size(); ++k) {
    s.arrays.push_back(cloner_(instr.operands[k]));
    if (is_active(s.body.params[k + 1])) s.active_arrays.push_back(k);
  }
  s.primal_size = s.arrays.size();
  for (std::size_t k = s.carried; k < instr.results.size(); ++k) {
    const Adjoint a = adjoint(instr.results[k]);
    if (!a.value.valid()) continue;
    s.reached_stacks.push_back(k);
    s.arrays.push_back(a.value);
    for (const auto channel : kChannels) {
      if ((a.guards.*channel).valid()) s.arrays.push_back(a.guards.*channel);
    }
  }
  while (!loop(s)) {
  }
}

// False where a step needs more of its guards carried than s says, which then says it.
bool Reverse::loop(Sweep& s) {
  std::vector<ValueId> states, predicates;
  const auto state = [&](ValueId v, const Carried& c) {
    const Adjoint a = adjoint(v);
    states.push_back(adjoint_value(v));
    c.pack(b_, a.guards, !a.value.valid(), cloner_.type(f_.type(v)), predicates);
  };
  for (std::size_t n = 0; n < s.of_states.size(); ++n) state(s.instr.results[s.active_states[n]], s.of_states[n]);
  for (std::size_t n = 0; n < s.free.size(); ++n) state(s.free[n], s.of_free[n]);
  states.insert(states.end(), predicates.begin(), predicates.end());
  Adjoints outer;
  s.settled = true;
  s.array_guards.clear();
  ++loops_;
  const auto results = b_.scan(
      cloner_.dim(ops::attrs_of<ops::For>(s.instr).trip), states, s.arrays,
      [&](ValueId i, std::span<const ValueId> state, std::span<const ValueId> slice) {
        cloner_.map(s.body.params[0], i);
        // Adjoints of stacks, with guards that are slices too.
        std::vector<Adjoint> stacks;
        std::size_t next = s.primal_size;
        for (const std::size_t k : s.reached_stacks) {
          Adjoint a = adjoint(s.instr.results[k]);
          a = {slice[next++], a.guards};
          for (const auto channel : kChannels) {
            if ((a.guards.*channel).valid()) a.guards.*channel = slice[next++];
          }
          stacks.push_back(a);
        }
        std::swap(outer, adjoints_);
        enter_step(s, state, slice);
        for (std::size_t n = 0; n < s.reached_stacks.size(); ++n) add(s.body.yields[s.reached_stacks[n]], stacks[n]);
        sweep(s.instr.regions[0]);
        auto out = leave_step(s);
        if (!s.settled) out = {{state.begin(), state.end()}, {}};
        return out;
      },
      !ops::attrs_of<ops::For>(s.instr).reversed);
  --loops_;
  for (const Instr* i : kept(s.instr.regions[0]).instrs) given_.erase(i);  // computed where the region is next copied
  adjoints_ = std::move(outer);
  if (s.settled)
    bind(s, results);
  else
    b_.function().block(b_.current_block()).instrs.pop_back();
  return s.settled;
}

void Reverse::enter_step(const Sweep& s, std::span<const ValueId> state, std::span<const ValueId> slice) {
  const auto& params = s.body.params;
  for (std::size_t k = 0; k < s.carried; ++k) cloner_.map(params[k + 1], slice[k]);
  for (std::size_t k = s.carried; k + 1 < params.size(); ++k)
    cloner_.map(params[k + 1], slice[s.tape_size + k - s.carried]);
  read_tape(kept(s.instr.regions[0]), slice.subspan(s.carried, s.tape_size - s.carried));
  cloner_.clone_body(s.instr.regions[0]);
  std::span<const ValueId> predicates = state.subspan(s.active_states.size() + s.free.size());
  const auto guards = [&](ValueId v, const Carried& c) { return c.unpack(b_, cloner_.type(f_.type(v)), predicates); };
  std::vector<Guards> of_states;
  for (std::size_t n = 0; n < s.active_states.size(); ++n)
    of_states.push_back(guards(s.instr.results[s.active_states[n]], s.of_states[n]));
  for (std::size_t n = 0; n < s.free.size(); ++n)
    adjoints_[s.free[n]] = {state[s.active_states.size() + n], guards(s.free[n], s.of_free[n])};
  for (std::size_t n = 0; n < s.active_states.size(); ++n)
    add(s.body.yields[s.active_states[n]], {state[n], of_states[n]});
}

std::pair<std::vector<ValueId>, std::vector<ValueId>> Reverse::leave_step(Sweep& s) {
  std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
  std::vector<ValueId> predicates;
  const auto state = [&](ValueId v, Carried& c) {
    const Adjoint a = adjoint(v);
    if (a.value.valid() && c.raise(a.guards)) s.settled = false;
    out.first.push_back(adjoint_value(v));
    c.pack(b_, a.guards, !a.value.valid(), cloner_.type(f_.type(v)), predicates);
  };
  for (std::size_t n = 0; n < s.active_states.size(); ++n) state(s.body.params[s.active_states[n] + 1], s.of_states[n]);
  for (std::size_t n = 0; n < s.free.size(); ++n) state(s.free[n], s.of_free[n]);
  out.first.insert(out.first.end(), predicates.begin(), predicates.end());
  for (const std::size_t k : s.active_arrays) {
    const ValueId v = s.body.params[k + 1];
    Guards g = adjoint(v).guards;
    if (!adjoints_.contains(v)) g.read = b_.boolean(false, b_.dims(cloner_(v)));
    s.array_guards.push_back(g);
    out.second.push_back(adjoint_value(v));
    for (const auto channel : kChannels) {
      if ((g.*channel).valid()) out.second.push_back(g.*channel);
    }
  }
  return out;
}

void Reverse::bind(Sweep& s, std::span<const ValueId> results) {
  const auto take = [&] {
    const ValueId v = results.front();
    results = results.subspan(1);
    return v;
  };
  const std::size_t n_states = s.active_states.size();
  std::vector<Adjoint> states;
  for (std::size_t n = 0; n < n_states + s.free.size(); ++n) states.push_back({take()});
  for (std::size_t n = 0; n < states.size(); ++n) {
    const bool is_state = n < n_states;
    const ValueId v = is_state ? s.instr.results[s.active_states[n]] : s.free[n - n_states];
    const Carried& c = is_state ? s.of_states[n] : s.of_free[n - n_states];
    states[n].guards =
        c.after(b_, cloner_.type(f_.type(v)), results, cloner_.dim(ops::attrs_of<ops::For>(s.instr).trip));
  }
  // First what the loop has added to: an initial state may be one of the free values.
  for (std::size_t n = 0; n < s.free.size(); ++n) adjoints_[s.free[n]] = states[n_states + n];
  for (std::size_t n = 0; n < s.active_arrays.size(); ++n) {
    Adjoint a{take(), s.array_guards[n]};
    for (const auto channel : kChannels) {
      if ((a.guards.*channel).valid()) a.guards.*channel = take();
    }
    add(s.instr.operands[s.active_arrays[n]], a);
  }
  for (std::size_t n = 0; n < n_states; ++n) add(s.instr.operands[s.active_states[n]], states[n]);
}

}  // namespace rg::ad
