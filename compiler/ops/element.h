// Where an op's `element` builds one element of a result from elements of the operands.
//
// It is a template over E, the builder of elements, so that one text serves the plan, where elements are nodes, and the
// tests, where they are numbers. E has
//   Val                              a number or a truth value; as a condition an invalid one holds everywhere
//   guard()                          where the element is wanted; nothing need be computed elsewhere
//   read(k, index, where)            an element of operand k; nothing is read where the condition does not hold
//   constant(elem, real, integer)    a number: `real` of floating, `integer` of other types
//   absent(elem)                     the zero of a derivative that is not there
//   index(e)                         the value of an extent expression, i64
//   dim(v)                           the extent expression that has the value of an integer
//   listed(reals, integers, elem, i) number i of a list of constants
//   op<Op>(elem, {x…})               an elementwise op
//   both(a, b), in_range(e, extent)  conditions
//   in_range(k, e, extent)           the same of an element e of the index operand k
//   never(c), always(c)              whether a condition is known to hold nowhere, or everywhere
//   nothing(v), same(a, b)           whether a factor makes its term vanish; whether two are known to be equal
//   split(e, base), reshaped(index, to, from)   digits of index expressions
//   each(extents, f)                 f at every index of extents that are constant
//   fold(monoid, elem, sum, term)    a term folded to what has been folded before it
#pragma once

#include "compiler/ops/op.h"

namespace rg::ops {

using Index = std::vector<Dim>;

template <class E, class A = NoAttrs>
struct ElementSite {
  using V = typename E::Val;
  E& e;
  const A& attrs;
  std::span<const Type> operands;
  const Type& result;

  /// An element of operand k; `where` is a condition that has the guard in it.
  V x(std::size_t k, const Index& index) const { return e.read(k, index, e.guard()); }
  V x(std::size_t k, const Index& index, V where) const { return e.read(k, index, where); }
  V zero() const { return e.constant(result.elem, 0, 0); }
};

}  // namespace rg::ops
