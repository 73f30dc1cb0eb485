#include "compiler/opt/dce.h"

#include <unordered_set>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;

/// The live values: a worklist from results and effects backwards. A loop's state is live with its final value or its
/// use in the body, whichever comes.
class Liveness {
 public:
  explicit Liveness(const Function& f) : f_(f), owner_(f.blocks.size(), nullptr) {
    for (const Instr& i : f.instrs) {
      for (const BlockId r : i.regions) owner_[r.index] = &i;
    }
    roots(f.body);
    for (const ValueId v : f.block(f.body).yields) mark(v);
    while (!work_.empty()) {
      const ValueId v = work_.back();
      work_.pop_back();
      visit(v);
    }
  }
  bool operator()(ValueId v) const { return live_.contains(v); }
  bool operator()(const Instr& i) const { return kept_.contains(&i); }

 private:
  void mark(ValueId v) {
    if (live_.insert(v).second) work_.push_back(v);
  }

  // Effects, with the conditions of the branches around them. True where the block holds one.
  bool roots(BlockId id) {
    bool any = false;
    for (const InstrId n : f_.block(id).instrs) {
      const Instr& i = f_.instr(n);
      bool effect = ops::info(i.op).effect;
      for (const BlockId r : i.regions) effect = roots(r) || effect;
      if (!effect) continue;
      any = true;
      kept_.insert(&i);
      if (i.op != opcode<ops::For>()) {
        for (const ValueId v : i.operands) mark(v);
      }
    }
    return any;
  }

  void visit(ValueId v) {
    const Value& value = f_.value(v);
    if (value.instr.valid()) return result(f_.instr(value.instr), value.number);
    const Instr* owner = owner_[value.block.index];
    if (owner == nullptr || owner->op != opcode<ops::For>() || value.number == 0) return;
    const std::size_t k = value.number - 1;
    mark(owner->operands[k]);
    if (k < ops::attrs_of<ops::For>(*owner).states) mark(f_.block(owner->regions[0]).yields[k]);
  }

  void result(const Instr& i, std::uint32_t number) {
    kept_.insert(&i);
    if (i.op == opcode<ops::For>()) {
      const Block& body = f_.block(i.regions[0]);
      mark(body.yields[number]);
      if (number < ops::attrs_of<ops::For>(i).states) mark(i.operands[number]), mark(body.params[number + 1]);
      return;
    }
    for (const ValueId v : i.operands) mark(v);
    for (const BlockId r : i.regions) mark(f_.block(r).yields[number]);
  }

  const Function& f_;
  std::vector<const Instr*> owner_;  // of every region the instruction
  std::unordered_set<ValueId> live_;
  std::unordered_set<const Instr*> kept_;
  std::vector<ValueId> work_;
};

void copy_loop(const Instr& i, Cloner& c, const Liveness& live) {
  const Function& f = c.from();
  const Block& body = f.block(i.regions[0]);
  const auto carried = ops::attrs_of<ops::For>(i).states;
  std::vector<std::size_t> params, yields;
  std::vector<ValueId> states, arrays;
  std::size_t states_kept = 0;
  for (std::size_t k = 0; k < i.operands.size(); ++k) {
    if (!live(body.params[k + 1])) continue;
    params.push_back(k);
    (k < carried ? states : arrays).push_back(c(i.operands[k]));
    states_kept += k < carried;
  }
  for (std::size_t k = 0; k < i.results.size(); ++k) {
    if (k < carried ? live(body.params[k + 1]) : live(i.results[k])) yields.push_back(k);
  }
  const auto results = c.to().scan(
      c.dim(ops::attrs_of<ops::For>(i).trip), states, arrays,
      [&](ValueId counter, std::span<const ValueId> state, std::span<const ValueId> slice) {
        c.map(body.params[0], counter);
        for (std::size_t n = 0; n < params.size(); ++n) {
          const ValueId p = n < states_kept ? state[n] : slice[n - states_kept];
          c.to().function().value(p).name = f.value(body.params[params[n] + 1]).name;
          c.map(body.params[params[n] + 1], p);
        }
        for (const InstrId n : body.instrs) c.clone(n);
        std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
        for (const std::size_t k : yields) (k < carried ? out.first : out.second).push_back(c(body.yields[k]));
        return out;
      },
      ops::attrs_of<ops::For>(i).reversed);
  for (std::size_t n = 0; n < yields.size(); ++n) c.map(i.results[yields[n]], results[n]);
}

// A branch or a map with its live results; without one it is there for its assertions.
void copy_region_results(const Instr& i, Cloner& c, const Liveness& live) {
  const Function& f = c.from();
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < i.results.size(); ++k) {
    if (live(i.results[k])) kept.push_back(k);
  }
  std::vector<BlockId> regions;
  for (const BlockId r : i.regions) {
    const Block& block = f.block(r);
    std::vector<Type> params;
    for (const ValueId p : block.params) params.push_back(c.type(f.type(p)));
    regions.push_back(c.to().in_block(params, [&](std::span<const ValueId> p) {
      for (std::size_t n = 0; n < p.size(); ++n) c.map(block.params[n], p[n]);
      for (const InstrId n : block.instrs) c.clone(n);
      std::vector<ValueId> yields;
      for (const std::size_t k : kept) yields.push_back(c(block.yields[k]));
      return yields;
    }));
  }
  const auto results = c.to().emit(i.op, c(i.operands), c.attrs(i.attrs), regions);
  for (std::size_t n = 0; n < kept.size(); ++n) c.map(i.results[kept[n]], results[n]);
}

}  // namespace

Function dce(const Function& f) {
  const Liveness live(f);
  return rebuild(f, [&](const Instr& i, Cloner& c) {
    if (!live(i)) return true;
    if (i.op == opcode<ops::For>()) return copy_loop(i, c, live), true;
    if (!i.regions.empty()) return copy_region_results(i, c, live), true;
    return false;
  });
}

}  // namespace rg::opt
