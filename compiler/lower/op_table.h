// Elementwise ops as functions on LLVM values, generated from the list of all ops.
#pragma once

#include <span>

#include "compiler/ir/module.h"
#include "compiler/lower/value_builder.h"

namespace rg::lower {

/// The op on scalars or vectors of one width. An op that is not elementwise is an internal error (std::logic_error).
llvm::Value* lower_op(ValueBuilder& b, ir::Opcode op, const ir::Attributes& attrs, std::span<llvm::Value* const> x);

}  // namespace rg::lower
