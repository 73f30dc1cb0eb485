// Lanes that lie in memory with a distance: several values side by side in each lane are read and written as rows, one
// contiguous access a lane, and change places with the lanes in registers.
#include <algorithm>
#include <set>

#include "compiler/lower/emitter.h"
#include "compiler/plan/cost.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

// Whether lanes can change places with what stands side by side in each of them.
bool Emitter::lanes_turn() const {
  return vector_ && vector_->lanes >= 4 && (vector_->lanes & (vector_->lanes - 1)) == 0;
}

// A mask of the first lanes.
V Emitter::first_lanes(std::size_t count) {
  std::vector<llvm::Constant*> used;
  for (unsigned k = 0; k < vector_->lanes; ++k) used.push_back(b_.getInt1(k < count));
  return llvm::ConstantVector::get(used);
}

// How many stores from `first` on put their lanes side by side in memory: one buffer, a distance between the lanes that
// is known, each store next to the one before, no value read from the buffer. At most as many as the distance.
std::size_t Emitter::row_stores(const std::vector<plan::Item>& list, std::size_t first) const {
  const auto* head = lanes_turn() ? std::get_if<plan::Store>(&list[first].what) : nullptr;
  if (!head) return 0;
  const Dim start = plan::linear_address(plan_, head->target);
  const auto stride = lane_stride(start);
  if (!stride || !stride->is_constant() || stride->constant() < 2) return 0;
  std::size_t count = 0;
  while (count < static_cast<std::size_t>(stride->constant()) && first + count < list.size()) {
    const auto* s = std::get_if<plan::Store>(&list[first + count].what);
    if (!s || s->target.buffer != head->target.buffer ||
        !(plan::linear_address(plan_, s->target) == start + Dim(static_cast<std::int64_t>(count))))
      break;
    ++count;
  }
  const std::vector<plan::Item> run(list.begin() + static_cast<std::ptrdiff_t>(first),
                                    list.begin() + static_cast<std::ptrdiff_t>(first + count));
  const bool reads = std::ranges::any_of(nodes_of(run), [&](plan::NodeId id) {
    const plan::Node& n = plan_.node(id);
    return n.kind == plan::Node::Kind::load && n.access.buffer == head->target.buffer;
  });
  return reads ? 0 : count;
}

// Emits the stores from `first` on that make rows, and gives their number; 0 where there are none.
std::size_t Emitter::rows(const std::vector<plan::Item>& list, std::size_t first) {
  const std::size_t count = row_stores(list, first);
  if (count < 2) return 0;
  const plan::Access& target = std::get<plan::Store>(list[first].what).target;
  const bool complete = *lane_stride(plan::linear_address(plan_, target)) == Dim(static_cast<std::int64_t>(count));
  const auto bytes =
      static_cast<std::int64_t>(vector_->lanes * count) * ir::byte_size(plan_.buffer(target.buffer).elem);
  if (complete && vector_->first && bytes % plan_.target.vector_bytes == 0) {
    count <= static_cast<std::size_t>(plan::cost("interleaved")) ? store_interleaved(list, first, count)
                                                                 : store_whole_rows(list, first, count);
    return count;
  }
  if (count < 3) return 0;
  const std::size_t most = std::min<std::size_t>(count, vector_->lanes);
  store_rows(list, first, most);
  return most;
}

V Emitter::stored_lanes(const plan::Item& store) {
  return spread(to_memory(node(std::get<plan::Store>(store.what).value)));
}

// Gives the values of `count` stores lane by lane, at most as many as lanes.
void Emitter::turned(const std::vector<plan::Item>& list, std::size_t first, std::size_t count,
                     const std::function<void(unsigned lane, V row)>& write) {
  std::vector<V> values;
  for (std::size_t k = 0; k < count; ++k) values.push_back(stored_lanes(list[first + k]));
  values.resize(vector_->lanes, llvm::PoisonValue::get(values[0]->getType()));
  transpose(vector_->lanes, [&](unsigned k) { return values[k]; }, write);
}

