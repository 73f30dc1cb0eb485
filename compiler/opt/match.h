// What the equations ask about the code that is built so far.
#pragma once

#include <cmath>

#include "compiler/ops/all.h"

namespace rg::opt {

/// The instruction that defines `v` where it is an Op, else null.
template <class Op>
const ir::Instr* defined_by(ir::Builder& b, ir::ValueId v) {
  const ir::Instr* def = b.function().definition(v);
  return def != nullptr && def->op == ops::opcode<Op>() ? def : nullptr;
}

/// ± 2^k.
inline bool is_power_of_two(double c) {
  int exponent = 0;
  return std::isfinite(c) && std::fabs(std::frexp(c, &exponent)) == 0.5;
}

}  // namespace rg::opt
