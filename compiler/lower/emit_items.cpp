// Loops and control flow as LLVM IR.
#include <algorithm>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/lower/emitter.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

llvm::BasicBlock* Emitter::block(const char* name) {
  return llvm::BasicBlock::Create(b_.getContext(), name, function_);
}

// A slot in the function's frame, promoted to registers where possible.
V Emitter::stack(llvm::Type* type, V count) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at(&entry, entry.getFirstInsertionPt());
  auto* slot = at.CreateAlloca(type, count);
  slot->setAlignment(llvm::Align(64));
  return slot;
}

void Emitter::items(const std::vector<plan::Item>& list) {
  for (std::size_t k = 0; k < list.size();) {
    if (const std::size_t count = rows(list, k); count > 0) {
      k += count;
    } else {
      std::visit([&](const auto& what) { item(what); }, list[k].what);
      ++k;
    }
  }
}

// for (i = from; i < to; i += step), tested before the first iteration.
void Emitter::counted(V from, V to, std::int64_t step, const std::function<void(V)>& body) {
  V any = b_.CreateICmpSLT(from, to);
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(any);
  if (known && known->isZero()) return;
  llvm::BasicBlock* before = b_.GetInsertBlock();
  llvm::BasicBlock *loop = block("loop"), *done = block("done");
  b_.CreateCondBr(any, loop, done);
  b_.SetInsertPoint(loop);
  llvm::PHINode* i = b_.CreatePHI(b_.getInt64Ty(), 2);
  i->addIncoming(from, before);
  scopes_.emplace_back();
  body(i);
  scopes_.pop_back();
  V next = b_.CreateNSWAdd(i, b_.getInt64(static_cast<std::uint64_t>(step)));
  i->addIncoming(next, b_.GetInsertBlock());
  b_.CreateCondBr(b_.CreateICmpSLT(next, to), loop, done);
  b_.SetInsertPoint(done);
}

// All nodes that the items evaluate, those in indices included.
std::set<plan::NodeId> Emitter::nodes_of(const Lists& lists) const {
  std::vector<plan::NodeId> roots;
  for (const auto* list : lists) {
    plan::for_each_item(*list, [&](const plan::Item& item) {
      plan::for_each_root_node(plan_, item, [&](plan::NodeId n) { roots.push_back(n); });
    });
  }
  std::set<plan::NodeId> nodes;
  plan::for_each_node(plan_, std::move(roots), [&](plan::NodeId n) { nodes.insert(n); });
  return nodes;
}

std::size_t Emitter::weight(const std::vector<plan::Item>& list) const { return nodes_of(list).size(); }

V Emitter::lane_mask(V left, unsigned lanes) {
  llvm::Type* type = llvm::FixedVectorType::get(b_.getInt32Ty(), lanes);
  V most = b_.getInt64(lanes);
  V below = b_.CreateTrunc(b_.CreateSelect(b_.CreateICmpSLT(left, most), left, most), b_.getInt32Ty());
  return b_.CreateICmpULT(b_.CreateStepVector(type), b_.CreateVectorSplat(lanes, below));
}

void Emitter::vector_loop(const plan::Loop& l, V from, V to) {
  open(l);
  lane_blocks(l, from, to, [&](V first, V end) { vector_iterations(l, first, end, to); });
  if (streamed_) b_.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
  streamed_ = false;
  std::ranges::for_each(l.reductions, [this](plan::ReductionId id) { close(id); });
}

