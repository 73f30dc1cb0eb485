// Reductions: accumulators in registers, and sums that stay exact to a few roundings however many terms they have.
//
// The accumulators of a sum in blocks (plan::Loop::block) are laid aside after a block: they are folded to the block's
// sum, which is added to the sum of the blocks before it while the error of that is kept (ops/sum_tree.h has the
// formula), and begin anew. Which term meets which is a matter of extents, element types and the target.
#include <algorithm>

#include "compiler/lower/emitter.h"
#include "compiler/ops/fold.h"

namespace rg::lower {

using ops::Monoid;
using V = Emitter::V;

V Emitter::neutral(const plan::Reduction& r, unsigned lanes) {
  const auto start = ops::identity(r.monoid, r.elem);
  llvm::Type* type = register_type(r.elem);
  llvm::Constant* c = ir::is_float(r.elem)
                          ? llvm::cast<llvm::Constant>(llvm::ConstantFP::get(type, start.first))
                          : llvm::ConstantInt::get(type, static_cast<std::uint64_t>(start.second), true);
  return lanes > 1 ? llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(lanes), c) : c;
}

V Emitter::fold(Monoid m, V a, V b) {
  return ops::with_fold(m, [&]<class Op>() { return Op::lower(vb_, a, b); });
}

std::pair<V, V> Emitter::fold_position(Monoid m, std::pair<V, V> a, std::pair<V, V> b) {
  V takes = ops::takes_place(vb_, m, a, b);
  return {vb_.select(takes, b.first, a.first), vb_.select(takes, b.second, a.second)};
}

// The innermost loop in which the reduction accumulates; null where that is not in `l`.
const plan::Loop* Emitter::leaf(const plan::Loop& l, plan::ReductionId id) const {
  for (const plan::Item& i : l.body) {
    if (const auto* a = std::get_if<plan::Accumulate>(&i.what); a && a->reduction == id) return &l;
    const auto* inner = std::get_if<plan::Loop>(&i.what);
    if (const plan::Loop* found = inner ? leaf(*inner, id) : nullptr) return found;
  }
  return nullptr;
}

// Slots of the accumulators: apart, to become registers, or an array whose elements take turns.
Emitter::Accumulator Emitter::accumulator(const plan::Reduction& r, unsigned lanes, unsigned count, bool array) {
  Accumulator acc;
  V start = neutral(r, lanes);
  acc.type = start->getType();
  llvm::Type* place_type = b_.getInt64Ty();
  if (lanes > 1) place_type = llvm::FixedVectorType::get(place_type, lanes);
  V all = array ? stack(llvm::ArrayType::get(acc.type, count)) : nullptr;
  for (unsigned c = 0; c < count; ++c) {
    acc.values.push_back(all ? b_.CreateConstGEP1_64(acc.type, all, c) : stack(acc.type));
    b_.CreateStore(start, acc.values.back());
    if (!ops::has_position(r.monoid)) continue;
    acc.positions.push_back(stack(place_type));
    b_.CreateStore(llvm::ConstantInt::get(place_type, INT64_MAX), acc.positions.back());
  }
  return acc;
}

// A sum in blocks: what is laid aside, of `count` results.
void Emitter::begin_blocks(Accumulator& acc, unsigned count) {
  V zero = llvm::Constant::getNullValue(acc.type);
  for (std::vector<V>* slots : {&acc.sums, &acc.errors}) {
    for (unsigned c = 0; c < count; ++c) {
      slots->push_back(stack(acc.type));
      b_.CreateStore(zero, slots->back());
    }
  }
  acc.filled = stack(b_.getInt64Ty());
  b_.CreateStore(whole(0), acc.filled);
  acc.laid = stack(b_.getInt1Ty());
  b_.CreateStore(b_.getFalse(), acc.laid);
}

// Starts the reductions that end with the loop.
void Emitter::open(const plan::Loop& l) {
  for (const plan::ReductionId id : l.reductions) {
    const plan::Reduction& r = plan_.reductions[id.index];
    const plan::Loop* in = leaf(l, id);
    const plan::Loop* filled = vector_ || !in ? nullptr : vector_loop_of(l, id);
    const unsigned lanes = vector_ ? vector_->lanes : filled ? lanes_of(*filled) : 1;
    const unsigned count = filled == in && lanes > 1 && !vector_ ? static_cast<unsigned>(r.accumulators) : 1;
    Accumulator acc = accumulator(r, lanes, count, count > 1 && !in->code.side_by_side);
    acc.over_lanes = !vector_ && lanes > 1;
    if (r.in_blocks) begin_blocks(acc, 1);
    accumulators_[id] = acc;
  }
}

