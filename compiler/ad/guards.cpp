#include "compiler/ad/guards.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::ad {

using namespace ir;

ValueId both(Builder& b, ValueId p, ValueId q) {
  if (!p.valid() || !q.valid()) return p.valid() ? p : q;
  return b.logical_and(p, q);
}

ValueId either(Builder& b, ValueId p, ValueId q) {
  if (!p.valid() || !q.valid()) return {};
  const ValueId any = b.logical_or(p, q);
  const auto known = b.splat(any);
  return known && *known != 0 ? ValueId() : any;
}

ValueId structural(Builder& b, const Guards& g) { return both(b, g.chosen, g.read); }

Guards from_structural(ValueId p, bool chosen) {
  Guards g;
  (chosen ? g.chosen : g.read) = p;
  return g;
}

Guards sum(Builder& b, const Guards& p, const Guards& q) {
  Guards out;
  out.given = either(b, p.given, q.given);
  if (!p.structural() || !q.structural()) return out;
  if (!p.chosen.valid() && !q.chosen.valid()) {
    out.read = either(b, p.read, q.read);
    out.one_hot = p.one_hot && q.one_hot;
    out.some = p.some && q.some;
  } else {  // a place may be outside of the one by a condition and of the other by its index
    out.chosen = either(b, structural(b, p), structural(b, q));
  }
  return out;
}

ValueId zero_outside(Builder& b, ValueId predicate, ValueId t) {
  return predicate.valid() ? b.select(predicate, t, b.absent(b.type(t))) : t;
}

namespace {

// Of broadcast operands a partial is computed once and not for every element; where t is 1 or -1 it is the product.
bool has_own_product(Builder& b, const ops::OpInfo& row, ValueId t, const OperandAt* at) {
  if (row.scaled == nullptr || at == nullptr || std::abs(b.splat(t).value_or(0)) == 1) return false;
  return std::ranges::none_of(at->site.operands, [&](ValueId x) {
    const Instr* i = b.function().definition(x);
    return i != nullptr && i->op == ops::opcode<ops::Broadcast>();
  });
}

}  // namespace

ValueId scaled(Builder& b, const ops::OpInfo& row, ValueId partial, ValueId t, const Guards& g, bool in_loop,
               const OperandAt* at) {
  // Of a finite constant the exact zeros of t stay zeros.
  const auto constant = b.splat(partial);
  if (constant && std::isfinite(*constant)) return b.mul(partial, t);
  const bool singular = !row.smooth || constant.has_value();
  ValueId product;
  if (singular && g.given.valid())
    product = b.emit1(b.named("guarded_mul"), {g.given, partial, t});
  else
    product = has_own_product(b, row, t, at) ? row.scaled(at->site, at->k, t) : b.mul(partial, t);
  const ValueId read = singular || !(in_loop || g.some) ? g.read : ValueId();
  return zero_outside(b, both(b, g.chosen, read), product);
}

Guards of_given(Builder& b, ValueId seed) {
  const auto constant = b.splat(seed);
  if (constant && *constant != 0) return {};
  return {.given = b.compare("ne", seed, b.zero(seed))};
}

Carried Carried::before(const Guards& g, bool present, bool given_too) {
  Carried c;
  if (!present) return {.kind = Kind::uniform, .given = given_too};
  if (g.structural()) c.kind = g.chosen.valid() ? Kind::chosen : Kind::read;
  c.given = g.given.valid();
  return c;
}

bool Carried::raise(const Guards& after) {
  everywhere = !after.structural();
  if (everywhere) return false;
  const Kind wanted = after.chosen.valid() ? Kind::chosen : Kind::read;
  if (kind >= wanted) return false;
  kind = wanted;
  return true;
}

void Carried::pack(Builder& b, const Guards& g, bool zero, const Type& type, std::vector<ValueId>& states) const {
  const auto push = [&](ValueId p, const std::vector<Dim>& dims) {
    states.push_back(zero ? b.boolean(false, dims) : p.valid() ? p : b.boolean(true, dims));
  };
  if (kind == Kind::uniform)
    push({}, {});
  else if (kind != Kind::nothing)
    push(structural(b, g), type.dims);
  if (given) push(g.given, type.dims);
}

Guards Carried::unpack(Builder& b, const Type& type, std::span<const ValueId>& states) const {
  const auto take = [&] {
    const ValueId p = states.front();
    states = states.subspan(1);
    return p;
  };
  Guards g;
  if (kind == Kind::uniform)
    g.read = b.broadcast(take(), type.dims, {});
  else if (kind != Kind::nothing)
    g = from_structural(take(), kind == Kind::chosen);
  if (given) g.given = take();
  return g;
}

Guards Carried::after(Builder& b, const Type& type, std::span<const ValueId>& states, const Dim& trip) const {
  Guards g = unpack(b, type, states);
  return everywhere && Dim::proven_le(1, trip) ? Guards{.given = g.given} : g;
}

bool BranchGuards::yields(std::span<const BlockId> arms, const Type& type, const Found& x, const Found& y, bool given) {
  const Found* found[] = {&x, &y};
  const auto holds = [&](const Found& f) {
    if (given) return f.guards.given.valid();
    return f.guards.chosen.valid() || (f.guards.read.valid() && !f.guards.some);
  };
  if (!(x.present && holds(x)) && !(y.present && holds(y))) return false;
  for (std::size_t k = 0; k < arms.size(); ++k) {
    const BlockId outer = b_.enter(arms[k]);
    const ValueId p = given ? found[k]->guards.given : structural(b_, found[k]->guards);
    const bool some = found[k]->present && p.valid();
    const ValueId yield = some ? p : b_.boolean(found[k]->present, type.dims);
    b_.function().block(arms[k]).yields.push_back(yield);
    b_.enter(outer);
  }
  return true;
}

void BranchGuards::add_yields(std::span<const BlockId> arms, std::span<const Type> types) {
  const std::size_t n = types.size();
  for (std::size_t k = 0; k < n; ++k) {
    const Found &x = found_[k], &y = found_[n + k];
    added_.push_back({yields(arms, types[k], x, y, false), yields(arms, types[k], x, y, true)});
  }
}

std::vector<Guards> BranchGuards::of_results(std::span<const ValueId> added, std::span<const Type> types) {
  std::vector<Guards> out;
  const std::size_t n = types.size();
  std::size_t next = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const Found &x = found_[k], &y = found_[n + k];
    Guards g;
    const bool by_index = x.present && y.present && !x.guards.chosen.valid() && !y.guards.chosen.valid();
    if (added_[k][0]) {
      g = from_structural(added[next++], !by_index);
    } else if (x.present != y.present) {
      g.chosen = b_.broadcast(x.present ? condition_ : b_.logical_not(condition_), types[k].dims, {});
    } else if (!x.present) {
      g.read = b_.boolean(false, types[k].dims);
    }
    if (added_[k][1]) g.given = added[next++];
    out.push_back(g);
  }
  return out;
}

}  // namespace rg::ad
