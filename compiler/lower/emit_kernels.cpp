// Calls of the runtime's kernels (rg_kernel in runtime/runegrad.h).
#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/lower/emitter.h"
#include "compiler/support/internal_error.h"

namespace rg::lower {

using V = Emitter::V;

// The values side by side in the function's frame.
V Emitter::array_of(const std::vector<V>& values, llvm::Type* type) {
  auto* array = llvm::ArrayType::get(type, std::max<std::size_t>(values.size(), 1));
  V at = stack(array);
  for (unsigned k = 0; k < values.size(); ++k) b_.CreateStore(values[k], b_.CreateConstGEP2_32(array, at, 0, k));
  return at;
}

void Emitter::item(const plan::Kernel& k) {
  const ops::OpInfo& info = ops::info(k.op);
  const auto kernel = std::ranges::find(info.kernels, k.elem, &ops::Kernel::elem);
  if (kernel == info.kernels.end()) internal_error("there is no kernel for the element type");
  llvm::Type *wide = b_.getInt64Ty(), *address = b_.getPtrTy();
  const auto first = [&](const plan::Access& a) -> V {
    if (!a.buffer.valid()) return llvm::Constant::getNullValue(address);
    return pointer(a.buffer, dim(plan::linear_address(plan_, a)));
  };
  std::vector<V> inputs, outputs, ranks, extents, attributes;
  for (const plan::Access& a : k.inputs) inputs.push_back(first(a));
  for (const plan::Access& a : k.outputs) outputs.push_back(first(a));
  for (const std::vector<plan::Dim>& dims : k.extents) {
    std::vector<V> list;
    for (const plan::Dim& d : dims) list.push_back(dim(d));
    ranks.push_back(whole(static_cast<std::int64_t>(dims.size())));
    extents.push_back(array_of(list, wide));
  }
  k.attrs.each([&](std::string_view, const ir::FieldRef& field) {
    if (std::int64_t* const* number = std::get_if<std::int64_t*>(&field)) attributes.push_back(whole(**number));
  });
  V shape = array_of({array_of(ranks, wide), array_of(extents, address), array_of(attributes, wide)}, address);
  V work = k.workspace.valid() ? base(k.workspace) : llvm::Constant::getNullValue(address);
  auto callee =
      function_->getParent()->getOrInsertFunction(kernel->symbol, b_.getInt32Ty(), address, address, address, address);
  V status = b_.CreateCall(callee, {array_of(inputs, address), array_of(outputs, address), shape, work});
  llvm::BasicBlock *failed = block("failed"), *done = block("done");
  b_.CreateCondBr(b_.CreateICmpEQ(status, b_.getInt32(RG_OK)), done, failed);
  b_.SetInsertPoint(failed);
  record("rg_fail", {address, b_.getInt32Ty(), address},
         [&] { return std::vector<V>{context_, status, b_.CreateGlobalString(std::string(info.name) + " failed")}; });
  leave(status);
  b_.SetInsertPoint(done);
}

}  // namespace rg::lower
