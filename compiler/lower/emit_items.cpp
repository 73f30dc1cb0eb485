// Loops, reductions and control flow as LLVM IR.
#include <algorithm>
#include <set>

#include "compiler/lower/emitter.h"
#include "compiler/ops/registry.h"

namespace rg::lower {

using plan::Dim;
using plan::Monoid;
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
std::set<plan::NodeId> Emitter::nodes_of(const std::vector<plan::Item>& list) const {
  std::vector<plan::NodeId> roots;
  const std::function<void(const std::vector<plan::Item>&)> walk = [&](const std::vector<plan::Item>& in) {
    for (const plan::Item& item : in) {
      plan::for_each_root_node(plan_, item, [&](plan::NodeId n) { roots.push_back(n); });
      for (auto* body : plan::bodies(const_cast<plan::Item&>(item))) walk(*body);
    }
  };
  walk(list);
  std::set<plan::NodeId> nodes;
  plan::for_each_node(plan_, std::move(roots), [&](plan::NodeId n) { nodes.insert(n); });
  return nodes;
}

std::size_t Emitter::weight(const std::vector<plan::Item>& list) const { return nodes_of(list).size(); }

// Lanes: by the widest floating element, else by the widest integer.
unsigned Emitter::lanes_of(const std::vector<plan::Item>& list) const {
  return std::max(1U, static_cast<unsigned>(options_.vector_bytes) / element_bytes(list));
}

unsigned Emitter::element_bytes(const std::vector<plan::Item>& list) const {
  const auto seen = nodes_of(list);
  int real = 0, other = 1;
  for (const plan::NodeId id : seen) {
    const plan::Node& n = plan_.node(id);
    int& most = ir::is_float(n.elem) ? real : other;
    most = std::max(most, ir::byte_size(n.elem));
  }
  return static_cast<unsigned>(real > 0 ? real : other);
}

// Lanes of the vector loop in which the reduction accumulates, if there is one.
std::optional<unsigned> Emitter::inner_lanes(const std::vector<plan::Item>& list, plan::ReductionId id) const {
  const std::function<bool(const std::vector<plan::Item>&)> accumulates = [&](const std::vector<plan::Item>& in) {
    return std::ranges::any_of(in, [&](const plan::Item& i) {
      if (const auto* a = std::get_if<plan::Accumulate>(&i.what)) return a->reduction == id;
      const auto* l = std::get_if<plan::Loop>(&i.what);
      return l && accumulates(l->body);
    });
  };
  for (const plan::Item& i : list) {
    const auto* l = std::get_if<plan::Loop>(&i.what);
    if (!l || !accumulates(l->body)) continue;
    return l->vector ? std::optional(lanes_of(l->body)) : inner_lanes(l->body, id);
  }
  return std::nullopt;
}

V Emitter::neutral(const plan::Reduction& r, unsigned lanes) {
  const auto start = plan::neutral(r.monoid, r.elem);
  llvm::Type* type = register_type(r.elem);
  llvm::Constant* c = ir::is_float(r.elem)
                          ? llvm::cast<llvm::Constant>(llvm::ConstantFP::get(type, start.first))
                          : llvm::ConstantInt::get(type, static_cast<std::uint64_t>(start.second), true);
  return lanes > 1 ? llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(lanes), c) : c;
}

V Emitter::fold(Monoid m, V a, V b) {
  switch (m) {
    case Monoid::sum:
      return vb_.add(a, b);
    case Monoid::prod:
      return vb_.mul(a, b);
    case Monoid::min:
    case Monoid::argmin:
      return vb_.select(vb_.or_mask(vb_.le(a, b), vb_.ne(a, a)), a, b);
    case Monoid::max:
    case Monoid::argmax:
      return vb_.select(vb_.or_mask(vb_.ge(a, b), vb_.ne(a, a)), a, b);
    case Monoid::any:
      return vb_.or_mask(a, b);
    case Monoid::all:
      return vb_.and_mask(a, b);
  }
  return nullptr;
}

// The better of two (value, position) pairs: a NaN first, then the extreme, then the lower position.
std::pair<V, V> Emitter::fold_position(Monoid m, std::pair<V, V> a, std::pair<V, V> b) {
  V nan_a = vb_.ne(a.first, a.first), nan_b = vb_.ne(b.first, b.first);
  V better = m == Monoid::argmin ? vb_.lt(b.first, a.first) : vb_.gt(b.first, a.first);
  V tie = vb_.or_mask(vb_.eq(a.first, b.first), vb_.and_mask(nan_a, nan_b));
  V nan_wins = vb_.and_mask(nan_b, vb_.not_mask(nan_a));
  V earlier = vb_.and_mask(tie, vb_.lt(b.second, a.second));
  V takes = vb_.or_mask(vb_.or_mask(nan_wins, earlier), vb_.and_mask(better, vb_.not_mask(nan_a)));
  return {vb_.select(takes, b.first, a.first), vb_.select(takes, b.second, a.second)};
}

