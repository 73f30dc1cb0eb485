#include "compiler/opt/rules.h"

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/opt/arithmetic_rules.h"
#include "compiler/opt/choice_rules.h"
#include "compiler/opt/contraction_rules.h"
#include "compiler/opt/function_rules.h"
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

// As the op does it: integers wrap, floating numbers are truncated and saturate, everything but 0 is true.
Found convert_constant(Builder& b, X x, const Attrs& a) {
  if (!b.splat(x[0])) return std::nullopt;
  const Attrs c = b.function().definition(b.splat_of(x[0], {}))->attrs;
  const Elem to = a.elems[0];
  const std::vector<Dim> dims = b.dims(x[0]);
  if (is_float(to) && b.is_absent(x[0])) return b.absent({to, dims});
  if (is_float(c.elems[0])) {
    const double v = *b.splat(x[0]);
    return to == Elem::boolean ? b.boolean(v != 0, dims) : b.constant(to, v, dims);
  }
  const std::int64_t v = c.integers[0];
  if (to == Elem::f32) return b.constant(to, static_cast<double>(static_cast<float>(v)), dims);
  if (to == Elem::f64) return b.constant(to, static_cast<double>(v), dims);
  return to == Elem::boolean ? b.boolean(v != 0, dims) : b.integer(to, wrap(to, v), dims);
}

// Views of a splat.
Found splat_view(Builder& b, X x, const std::vector<Dim>& dims) {
  if (!b.splat(x[0])) return std::nullopt;
  return b.splat_of(x[0], dims);
}
Found splat_to_dims(Builder& b, X x, const Attrs& a) { return splat_view(b, x, a.dims); }
Found splat_transposed(Builder& b, X x, const Attrs& a) {
  std::vector<Dim> dims;
  for (const std::int64_t i : a.axes) dims.push_back(b.dims(x[0])[static_cast<std::size_t>(i)]);
  return splat_view(b, x, dims);
}

// Left sides for the tests. Parameters are arrays of the size n, of n x m, or numbers.

const Dim kN = Dim::size(0), kM = Dim::size(1);

ValueId number(Builder& b, Elem e) { return b.add_param({e, {}}); }
ValueId vector(Builder& b, Elem e) { return b.add_param({e, {kN}}); }
ValueId matrix(Builder& b, Elem e) { return b.add_param({e, {kN, kM}}); }
/// The constant for every element.
ValueId splat(Builder& b, Elem e, double v) { return b.constant(e, v, {kN}); }
ValueId test(Builder& b, ValueId x) { return b.compare("gt", x, b.zero(x)); }
template <class Op>
ValueId raw(Builder& b, std::vector<ValueId> x, Attrs a = {}) {
  return b.emit_op<Op>(std::move(x), std::move(a));
}
/// c x, c y and so on.
ValueId scaled(Builder& b, double c, ValueId x) { return raw<ops::Mul>(b, {b.like(x, c), x}); }
ValueId repeated(Builder& b, ValueId v, std::vector<Dim> to, std::vector<std::int64_t> axes) {
  return raw<ops::Broadcast>(b, {v}, {.axes = std::move(axes), .dims = std::move(to)});
}
ValueId summed(Builder& b, ValueId v, std::vector<std::int64_t> axes) {
  return raw<ops::ReduceSum>(b, {v}, {.axes = std::move(axes)});
}
ValueId contracted(Builder& b, std::vector<ValueId> x, std::vector<ops::Labels> labels) {
  return raw<ops::Contract>(b, std::move(x), {.labels = std::move(labels)});
}
/// [row = column] among n x n.
ValueId diagonal(Builder& b, ValueId yes, ValueId no) {
  return raw<ops::Select>(b,
                          {b.compare("eq", b.iota(Elem::i64, {kN, kN}, 0), b.iota(Elem::i64, {kN, kN}, 1)), yes, no});
}

using enum RuleClass;
using B = Builder;
using E = Elem;
using V = ValueId;

