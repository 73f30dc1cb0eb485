// What left sides of equations are made of for their tests (rules.h). Parameters are arrays of the size n, of n x m, or
// numbers; nothing is folded.
#pragma once

#include <utility>
#include <vector>

#include "compiler/opt/rules.h"

namespace rg::opt {

using E = ir::Elem;
using B = ir::Builder;
using V = ir::ValueId;
using ir::Dim;
using ir::Elem;
using enum RuleClass;

inline const Dim kN = Dim::size(0), kM = Dim::size(1);

inline V number(B& b, Elem e) { return b.add_param({e, {}}); }
inline V vector(B& b, Elem e) { return b.add_param({e, {kN}}); }
inline V matrix(B& b, Elem e) { return b.add_param({e, {kN, kM}}); }
/// The constant for every element.
inline V splat(B& b, Elem e, double v) { return b.constant(e, v, {kN}); }
inline V test(B& b, V x) { return b.compare("gt", x, b.zero(x)); }
template <class Op>
V raw(B& b, std::vector<V> x, typename Op::Attrs a = {}) {
  return b.emit_op<Op>(std::move(x), std::move(a));
}
/// c x, c y and so on.
inline V scaled(B& b, double c, V x) { return raw<ops::Mul>(b, {b.like(x, c), x}); }
inline V repeated(B& b, V v, std::vector<Dim> to, std::vector<std::int64_t> axes) {
  return raw<ops::Broadcast>(b, {v}, {.axes = std::move(axes), .dims = std::move(to)});
}
inline V summed(B& b, V v, std::vector<std::int64_t> axes) {
  return raw<ops::ReduceSum>(b, {v}, {.axes = std::move(axes)});
}
inline V contracted(B& b, std::vector<V> x, std::vector<ops::Labels> labels) {
  return raw<ops::Contract>(b, std::move(x), {.labels = std::move(labels)});
}
/// [row = column] among n x n.
inline V diagonal(B& b, V yes, V no) {
  return raw<ops::Select>(b,
                          {b.compare("eq", b.iota(Elem::i64, {kN, kN}, 0), b.iota(Elem::i64, {kN, kN}, 1)), yes, no});
}

}  // namespace rg::opt
