// Threaded loops: the loop becomes an internal function of a range of iterations, and what it uses of the function
// around it an environment in memory. The runtime divides the range among the context's threads when there is a context
// and the counted work is worth it; otherwise one call runs it all. How it is divided changes no result.
#include "compiler/lower/emitter.h"
#include "compiler/plan/cost.h"

namespace rg::lower {

using V = Emitter::V;

// Nodes evaluated by the loop: of each body, times the extents around it. A loop over blocks has them once: the loops
// inside of its steps are counted whole.
V Emitter::work(const plan::Loop& l) {
  const bool in_blocks = l.body.size() == 1 && std::holds_alternative<plan::For>(l.body[0].what);
  return in_blocks ? work(l.body) : b_.CreateMul(dim(l.extent), work(l.body));
}

// As the three loops that it stands for.
V Emitter::work(const plan::Tiles& t) {
  const auto times = [&](const plan::Tiles::Axis& axis, V each) { return b_.CreateMul(dim(axis.extent), each); };
  V element = b_.CreateAdd(times(t.reduced, work(t.body)), whole(static_cast<std::int64_t>(weight(t.finish)) + 1));
  return times(t.rows, b_.CreateAdd(times(t.columns, element), whole(1)));
}

V Emitter::work(const std::vector<plan::Item>& items) {
  std::vector<plan::Item> own;
  V total = nullptr;
  for (const plan::Item& i : items) {
    const auto* inner = std::get_if<plan::Loop>(&i.what);
    const auto* tiles = std::get_if<plan::Tiles>(&i.what);
    const auto* steps = std::get_if<plan::For>(&i.what);
    V part = inner   ? work(*inner)
             : tiles ? work(*tiles)
             : steps ? b_.CreateMul(dim(steps->trip), work(steps->body))
                     : nullptr;
    if (!part) own.push_back(i);
    if (part) total = total ? b_.CreateAdd(total, part) : part;
  }
  V here = b_.getInt64(weight(own) + 1);
  return total ? b_.CreateAdd(total, here) : here;
}

// The buffers that the items read or write.
std::set<plan::BufferId> Emitter::buffers_of(const Lists& lists) const {
  std::set<plan::BufferId> found;
  for (const plan::NodeId id : nodes_of(lists)) {
    if (plan_.node(id).kind == plan::Node::Kind::load) found.insert(plan_.node(id).access.buffer);
  }
  const auto own = [&](const std::optional<plan::Threads>& t) {
    if (t) found.insert(t->own.begin(), t->own.end());
  };
  const auto used = [&](const plan::Item& item) {
    if (const plan::Access* a = plan::stored_by(item)) found.insert(a->buffer);
    if (const auto* s = std::get_if<plan::ScatterAdd>(&item.what); s && s->errors.buffer.valid())
      found.insert(s->errors.buffer);
    if (const auto* f = std::get_if<plan::For>(&item.what)) {
      for (const plan::For::Carried& c : f->carried) found.insert({c.current, c.next});
    }
    if (const auto* l = std::get_if<plan::Loop>(&item.what)) own(l->threads);
    if (const auto* t = std::get_if<plan::Tiles>(&item.what)) {
      own(t->threads);
      if (t->packing) found.insert({t->packing->columns, t->packing->rows, t->packing->partial, t->packing->errors});
    }
  };
  for (const auto* list : lists) plan::for_each_item(*list, used);
  return found;
}

// Of whole vectors and of whole tiles.
Emitter::Shared Emitter::shared(const plan::Loop& l) const {
  return {l.extent, *l.threads, nullptr, {&l.body}, l.is_vector() ? plan::cost("thread-vector-unit") : 1};
}
Emitter::Shared Emitter::shared(const plan::Tiles& t) const {
  return {t.rows.extent,
          *t.threads,
          t.packing ? &*t.packing : nullptr,
          {&t.body, &t.finish},
          plan::cost("thread-tile-unit")};
}

Emitter::Part Emitter::part(const Shared& s, const RangeCode& code) {
  // Sizes, buffers and finished reductions, in order.
  std::vector<V> captured(sizes_);
  std::set<plan::BufferId> used = buffers_of(s.bodies);
  used.insert(s.threads.own.begin(), s.threads.own.end());
  if (s.packing) used.insert(s.packing->columns);
  std::erase_if(used, [&](plan::BufferId b) { return !b.valid() || !bases_[b.index]; });
  for (const plan::BufferId b : used) captured.push_back(bases_[b.index]);
  std::vector<plan::ReductionId> finished;
  for (const plan::NodeId id : nodes_of(s.bodies)) {
    const plan::Node& n = plan_.node(id);
    if (n.kind != plan::Node::Kind::reduced || !reduced_.contains(n.reduction)) continue;
    finished.push_back(n.reduction);
    captured.push_back(reduced_.at(n.reduction));
  }
  std::vector<llvm::Type*> types;
  for (V v : captured) types.push_back(v->getType());
  auto* env_type = llvm::StructType::get(b_.getContext(), types);
  V env = stack(env_type);
  for (unsigned i = 0; i < captured.size(); ++i) b_.CreateStore(captured[i], b_.CreateStructGEP(env_type, env, i));

  auto* type = llvm::FunctionType::get(b_.getVoidTy(),
                                       {b_.getInt64Ty(), b_.getInt64Ty(), b_.getInt32Ty(), b_.getPtrTy()}, false);
  auto* body = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, function_->getName() + ".part",
                                      function_->getParent());
  body->copyAttributesFrom(function_);
  body->setDSOLocal(true);
  body->setAttributes(
      llvm::AttributeList::get(b_.getContext(), llvm::AttributeList::FunctionIndex,
                               llvm::AttrBuilder(b_.getContext(), function_->getAttributes().getFnAttrs())));
  Emitter(plan_, body, options_).emit_range(s.threads, *this, env_type, used, finished, code);
  return {body, env};
}

