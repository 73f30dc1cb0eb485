#include "compiler/ad/activity.h"

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::ad {

namespace {

using namespace ir;

struct Analysis {
  const Function& f;
  std::unordered_set<ValueId> active;

  bool is_active(ValueId v) const { return active.contains(v); }
  bool mark(ValueId v) { return is_float(f.type(v).elem) && active.insert(v).second; }

  void visit(const Instr& instr) {
    if (instr.op == ops::opcode<ops::For>()) return visit_for(instr);
    if (instr.op == ops::opcode<ops::If>()) {
      for (const BlockId r : instr.regions) {
        visit(r);
        const auto& yields = f.block(r).yields;
        for (std::size_t k = 0; k < yields.size(); ++k) {
          if (is_active(yields[k])) mark(instr.results[k]);
        }
      }
      return;
    }
    if (ops::info(instr.op).derivative == ops::Derivative::not_differentiable) return;
    for (const ValueId v : instr.operands) {
      if (!is_active(v)) continue;
      for (const ValueId r : instr.results) mark(r);
      return;
    }
  }

  void visit_for(const Instr& instr) {
    const Block& body = f.block(instr.regions[0]);
    const auto carried = ops::attrs_of<ops::For>(instr).states;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      if (is_active(instr.operands[k])) mark(body.params[k + 1]);
    }
    for (bool changed = true;
         changed;) {  // a state once active stays active, so this ends after as many rounds as states
      changed = false;
      visit(instr.regions[0]);
      for (std::size_t k = 0; k < carried; ++k) {
        if (is_active(body.yields[k])) changed = mark(body.params[k + 1]) || changed;
      }
    }
    for (std::size_t k = 0; k < instr.results.size(); ++k) {
      if (is_active(body.yields[k]) || (k < carried && is_active(body.params[k + 1]))) mark(instr.results[k]);
    }
  }

  void visit(BlockId id) {
    for (const InstrId i : f.block(id).instrs) visit(f.instr(i));
  }
};

}  // namespace

std::unordered_set<ValueId> active_values(const Function& f, std::span<const ValueId> wrt) {
  Analysis a{f, {}};
  for (const ValueId v : wrt) a.mark(v);
  a.visit(f.body);
  return std::move(a.active);
}

}  // namespace rg::ad