// The same for a tile, whose results have an accumulator each.
void Emitter::open_tile(const Tile& t, unsigned results) {
  const plan::Reduction& r = plan_.reductions[t.of.sum.index];
  Accumulator acc = accumulator(r, t.lanes, results, false);
  acc.over_lanes = !vector_;
  if (r.in_blocks) begin_blocks(acc, results);
  accumulators_[t.of.sum] = acc;
}

// The loop from `l` on, inwards, whose iterations fill the lanes in which the reduction accumulates.
const plan::Loop* Emitter::vector_loop_of(const plan::Loop& l, plan::ReductionId id) const {
  if (l.is_vector()) return &l;
  for (const plan::Item& i : l.body) {
    const auto* inner = std::get_if<plan::Loop>(&i.what);
    if (inner && leaf(*inner, id)) return vector_loop_of(*inner, id);
  }
  return nullptr;
}

V Emitter::folded_copies(Monoid m, const Accumulator& acc) {
  V total = b_.CreateLoad(acc.type, acc.values[0]);
  for (std::size_t c = 1; c < acc.values.size(); ++c) total = fold(m, total, b_.CreateLoad(acc.type, acc.values[c]));
  return total;
}

void Emitter::lay_aside(const Accumulator& acc) {
  const auto add = [&](V x, std::size_t k) {
    const auto [sum, error] =
        add_with_error(b_.CreateLoad(acc.type, acc.sums[k]), b_.CreateLoad(acc.type, acc.errors[k]), x);
    b_.CreateStore(sum, acc.sums[k]);
    b_.CreateStore(error, acc.errors[k]);
  };
  if (acc.sums.size() == acc.values.size()) {
    for (std::size_t k = 0; k < acc.values.size(); ++k) add(b_.CreateLoad(acc.type, acc.values[k]), k);
  } else {
    add(folded_copies(Monoid::sum, acc), 0);
  }
  for (V slot : acc.values) b_.CreateStore(llvm::Constant::getNullValue(acc.type), slot);
  b_.CreateStore(whole(0), acc.filled);
  b_.CreateStore(b_.getTrue(), acc.laid);
}

// ops::add_with_error: the new sum and its error.
std::pair<V, V> Emitter::add_with_error(V sum, V error, V x) {
  const llvm::IRBuilderBase::FastMathFlagGuard guard(b_);
  b_.clearFastMathFlags();
  V y = b_.CreateFAdd(x, error), t = b_.CreateFAdd(sum, y), none = b_.CreateFSub(t, t);
  V left = b_.CreateFSub(y, b_.CreateFSub(t, sum));
  return {t, b_.CreateSelect(b_.CreateFCmpORD(none, none), left, llvm::Constant::getNullValue(t->getType()))};
}

// Lanes by halves.
std::pair<V, V> Emitter::folded_lanes(Monoid m, std::pair<V, V> total) {
  for (unsigned half = ValueBuilder::lanes(total.first) / 2; half >= 1; half /= 2) {
    std::vector<int> low, high;
    for (unsigned i = 0; i < half; ++i) {
      low.push_back(static_cast<int>(i));
      high.push_back(static_cast<int>(half + i));
    }
    const auto part = [&](V v, const std::vector<int>& lanes) -> V {
      return v ? b_.CreateShuffleVector(v, lanes) : nullptr;
    };
    total = merged(m, {part(total.first, low), part(total.second, low)},
                   {part(total.first, high), part(total.second, high)});
  }
  total.first = b_.CreateExtractElement(total.first, b_.getInt64(0));
  if (total.second) total.second = b_.CreateExtractElement(total.second, b_.getInt64(0));
  return total;
}

// Two values, of argmin and argmax with their positions.
std::pair<V, V> Emitter::merged(Monoid m, std::pair<V, V> x, std::pair<V, V> y) {
  return x.second ? fold_position(m, x, y) : std::pair<V, V>{fold(m, x.first, y.first), nullptr};
}

