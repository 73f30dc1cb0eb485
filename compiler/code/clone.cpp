#include "compiler/code/clone.h"

#include <unordered_set>

#include "compiler/support/internal_error.h"

namespace rg::ir {

ValueId Cloner::operator()(ValueId from) const {
  const auto at = map_.find(from);
  if (at == map_.end())
    internal_error("value %" + std::to_string(from.index) + " of @" + from_.name + " was not copied");
  return at->second;
}

std::vector<ValueId> Cloner::operator()(std::span<const ValueId> from) const {
  std::vector<ValueId> out;
  for (const ValueId v : from) out.push_back((*this)(v));
  return out;
}

Attributes Cloner::attrs(const Attributes& a) const {
  if (sizes_.empty()) return a;
  return a.with_dims([this](const Dim& d) { return d.substitute(sizes_); });
}

void Cloner::clone(InstrId id) {
  const Instr& instr = from_.instr(id);
  to_.set_span(instr.span);
  if (hook_ && hook_(instr, *this)) return;
  copy(instr);
}

void Cloner::copy(const Instr& instr) {
  std::vector<BlockId> regions;
  for (const BlockId r : instr.regions) regions.push_back(clone_region(r));
  copy(instr, std::move(regions));
}

void Cloner::copy(const Instr& instr, std::vector<BlockId> regions) {
  std::vector<Type> types;
  for (const ValueId r : instr.results) types.push_back(type(from_.type(r)));
  to_.set_span(instr.span);
  const auto results =
      to_.emit_typed(instr.op, (*this)(instr.operands), attrs(instr.attrs), std::move(regions), std::move(types));
  for (std::size_t i = 0; i < results.size(); ++i) {
    to_.function().value(results[i]).name = from_.value(instr.results[i]).name;
    map(instr.results[i], results[i]);
  }
}

std::vector<ValueId> Cloner::clone_body(BlockId block) {
  for (const InstrId i : from_.block(block).instrs) clone(i);
  return (*this)(from_.block(block).yields);
}

BlockId Cloner::clone_region(BlockId block) {
  const Block& source = from_.block(block);
  std::vector<Type> params;
  for (const ValueId p : source.params) params.push_back(type(from_.type(p)));
  return to_.in_block(params, [&](std::span<const ValueId> p) {
    for (std::size_t i = 0; i < p.size(); ++i) {
      to_.function().value(p[i]).name = from_.value(source.params[i]).name;
      map(source.params[i], p[i]);
    }
    return clone_body(block);
  });
}

Function declare_like(const Function& from) {
  Function f;
  f.name = from.name;
  f.doc = from.doc;
  f.exported = from.exported;
  f.size_names = from.size_names;
  f.signature = from.signature;
  f.span = from.span;
  Builder b(f);
  for (const ValueId p : from.block(from.body).params) b.add_param(from.type(p), from.value(p).name);
  return f;
}

Function rebuild(const Function& from, const Cloner::Hook& hook) {
  Function f = declare_like(from);
  Builder b(f);
  b.limit(budget(from.instrs.size()));
  Cloner cloner(from, b);
  cloner.set_hook(hook);
  const auto& params = from.block(from.body).params;
  for (std::size_t i = 0; i < params.size(); ++i) cloner.map(params[i], f.block(f.body).params[i]);
  b.set_yields(cloner.clone_body(from.body));
  return f;
}

std::vector<ValueId> inline_body(const Function& callee, Builder& to, std::span<const ValueId> arguments,
                                 std::vector<Dim> sizes, const Cloner::Hook& hook) {
  Cloner cloner(callee, to, std::move(sizes));
  cloner.set_hook(hook);
  const auto& params = callee.block(callee.body).params;
  for (std::size_t i = 0; i < params.size(); ++i) cloner.map(params[i], arguments[i]);
  return cloner.clone_body(callee.body);
}

namespace {

struct FreeValues {
  const Function& f;
  std::unordered_set<ValueId> inside, seen;
  std::vector<ValueId> found;

  void use(ValueId v) {
    if (!inside.contains(v) && seen.insert(v).second) found.push_back(v);
  }
  void visit(BlockId id) {
    const Block& block = f.block(id);
    inside.insert(block.params.begin(), block.params.end());
    for (const InstrId i : block.instrs) {
      const Instr& instr = f.instr(i);
      for (const ValueId v : instr.operands) use(v);
      for (const BlockId r : instr.regions) visit(r);
      inside.insert(instr.results.begin(), instr.results.end());
    }
    for (const ValueId v : block.yields) use(v);
  }
};

}  // namespace

std::vector<ValueId> free_values(const Function& f, BlockId region) {
  FreeValues search{f, {}, {}, {}};
  search.visit(region);
  return search.found;
}

std::vector<std::uint32_t> use_counts(const Function& f) {
  std::vector<std::uint32_t> counts(f.values.size());
  for (const Block& block : f.blocks) {
    for (const InstrId i : block.instrs) {
      for (const ValueId v : f.instr(i).operands) ++counts[v.index];
    }
    for (const ValueId v : block.yields) ++counts[v.index];
  }
  return counts;
}

}  // namespace rg::ir