// Few stores that fill all between the lanes: the lanes of all are interleaved.
void Emitter::store_interleaved(const std::vector<plan::Item>& list, std::size_t first, std::size_t count) {
  const plan::Access& target = std::get<plan::Store>(list[first].what).target;
  const auto lanes = static_cast<std::size_t>(vector_->lanes);
  V all = stored_lanes(list[first]);
  for (std::size_t k = 1; k < count; ++k) {
    V next = stored_lanes(list[first + k]);
    std::vector<int> longer, joined;
    for (std::size_t i = 0; i < k * lanes; ++i) longer.push_back(i < lanes ? static_cast<int>(i) : -1);
    next = b_.CreateShuffleVector(next, longer);
    for (std::size_t i = 0; i < (k + 1) * lanes; ++i) joined.push_back(static_cast<int>(i));
    all = b_.CreateShuffleVector(all, next, joined);
  }
  std::vector<int> order;
  for (std::size_t i = 0; i < count * lanes; ++i) order.push_back(static_cast<int>(i % count * lanes + i / count));
  all = b_.CreateShuffleVector(all, order);
  V tile = tile_memory(all->getType()->getPrimitiveSizeInBits().getFixedValue() / 8);
  b_.CreateAlignedStore(all, tile, llvm::Align(static_cast<std::uint64_t>(plan_.target.vector_bytes)));
  leave_tile(tile, target, count);
}

// Stores that fill all between the lanes: the rows are put together in the first cache level and leave as one stretch.
void Emitter::store_whole_rows(const std::vector<plan::Item>& list, std::size_t first, std::size_t count) {
  const plan::Access& target = std::get<plan::Store>(list[first].what).target;
  llvm::Type* elem = memory_type(plan_.buffer(target.buffer).elem);
  const llvm::Align align(static_cast<std::uint64_t>(ir::byte_size(plan_.buffer(target.buffer).elem)));
  const auto lanes = static_cast<std::size_t>(vector_->lanes);
  V tile = tile_memory(lanes * count * align.value());
  for (std::size_t from = 0; from < count; from += lanes) {
    const std::size_t width = std::min(lanes, count - from);
    turned(list, first + from, width, [&](unsigned lane, V row) {
      V at = b_.CreateGEP(elem, tile, b_.getInt64(static_cast<std::uint64_t>(lane) * count + from));
      if (width == lanes)
        b_.CreateAlignedStore(row, at, align);
      else
        b_.CreateMaskedStore(row, at, align, first_lanes(width));
    });
  }
  leave_tile(tile, target, count);
}

// Memory for a tile, with room before it for the end of the tile before.
V Emitter::tile_memory(std::uint64_t bytes) {
  const auto room = static_cast<std::uint64_t>(plan_.target.vector_bytes);
  return b_.CreateGEP(b_.getInt8Ty(), stack(llvm::ArrayType::get(b_.getInt8Ty(), room + bytes)), b_.getInt64(room));
}