void Emitter::run_part(const Part& part, V count, V grain) {
  auto run =
      function_->getParent()->getOrInsertFunction("rg_parallel_for", b_.getInt32Ty(), b_.getPtrTy(), b_.getInt64Ty(),
                                                  b_.getInt64Ty(), b_.getPtrTy(), b_.getPtrTy());
  b_.CreateCall(run, {context_, count, grain, part.body, part.env});
}

void Emitter::call_part(const Part& part, V count) {
  b_.CreateCall(part.body, {b_.getInt64(0), count, b_.getInt32(0), part.env});
}

void Emitter::if_many(V work, const std::function<void()>& parallel, const std::function<void()>& serial) {
  V many = b_.CreateAnd(b_.CreateIsNotNull(context_), b_.CreateICmpSGT(work, b_.getInt64(plan::cost("thread-work"))));
  llvm::BasicBlock *on_all = block("parallel"), *on_one = block("serial"), *done = block("joined");
  b_.CreateCondBr(many, on_all, on_one);
  b_.SetInsertPoint(on_all);
  parallel();
  b_.CreateBr(done);
  b_.SetInsertPoint(on_one);
  serial();
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

bool Emitter::inline_range(const Shared& s, V work, const RangeCode& code) {
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(work);
  if (!known || known->getSExtValue() > plan::cost("thread-work")) return false;
  for (const plan::BufferId id : s.threads.own) {
    if (plan_.buffer(id).slot < 0) bases_[id.index] = stack_buffer(plan_.buffer(id));
  }
  code(*this, b_.getInt64(0), dim(s.extent));
  return true;
}

void Emitter::threaded(const Shared& s, const std::function<V()>& work, const RangeCode& code) {
  if (inline_range(s, work(), code)) return;
  const Part part_of = part(s, code);
  // Several shares a thread, so that a thread that is late takes fewer.
  V extent = dim(s.extent);
  if_many(
      work(),
      [&] {
        run_part(part_of, extent,
                 up(share(extent, b_.CreateMul(threads(), whole(plan::cost("thread-shares")))), s.unit));
      },
      [&] { call_part(part_of, extent); });
}

V Emitter::threads() {
  auto count = function_->getParent()->getOrInsertFunction("rg_context_threads", b_.getInt32Ty(), b_.getPtrTy());
  return b_.CreateSExt(b_.CreateCall(count, {context_}), b_.getInt64Ty());
}

void Emitter::emit_range(const plan::Threads& threads, const Emitter& outer, llvm::StructType* env,
                         const std::set<plan::BufferId>& used, const std::vector<plan::ReductionId>& finished,
                         const RangeCode& code) {
  unsigned field = 0;
  const auto next = [&] {
    V at = b_.CreateStructGEP(env, function_->getArg(3), field);
    return b_.CreateLoad(env->getElementType(field++), at);
  };
  for (std::size_t i = 0; i < outer.sizes_.size(); ++i) sizes_.push_back(next());
  for (const plan::BufferId b : used) bases_[b.index] = next();
  for (const plan::ReductionId id : finished) reduced_[id] = next();
  indirect_ = outer.indirect_;
  for (const plan::BufferId id : threads.own) {
    const plan::Buffer& b = plan_.buffer(id);
    V thread = b_.CreateSExt(function_->getArg(2), b_.getInt64Ty());
    bases_[id.index] =
        b.slot < 0 ? stack_buffer(b)
                   : b_.CreateGEP(b_.getInt8Ty(), bases_[id.index],
                                  b_.CreateMul(thread, slot_bytes(plan_.slots[static_cast<std::size_t>(b.slot)])));
  }
  make_zeros();
  code(*this, function_->getArg(0), function_->getArg(1));
  b_.CreateRetVoid();
}

}  // namespace rg::lower
