#include "compiler/plan/build/fused.h"

#include "compiler/ops/all.h"
#include "compiler/plan/walk.h"

namespace rg::plan {

using ops::opcode;

namespace {

constexpr int kDepth = 12;  // operations looked through

bool looks_through(ir::Opcode op) {
  return op == opcode<ops::Neg>() || op == opcode<ops::Convert>() || op == opcode<ops::StopGradient>() ||
         op == opcode<ops::Select>() || op == opcode<ops::Abs>() || op == opcode<ops::Min>() ||
         op == opcode<ops::Max>() || op == opcode<ops::CopySign>() || op == opcode<ops::Relu>() ||
         op == opcode<ops::Gather>() || op == opcode<ops::ReduceSum>() || op == opcode<ops::ReduceMax>() ||
         op == opcode<ops::ReduceMin>() || op == opcode<ops::Broadcast>() || op == opcode<ops::Transpose>() ||
         op == opcode<ops::Reshape>() || op == opcode<ops::Recast>() || op == opcode<ops::Slice>() ||
         op == opcode<ops::Place>() || op == opcode<ops::Concat>() || op == opcode<ops::ScatterAdd>();
}

// Whether an element of the value may be a rounded product: one that is made elsewhere, chosen, moved, of another sign,
// or a sum that may have one term.
bool may_be_product(const ir::Function& f, ValueId v, int depth) {
  const ir::Instr* in = f.definition(v);
  if (in == nullptr || depth == 0 || !ir::is_float(f.type(v).elem)) return false;
  if (in->op == opcode<ops::Mul>() || in->op == opcode<ops::Square>() || in->op == opcode<ops::PowI>() ||
      in->op == opcode<ops::Contract>() || in->op == opcode<ops::GuardedMul>())
    return true;
  const auto any_of = [&](const std::vector<ValueId>& values) {
    return std::ranges::any_of(values, [&](ValueId x) { return may_be_product(f, x, depth - 1); });
  };
  if (looks_through(in->op)) return any_of(in->operands);
  return std::ranges::any_of(in->regions, [&](ir::BlockId r) {
    const auto& yields = f.block(r).yields;
    const std::size_t k = f.value(v).number;
    return k < yields.size() && may_be_product(f, yields[k], depth - 1);
  });
}

// Whether the value is a product, moved or of another sign, that is read only here.
bool own_product(const ir::Function& f, std::span<const std::uint32_t> uses, ValueId v) {
  for (int depth = 0; depth < kDepth; ++depth) {
    const ir::Instr* in = f.definition(v);
    if (in == nullptr || uses[v.index] != 1) return false;
    if (in->op == opcode<ops::Mul>()) return true;
    const bool moved = in->op == opcode<ops::Neg>() || in->op == opcode<ops::Broadcast>() ||
                       in->op == opcode<ops::Transpose>() || in->op == opcode<ops::Reshape>() ||
                       in->op == opcode<ops::Recast>() || in->op == opcode<ops::Slice>();
    if (!moved) return false;
    v = in->operands[0];
  }
  return false;
}

}  // namespace

int fused_operand(const Plan& plan, std::span<const std::uint32_t> uses, const ir::Instr& sum,
                  const std::vector<NodeId>& args) {
  if (sum.op != opcode<ops::Add>() && sum.op != opcode<ops::Sub>()) return -1;
  for (const int k : {0, 1}) {
    const auto product = static_cast<std::size_t>(k);
    if (!is_product(plan, args[product]) || is_product(plan, args[1 - product])) continue;
    if (!own_product(plan.function, uses, sum.operands[product])) continue;
    if (!may_be_product(plan.function, sum.operands[1 - product], kDepth)) return k;
  }
  return -1;
}

}  // namespace rg::plan