// Copies the tile, `count` elements a lane, to the target on. Arrays larger than the caches are written past them, in
// whole vectors at addresses that are multiples of theirs: what is left over at a tile's end leaves with the next one.
// The first tile and the last one go through the caches.
void Emitter::leave_tile(V tile, const plan::Access& target, std::size_t count) {
  const plan::Buffer& buffer = plan_.buffer(target.buffer);
  const auto element_bytes = static_cast<std::uint64_t>(ir::byte_size(buffer.elem)),
             vector_bytes = static_cast<std::uint64_t>(plan_.target.vector_bytes),
             bytes = vector_->lanes * count * element_bytes;
  const llvm::Align align(vector_bytes), loose(element_bytes);
  auto* piece =
      llvm::FixedVectorType::get(memory_type(buffer.elem), static_cast<unsigned>(vector_bytes / element_bytes));
  const auto at = [&](V base, V offset) { return b_.CreateGEP(b_.getInt8Ty(), base, offset); };
  const auto branch = [&](V condition, llvm::BasicBlock* then, llvm::BasicBlock* otherwise) {
    b_.CreateCondBr(condition, then, otherwise);
    b_.SetInsertPoint(then);
  };
  V to = pointer(target.buffer, dim(plan::linear_address(plan_, target)));
  V before = b_.getInt64(-vector_bytes);
  V size = b_.CreateMul(dim(buffer.count()), b_.getInt64(element_bytes));
  V large = b_.CreateAnd(b_.CreateICmpSGE(size, b_.getInt64(plan::cost("streamed"))), b_.CreateNot(vector_->first));
  llvm::BasicBlock *past = block("past"), *through = block("through"), *rest = block("rest"), *write = block("write"),
                   *some = block("some"), *done = block("stored");
  branch(b_.CreateAnd(large, b_.CreateNot(vector_->last)), past, through);
  V over = b_.CreateAnd(b_.CreatePtrToInt(to, b_.getInt64Ty()), b_.getInt64(vector_bytes - 1));
  for (std::uint64_t k = 0; k < bytes; k += vector_bytes) {
    V offset = b_.CreateSub(b_.getInt64(k), over);
    auto* stored = b_.CreateAlignedStore(b_.CreateAlignedLoad(piece, at(tile, offset), loose), at(to, offset), align);
    stored->setMetadata(llvm::LLVMContext::MD_nontemporal,
                        llvm::MDNode::get(b_.getContext(), llvm::ConstantAsMetadata::get(b_.getInt32(1))));
  }
  b_.CreateBr(done);
  b_.SetInsertPoint(through);
  branch(large, rest, write);
  b_.CreateAlignedStore(b_.CreateAlignedLoad(piece, at(tile, before), align), at(to, before), loose);
  b_.CreateBr(write);
  b_.SetInsertPoint(write);
  if (vector_->left) {
    llvm::BasicBlock* every = block("every");
    branch(b_.CreateICmpSGE(vector_->left, whole(vector_->lanes)), every, some);
  }
  for (std::uint64_t k = 0; k < bytes; k += vector_bytes)
    b_.CreateAlignedStore(b_.CreateAlignedLoad(piece, at(tile, b_.getInt64(k)), align), at(to, b_.getInt64(k)), loose);
  b_.CreateBr(done);
  b_.SetInsertPoint(some);
  if (vector_->left)
    b_.CreateMemCpy(to, llvm::Align(1), tile, align, b_.CreateMul(vector_->left, b_.getInt64(count * element_bytes)));
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
  V end = b_.CreateAlignedLoad(piece, at(tile, b_.getInt64(bytes - vector_bytes)), align);
  b_.CreateAlignedStore(end, at(tile, before), align);
  streamed_ = true;
}

// The lanes of `count` stores as rows: a transposition in registers, then one contiguous store a lane.
void Emitter::store_rows(const std::vector<plan::Item>& list, std::size_t first, std::size_t count) {
  const plan::Access& target = std::get<plan::Store>(list[first].what).target;
  const Dim address = plan::linear_address(plan_, target);
  const llvm::Align align(static_cast<std::uint64_t>(ir::byte_size(plan_.buffer(target.buffer).elem)));
  V at = nullptr, step = nullptr;
  turned(list, first, count, [&](unsigned lane, V row) {
    at = lane == 0 ? dim(address) : b_.CreateAdd(at, step);
    if (lane == 0) step = dim(*lane_stride(address));
    V to = pointer(target.buffer, at);
    if (count == vector_->lanes && !vector_->mask) {
      b_.CreateAlignedStore(row, to, align);
      return;
    }
    V mask = first_lanes(count);
    if (vector_->mask) {
      V active = vector_->mask->getType()->isVectorTy() ? b_.CreateExtractElement(vector_->mask, b_.getInt64(lane))
                                                        : vector_->mask;
      mask = b_.CreateAnd(mask, spread(active));
    }
    b_.CreateMaskedStore(row, to, align, mask);
  });
}

namespace {

// A value of each lane `offset` elements from where the lane's row begins.
struct RowLoad {
  std::int64_t offset = 0;
  plan::NodeId node;
};

}  // namespace