// Starts the reductions that end with the loop.
void Emitter::open(const plan::Loop& l, unsigned copies) {
  for (const plan::ReductionId id : l.reductions) {
    unsigned lanes = vector_ ? vector_->lanes : 1;
    bool over = false;
    if (!vector_) {
      lanes = (l.vector ? std::optional(lanes_of(l.body)) : inner_lanes(l.body, id)).value_or(1);
      over = lanes > 1;
    }
    const plan::Reduction& r = plan_.reductions[id.index];
    Accumulator acc;
    acc.over_lanes = over;
    for (unsigned c = 0; c < copies; ++c) {
      V start = neutral(r, lanes);
      acc.values.push_back(stack(start->getType()));
      b_.CreateStore(start, acc.values.back());
      if (r.monoid != Monoid::argmin && r.monoid != Monoid::argmax) continue;
      llvm::Type* type = b_.getInt64Ty();
      V last = llvm::ConstantInt::get(
          lanes > 1 ? static_cast<llvm::Type*>(llvm::FixedVectorType::get(type, lanes)) : type, INT64_MAX);
      acc.positions.push_back(stack(last->getType()));
      b_.CreateStore(last, acc.positions.back());
    }
    accumulators_[id] = acc;
  }
}

// Folds copies, then lanes by halves: an order that depends on the type only.
void Emitter::close(const plan::Loop& l) {
  for (const plan::ReductionId id : l.reductions) {
    const plan::Reduction& r = plan_.reductions[id.index];
    const Accumulator& acc = accumulators_.at(id);
    const bool arg = !acc.positions.empty();
    const auto read = [&](V slot) {
      return b_.CreateLoad(llvm::cast<llvm::AllocaInst>(slot)->getAllocatedType(), slot);
    };
    const auto merge = [&](std::pair<V, V> x, std::pair<V, V> y) {
      return arg ? fold_position(r.monoid, x, y) : std::pair<V, V>{fold(r.monoid, x.first, y.first), nullptr};
    };
    std::pair<V, V> total{read(acc.values[0]), arg ? read(acc.positions[0]) : nullptr};
    for (std::size_t c = 1; c < acc.values.size(); ++c)
      total = merge(total, {read(acc.values[c]), arg ? read(acc.positions[c]) : nullptr});
    if (acc.over_lanes) {
      for (unsigned half = ValueBuilder::lanes(total.first) / 2; half >= 1; half /= 2) {
        std::vector<int> low, high;
        for (unsigned i = 0; i < half; ++i) {
          low.push_back(static_cast<int>(i));
          high.push_back(static_cast<int>(half + i));
        }
        const auto part = [&](V v, const std::vector<int>& lanes) -> V {
          return v ? b_.CreateShuffleVector(v, lanes) : nullptr;
        };
        total = merge({part(total.first, low), part(total.second, low)},
                      {part(total.first, high), part(total.second, high)});
      }
      total.first = b_.CreateExtractElement(total.first, b_.getInt64(0));
      if (arg) total.second = b_.CreateExtractElement(total.second, b_.getInt64(0));
    }
    if (!arg) {
      reduced_[id] = total.first;
      continue;
    }
    // No position was taken where every element equals the start: then the first is the winner.
    V none = b_.CreateICmpEQ(total.second, llvm::ConstantInt::get(total.second->getType(), INT64_MAX));
    reduced_[id] = b_.CreateSelect(none, llvm::ConstantInt::get(total.second->getType(), 0), total.second);
  }
}

V Emitter::lane_mask(V left, unsigned lanes) {
  llvm::Type* type = llvm::FixedVectorType::get(b_.getInt32Ty(), lanes);
  V most = b_.getInt64(lanes);
  V below = b_.CreateTrunc(b_.CreateSelect(b_.CreateICmpSLT(left, most), left, most), b_.getInt32Ty());
  return b_.CreateICmpULT(b_.CreateStepVector(type), b_.CreateVectorSplat(lanes, below));
}

// Whether the items evaluate functions such as exp, which take dozens of instructions.
bool Emitter::calls_functions(const std::vector<plan::Item>& list) const {
  return std::ranges::any_of(nodes_of(list), [&](plan::NodeId id) {
    const plan::Node& n = plan_.node(id);
    return n.kind == plan::Node::Kind::op && ops::info(n.op).cost >= ops::kFunctionCost;
  });
}

