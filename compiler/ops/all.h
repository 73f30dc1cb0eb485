// The list of all ops. An op that stands here has an opcode, a builder call, a text form, a verifier rule, a row in the
// registry and tests.
#pragma once

#include "compiler/ops/arithmetic.h"
#include "compiler/ops/compare.h"
#include "compiler/ops/constants.h"
#include "compiler/ops/contract.h"
#include "compiler/ops/control.h"
#include "compiler/ops/math.h"
#include "compiler/ops/reduce.h"
#include "compiler/ops/registry.h"
#include "compiler/ops/special.h"
#include "compiler/ops/views.h"

namespace rg::ops {

using AllOps = OpList<
    // arithmetic
    Add, Sub, Mul, Div, Neg, Square, PowI, Min, Max, Abs, Sign, CopySign, IDiv, IMod, FMod, StopGradient,
    // elementary and special functions
    Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Sqrt, Rsqrt, Cbrt, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh,
    Asinh, Acosh, Atanh, Erf, Erfc, Lgamma, Tgamma, Digamma, Polygamma, Sigmoid, Softplus, Relu, Floor, Ceil, Round,
    Trunc, Pow, Atan2, Hypot,
    // comparison, logic, choice
    Eq, Ne, Lt, Le, Gt, Ge, And, Or, Not, IsNan, IsInf, IsFinite, Select, Convert,
    // sources and views
    Constant, Size, Iota, Broadcast, Transpose, Reshape, Recast, Slice, Place, Concat,
    // reductions, labelled axes
    ReduceSum, ReduceProd, ReduceMin, ReduceMax, ReduceAny, ReduceAll, ArgMin, ArgMax, Contract, Gather, ScatterAdd,
    // control
    If, For, Map, Call, Derive, Assert>;

namespace detail {
template <class Op, class... Ops>
constexpr std::size_t position(OpList<Ops...>) {
  std::size_t i = 0;
  const bool found = ((std::is_same_v<Op, Ops> || (++i, false)) || ...);
  return found ? i : SIZE_MAX;
}
}  // namespace detail

template <class Op>
constexpr Opcode opcode() {
  constexpr std::size_t at = detail::position<Op>(AllOps{});
  static_assert(at != SIZE_MAX, "the op is missing from AllOps");
  return Opcode(at);
}

}  // namespace rg::ops
