// What the equations ask about the code that is built so far.
#pragma once

#include "compiler/ops/all.h"

namespace rg::opt {

/// The instruction that defines `v` where it is an Op, else null.
template <class Op>
const ir::Instr* defined_by(ir::Builder& b, ir::ValueId v) {
  const ir::Instr* def = b.function().definition(v);
  return def != nullptr && def->op == ops::opcode<Op>() ? def : nullptr;
}

}  // namespace rg::opt
