// Fetching ahead: a loop with a long body asks some iterations before for what it reads from large arrays. The
// processor by itself looks a few lines ahead, which are one or two iterations of such a loop, and not at all where the
// place is read from another array.
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/lower/emitter.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

// What lanes read from each array in memory that the loop does not write: the addresses but for their constants, with
// the least and the greatest of these.
std::map<plan::BufferId, Emitter::Places> Emitter::places_read(const plan::Loop& l) const {
  std::map<plan::BufferId, Places> read;
  for (const plan::NodeId id : nodes_of(l.body)) {
    const plan::Node& n = plan_.node(id);
    if (n.kind != plan::Node::Kind::load) continue;
    const plan::Storage storage = plan_.buffer(n.access.buffer).storage;
    const Dim address = plan::linear_address(plan_, n.access);
    if ((storage != plan::Storage::in && storage != plan::Storage::workspace) || !varies(address)) continue;
    const auto [start, offset] = plan::without_constant(address);
    auto& [least, greatest] = read[n.access.buffer].try_emplace(start, offset, offset).first->second;
    least = std::min(least, offset);
    greatest = std::max(greatest, offset);
  }
  for (const plan::Item& item : l.body) {
    if (const plan::Access* a = plan::stored_by(item)) read.erase(a->buffer);
  }
  return read;
}

// Asks for the lines from `at` on.
void Emitter::fetch(V at, std::int64_t bytes) {
  for (std::int64_t k = 0; k < bytes; k += plan_.target.line_bytes) {
    V line = b_.CreateGEP(b_.getInt8Ty(), at, whole(k));
    b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {b_.getPtrTy()},
                       {line, b_.getInt32(0), b_.getInt32(3), b_.getInt32(1)});  // data, to be read, in all caches
  }
}

// Asks for what all lanes read at these places: one stretch, or a piece a lane where the place comes from an array.
void Emitter::fetch_places(plan::BufferId buffer, const Places& places) {
  const auto element_bytes = static_cast<std::int64_t>(ir::byte_size(plan_.buffer(buffer).elem));
  for (const auto& [start, offsets] : places) {
    const Dim first = start + Dim(offsets.first);
    const std::int64_t piece = offsets.second - offsets.first + 1;
    if (const auto stride = lane_stride(first)) {
      if (stride->is_constant() && stride->constant() > 0)
        fetch(pointer(buffer, dim(first)), (stride->constant() * (vector_->lanes - 1) + piece) * element_bytes);
      continue;
    }
    V pointers = lane_pointers(buffer, first);
    for (unsigned k = 0; k < vector_->lanes; ++k)
      fetch(b_.CreateExtractElement(pointers, b_.getInt64(k)), piece * element_bytes);
  }
}

void Emitter::fetch_ahead(const plan::Loop& l, V to) {
  if (l.code.ahead == 0) return;
  const auto lanes = static_cast<std::int64_t>(vector_->lanes);
  V now = vars_.at(l.var);
  V later = b_.CreateAdd(now, whole(l.code.ahead * lanes));
  // Indices are read there, so that all lanes have to be iterations of the loop.
  V inside = b_.CreateICmpSLE(b_.CreateAdd(later, whole(lanes)), to);
  for (const auto& [buffer, places] : places_read(l)) {
    const plan::Buffer& array = plan_.buffer(buffer);
    llvm::BasicBlock *ahead = block("ahead"), *done = block("fetched");
    V bytes = b_.CreateMul(dim(array.count()), whole(ir::byte_size(array.elem)));
    b_.CreateCondBr(b_.CreateAnd(inside, b_.CreateICmpSGE(bytes, whole(plan_.target.second_cache_bytes))), ahead, done);
    b_.SetInsertPoint(ahead);
    scopes_.emplace_back();
    const auto vector = vector_;
    vector_->mask = nullptr;
    vars_[l.var] = later;
    fetch_places(buffer, places);
    vars_[l.var] = now;
    vector_ = vector;
    scopes_.pop_back();
    b_.CreateBr(done);
    b_.SetInsertPoint(done);
  }
}

}  // namespace rg::lower
