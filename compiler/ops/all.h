// The list of all ops, from the lists at the ends of their headers. An op that stands there has an opcode, a builder
// call, a text form, a verifier rule, a row in the registry and tests.
#pragma once

#include "compiler/ops/arithmetic.h"
#include "compiler/ops/bivariate.h"
#include "compiler/ops/compare.h"
#include "compiler/ops/constants.h"
#include "compiler/ops/contract.h"
#include "compiler/ops/control.h"
#include "compiler/ops/gather.h"
#include "compiler/ops/math.h"
#include "compiler/ops/opcode.h"
#include "compiler/ops/reduce.h"
#include "compiler/ops/slopes.h"
#include "compiler/ops/sort.h"
#include "compiler/ops/special.h"
#include "compiler/ops/views.h"

namespace rg::ops {

/// The families of ops, one a header.
template <class... Families>
struct FamilyList {};

using AllFamilies = FamilyList<ArithmeticOps, SlopeOps, MathOps, BivariateOps, SpecialOps, ComparisonOps, SourceOps,
                               ViewOps, ReductionOps, ContractionOps, IndexedOps, SortOps, ControlOps>;

namespace detail {
template <class Op, class... Ops>
constexpr std::size_t position(OpList<Ops...>) {
  std::size_t i = 0;
  const bool found = ((std::is_same_v<Op, Ops> || (++i, false)) || ...);
  return found ? i : SIZE_MAX;
}

template <class... Families>
consteval auto joined(FamilyList<Families...>) {
  return (Families{} + ...);
}
}  // namespace detail

using AllOps = decltype(detail::joined(AllFamilies{}));

template <class Op>
constexpr Opcode opcode() {
  constexpr std::size_t at = detail::position<Op>(AllOps{});
  static_assert(at != SIZE_MAX, "the op is missing from AllOps");
  return Opcode(at);
}

}  // namespace rg::ops