// The last block's sum and what was laid aside before it. Short sums do not wait for additions of 0.
V Emitter::with_laid_aside(const Accumulator& acc, V last) {
  llvm::BasicBlock *before = b_.GetInsertBlock(), *some = block("some"), *done = block("done");
  b_.CreateCondBr(b_.CreateLoad(b_.getInt1Ty(), acc.laid), some, done);
  b_.SetInsertPoint(some);
  V rest = b_.CreateFAdd(b_.CreateLoad(acc.type, acc.errors[0]), last);
  V all = b_.CreateFAdd(b_.CreateLoad(acc.type, acc.sums[0]), rest);
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
  llvm::PHINode* total = b_.CreatePHI(acc.type, 2);
  total->addIncoming(last, before);
  total->addIncoming(all, some);
  return total;
}

// Folds copies, then what was laid aside, then lanes.
void Emitter::close(plan::ReductionId id) {
  const Monoid m = plan_.reductions[id.index].monoid;
  const Accumulator& acc = accumulators_.at(id);
  const auto read = [&](std::size_t c) -> std::pair<V, V> {
    V place = acc.positions.empty() ? nullptr : acc.positions[c];
    return {b_.CreateLoad(acc.type, acc.values[c]), place ? b_.CreateLoad(slot_type(place), place) : nullptr};
  };
  std::pair<V, V> total = read(0);
  for (std::size_t c = 1; c < acc.values.size(); ++c) total = merged(m, total, read(c));
  if (!acc.sums.empty()) total.first = with_laid_aside(acc, total.first);
  if (acc.over_lanes) total = folded_lanes(m, total);
  if (!total.second) {
    reduced_[id] = total.first;
    return;
  }
  // No position was taken where every element equals the start: then the first is the winner.
  V none = b_.CreateICmpEQ(total.second, llvm::ConstantInt::get(total.second->getType(), INT64_MAX));
  reduced_[id] = b_.CreateSelect(none, llvm::ConstantInt::get(total.second->getType(), 0), total.second);
}

std::vector<Emitter::Accumulator*> Emitter::block_sums(const plan::Loop& l) {
  std::vector<Accumulator*> found;
  for (const plan::Item& i : l.body) {
    const auto* a = std::get_if<plan::Accumulate>(&i.what);
    if (a && plan_.reductions[a->reduction.index].in_blocks) found.push_back(&accumulators_.at(a->reduction));
  }
  return found;
}

bool Emitter::ends_with(const plan::Loop& l, const Accumulator* sum) const {
  return std::ranges::any_of(l.reductions, [&](plan::ReductionId id) { return &accumulators_.at(id) == sum; });
}

