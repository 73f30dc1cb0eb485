// Checks of sizes: extents and bytes in arithmetic that notices when it leaves int64.
#include <fmt/format.h>

#include "compiler/lower/emitter.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

namespace {

// Dim::visit's arithmetic, in the order in which Dim::evaluate works; `bad` becomes true where a step has no result.
struct CheckedValues {
  llvm::IRBuilder<>& b;
  const std::vector<V>& sizes;
  V& bad;
  bool divides = true;  // whether a division by 0 is bad; else its result means nothing

  void also(V condition) const { bad = b.CreateOr(bad, condition); }
  V exact(llvm::Intrinsic::ID op, V x, V y) const {
    V both = b.CreateBinaryIntrinsic(op, x, y);
    also(b.CreateExtractValue(both, 1));
    return b.CreateExtractValue(both, 0);
  }
  V constant(std::int64_t c) const { return b.getInt64(static_cast<std::uint64_t>(c)); }
  V size(std::uint32_t i) const { return sizes[i]; }
  V add(V x, V y) const { return exact(llvm::Intrinsic::sadd_with_overflow, x, y); }
  V mul(V x, V y) const { return exact(llvm::Intrinsic::smul_with_overflow, x, y); }
  V div(V x, V y) const {
    V least = b.CreateICmpEQ(x, constant(INT64_MIN));
    V none = b.CreateOr(b.CreateICmpEQ(y, constant(0)), b.CreateAnd(least, b.CreateICmpEQ(y, constant(-1))));
    if (divides) also(none);
    V by = b.CreateSelect(none, constant(1), y);
    V quotient = b.CreateSDiv(x, by), rest = b.CreateSRem(x, by);
    V down = b.CreateAnd(b.CreateICmpNE(rest, constant(0)), b.CreateICmpSLT(b.CreateXor(rest, by), constant(0)));
    return b.CreateSub(quotient, b.CreateZExt(down, b.getInt64Ty()));
  }
  V min(V x, V y) const { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x, y); }
  V max(V x, V y) const { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, x, y); }
};

}  // namespace

V Emitter::checked_dim(const Dim& d, V& bad, bool used) {
  if (!d.valid()) bad = b_.getTrue();
  return d.visit(CheckedValues{b_, sizes_, bad, used});
}

V Emitter::checked_bytes(std::int64_t bytes, const std::vector<Dim>& extents, bool used, V& bad) {
  const CheckedValues arithmetic{b_, sizes_, bad};
  V total = whole(bytes);
  for (const Dim& d : extents) total = arithmetic.mul(total, most(checked_dim(d, bad, used), whole(1)));
  return total;
}

void Emitter::item(const plan::Sizes& s) {
  V bad = b_.getFalse();
  std::string what;
  const auto name = [&](const std::string& text) { what += (what.empty() ? "" : ", ") + text; };
  const std::vector<std::string> names = plan_.dim_names();
  for (const Dim& d : s.values) {
    checked_dim(d, bad, true);
    name(d.str(names));
  }
  for (const plan::Sizes::Array& a : s.arrays) {
    checked_bytes(a.bytes, a.extents, true, bad);
    std::string text;
    for (const Dim& d : a.extents) text += (text.empty() ? "" : ", ") + d.str(names);
    name("an array of [" + text + "]");
  }
  llvm::BasicBlock *failed = block("impossible"), *holds = block("possible");
  b_.CreateCondBr(bad, failed, holds);
  b_.SetInsertPoint(failed);
  record("rg_fail", {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()}, [&] {
    V code = b_.getInt32(static_cast<std::uint32_t>(RG_INVALID_ARGUMENT));
    return std::vector<V>{context_, code,
                          b_.CreateGlobalString("beyond 64 bits or divided by 0 for these sizes: " + what)};
  });
  leave(RG_INVALID_ARGUMENT);
  b_.SetInsertPoint(holds);
}

}  // namespace rg::lower
