#include "compiler/lower/op_table.h"

#include <stdexcept>

#include "compiler/ops/all.h"
#include "compiler/ops/vecmath/vecmath.h"

namespace rg::lower {

namespace {

using V = llvm::Value*;
using Lower = V (*)(ValueBuilder&, const ir::Attributes&, std::span<V const>);

template <class Op, std::size_t... K>
V call(ValueBuilder& b, const typename Op::Attrs& attrs, std::span<V const> x, std::index_sequence<K...>) {
  if constexpr (requires { Op::lower(b, attrs, x[K]...); }) {
    return Op::lower(b, attrs, x[K]...);
  } else {
    return Op::lower(b, x[K]...);
  }
}

template <class Op>
V row(ValueBuilder& b, const ir::Attributes& attrs, std::span<V const> x) {
  if constexpr (Op::elementwise) {
    return call<Op>(b, attrs.as<typename Op::Attrs>(), x,
                    std::make_index_sequence<static_cast<std::size_t>(Op::operands)>{});
  } else {
    throw std::logic_error("lowering met an op that is not elementwise: " + std::string(Op::name));
  }
}

template <class... Ops>
constexpr std::array<Lower, sizeof...(Ops)> table(ops::OpList<Ops...>) {
  return {row<Ops>...};
}

}  // namespace

V lower_op(ValueBuilder& b, ir::Opcode op, const ir::Attributes& attrs, std::span<V const> x) {
  static constexpr auto rows = table(ops::AllOps{});
  return rows[op.index](b, attrs, x);
}

}  // namespace rg::lower