// The iterations from .. to-1 of a loop that ends at `end`.
void Emitter::vector_iterations(const plan::Loop& l, V from, V to, V end) {
  const unsigned lanes = lanes_of(l), copies = static_cast<unsigned>(l.code.accumulators);
  const bool together = l.code.side_by_side;
  const auto run = [&](const Vector& vector, V at, std::size_t copy) {
    scopes_.emplace_back();
    copy_ = copy;
    vars_[l.var] = at;
    vector_ = vector;
    fetch_ahead(l, end);
    if (plan::is_leaf(l) && vector.lanes == lanes) load_rows(l.body);
    items(l.body);
    vector_.reset();
    copy_ = 0;
    scopes_.pop_back();
  };
  V count = b_.CreateSub(to, from);
  const auto whole_below = [&](std::int64_t step) {
    return b_.CreateAdd(from, b_.CreateAnd(count, b_.getInt64(static_cast<std::uint64_t>(-step))));
  };
  V start = from, turning = whole_below(static_cast<std::int64_t>(lanes) * copies);
  // Where the copies are not side by side, vectors take turns as if they were.
  const auto take_turn = [&](V i) {
    V number = b_.CreateUDiv(b_.CreateSub(i, from), whole(lanes));
    if (copies > 1 && !together) turn_ = b_.CreateSelect(b_.CreateICmpSLT(i, turning), number, whole(0));
  };
  const auto whole_vectors = [&](unsigned width) {
    V stop = whole_below(width);
    counted(start, stop, width, [&](V i) {
      V last = b_.CreateICmpSGE(b_.CreateAdd(i, whole(width)), stop);
      take_turn(i);
      run({l.var, width, nullptr, nullptr, b_.CreateICmpEQ(i, start), last}, i, 0);
    });
    start = stop;
  };
  if (together) {
    counted(start, turning, static_cast<std::int64_t>(lanes) * copies, [&](V i) {
      for (unsigned c = 0; c < copies; ++c)
        run({l.var, lanes}, b_.CreateAdd(i, b_.getInt64(static_cast<std::uint64_t>(c) * lanes)), c);
    });
    start = turning;
  }
  // Operations on vectors of several registers: the code generator interleaves the registers' instructions.
  if (l.together > 1 && l.ranges.size() < 2) whole_vectors(lanes * static_cast<unsigned>(l.together));
  if (l.code.unmasked) whole_vectors(lanes);
  counted(start, to, lanes, [&](V i) {
    V left = b_.CreateSub(to, i);
    take_turn(i);
    run({l.var, lanes, lane_mask(left, lanes), left, b_.CreateICmpEQ(i, start), b_.CreateICmpSLE(left, whole(lanes))},
        i, 0);
  });
  turn_ = nullptr;
}

void Emitter::item(const plan::Loop& l) {
  if (!l.threads) return range(l, b_.getInt64(0), dim(l.extent));
  threaded(shared(l), [&] { return work(l); }, [&](Emitter& inner, V from, V to) { inner.range(l, from, to); });
}

void Emitter::range(const plan::Loop& l, V from, V to) {
  if (l.ranges.empty()) return whole_range(l, from, to);
  const auto part = [&](const plan::Range& r) { return std::pair{most(from, dim(r.from)), least(to, dim(r.to))}; };
  auto [first, last] = part(l.ranges[0]);
  if (l.ranges.size() == 1) return whole_range(l, first, last);
  // The code is there once, for one range after the other.
  const auto next = part(l.ranges[1]);
  counted(b_.getInt64(0), b_.getInt64(2), 1, [&](V i) {
    V second = b_.CreateICmpNE(i, b_.getInt64(0));
    whole_range(l, b_.CreateSelect(second, next.first, first), b_.CreateSelect(second, next.second, last));
  });
}

void Emitter::whole_range(const plan::Loop& l, V from, V to) {
  if (l.is_vector() && lanes_of(l) > 1) return vector_loop(l, from, to);
  open(l);
  one_by_one(l, from, to, [&](V i) {
    vars_[l.var] = i;
    items(l.body);
  });
  std::ranges::for_each(l.reductions, [this](plan::ReductionId id) { close(id); });
}

void Emitter::item(const plan::Store& s) { store(s.target, node(s.value)); }

