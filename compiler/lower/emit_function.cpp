// The frame of a compiled function: arguments, checks at entry, workspace; and f_workspace.
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/lower/emitter.h"
#include "compiler/plan/cost.h"

namespace rg::lower {

using plan::Dim;
using plan::Storage;
using V = Emitter::V;

Emitter::Emitter(const plan::Plan& plan, llvm::Function* function, const LowerOptions& options)
    : plan_(plan), function_(function), options_(options), b_(function->getContext()), vb_(b_, plan.target.scalef) {
  b_.SetInsertPoint(llvm::BasicBlock::Create(b_.getContext(), "entry", function_));
  llvm::FastMathFlags flags;
  flags.setAllowContract(options.fast && !options.strict);
  b_.setFastMathFlags(flags);
  bases_.resize(plan_.buffers.size(), nullptr);
  indirect_.resize(plan_.buffers.size(), false);
  scopes_.emplace_back();
  many_functions_ = std::ranges::count_if(plan_.nodes, may_be_long) > plan::cost("many-operations");
}

void Emitter::record(std::string_view recorder, const std::vector<llvm::Type*>& parameters,
                     const std::function<std::vector<V>()>& arguments) {
  llvm::BasicBlock *known = block("record"), *done = block("recorded");
  b_.CreateCondBr(b_.CreateIsNull(context_), done, known);
  b_.SetInsertPoint(known);
  auto* type = llvm::FunctionType::get(b_.getInt32Ty(), parameters, false);
  auto callee = function_->getParent()->getOrInsertFunction(recorder, type);
  llvm::cast<llvm::Function>(callee.getCallee())->setLinkage(llvm::GlobalValue::ExternalWeakLinkage);
  b_.CreateCall(callee, arguments());
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

void Emitter::fail_if(V condition, rg_status status, const std::function<V()>& message) {
  llvm::BasicBlock *bad = block("refuse"), *good = block("accept");
  b_.CreateCondBr(condition, bad, good);
  b_.SetInsertPoint(bad);
  V code = b_.getInt32(static_cast<std::uint32_t>(status));
  record("rg_fail", {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()},
         [&] { return std::vector<V>{context_, code, message()}; });
  b_.CreateRet(code);
  b_.SetInsertPoint(good);
}

void Emitter::fail_if(V condition, rg_status status, std::string_view message) {
  fail_if(condition, status, [&] { return static_cast<V>(b_.CreateGlobalString(message)); });
}

void Emitter::leave(rg_status status) { leave(b_.getInt32(static_cast<std::uint32_t>(status))); }

void Emitter::leave(V status) {
  if (memory_) {
    auto release = function_->getParent()->getOrInsertFunction("rg_workspace_release", b_.getVoidTy(), b_.getPtrTy(),
                                                               b_.getPtrTy());
    b_.CreateCall(release, {context_, memory_});
  }
  b_.CreateRet(status);
}

// Refuses sizes that are negative, not the known ones, or of arrays that are negative or that no address space holds.
void Emitter::entry_checks() {
  V bad = nullptr;
  const auto also = [&](V condition) { bad = bad ? b_.CreateOr(bad, condition) : condition; };
  for (std::uint32_t i = 0; i < plan_.size_count; ++i) {
    const bool known = i < plan_.known_sizes.size() && plan_.known_sizes[i];
    if (known)
      also(b_.CreateICmpNE(sizes_[i], b_.getInt64(static_cast<std::uint64_t>(*plan_.known_sizes[i]))));
    else
      also(b_.CreateICmpSLT(sizes_[i], b_.getInt64(0)));
  }
  if (bad) {
    fail_if(bad, RG_INVALID_ARGUMENT, "a size is negative, or not the one that the function is compiled for");
    bad = nullptr;
  }
  for (const plan::Buffer& b : plan_.buffers) {
    Dim bytes = ir::byte_size(b.elem);
    for (const Dim& d : b.dims) bytes = bytes * d;
    if (bytes.is_constant() || b.storage == Storage::constant) continue;
    // Of the others the code that uses them may not run.
    const bool given = b.storage == Storage::in || b.storage == Storage::out;
    if (!bad) bad = b_.getFalse();
    for (const Dim& d : b.dims) {
      if (given && !d.proven_nonnegative()) also(b_.CreateICmpSLT(dim(d), b_.getInt64(0)));
    }
    checked_bytes(ir::byte_size(b.elem), b.dims, given, bad);
  }
  if (bad) fail_if(bad, RG_INVALID_ARGUMENT, "an array is too large for these sizes, or has a negative extent");
}

// The greatest of the slot's needs, a multiple of 64; of one thread.
V Emitter::slot_bytes(const plan::Slot& s) {
  V most = b_.getInt64(0);
  for (const Dim& d : s.bytes) {
    V bytes = dim(d);
    most = b_.CreateSelect(b_.CreateICmpSLT(most, bytes), bytes, most);
  }
  return b_.CreateAnd(b_.CreateAdd(most, b_.getInt64(63)), b_.getInt64(~std::uint64_t{63}));
}

V Emitter::stack_buffer(const plan::Buffer& b) {
  if (b.storage == Storage::scalar) return stack(memory_type(b.elem));
  return stack(llvm::ArrayType::get(memory_type(b.elem), static_cast<std::uint64_t>(b.count().constant())));
}

V Emitter::slot_total(const plan::Slot& s, V threads) {
  V bytes = slot_bytes(s);
  return s.per_thread ? b_.CreateMul(bytes, b_.CreateSExt(threads, b_.getInt64Ty())) : bytes;
}

void Emitter::workspace() {
  std::vector<V> offsets;
  V total = b_.getInt64(0), threads = nullptr;
  if (std::ranges::any_of(plan_.slots, &plan::Slot::per_thread)) {
    auto count = function_->getParent()->getOrInsertFunction("rg_context_threads", b_.getInt32Ty(), b_.getPtrTy());
    threads = b_.CreateCall(count, {context_});
  }
  for (const plan::Slot& s : plan_.slots) {
    offsets.push_back(total);
    total = b_.CreateAdd(total, slot_total(s, threads));
  }
  if (!plan_.slots.empty()) {
    auto get =
        function_->getParent()->getOrInsertFunction("rg_workspace", b_.getPtrTy(), b_.getPtrTy(), b_.getInt64Ty());
    memory_ = b_.CreateCall(get, {context_, total});
    fail_if(b_.CreateAnd(b_.CreateIsNull(memory_), b_.CreateICmpNE(total, b_.getInt64(0))), RG_OUT_OF_MEMORY,
            "out of memory");
  }
  for (std::size_t i = 0; i < plan_.buffers.size(); ++i) {
    const plan::Buffer& b = plan_.buffers[i];
    if (b.slot >= 0) {
      bases_[i] = b_.CreateGEP(b_.getInt8Ty(), memory_, offsets[static_cast<std::size_t>(b.slot)]);
    } else if (b.storage == Storage::scalar || b.storage == Storage::tile) {
      bases_[i] = stack_buffer(b);
    } else if (b.storage == Storage::constant) {
      std::vector<llvm::Constant*> values;
      for (const double v : b.reals)
        values.push_back(llvm::cast<llvm::Constant>(llvm::ConstantFP::get(memory_type(b.elem), v)));
      for (const std::int64_t v : b.integers)
        values.push_back(llvm::ConstantInt::get(memory_type(b.elem), static_cast<std::uint64_t>(v), true));
      auto* type = llvm::ArrayType::get(memory_type(b.elem), values.size());
      bases_[i] = new llvm::GlobalVariable(*function_->getParent(), type, true, llvm::GlobalValue::PrivateLinkage,
                                           llvm::ConstantArray::get(type, values), "constant");
    }
  }
}

// The two buffers of a state that changes places are reached through pointers in the frame.
void Emitter::make_indirect(const plan::For::Carried& c) {
  if (c.current == c.next || plan_.buffer(c.current).storage == Storage::scalar) return;
  for (const plan::BufferId b : {c.current, c.next}) {
    V slot = stack(b_.getPtrTy());
    b_.CreateStore(bases_[b.index], slot);
    bases_[b.index] = slot;
    indirect_[b.index] = true;
  }
}

void Emitter::emit_function() {
  auto arg = function_->arg_begin();
  for (std::uint32_t i = 0; i < plan_.size_count; ++i) sizes_.push_back(&*arg++);
  for (const plan::BufferId b : plan_.inputs) bases_[b.index] = &*arg++;
  for (const plan::BufferId b : plan_.outputs) bases_[b.index] = &*arg++;
  context_ = &*arg;
  entry_checks();
  argument_checks();
  make_zeros();
  workspace();
  plan::for_each_item(plan_.body, [&](const plan::Item& item) {
    const auto* f = std::get_if<plan::For>(&item.what);
    if (f) std::ranges::for_each(f->carried, [&](const plan::For::Carried& c) { make_indirect(c); });
  });
  items(plan_.body);
  leave(RG_OK);
}

namespace {

// Dim::visit's arithmetic on i64 values that notices where a step leaves 64 bits.
struct CheckedSizes {
  llvm::IRBuilder<>& b;
  ValueBuilder& values;
  const std::vector<V>& sizes;
  V& overflow;

  V constant(std::int64_t c) const { return b.getInt64(static_cast<std::uint64_t>(c)); }
  V size(std::uint32_t i) const { return sizes[i]; }
  V add(V x, V y) const { return checked(llvm::Intrinsic::sadd_with_overflow, x, y); }
  V mul(V x, V y) const { return checked(llvm::Intrinsic::smul_with_overflow, x, y); }
  V div(V x, V y) const { return values.floor_div(x, y); }
  V min(V x, V y) const { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x, y); }
  V max(V x, V y) const { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, x, y); }
  V checked(llvm::Intrinsic::ID op, V x, V y) const {
    V step = b.CreateBinaryIntrinsic(op, x, y);
    overflow = b.CreateOr(overflow, b.CreateExtractValue(step, 1));
    return b.CreateExtractValue(step, 0);
  }
};

}  // namespace

// What does not fit in 63 bits is SIZE_MAX bytes.
void Emitter::emit_workspace() {
  auto arg = function_->arg_begin();
  for (std::uint32_t i = 0; i < plan_.size_count; ++i) sizes_.push_back(&*arg++);
  V threads = most(b_.CreateSExt(&*arg, b_.getInt64Ty()), whole(1));
  V total = whole(0), overflow = b_.getFalse();
  const CheckedSizes sizes{b_, vb_, sizes_, overflow};
  for (const plan::Slot& s : plan_.slots) {
    V bytes = whole(0);
    for (const Dim& d : s.bytes) bytes = most(bytes, d.visit(sizes));
    bytes = b_.CreateAnd(sizes.add(bytes, whole(63)), whole(-64));
    total = sizes.add(total, s.per_thread ? sizes.mul(bytes, threads) : bytes);
  }
  b_.CreateRet(b_.CreateSelect(overflow, whole(-1), total));
}

}  // namespace rg::lower