void Emitter::vector_loop(const plan::Loop& l, V from, V to) {
  const unsigned lanes = lanes_of(l.body);
  const bool plain =
      std::ranges::none_of(l.body, [](const plan::Item& i) { return std::holds_alternative<plan::Loop>(i.what); });
  // Accumulators hide the latency of the operation that reduces; that of `and` and `or` is none to speak of.
  const bool latency = std::ranges::any_of(l.reductions, [&](plan::ReductionId id) {
    const plan::Monoid m = plan_.reductions[id.index].monoid;
    return m != plan::Monoid::all && m != plan::Monoid::any;
  });
  const unsigned copies = plain && latency && weight(l.body) < 32 ? 4 : 1;
  const std::int64_t length = plain ? operations(l.body) : 0;
  open(l, copies);
  const auto run = [&](const Vector& vector, V at, std::size_t copy) {
    scopes_.emplace_back();
    copy_ = copy;
    vars_[l.var] = at;
    vector_ = vector;
    if (plain) fetch_ahead(l, length, to);
    if (plain && vector.lanes == lanes) load_rows(l.body);
    items(l.body);
    vector_.reset();
    copy_ = 0;
    scopes_.pop_back();
  };
  V count = b_.CreateSub(to, from);
  const auto whole_below = [&](std::int64_t step) {
    return b_.CreateAdd(from, b_.CreateAnd(count, b_.getInt64(static_cast<std::uint64_t>(-step))));
  };
  V start = from;
  const auto whole_vectors = [&](unsigned width) {
    V stop = whole_below(width);
    counted(start, stop, width, [&](V i) {
      V last = b_.CreateICmpSGE(b_.CreateAdd(i, whole(width)), stop);
      run({l.var, width, nullptr, nullptr, b_.CreateICmpEQ(i, start), last}, i, 0);
    });
    start = stop;
  };
  if (copies > 1) {
    const std::int64_t step = static_cast<std::int64_t>(lanes) * copies;
    V stop = whole_below(step);
    counted(start, stop, step, [&](V i) {
      for (unsigned c = 0; c < copies; ++c)
        run({l.var, lanes}, b_.CreateAdd(i, b_.getInt64(static_cast<std::uint64_t>(c) * lanes)), c);
    });
    start = stop;
  }
  // Operations on vectors of several registers: the code generator interleaves the registers' instructions.
  if (l.together > 1 && l.ranges.size() < 2) whole_vectors(lanes * static_cast<unsigned>(l.together));
  // A body that is long by its functions, or seldom run, is there once, under a mask: compiling it takes as long as it
  // is.
  if (copies == 1 && l.ranges.size() < 2 && !calls_functions(l.body)) whole_vectors(lanes);
  counted(start, to, lanes, [&](V i) {
    V left = b_.CreateSub(to, i);
    run({l.var, lanes, lane_mask(left, lanes), left, b_.CreateICmpEQ(i, start), b_.CreateICmpSLE(left, whole(lanes))},
        i, 0);
  });
  if (streamed_) b_.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
  streamed_ = false;
  close(l);
}

void Emitter::item(const plan::Loop& l) {
  if (l.packing) return packed(l);
  if (l.threaded) return threaded(l);
  range(l, b_.getInt64(0), dim(l.extent));
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
  if (l.together > 1 && !l.vector) return tiles(l, from, to);
  if (l.vector && lanes_of(l.body) > 1) return vector_loop(l, from, to);
  open(l, 1);
  counted(from, to, 1, [&](V i) {
    vars_[l.var] = i;
    items(l.body);
  });
  close(l);
}

void Emitter::item(const plan::Store& s) { store(s.target, node(s.value)); }

void Emitter::item(const plan::Accumulate& a) {
  const plan::Reduction& r = plan_.reductions[a.reduction.index];
  const Accumulator& acc = accumulators_.at(a.reduction);
  V slot = acc.values[std::min(copy_, acc.values.size() - 1)];
  llvm::Type* type = llvm::cast<llvm::AllocaInst>(slot)->getAllocatedType();
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
  V place = acc.positions[std::min(copy_, acc.positions.size() - 1)];
  llvm::Type* place_type = llvm::cast<llvm::AllocaInst>(place)->getAllocatedType();
  V position = varies(r.position) ? dim_lanes(r.position) : dim(r.position);
  if (place_type->isVectorTy()) position = spread(position);
  V old_position = b_.CreateLoad(place_type, place);
  // Positions rise from one iteration to the next, so that the new one takes the place only where it is better, or the
  // first NaN.
  V takes = r.monoid == Monoid::argmin ? vb_.le(old, value) : vb_.ge(old, value);
  takes = vb_.and_mask(vb_.not_mask(takes), vb_.eq(old, old));
  if (mask) takes = vb_.and_mask(takes, mask);
  b_.CreateStore(vb_.select(takes, value, old), slot);
  b_.CreateStore(vb_.select(takes, position, old_position), place);
}

void Emitter::item(const plan::ScatterAdd& s) {
  V mask = s.mask.valid() ? node(s.mask) : nullptr;
  const auto update = [&](plan::NodeId guard, V where) {
    store(s.target, sum_with(load(s.target, guard), s.value), where);
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
