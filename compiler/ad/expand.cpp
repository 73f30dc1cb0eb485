#include "compiler/ad/expand.h"

#include <algorithm>

#include "compiler/ad/activity.h"
#include "compiler/ad/forward.h"
#include "compiler/ad/reverse.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"

namespace rg::ad {

using namespace ir;

namespace {

struct Derive {
  const Function& callee;
  Builder& b;
  std::vector<ValueId> arguments, seeds;
  std::vector<Dim> sizes;
  const std::vector<std::int64_t>& wrt;

  std::vector<Type> float_results() const {
    std::vector<Type> out;
    for (const Type& t : callee.result_types()) {
      if (is_float(t.elem)) out.push_back(t.substitute(sizes));
    }
    return out;
  }
  std::vector<Type> wrt_types() const {
    std::vector<Type> out;
    for (const std::int64_t p : wrt) out.push_back(b.type(arguments[static_cast<std::size_t>(p)]));
    return out;
  }
};

/// Where the index of every axis of `type` equals the index value of the seed.
ValueId hit(Builder& b, const Type& type, std::span<const ValueId> index) {
  ValueId all = b.boolean(true, type.dims);
  for (std::size_t d = 0; d < type.rank(); ++d) {
    const ValueId at = b.broadcast(index[d], type.dims, {});
    all = b.logical_and(all, b.compare("eq", b.iota(Elem::i64, type.dims, static_cast<std::int64_t>(d)), at));
  }
  return all;
}

/// A map over the indices of `type` whose region gets the one-hot seed: 1 under its predicate, 0 elsewhere.
std::vector<ValueId> map_over_seeds(
    Builder& b, const Type& type, const std::function<std::vector<ValueId>(ValueId seed, const Guards& guards)>& body) {
  const std::vector<Type> indices(type.rank(), Type{Elem::i64, {}});
  const BlockId region = b.in_block(indices, [&](std::span<const ValueId> index) {
    const ValueId here = hit(b, type, index);
    const ValueId seed = b.select(here, b.constant(type.elem, 1, type.dims), b.absent(type));
    // Of one element it is 1.
    return body(seed, type.rank() == 0 ? Guards{} : Guards{.read = here, .one_hot = true});
  });
  return b.emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{type.dims}, {region});
}

std::vector<ValueId> jvp(Derive& d) {
  std::vector<Tangent> seeds;
  for (const ValueId v : d.seeds) seeds.push_back({v, of_given(d.b, v)});
  ForwardResult r = forward(d.callee, d.b, d.arguments, d.sizes, d.wrt, seeds);
  r.primals.insert(r.primals.end(), r.tangents.begin(), r.tangents.end());
  return r.primals;
}

std::vector<ValueId> vjp(Derive& d) {
  Reverse pass(d.callee, d.b, d.arguments, d.sizes, d.wrt);
  std::vector<ValueId> out = pass.primals();
  std::vector<Reverse::Adjoint> seeds;
  for (const ValueId v : d.seeds) seeds.push_back({v, of_given(d.b, v)});
  const auto adjoints = pass.pullback(seeds);
  out.insert(out.end(), adjoints.begin(), adjoints.end());
  return out;
}

// One pullback a result element: the map gives dims(r) ++ dims(w) as they are wanted.
std::vector<ValueId> jacobian_reverse(Derive& d) {
  Reverse pass(d.callee, d.b, d.arguments, d.sizes, d.wrt);
  std::vector<ValueId> out = pass.primals();
  const auto results = d.float_results();
  for (std::size_t r = 0; r < results.size(); ++r) {
    const auto rows = map_over_seeds(d.b, results[r], [&](ValueId seed, const Guards& guards) {
      std::vector<Reverse::Adjoint> seeds(results.size());
      seeds[r] = {seed, guards};
      return pass.pullback(seeds);
    });
    // The block is of the result's type, an adjoint of the parameter's.
    for (const ValueId row : rows) out.push_back(d.b.convert(row, results[r].elem));
  }
  return out;
}

// One tangent a parameter element: the map gives dims(w) ++ dims(r), whose two parts change places.
std::vector<ValueId> jacobian_forward(Derive& d) {
  std::vector<ValueId> out = inline_body(d.callee, d.b, d.arguments, d.sizes);
  const auto results = d.float_results();
  const auto params = d.wrt_types();
  std::vector<std::vector<ValueId>> columns;
  for (std::size_t w = 0; w < params.size(); ++w) {
    columns.push_back(map_over_seeds(d.b, params[w], [&](ValueId seed, const Guards& guards) {
      std::vector<Tangent> seeds(params.size());
      seeds[w] = {seed, guards};
      return forward(d.callee, d.b, d.arguments, d.sizes, d.wrt, seeds).tangents;
    }));
  }
  for (std::size_t r = 0; r < results.size(); ++r) {
    for (std::size_t w = 0; w < params.size(); ++w) {
      std::vector<std::int64_t> order;
      const auto first = static_cast<std::int64_t>(params[w].rank()),
                 all = first + static_cast<std::int64_t>(results[r].rank());
      for (std::int64_t i = first; i < all; ++i) order.push_back(i);
      for (std::int64_t i = 0; i < first; ++i) order.push_back(i);
      out.push_back(d.b.transpose(columns[w][r], order));
    }
  }
  return out;
}

// Forward where the parameters are provably no more than the results.
std::vector<ValueId> jacobian(Derive& d) {
  Dim inputs, outputs;
  for (const Type& t : d.wrt_types()) inputs = inputs + t.count();
  for (const Type& t : d.float_results()) outputs = outputs + t.count();
  return Dim::proven_le(inputs, outputs) ? jacobian_forward(d) : jacobian_reverse(d);
}

}  // namespace

Function prepared(const Function& f, std::span<const std::int64_t> wrt) {
  std::vector<ValueId> chosen;
  for (const std::int64_t p : wrt) chosen.push_back(f.block(f.body).params[static_cast<std::size_t>(p)]);
  const auto active = active_values(f, chosen);
  return rebuild(f, [&](const Instr& instr, Cloner& c) {
    const ops::OpInfo& row = ops::info(instr.op);
    if (row.expand == nullptr || std::ranges::none_of(instr.operands, [&](ValueId v) { return active.contains(v); }))
      return false;
    const std::vector<ValueId> operands = c(instr.operands);
    const Attributes attrs = c.attrs(instr.attrs);
    ops::AnySite<Builder> site{c.to(), attrs, operands, {}};
    const auto results = row.expand(site);
    for (std::size_t k = 0; k < results.size(); ++k) c.map(instr.results[k], results[k]);
    return true;
  });
}

std::vector<ValueId> expand_derive(const Function& callee, Builder& to, std::span<const ValueId> operands,
                                   const ops::Derive::Attrs& attrs) {
  const Function ready = prepared(callee, attrs.wrt);
  const std::size_t n = ready.block(ready.body).params.size();
  Derive d{ready,
           to,
           {operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(n)},
           {operands.begin() + static_cast<std::ptrdiff_t>(n), operands.end()},
           attrs.sizes,
           attrs.wrt};
  switch (attrs.mode) {
    case ops::DeriveMode::jvp:
      return jvp(d);
    case ops::DeriveMode::vjp:
      return vjp(d);
    case ops::DeriveMode::jacobian:
      return jacobian(d);
    case ops::DeriveMode::jacobian_forward:
      return jacobian_forward(d);
    case ops::DeriveMode::jacobian_reverse:
      return jacobian_reverse(d);
  }
  internal_error("derive in no mode");
}

}  // namespace rg::ad
