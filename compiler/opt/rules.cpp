#include "compiler/opt/rules.h"

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/opt/choice_rules.h"
#include "compiler/opt/contraction_rules.h"
#include "compiler/opt/guard_rules.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;
using X = const std::vector<ValueId>&;
using Found = std::optional<ValueId>;

/// A rule that rebuilds through the builder's folding, and applies where that gave something else than the op itself.
template <auto Fold>
Found folded(Builder& b, X x, const Attrs& a) {
  Block& block = b.function().block(b.current_block());
  const std::size_t before = block.instrs.size();
  const ValueId v = Fold(b, x, a);
  if (block.instrs.size() == before) return v;
  const Instr* def = b.function().definition(v);
  if (def != nullptr && def->op == opcode<ops::Constant>()) return v;
  if (block.instrs.size() == before + 1 && def == &b.function().instrs.back() && def->operands == x &&
      def->attrs == a) {
    block.instrs.pop_back();  // the op itself: emitted again by the caller, who may have it already
    return std::nullopt;
  }
  return v;
}

constexpr auto kAdd = [](Builder& b, X x, const Attrs&) { return b.add(x[0], x[1]); };
constexpr auto kSub = [](Builder& b, X x, const Attrs&) { return b.sub(x[0], x[1]); };
constexpr auto kMul = [](Builder& b, X x, const Attrs&) { return b.mul(x[0], x[1]); };
constexpr auto kDiv = [](Builder& b, X x, const Attrs&) { return b.div(x[0], x[1]); };
constexpr auto kNeg = [](Builder& b, X x, const Attrs&) { return b.neg(x[0]); };
constexpr auto kSelect = [](Builder& b, X x, const Attrs&) { return b.select(x[0], x[1], x[2]); };
constexpr auto kAnd = [](Builder& b, X x, const Attrs&) { return b.logical_and(x[0], x[1]); };
constexpr auto kOr = [](Builder& b, X x, const Attrs&) { return b.logical_or(x[0], x[1]); };
constexpr auto kNot = [](Builder& b, X x, const Attrs&) { return b.logical_not(x[0]); };
constexpr auto kConvert = [](Builder& b, X x, const Attrs& a) { return b.convert(x[0], a.elems[0]); };
constexpr auto kBroadcast = [](Builder& b, X x, const Attrs& a) { return b.broadcast(x[0], a.dims, a.axes); };
constexpr auto kTranspose = [](Builder& b, X x, const Attrs& a) { return b.transpose(x[0], a.axes); };
constexpr auto kReshape = [](Builder& b, X x, const Attrs& a) { return b.reshape(x[0], a.dims); };
constexpr auto kSlice = [](Builder& b, X x, const Attrs& a) { return b.slice(x[0], a.starts, a.steps, a.dims); };

Found iota_broadcast(Builder& b, X x, const Attrs& a) {
  const Instr* iota = defined_by<ops::Iota>(b, x[0]);
  if (iota == nullptr) return std::nullopt;
  return b.iota(iota->attrs.elems[0], a.dims, a.axes[static_cast<std::size_t>(iota->attrs.axes[0])]);
}

Found transpose_transpose(Builder& b, X x, const Attrs& a) {
  const Instr* inner = defined_by<ops::Transpose>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  std::vector<std::int64_t> composed;
  for (const std::int64_t i : a.axes) composed.push_back(inner->attrs.axes[static_cast<std::size_t>(i)]);
  return b.transpose(inner->operands[0], composed);
}

Found reshape_reshape(Builder& b, X x, const Attrs& a) {
  const Instr* inner = defined_by<ops::Reshape>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  return b.reshape(inner->operands[0], a.dims);
}

Found convert_constant(Builder& b, X x, const Attrs& a) {
  const auto s = b.splat(x[0]);
  if (!s) return std::nullopt;
  return b.constant(a.elems[0], *s, b.dims(x[0]));
}

// Views of a splat.
Found splat_view(Builder& b, X x, const std::vector<Dim>& dims) {
  const auto s = b.splat(x[0]);
  if (!s) return std::nullopt;
  return b.constant(b.type(x[0]).elem, *s, dims);
}
Found splat_to_dims(Builder& b, X x, const Attrs& a) { return splat_view(b, x, a.dims); }
Found splat_transposed(Builder& b, X x, const Attrs& a) {
  std::vector<Dim> dims;
  for (const std::int64_t i : a.axes) dims.push_back(b.dims(x[0])[static_cast<std::size_t>(i)]);
  return splat_view(b, x, dims);
}

