// Equations that the builder folds by itself, constants, and views of views.
#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;

/// A rule that rebuilds through the builder's folding, and applies where that gave something else than the op itself.
template <auto Fold, class A>
Simpler folded(Builder& b, X x, const A& a) {
  Block& block = b.function().block(b.current_block());
  const std::size_t before = block.instrs.size();
  const ValueId v = Fold(b, x, a);
  if (block.instrs.size() == before) return v;
  const Instr* def = b.function().definition(v);
  if (def != nullptr && def->op == opcode<ops::Constant>()) return v;
  if (block.instrs.size() == before + 1 && def == &b.function().instrs.back() && def->operands == x &&
      def->attrs == Attributes(a)) {
    block.instrs.pop_back();  // the op itself: emitted again by the caller, who may have it already
    return std::nullopt;
  }
  return v;
}

constexpr auto kAdd = [](Builder& b, X x, const auto&) { return b.add(x[0], x[1]); };
constexpr auto kSub = [](Builder& b, X x, const auto&) { return b.sub(x[0], x[1]); };
constexpr auto kMul = [](Builder& b, X x, const auto&) { return b.mul(x[0], x[1]); };
constexpr auto kDiv = [](Builder& b, X x, const auto&) { return b.div(x[0], x[1]); };
constexpr auto kNeg = [](Builder& b, X x, const auto&) { return b.neg(x[0]); };
constexpr auto kSelect = [](Builder& b, X x, const auto&) { return b.select(x[0], x[1], x[2]); };
constexpr auto kAnd = [](Builder& b, X x, const auto&) { return b.logical_and(x[0], x[1]); };
constexpr auto kOr = [](Builder& b, X x, const auto&) { return b.logical_or(x[0], x[1]); };
constexpr auto kNot = [](Builder& b, X x, const auto&) { return b.logical_not(x[0]); };
constexpr auto kConvert = [](Builder& b, X x, const auto& a) { return b.convert(x[0], a.elem); };
constexpr auto kBroadcast = [](Builder& b, X x, const auto& a) { return b.broadcast(x[0], a.dims, a.axes); };
constexpr auto kTranspose = [](Builder& b, X x, const auto& a) { return b.transpose(x[0], a.axes); };
constexpr auto kReshape = [](Builder& b, X x, const auto& a) { return b.reshape(x[0], a.dims); };
constexpr auto kSlice = [](Builder& b, X x, const auto& a) { return b.slice(x[0], a.starts, a.steps, a.dims); };

Simpler iota_broadcast(Builder& b, X x, const ops::Broadcast::Attrs& a) {
  const Instr* iota = defined_by<ops::Iota>(b, x[0]);
  if (iota == nullptr) return std::nullopt;
  const auto& index = ops::attrs_of<ops::Iota>(*iota);
  return b.iota(index.elem, a.dims, a.axes[static_cast<std::size_t>(index.axis)]);
}

Simpler transpose_transpose(Builder& b, X x, const ops::Transpose::Attrs& a) {
  const Instr* inner = defined_by<ops::Transpose>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  std::vector<std::int64_t> composed;
  for (const std::int64_t i : a.axes)
    composed.push_back(ops::attrs_of<ops::Transpose>(*inner).axes[static_cast<std::size_t>(i)]);
  return b.transpose(inner->operands[0], composed);
}

Simpler reshape_reshape(Builder& b, X x, const ops::Reshape::Attrs& a) {
  const Instr* inner = defined_by<ops::Reshape>(b, x[0]);
  if (inner == nullptr) return std::nullopt;
  return b.reshape(inner->operands[0], a.dims);
}