const std::vector<Rule>& table() {
  static const std::vector<Rule> rows{
      {"add",
       "x + (-0) = x, x + 0 = x where x is never -0, constants",
       exact,
       folded<kAdd>,
       {[](B& b, E e) { return raw<ops::Add>(b, {vector(b, e), splat(b, e, -0.0)}); },
        [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0), raw<ops::Abs>(b, {vector(b, e)})}); },
        [](B& b, E e) { return raw<ops::Add>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}},
      {"add",
       "x + x = 2 x, c x + d x = (c + d) x for c, d = 1, 2, 4, …",
       exact,
       add_doubles,
       {[](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Add>(b, {x, x});
        },
        [](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Add>(b, {x, scaled(b, 2, x)});
        },
        [](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Add>(b, {scaled(b, -4, x), scaled(b, -2, x)});
        }}},
      {"add", "x + 0 = x", fast, add_any_zero, {[](B& b, E e) {
         return raw<ops::Add>(b, {vector(b, e), splat(b, e, 0)});
       }}},
      {"add", "c x + d x = (c + d) x", fast, add_multiples, {[](B& b, E e) {
         const V x = vector(b, e);
         return raw<ops::Add>(b, {scaled(b, 3, x), scaled(b, 0.1, x)});
       }}},
      {"sub",
       "x - 0 = x, -0 - x = -x, constants",
       exact,
       folded<kSub>,
       {[](B& b, E e) { return raw<ops::Sub>(b, {vector(b, e), splat(b, e, 0)}); },
        [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, -0.0), vector(b, e)}); },
        [](B& b, E e) { return raw<ops::Sub>(b, {splat(b, e, 0.1), splat(b, e, 1e30)}); }}},
      {"sub", "0 - x = -x", fast, sub_from_zero, {[](B& b, E e) {
         return raw<ops::Sub>(b, {splat(b, e, 0), vector(b, e)});
       }}},
      {"mul",
       "1 x = x, -1 x = -x, constants",
       exact,
       folded<kMul>,
       {[](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 1), vector(b, e)}); },
        [](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, -1)}); },
        [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), splat(b, e, 3)}); }}},
      {"mul",
       "x c = c x, c (-x) = (-c) x for a constant c",
       exact,
       constant_first,
       {[](B& b, E e) { return raw<ops::Mul>(b, {vector(b, e), splat(b, e, 0.1)}); },
        [](B& b, E e) { return raw<ops::Mul>(b, {splat(b, e, 0.1), raw<ops::Neg>(b, {vector(b, e)})}); }}},
      {"mul",
       "(c x) d = (c d) x where c or d is a power of two and c d is in range",
       regrouping,
       power_of_two_product,
       {[](B& b, E e) { return scaled(b, 2, scaled(b, 0.1, vector(b, e))); },
        [](B& b, E e) { return scaled(b, 0.25, scaled(b, 0.1, vector(b, e))); },
        [](B& b, E e) { return scaled(b, 0.1, scaled(b, 4, vector(b, e))); },
        [](B& b, E e) { return scaled(b, 3, scaled(b, 0.125, vector(b, e))); }}},
      {"mul", "(c x) d = (c d) x", fast, constant_product, {[](B& b, E e) {
         return scaled(b, 3, scaled(b, 0.1, vector(b, e)));
       }}},
      {"mul", "(1 / y) a = a / y", regrouping, product_with_reciprocal, {[](B& b, E e) {
         const V x = vector(b, e), y = vector(b, e);
         return raw<ops::Mul>(b, {raw<ops::Div>(b, {splat(b, e, 1), y}), x});
       }}},
      {"div",
       "x / 1 = x, x / -1 = -x, constants",
       exact,
       folded<kDiv>,
       {[](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, 1)}); },
        [](B& b, E e) { return raw<ops::Div>(b, {vector(b, e), splat(b, e, -1)}); },
        [](B& b, E e) { return raw<ops::Div>(b, {splat(b, e, 1), splat(b, e, 3)}); }}},
      {"neg",
       "-(-x) = x, constants",
       exact,
       folded<kNeg>,
       {[](B& b, E e) { return raw<ops::Neg>(b, {raw<ops::Neg>(b, {vector(b, e)})}); },
        [](B& b, E e) { return raw<ops::Neg>(b, {splat(b, e, 0)}); }}},
      {"select",
       "select(c, x, x) = x, constant conditions",
       exact,
       folded<kSelect>,
       {[](B& b, E e) {
          const V x = vector(b, e);
          return raw<ops::Select>(b, {test(b, x), x, x});
        },
        [](B& b, E e) {
          const V x = vector(b, e), y = vector(b, e);
          return raw<ops::Select>(b, {b.boolean(false, {kN}), x, y});
        }}},
      {"select", "under a condition that is known", exact, select_known, {[](B& b, E e) {
         const V x = vector(b, e), c = test(b, x);
         const V inner = raw<ops::Select>(b, {c, x, splat(b, e, 0)});
         return raw<ops::Select>(b, {c, raw<ops::Mul>(b, {inner, inner}), splat(b, e, 1)});
       }}},
      {"select", "select(c, true, false) = c", exact, select_of_truths, {[](B& b, E e) {
         const V c = test(b, vector(b, e));
         const V chosen = raw<ops::Select>(b, {c, b.boolean(true, {kN}), b.boolean(false, {kN})});
         return raw<ops::Convert>(b, {chosen}, {.elems = {e}});
       }}},
      {"guarded_mul", "under a condition that is known", exact, guarded_product, {[](B& b, E e) {
         const V x = vector(b, e), y = vector(b, e);
         return raw<ops::GuardedMul>(b, {b.boolean(true, {kN}), x, y});
       }}},
      {"ne", "of constants", exact, unequal_constants, {[](B& b, E e) {
         return raw<ops::Convert>(b, {raw<ops::Ne>(b, {splat(b, e, 1), splat(b, e, 0)})}, {.elems = {e}});
       }}},
      {"and", "x and true = x", exact, folded<kAnd>, {[](B& b, E e) {
         const V x = vector(b, e);
         return raw<ops::Convert>(b, {raw<ops::And>(b, {test(b, x), b.boolean(true, {kN})})}, {.elems = {e}});
       }}},
      {"or", "x or false = x", exact, folded<kOr>, {[](B& b, E e) {
         const V x = vector(b, e);
         return raw<ops::Convert>(b, {raw<ops::Or>(b, {b.boolean(false, {kN}), test(b, x)})}, {.elems = {e}});
       }}},
      {"not", "not not x = x", exact, folded<kNot>, {[](B& b, E e) {
         const V c = test(b, vector(b, e));
         return raw<ops::Convert>(b, {raw<ops::Not>(b, {raw<ops::Not>(b, {c})})}, {.elems = {e}});
       }}},
      {"powi",
       "x^0 = 1, x^1 = x, x^2 = x x",
       exact,
       powi_small,
       {[](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.integers = {0}}); },
        [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.integers = {1}}); },
        [](B& b, E e) { return raw<ops::PowI>(b, {vector(b, e)}, {.integers = {2}}); }}},
      {"square", "x^2 = x x", exact, square_product, {[](B& b, E e) { return raw<ops::Square>(b, {vector(b, e)}); }}},
      {"mul",
       "c Σ (d x) y = ± Σ x y where c d = ±1 are powers of two",
       regrouping,
       cancelled_factor,
       {[](B& b, E e) {
          return scaled(b, 2, contracted(b, {scaled(b, 0.5, matrix(b, e)), vector(b, e)}, {{0, 1}, {0}, {1}}));
        },
        [](B& b, E e) {
          return scaled(b, 4, contracted(b, {matrix(b, e), scaled(b, -0.25, vector(b, e))}, {{0, 1}, {0}, {1}}));
        }}},
      {"mul", "r r = s where r is the root of a sum of squares s", regrouping, square_of_root, {[](B& b, E e) {
         const V x = vector(b, e), r = raw<ops::Sqrt>(b, {raw<ops::Mul>(b, {x, x})});
         return raw<ops::Mul>(b, {r, r});
       }}},
      {"log", "log erfc x = log_erfc x", regrouping, log_of_erfc, {[](B& b, E e) {
         return raw<ops::Log>(b, {raw<ops::Erfc>(b, {vector(b, e)})});
       }}},
      {"convert",
       "of constants",
       exact,
       convert_constant,
       {[](B& b, E e) { return raw<ops::Convert>(b, {b.integer(Elem::i64, 9007199254740993, {kN})}, {.elems = {e}}); },
        [](B& b, E e) { return raw<ops::Convert>(b, {b.constant(Elem::f64, 0.1, {kN})}, {.elems = {e}}); },
        [](B& b, E e) {
          const V integer = raw<ops::Convert>(b, {b.constant(Elem::f64, 1e300, {kN})}, {.elems = {Elem::i32}});
          return raw<ops::Convert>(b, {integer}, {.elems = {e}});
        }}},
      {"convert", "of its own type", exact, folded<kConvert>, {[](B& b, E e) {
         return raw<ops::Convert>(b, {vector(b, e)}, {.elems = {e}});
       }}},
      {"broadcast", "of an index is an index", exact, iota_broadcast, {[](B& b, E e) {
         return repeated(b, b.iota(e, {kM}, 0), {kN, kM}, {1});
       }}},
      {"broadcast", "of a choice between constants", exact, broadcast_of_choice, {[](B& b, E e) {
         const V c = test(b, vector(b, e));
         return repeated(b, raw<ops::Select>(b, {c, splat(b, e, 1), splat(b, e, -0.0)}), {kN, kM}, {0});
       }}},
      {"broadcast",
       "of a broadcast or a constant",
       exact,
       folded<kBroadcast>,
       {[](B& b, E e) { return repeated(b, repeated(b, number(b, e), {kN}, {}), {kN, kM}, {0}); },
        [](B& b, E e) { return repeated(b, splat(b, e, -0.0), {kN, kM}, {0}); }}},
      {"transpose", "of a constant", exact, splat_transposed, {[](B& b, E e) {
         return raw<ops::Transpose>(b, {b.constant(e, -0.0, {kN, kM})}, {.axes = {1, 0}});
       }}},
      {"transpose", "of a transpose", exact, transpose_transpose, {[](B& b, E e) {
         return raw<ops::Transpose>(b, {raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}})}, {.axes = {1, 0}});
       }}},
      {"transpose", "identity", exact, folded<kTranspose>, {[](B& b, E e) {
         return raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {0, 1}});
       }}},
      {"reshape", "of a constant", exact, splat_to_dims, {[](B& b, E e) {
         return raw<ops::Reshape>(b, {b.constant(e, -0.0, {kN, kM})}, {.dims = {kN * kM}});
       }}},
      {"reshape", "of a reshape", exact, reshape_reshape, {[](B& b, E e) {
         const V flat = raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN * kM}});
         return raw<ops::Reshape>(b, {flat}, {.dims = {kM, kN}});
       }}},
      {"reshape", "identity", exact, folded<kReshape>, {[](B& b, E e) {
         return raw<ops::Reshape>(b, {matrix(b, e)}, {.dims = {kN, kM}});
       }}},
      {"slice", "of a constant", exact, splat_to_dims, {[](B& b, E e) {
         return raw<ops::Slice>(b, {splat(b, e, -0.0)}, {.dims = {kN}, .starts = {0}, .steps = {1}});
       }}},
      {"slice", "identity", exact, folded<kSlice>, {[](B& b, E e) {
         return raw<ops::Slice>(b, {vector(b, e)}, {.dims = {kN}, .starts = {0}, .steps = {1}});
       }}},
      {"gather", "x[i + c] over an index i is a slice", exact, gather_of_affine, {[](B& b, E e) {
         return raw<ops::Gather>(b, {matrix(b, e), b.iota(Elem::i64, {kN}, 0)},
                                 {.labels = {{-1, 1}, {0}, {0, 1}}, .integers = {0}});
       }}},
      {"scatter_add", "at i + c over an index i is place", exact, scatter_at_affine, {[](B& b, E e) {
         const V index = b.add(b.iota(Elem::i64, {kN}, 0), b.integer(Elem::i64, 2, {kN}));
         return raw<ops::ScatterAdd>(b, {vector(b, e), index},
                                     {.dims = {kN + Dim(3)}, .labels = {{0}, {0}, {-1}}, .integers = {0}});
       }}},
      {"reduce_sum", "of -x is 0 less the sum of x", exact, sum_of_negative, {[](B& b, E e) {
         return summed(b, raw<ops::Neg>(b, {matrix(b, e)}), {1});
       }}},
      {"reduce_sum", "of c x is c times the sum of x for c = 1, 2, 4, …", regrouping, sum_of_doubles, {[](B& b, E e) {
         return summed(b, scaled(b, 4, matrix(b, e)), {1});
       }}},
      {"reduce_sum", "of c x is c times the sum of x", fast, sum_of_multiple, {[](B& b, E e) {
         return summed(b, scaled(b, 0.1, matrix(b, e)), {1});
       }}},
      {"reduce_sum", "of terms picked by an index is a scatter", regrouping, sum_of_picked, {[](B& b, E e) {
         const V x = matrix(b, e);
         const V best = raw<ops::ArgMax>(b, {x}, {.axes = {1}});
         const V here = b.compare("eq", b.iota(Elem::i64, {kN, kM}, 1), b.broadcast(best, {kN, kM}, {0}));
         return summed(b, raw<ops::Select>(b, {here, x, b.constant(e, 0, {kN, kM})}), {0});
       }}},
      {"reduce_sum",
       "of repeated terms is a multiple",
       regrouping,
       sum_of_broadcast,
       {[](B& b, E e) { return summed(b, repeated(b, vector(b, e), {kN, kM}, {0}), {1}); },
        [](B& b, E e) { return summed(b, b.constant(e, 0.1, {kN, kM}), {1}); }}},
      {"reduce_sum", "of a product with a broadcast is a contraction", regrouping, sum_of_product, {[](B& b, E e) {
         const V x = matrix(b, e), y = b.add_param({e, {kM}});
         return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {1})}), {1});
       }}},
      {"reduce_sum", "of a product with a number is a contraction", fast, sum_of_scaled, {[](B& b, E e) {
         const V x = matrix(b, e), y = number(b, e);
         return summed(b, raw<ops::Mul>(b, {x, repeated(b, y, {kN, kM}, {})}), {1});
       }}},
      {"reduce_sum",
       "of a contraction by a number is the number times its sum",
       contraction,
       sum_of_scaled_contract,
       {[](B& b, E e) {
         const V x = matrix(b, e), y = matrix(b, e);
         const V inner = contracted(b, {x, y}, {{0, 1}, {2, 1}, {0, 2}});
         return summed(b, raw<ops::Mul>(b, {repeated(b, number(b, e), {kN, kN}, {}), inner}), {0});
       }}},
      {"reduce_sum", "of a contraction is a contraction", regrouping, sum_of_contract, {[](B& b, E e) {
         const V x = matrix(b, e), y = matrix(b, e);
         return summed(b, contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}}), {0});
       }}},
      {"contract", "of an absent derivative is absent", exact, contract_of_absent, {[](B& b, E e) {
         return contracted(b, {vector(b, e), b.absent({e, {kN}})}, {{0}, {0}, {}});
       }}},
      {"contract",
       "numbers and sums of one operand go outside, products with broadcasts are operands",
       fast,
       contract_of_scaled,
       {[](B& b, E e) {
         const V x = vector(b, e), y = vector(b, e);
         return contracted(b, {raw<ops::Mul>(b, {repeated(b, number(b, e), {kN}, {}), x}), y}, {{0}, {0}, {}});
       }}},
      {"contract", "with [i = j] of a derivative renames", regrouping, contract_with_delta, {[](B& b, E e) {
         const V x = matrix(b, e);
         const V delta = diagonal(b, b.constant(e, 0.1, {kN, kN}), b.absent({e, {kN, kN}}));
         return contracted(b, {x, delta}, {{0, 1}, {0, 2}, {1, 2}});
       }}},
      {"contract",
       "views and numbers in operands",
       regrouping,
       contract_of_views,
       {[](B& b, E e) {
          const V x = raw<ops::Transpose>(b, {matrix(b, e)}, {.axes = {1, 0}}), y = vector(b, e);
          return contracted(b, {x, y}, {{1, 0}, {0}, {1}});
        },
        [](B& b, E e) {
          const V x = matrix(b, e), y = repeated(b, vector(b, e), {kN, kM}, {0});
          return contracted(b, {x, y}, {{0, 1}, {0, 1}, {0}});
        },
        [](B& b, E e) {
          const V x = vector(b, e), y = number(b, e);
          return contracted(b, {y, x}, {{}, {0}, {}});
        },
        [](B& b, E e) {
          const V x = vector(b, e), y = vector(b, e);
          return contracted(b, {x, y}, {{0}, {0}, {0}});
        }}},
      {"contract", "of -x is 0 less the contraction of x", exact, contract_of_negative, {[](B& b, E e) {
         const V x = raw<ops::Neg>(b, {matrix(b, e)}), y = vector(b, e);
         return contracted(b, {x, y}, {{0, 1}, {0}, {1}});
       }}},
      {"contract",
       "outer products and products with contractions are operands, their numbers go outside, sums of one operand are "
       "inside",
       contraction,
       contract_by_parts,
       {[](B& b, E e) {
          const V x = matrix(b, e), y = b.add_param({e, {kM, Dim(3)}});
          return contracted(b, {x, y}, {{0, 1}, {1, 2}, {2}});
        },
        [](B& b, E e) {
          const V x = vector(b, e), y = b.add_param({e, {kM}}), z = matrix(b, e);
          const V outer = raw<ops::Mul>(b, {repeated(b, x, {kN, kM}, {0}), repeated(b, y, {kN, kM}, {1})});
          return contracted(b, {outer, z}, {{0, 1}, {0, 1}, {0}});
        },
        [](B& b, E e) {
          const V x = matrix(b, e), y = vector(b, e);
          const V inner = contracted(b, {x, y}, {{0, 1}, {0}, {1}});
          return contracted(b, {scaled(b, 0.1, inner), b.add_param({e, {kM}})}, {{0}, {0}, {}});
        }}},
  };
  return rows;
}
}  // namespace

std::string_view name(RuleClass c) {
  constexpr std::string_view names[] = {"exact", "regrouping", "contraction", "fast"};
  return names[static_cast<std::size_t>(c)];
}

std::span<const Rule> rules() { return table(); }

}  // namespace rg::opt
