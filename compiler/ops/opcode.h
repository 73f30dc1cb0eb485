// The number of an op in the list of all (all.h).
#pragma once

#include "compiler/ir/module.h"

namespace rg::ops {

using ir::Opcode;

/// The opcode of an op's struct: `opcode<Tanh>()`. Defined in all.h for every op of the list.
template <class Op>
constexpr Opcode opcode();

}  // namespace rg::ops