// As the op does it: integers wrap, floating numbers are truncated and saturate, everything but 0 is true.
Simpler convert_constant(Builder& b, X x, const ops::Convert::Attrs& a) {
  if (!b.splat(x[0])) return std::nullopt;
  const auto c = ops::attrs_of<ops::Constant>(*b.function().definition(b.splat_of(x[0], {})));
  const Elem to = a.elem;
  const std::vector<Dim> dims = b.dims(x[0]);
  if (is_float(to) && b.is_absent(x[0])) return b.absent({to, dims});
  if (is_float(c.elem)) {
    const double v = *b.splat(x[0]);
    return to == Elem::boolean ? b.boolean(v != 0, dims) : b.constant(to, v, dims);
  }
  const std::int64_t v = c.integers[0];
  if (to == Elem::f32) return b.constant(to, static_cast<double>(static_cast<float>(v)), dims);
  if (to == Elem::f64) return b.constant(to, static_cast<double>(v), dims);
  return to == Elem::boolean ? b.boolean(v != 0, dims) : b.integer(to, wrap(to, v), dims);
}

// Views of a splat.
Simpler splat_view(Builder& b, X x, const std::vector<Dim>& dims) {
  if (!b.splat(x[0])) return std::nullopt;
  return b.splat_of(x[0], dims);
}
template <class A>
Simpler splat_to_dims(Builder& b, X x, const A& a) {
  return splat_view(b, x, a.dims);
}
Simpler splat_transposed(Builder& b, X x, const ops::Transpose::Attrs& a) {
  std::vector<Dim> dims;
  for (const std::int64_t i : a.axes) dims.push_back(b.dims(x[0])[static_cast<std::size_t>(i)]);
  return splat_view(b, x, dims);
}