void Emitter::make_zeros() {
  auto* type =
      llvm::FixedVectorType::get(b_.getInt8Ty(), static_cast<unsigned>(std::max(plan_.target.vector_bytes, 8)));
  zeros_ = stack(type);
  b_.CreateStore(llvm::Constant::getNullValue(type), zeros_);
}

// Gathers of neighbouring elements, made before anything else of the body.
void Emitter::load_rows(const std::vector<plan::Item>& body) {
  if (!lanes_turn()) return;
  std::set<plan::BufferId> written;
  for (const plan::Item& item : body) {
    if (const plan::Access* a = plan::stored_by(item)) written.insert(a->buffer);
  }
  std::map<std::tuple<plan::BufferId, plan::NodeId, Dim>, std::vector<RowLoad>> rows;
  for (const plan::NodeId id : nodes_of(body)) {
    const plan::Node& n = plan_.node(id);
    if (n.kind != plan::Node::Kind::load || n.elem == ir::Elem::boolean || written.contains(n.access.buffer)) continue;
    const Dim address = plan::linear_address(plan_, n.access);
    const auto stride = lane_stride(address);
    if (!varies(address) || (stride && *stride == Dim(1))) continue;
    const auto [start, offset] = plan::without_constant(address);
    rows[{n.access.buffer, n.guard, start}].push_back({offset, id});
  }
  for (auto& [key, loads] : rows) {
    std::ranges::sort(loads, {}, &RowLoad::offset);
    const auto lanes = static_cast<std::int64_t>(vector_->lanes);
    for (std::size_t first = 0; first < loads.size();) {
      std::size_t end = first;
      while (end < loads.size() && loads[end].offset < loads[first].offset + lanes) ++end;
      std::vector<std::pair<unsigned, plan::NodeId>> group;
      for (std::size_t k = first; k < end; ++k)
        group.emplace_back(static_cast<unsigned>(loads[k].offset - loads[first].offset), loads[k].node);
      if (group.size() > 1) load_row_group(plan_.node(loads[first].node), group);
      first = end;
    }
  }
}

// Loads that differ from the first by so many elements in every lane.
void Emitter::load_row_group(const plan::Node& first, const std::vector<std::pair<unsigned, plan::NodeId>>& group) {
  const unsigned lanes = vector_->lanes, length = group.back().first + 1;
  const plan::BufferId buffer = first.access.buffer;
  auto* wide = llvm::FixedVectorType::get(memory_type(first.elem), lanes);
  const llvm::Align align(static_cast<std::uint64_t>(ir::byte_size(first.elem)));
  const Dim address = plan::linear_address(plan_, first.access);
  V active = both(vector_->mask, first.guard.valid() ? node(first.guard) : nullptr);
  const auto stride = lane_stride(address);
  if (!active && stride && *stride == Dim(length) && length <= 4) {
    auto* all = llvm::FixedVectorType::get(memory_type(first.elem), lanes * length);
    V rows = b_.CreateAlignedLoad(all, pointer(buffer, dim(address)), align);
    for (const auto& [offset, id] : group) {
      std::vector<int> column;
      for (unsigned k = 0; k < lanes; ++k) column.push_back(static_cast<int>(k * length + offset));
      scopes_.back()[id] = b_.CreateShuffleVector(rows, column);
    }
    return;
  }
  V pointers = lane_pointers(buffer, address);
  // Lanes that do not read find zeros.
  if (active) pointers = b_.CreateSelect(spread(active), pointers, b_.CreateVectorSplat(lanes, zeros_));
  std::vector<V> values(lanes);
  const auto read = [&](unsigned lane) -> V {
    V at = b_.CreateExtractElement(pointers, b_.getInt64(lane));
    if (length == lanes) return b_.CreateAlignedLoad(wide, at, align);
    return b_.CreateMaskedLoad(wide, at, align, first_lanes(length), llvm::Constant::getNullValue(wide));
  };
  transpose(lanes, read, [&](unsigned k, V v) { values[k] = v; });
  for (const auto& [offset, id] : group) scopes_.back()[id] = values[offset];
}

}  // namespace rg::lower