void Emitter::when(V condition, const std::function<void()>& code) {
  llvm::BasicBlock *then = block("then"), *done = block("done");
  b_.CreateCondBr(condition, then, done);
  b_.SetInsertPoint(then);
  code();
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

void Emitter::in_blocks(std::int64_t block_length, V from, V to, const std::vector<Accumulator*>& sums,
                        const std::function<void(V from, V to)>& code) {
  if (block_length == 0) return code(from, to);
  V at = stack(b_.getInt64Ty());
  b_.CreateStore(from, at);
  llvm::BasicBlock *body = block("block"), *more = block("more"), *done = block("done");
  b_.CreateBr(body);
  b_.SetInsertPoint(body);
  V first = b_.CreateLoad(b_.getInt64Ty(), at), end = least(b_.CreateNSWAdd(first, whole(block_length)), to);
  code(first, end);
  b_.CreateCondBr(b_.CreateICmpSLT(end, to), more, done);
  b_.SetInsertPoint(more);
  for (const Accumulator* acc : sums) lay_aside(*acc);
  b_.CreateStore(end, at);
  b_.CreateBr(body);
  b_.SetInsertPoint(done);
}

// Iterations of a loop whose lanes or copies are accumulators, block by block. Sums that end with the loop are laid
// aside after each block but the last. One that goes on after the loop is laid aside when a block's length has come
// together; vectors after the last that fill all copies count for as many.
void Emitter::lane_blocks(const plan::Loop& l, V from, V to, const std::function<void(V from, V to)>& code) {
  if (l.block == 0) return code(from, to);
  std::vector<Accumulator*> sums = block_sums(l);
  const auto going_on = std::ranges::partition(sums, [&](const Accumulator* a) { return ends_with(l, a); });
  const std::vector<Accumulator*> ending(sums.begin(), going_on.begin());
  const std::int64_t lanes = lanes_of(l), all = lanes * l.code.accumulators;
  in_blocks(l.block, from, to, ending, [&](V first, V end) {
    code(first, end);
    for (Accumulator* acc : going_on) {
      V length = most(b_.CreateSub(end, first), whole(0)), even = down(length, all);
      V counts = b_.CreateAdd(even, b_.CreateMul(up(b_.CreateSub(length, even), lanes), whole(all / lanes)));
      V filled = b_.CreateAdd(b_.CreateLoad(b_.getInt64Ty(), acc->filled), counts);
      b_.CreateStore(filled, acc->filled);
      when(b_.CreateICmpSGE(filled, whole(l.block)), [&] { lay_aside(*acc); });
    }
  });
}

// Iterations of a loop that adds one term after the other, each block of a sum in full though it may begin in an
// earlier run of the loop. A full block is laid aside when there is a term after it.
void Emitter::one_by_one(const plan::Loop& l, V from, V to, const std::function<void(V)>& code) {
  const auto sums = block_sums(l);
  if (sums.empty()) return counted(from, to, 1, code);
  V at = stack(b_.getInt64Ty());
  b_.CreateStore(from, at);
  llvm::BasicBlock *head = block("blocks"), *body = block("block"), *done = block("done");
  b_.CreateBr(head);
  b_.SetInsertPoint(head);
  V first = b_.CreateLoad(b_.getInt64Ty(), at);
  b_.CreateCondBr(b_.CreateICmpSLT(first, to), body, done);
  b_.SetInsertPoint(body);
  V end = to;
  for (Accumulator* acc : sums) {
    V full = b_.CreateICmpEQ(b_.CreateLoad(b_.getInt64Ty(), acc->filled), whole(l.block));
    when(full, [&] { lay_aside(*acc); });
    V room = b_.CreateSub(whole(l.block), b_.CreateLoad(b_.getInt64Ty(), acc->filled));
    end = least(end, b_.CreateNSWAdd(first, room));
  }
  counted(first, end, 1, code);
  for (Accumulator* acc : sums) {
    V filled = b_.CreateLoad(b_.getInt64Ty(), acc->filled);
    b_.CreateStore(b_.CreateAdd(filled, b_.CreateSub(end, first)), acc->filled);
  }
  b_.CreateStore(end, at);
  b_.CreateBr(head);
  b_.SetInsertPoint(done);
}

void Emitter::item(const plan::Accumulate& a) {
  const plan::Reduction& r = plan_.reductions[a.reduction.index];
  const Accumulator& acc = accumulators_.at(a.reduction);
  const std::size_t copy = copy_ % acc.values.size();
  V slot = acc.values[copy];
  if (turn_ && acc.values.size() > 1)
    slot = b_.CreateGEP(acc.type, slot, b_.CreateURem(turn_, whole(static_cast<std::int64_t>(acc.values.size()))));
  llvm::Type* type = acc.type;
  V mask = vector_ && type->isVectorTy() ? vector_->mask : nullptr;
  V old = b_.CreateLoad(type, slot);
  const bool sums = r.monoid == Monoid::sum;
  V value = sums ? nullptr : node(r.value);
  if (value && type->isVectorTy()) value = spread(value);
  if (acc.positions.empty()) {
    V folded = sums ? sum_with(old, r.value) : fold(r.monoid, old, value);
    b_.CreateStore(mask ? b_.CreateSelect(mask, folded, old) : folded, slot);
    return;
  }
  V place = acc.positions[copy];
  llvm::Type* place_type = slot_type(place);
  V position = varies(r.position) ? dim_lanes(r.position) : dim(r.position);
  if (place_type->isVectorTy()) position = spread(position);
  V old_position = b_.CreateLoad(place_type, place);
  // Positions rise from one iteration to the next.
  V takes = ops::takes_place_behind(vb_, r.monoid, old, value);
  if (mask) takes = vb_.and_mask(takes, mask);
  b_.CreateStore(vb_.select(takes, value, old), slot);
  b_.CreateStore(vb_.select(takes, position, old_position), place);
}

}  // namespace rg::lower