const Rule kFolding[] = {
    of<ops::Add, folded<kAdd, ops::Add::Attrs>>(
        "x + (-0) = x, x + 0 = x where x is never -0, constants", exact,
        {[](B& b, E e) { return raw<ops::Add>(b, {vector(b, e), splat(b, e, -0.0)}); },
         [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0), raw<ops::Abs>(b, {vector(b, e)})}); },
         [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}),
    of<ops::Sub, folded<kSub, ops::Sub::Attrs>>(
        "x - 0 = x, -0 - x = -x, constants", exact,
        {[](B& b, E e) { return raw<ops::Sub>(b, {vector(b, e), splat(b, e, 0)}); },
         [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, -0.0), vector(b, e)}); },
         [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}),
    of<ops::Mul, folded<kMul, ops::Mul::Attrs>>(
        "1 x = x, -1 x = -x, constants", exact,
        {[](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 1), vector(b, e)}); },
         [](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, -1)}); },
         [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), splat(b, e, 3)}); }}),
    of<ops::Div, folded<kDiv, ops::Div::Attrs>>(
        "x / 1 = x, x / -1 = -x, constants", exact,
        {[](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, 1)}); },
         [](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, -1)}); },
         [](B& b, E e) { return raw<ops::Div>(b, {splat(b, e, 1), splat(b, e, 3)}); }}),
    of<ops::Neg, folded<kNeg, ops::Neg::Attrs>>(
        "-(-x) = x, constants", exact,
        {[](B& b, E e) { return raw<ops::Neg>(b, {raw<ops::Neg>(b, {vector(b, e)})}); },
         [](B& b, E e) { return raw<ops::Neg>(b, {splat(b, e, 0)}); }}),
    of<ops::Select, folded<kSelect, ops::Select::Attrs>>("select(c, x, x) = x, constant conditions", exact,
                                                         {[](B& b, E e) {
                                                            const V x = vector(b, e);
                                                            return raw<ops::Select>(b, {test(b, x), x, x});
                                                          },
                                                          [](B& b, E e) {
                                                            const V x = vector(b, e), y = vector(b, e);
                                                            return raw<ops::Select>(b, {b.boolean(false, {kN}), x, y});
                                                          }}),
    of<ops::And, folded<kAnd, ops::And::Attrs>>(
        "x and true = x", exact, {[](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Convert>(b, {raw<ops::And>(b, {test(b, x), b.boolean(true, {kN})})}, {.elem = e});
        }}),
    of<ops::Or, folded<kOr, ops::Or::Attrs>>(
        "x or false = x", exact, {[](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Convert>(b, {raw<ops::Or>(b, {b.boolean(false, {kN}), test(b, x)})}, {.elem = e});
        }}),
    of<ops::Not, folded<kNot, ops::Not::Attrs>>("not not x = x", exact, {[](B& b, E e) {
                                                  const V c = test(b, vector(b, e));
                                                  return raw<ops::Convert>(
                                                      b, {raw<ops::Not>(b, {raw<ops::Not>(b, {c})})}, {.elem = e});
                                                }}),
    of<ops::Convert, convert_constant>(
        "of constants", exact,
        {[](B& b, E e) { return raw<ops::Convert>(b, {b.integer(Elem::i64, 9007199254740993, {kN})}, {.elem = e}); },
         [](B& b, E e) { return raw<ops::Convert>(b, {b.constant(Elem::f64, 0.1, {kN})}, {.elem = e}); },
         [](B& b, E e) {
           const V integer = raw<ops::Convert>(b, {b.constant(Elem::f64, 1e300, {kN})}, {.elem = Elem::i32});
           return raw<ops::Convert>(b, {integer}, {.elem = e});
         }}),
    of<ops::Convert, folded<kConvert, ops::Convert::Attrs>>(
        "of its own type", exact, {[](B& b, E e) { return raw<ops::Convert>(b, {vector(b, e)}, {.elem = e}); }}),
    of<ops::Broadcast, iota_broadcast>("of an index is an index", exact,
                                       {[](B& b, E e) { return repeated(b, b.iota(e, {kM}, 0), {kN, kM}, {1}); }}),
    of<ops::Broadcast, folded<kBroadcast, ops::Broadcast::Attrs>>(
        "of a broadcast or a constant", exact,
        {[](B& b, E e) { return repeated(b, repeated(b, number(b, e), {kN}, {}), {kN, kM}, {0}); },
         [](B& b, E e) { return repeated(b, splat(b, e, -0.0), {kN, kM}, {0}); }}),
    of<ops::Transpose, splat_transposed>(
        "of a constant", exact,
        {[](B& b, E e) { return raw<ops::Transpose>(b, {b.constant(e, -0.0, {kN, kM})}, {.axes = {1, 0}}); }}),
    of<ops::Transpose, transpose_transpose>(
        "of a transpose", exact, {[](B& b, E e) {
          return raw<ops::Transpose>(b, {raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}})}, {.axes = {1, 0}});
        }}),
    of<ops::Transpose, folded<kTranspose, ops::Transpose::Attrs>>(
        "identity", exact, {[](B& b, E e) { return raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {0, 1}}); }}),
    of<ops::Reshape, splat_to_dims<ops::Reshape::Attrs>>(
        "of a constant", exact,
        {[](B& b, E e) { return raw<ops::Reshape>(b, {b.constant(e, -0.0, {kN, kM})}, {.dims = {kN * kM}}); }}),
    of<ops::Reshape, reshape_reshape>("of a reshape", exact, {[](B& b, E e) {
                                        const V flat = raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN * kM}});
                                        return raw<ops::Reshape>(b, {flat}, {.dims = {kM, kN}});
                                      }}),
    of<ops::Reshape, folded<kReshape, ops::Reshape::Attrs>>(
        "identity", exact, {[](B& b, E e) { return raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN, kM}}); }}),
    of<ops::Slice, splat_to_dims<ops::Slice::Attrs>>(
        "of a constant", exact, {[](B& b, E e) {
          return raw<ops::Slice>(b, {splat(b, e, -0.0)}, {.dims = {kN}, .starts = {0}, .steps = {1}});
        }}),
    of<ops::Slice, folded<kSlice, ops::Slice::Attrs>>(
        "identity", exact,
        {[](B& b, E e) { return raw<ops::Slice>(b, {vector(b, e)}, {.dims = {kN}, .starts = {0}, .steps = {1}}); }}),
};

}  // namespace

std::span<const Rule> folding_rules() { return kFolding; }

}  // namespace rg::opt
