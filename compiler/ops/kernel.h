// Ops that a function of the runtime computes: sorts, factorisations, transforms. Such an op has, in its struct,
//
//   kernels    static constexpr std::array<Kernel, N>: the function for each element type of operand 0
//   workspace  static Dim workspace(std::span<const Type> operands, const Attrs&): the bytes that it works in; without
//   it 0
//
// and with `builtin` it is callable by its name in `.rg`, with a tuple for several results. Its type rule, evaluation, derivative and
// batching are as any other's. It may have several results: what nothing
// reads is not computed, the function is given a null pointer for it. The plan stores all operands before (row-major,
// without gaps) and calls the function once (plan::Kernel).
#pragma once

#include "compiler/ops/op.h"
#include "runtime/runegrad.h"

namespace rg::ops {

struct Kernel {
  Elem elem = Elem::f64;
  const char* symbol = "";
  rg_kernel* function = nullptr;
};

/// Base of kernel ops.
struct KernelOp : OpBase {
  static Dim workspace(std::span<const Type>, const auto&) { return 0; }
};

}  // namespace rg::ops
