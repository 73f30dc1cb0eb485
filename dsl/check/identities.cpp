#include "dsl/check/identities.h"

#include "compiler/ops/all.h"

namespace rg::dsl {

namespace {

template <class Op>
const ir::Instr* made_by(ir::Builder& b, ir::ValueId v) {
  const ir::Instr* def = b.function().definition(v);
  return def != nullptr && def->op == ops::opcode<Op>() ? def : nullptr;
}

}  // namespace

// The prelude's norm is where(s > 0, sqrt(s), s) of s = sum(x^2).
std::optional<ir::ValueId> square_of_norm(ir::Builder& b, ir::ValueId r) {
  const ir::Instr* choice = made_by<ops::Select>(b, r);
  if (choice == nullptr) return std::nullopt;
  const ir::ValueId s = choice->operands[2];
  const ir::Instr *root = made_by<ops::Sqrt>(b, choice->operands[1]), *sum = made_by<ops::ReduceSum>(b, s);
  if (root == nullptr || sum == nullptr || root->operands[0] != s) return std::nullopt;
  if (made_by<ops::Square>(b, sum->operands[0]) == nullptr) return std::nullopt;
  return s;
}

std::optional<ir::ValueId> log_of_erfc(ir::Builder& b, ir::ValueId x) {
  const ir::Instr* erfc = made_by<ops::Erfc>(b, x);
  if (erfc == nullptr) return std::nullopt;
  return b.op<ops::LogErfc>(erfc->operands[0]);
}

}  // namespace rg::dsl
