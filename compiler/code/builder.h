// Builds one function: emits instructions with inferred types at the end of a current block. The arithmetic helpers
// fold what is exact on the spot (1 x, -1 x, x + 0 where x is never -0, double negation, constants), so that derivative
// rules stay as short as their formulas.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

#include "compiler/code/registry.h"
#include "compiler/ir/module.h"

namespace rg::ir {

class Builder {
 public:
  using Val = ValueId;

  /// Appends to `function`; a function without a body gets an empty one, which becomes the current block.
  explicit Builder(Function& function);
  Function& function() { return function_; }
  const Type& type(Val v) const { return function_.type(v); }
  const std::vector<Dim>& dims(Val v) const { return type(v).dims; }

  // Blocks. `in_block` makes a new block, builds it with `body` (given the parameters) and returns it; the yields are
  // what `body` returns. The current block is restored.
  Val add_param(Type type, std::string name = {});  // of the current block
  BlockId in_block(std::span<const Type> params, const std::function<std::vector<Val>(std::span<const Val>)>& body);
  BlockId current_block() const { return block_; }
  /// Goes on at the end of `block`; returns the block that was current.
  BlockId enter(BlockId block) { return std::exchange(block_, block); }
  void set_yields(std::vector<Val> values) { function_.block(block_).yields = std::move(values); }
  /// The instructions that may be emitted from here on: a pass that makes more than that does not end by itself, and is
  /// ended by an internal error. Without a limit at first.
  void limit(std::size_t instructions) { most_ = function_.instrs.size() + instructions; }
  void allow(std::size_t more) { most_ = most_ > SIZE_MAX - more ? SIZE_MAX : most_ + more; }
  /// Span given to the instructions that follow.
  void set_span(Span span) { span_ = span; }
  Span span() const { return span_; }

  /// Emits an instruction. Types are inferred; operands that the op's rule refuses are an internal error.
  std::vector<Val> emit(Opcode op, std::vector<Val> operands, Attributes attrs = {}, std::vector<BlockId> regions = {});
  Val emit1(Opcode op, std::vector<Val> operands, Attributes attrs = {}, std::vector<BlockId> regions = {});
  /// Emits Op by its struct, without folding: `b.op<ops::Cos>(x)`.
  template <class Op, class... V>
  Val op(V... operands) {
    return emit1(ops::opcode<Op>(), {operands...});
  }

  /// The same with the op's own attributes: `b.emit_op<ops::Concat>(parts, {.axis = 0})`.
  template <class Op>
  Val emit_op(std::vector<Val> operands, typename Op::Attrs attrs = {}) {
    return emit1(ops::opcode<Op>(), std::move(operands), std::move(attrs));
  }
  /// Emits an op whose result types its rule cannot know: call, derive.
  std::vector<Val> emit_typed(Opcode op, std::vector<Val> operands, Attributes attrs, std::vector<BlockId> regions,
                              std::vector<Type> types);
  /// The opcode of a name, which exists.
  static Opcode named(std::string_view name);

  // Constants. `constant` makes a value of the dims given, a scalar constant broadcast where dims are not empty.
  Val constant(Elem elem, double value, std::vector<Dim> dims = {});
  Val integer(Elem elem, std::int64_t value, std::vector<Dim> dims = {});
  Val boolean(bool value, std::vector<Dim> dims = {});
  Val like(Val v, double value);  // of v's type
  Val zero(Val v) { return like(v, 0); }
  Val one(Val v) { return like(v, 1); }
  Val zeros(const Type& type);
  /// Zeros that stand for a derivative that is not there: a product with them is them whatever the other factor is, a
  /// sum with them is the other term.
  Val absent(const Type& type);
  bool is_absent(Val v) const;
  Val size(const Dim& dim);  // the value of an extent, i64
  /// The value of a constant that every element of `v` has, seen through broadcasts and views.
  std::optional<double> splat(Val v) const;
  /// That constant with other extents.
  Val splat_of(Val v, std::vector<Dim> to);
  /// Whether no element of the floating `v` can be -0, by what its definition says to a few operations' depth.
  bool never_negative_zero(Val v, int depth = 4) const;

  // Elementwise arithmetic, with folding. Operands have equal types.
  Val add(Val a, Val b);
  Val sub(Val a, Val b);
  Val mul(Val a, Val b);
  Val div(Val a, Val b);
  Val neg(Val a);
  Val select(Val condition, Val a, Val b);
  Val compare(std::string_view op, Val a, Val b);  // "eq" "ne" "lt" "le" "gt" "ge"
  Val logical_and(Val a, Val b);
  Val logical_or(Val a, Val b);
  Val logical_not(Val a);
  Val convert(Val a, Elem elem);
  Val call(std::string_view op, std::initializer_list<Val> operands);  // any op by name, without attributes

  // Structure, with the identity folded.
  /// Result extents `to`; operand axis i becomes result axis axes[i] (strictly ascending), the others are new.
  Val broadcast(Val v, std::vector<Dim> to, std::vector<std::int64_t> axes);
  /// New leading axes (NumPy's rule without stretching).
  Val broadcast_leading(Val v, const std::vector<Dim>& to);
  Val transpose(Val v, std::vector<std::int64_t> permutation);
  Val reshape(Val v, std::vector<Dim> to);
  Val slice(Val v, std::vector<Dim> starts, std::vector<std::int64_t> steps, std::vector<Dim> lengths);
  /// Zeros of extents `to` with `v` placed at starts + steps * index: the transpose of slice. `absent`: the zeros
  /// stand for a derivative that is not there.
  Val place(Val v, std::vector<Dim> starts, std::vector<std::int64_t> steps, std::vector<Dim> to, bool absent = false);
  Val iota(Elem elem, std::vector<Dim> to, std::int64_t axis);
  Val reduce(std::string_view kind, Val v, std::vector<std::int64_t> axes);  // "sum" "prod" "min" "max" "any" "all"
  Val sum(Val v, std::vector<std::int64_t> axes);                            // "any" on bool
  /// A `for` of `trip` steps: `body(counter, states, slices)` gives the next states and the values to be stacked. The
  /// result is the final states, then the stacks.
  using ScanBody =
      std::function<std::pair<std::vector<Val>, std::vector<Val>>(Val, std::span<const Val>, std::span<const Val>)>;
  std::vector<Val> scan(const Dim& trip, std::vector<Val> states, std::vector<Val> arrays, const ScanBody& body,
                        bool reversed = false);
  Val contract(std::vector<Val> operands, std::vector<std::vector<std::int64_t>> labels);

 private:
  const Instr* repeated(Val v) const;
  bool adds_nothing(Val v, const std::optional<double>& s, Val to) const;
  Function& function_;
  BlockId block_;
  Span span_;
  std::size_t most_ = SIZE_MAX;
};

/// What a pass may make of so many instructions. Each gives a dozen where rules are long; an endless rule gives more.
constexpr std::size_t budget(std::size_t instructions) { return 65536 + 256 * instructions; }

}  // namespace rg::ir