Found powi_small(Builder& b, X x, const Attrs& a) {
  switch (a.integers[0]) {
    case 0:
      return b.one(x[0]);
    case 1:
      return x[0];
    case 2:
      return b.op<ops::Mul>(x[0], x[0]);
    default:
      return std::nullopt;
  }
}

Found square_product(Builder& b, X x, const Attrs&) { return b.op<ops::Mul>(x[0], x[0]); }

// (c x) d = (c d) x for splats c, d: the constant comes first.
Found constant_product(Builder& b, X x, const Attrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  for (const int k : {0, 1}) {
    const ValueId c = x[static_cast<std::size_t>(k)], rest = x[static_cast<std::size_t>(1 - k)];
    const auto outer = b.splat(c);
    if (!outer) continue;
    if (const Instr* inner = defined_by<ops::Mul>(b, rest)) {
      if (const auto s = b.splat(inner->operands[0])) return b.mul(b.like(c, *outer * *s), inner->operands[1]);
    }
    if (const Instr* inner = defined_by<ops::Neg>(b, rest)) return b.mul(b.like(c, -*outer), inner->operands[0]);
    if (k == 1) return b.mul(c, rest);
  }
  return std::nullopt;
}

// x + x = 2 x; c x + x = (c + 1) x; c x + d x = (c + d) x.
Found add_multiples(Builder& b, X x, const Attrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const auto split = [&](ValueId v) {
    if (const Instr* m = defined_by<ops::Mul>(b, v)) {
      if (const auto s = b.splat(m->operands[0])) return std::pair{*s, m->operands[1]};
    }
    return std::pair{1.0, v};
  };
  const auto [c, u] = split(x[0]);
  const auto [d, v] = split(x[1]);
  if (u != v) return std::nullopt;
  return b.mul(b.like(u, c + d), u);
}

const std::vector<Rule>& table() {
  static const std::vector<Rule> rows{
      {"add", "x + 0 = x, constants", false, folded<kAdd>},
      {"add", "c x + d x = (c + d) x", false, add_multiples},
      {"sub", "x - 0 = x, constants", false, folded<kSub>},
      {"mul", "1 x = x, -1 x = -x, constants", true, folded<kMul>},
      {"mul", "(c x) d = (c d) x", false, constant_product},
      {"div", "x / 1 = x, constants", true, folded<kDiv>},
      {"neg", "-(-x) = x, constants", true, folded<kNeg>},
      {"select", "select(c, x, x) = x, constant conditions", true, folded<kSelect>},
      {"select", "under a condition that is known", true, select_known},
      {"guarded_mul", "under a condition that is known", true, guarded_product},
      {"ne", "of constants", true, unequal_constants},
      {"and", "x and true = x", true, folded<kAnd>},
      {"or", "x or false = x", true, folded<kOr>},
      {"not", "not not x = x", true, folded<kNot>},
      {"powi", "x^0 = 1, x^1 = x, x^2 = x x", true, powi_small},
      {"square", "x^2 = x x", true, square_product},
      {"convert", "of its own type, of constants", true, convert_constant},
      {"convert", "of its own type", true, folded<kConvert>},
      {"broadcast", "of an index is an index", true, iota_broadcast},
      {"broadcast", "of a choice between constants", true, broadcast_of_choice},
      {"broadcast", "of a broadcast or a constant", true, folded<kBroadcast>},
      {"transpose", "of a constant", true, splat_transposed},
      {"transpose", "of a transpose", true, transpose_transpose},
      {"transpose", "identity", true, folded<kTranspose>},
      {"reshape", "of a constant", true, splat_to_dims},
      {"reshape", "of a reshape", true, reshape_reshape},
      {"reshape", "identity", true, folded<kReshape>},
      {"slice", "of a constant", true, splat_to_dims},
      {"slice", "identity", true, folded<kSlice>},
      {"gather", "x[i + c] over an index i is a slice", true, gather_of_affine},
      {"scatter_add", "at i + c over an index i is place", true, scatter_at_affine},
      {"reduce_sum", "of -x and c x for a constant c", false, sum_of_multiple},
      {"reduce_sum", "of terms picked by an index is a scatter", false, sum_of_picked},
      {"reduce_sum", "of a broadcast is a multiple", false, sum_of_broadcast},
      {"reduce_sum", "of a product with a broadcast is a contraction", false, sum_of_product},
      {"reduce_sum", "of a contraction is a contraction", false, sum_of_contract},
      {"contract", "with [i = j] renames", false, contract_with_delta},
      {"contract", "views, products and constants in operands", false, simpler_contract},
  };
  return rows;
}

}  // namespace

std::span<const Rule> rules() { return table(); }

}  // namespace rg::opt