void Emitter::item(const plan::ScatterAdd& s) {
  V mask = s.mask.valid() ? node(s.mask) : nullptr;
  const auto update = [&](plan::NodeId guard, V where) {
    V old = load(s.target, guard);
    if (!s.errors.buffer.valid()) return store(s.target, sum_with(old, s.value), where);
    V value = node(s.value), errors = load(s.errors, guard);
    if (old->getType()->isVectorTy()) value = spread(value);
    if (value->getType()->isVectorTy()) old = spread(old);
    if (old->getType()->isVectorTy()) errors = spread(errors);
    const auto [sum, error] = add_with_error(old, errors, value);
    store(s.target, sum, where);
    store(s.errors, error, where);
  };
  if (!mask || mask->getType()->isVectorTy()) return update(s.mask, mask);
  llvm::BasicBlock *then = block("add"), *done = block("skip");
  b_.CreateCondBr(mask, then, done);
  b_.SetInsertPoint(then);
  scopes_.emplace_back();
  update({}, nullptr);
  scopes_.pop_back();
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

void Emitter::item(const plan::For& f) {
  V trip = dim(f.trip);
  counted(b_.getInt64(0), trip, 1, [&](V i) {
    vars_[f.counter] = f.reversed ? b_.CreateSub(b_.CreateSub(trip, b_.getInt64(1)), i) : i;
    items(f.body);
    // All carried values move at once: scalars are read before any is written.
    std::vector<std::pair<V, V>> moves;
    for (const plan::For::Carried& c : f.carried) {
      if (c.current == c.next) continue;
      if (indirect_[c.current.index]) {
        V current = b_.CreateLoad(b_.getPtrTy(), bases_[c.current.index]),
          next = b_.CreateLoad(b_.getPtrTy(), bases_[c.next.index]);
        b_.CreateStore(next, bases_[c.current.index]);
        b_.CreateStore(current, bases_[c.next.index]);
      } else {
        moves.emplace_back(b_.CreateLoad(memory_type(plan_.buffer(c.next).elem), bases_[c.next.index]),
                           bases_[c.current.index]);
      }
    }
    for (const auto& [value, slot] : moves) b_.CreateStore(value, slot);
  });
}

void Emitter::item(const plan::If& i) {
  V condition = node(i.condition);
  llvm::BasicBlock *then = block("then"), *otherwise = block("else"), *done = block("endif");
  b_.CreateCondBr(condition, then, otherwise);
  const auto branch = [&](llvm::BasicBlock* at, const std::vector<plan::Item>& body) {
    b_.SetInsertPoint(at);
    scopes_.emplace_back();
    items(body);
    scopes_.pop_back();
    b_.CreateBr(done);
  };
  branch(then, i.then_body);
  branch(otherwise, i.else_body);
  b_.SetInsertPoint(done);
}

void Emitter::item(const plan::Assert& a) {
  llvm::BasicBlock *failed = block("failed"), *holds = block("holds");
  b_.CreateCondBr(node(a.condition), holds, failed);
  b_.SetInsertPoint(failed);
  const rg_status status = a.subscript ? RG_INDEX_OUT_OF_RANGE : RG_ASSERTION_FAILED;
  llvm::Type *pointer = b_.getPtrTy(), *narrow = b_.getInt32Ty(), *wide = b_.getInt64Ty();
  scopes_.emplace_back();
  record("rg_fail_check", {pointer, narrow, pointer, pointer, pointer, narrow, wide}, [&] {
    items(a.search);
    const auto count = static_cast<unsigned>(a.numbers.size());
    auto* words = llvm::ArrayType::get(pointer, count);
    auto* numbers = llvm::ArrayType::get(wide, count);
    V words_at = stack(words), numbers_at = stack(numbers);
    for (unsigned k = 0; k < count; ++k) {
      b_.CreateStore(b_.CreateGlobalString(a.numbers[k].words), b_.CreateConstGEP2_32(words, words_at, 0, k));
      b_.CreateStore(node(a.numbers[k].value), b_.CreateConstGEP2_32(numbers, numbers_at, 0, k));
    }
    return std::vector<V>{context_,
                          b_.getInt32(static_cast<std::uint32_t>(status)),
                          b_.CreateGlobalString(a.message),
                          words_at,
                          numbers_at,
                          b_.getInt32(count),
                          whole(plan::place_of(a.place))};
  });
  scopes_.pop_back();
  leave(status);
  b_.SetInsertPoint(holds);
}

}  // namespace rg::lower
