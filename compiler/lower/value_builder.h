// The builder that ops' `lower` functions and vecmath are written against, for LLVM values: scalars or vectors of any
// width; masks are i1 or vectors of i1.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/type.h"

namespace rg::lower {

class ValueBuilder {
 public:
  using V = llvm::Value*;
  using Val = V;
  /// `scalef`: the target has AVX-512's instruction for v 2^n on vectors of 64 bytes.
  explicit ValueBuilder(llvm::IRBuilder<>& ir, bool scalef = false) : ir_(ir), scalef_(scalef) {}

  static bool is_float(V x) { return x->getType()->isFPOrFPVectorTy(); }
  static bool is_f64(V x) { return x->getType()->getScalarType()->isDoubleTy(); }
  static unsigned lanes(V x);
  V fconst(V like, double v) { return llvm::ConstantFP::get(like->getType(), v); }
  V zero(V like) { return llvm::Constant::getNullValue(like->getType()); }
  V one(V like) { return number(like, 1); }
  V number(V like, double v) {
    return is_float(like) ? fconst(like, v)
                          : llvm::ConstantInt::get(like->getType(),
                                                   static_cast<std::uint64_t>(static_cast<std::int64_t>(v)), true);
  }

  V add(V a, V b) { return is_float(a) ? ir_.CreateFAdd(a, b) : ir_.CreateAdd(a, b); }
  V sub(V a, V b) { return is_float(a) ? ir_.CreateFSub(a, b) : ir_.CreateSub(a, b); }
  V mul(V a, V b) { return is_float(a) ? ir_.CreateFMul(a, b) : ir_.CreateMul(a, b); }
  V div(V a, V b) { return ir_.CreateFDiv(a, b); }
  V neg(V a) { return is_float(a) ? ir_.CreateFNeg(a) : ir_.CreateNeg(a); }
  /// a b + c, the product not rounded where the target has an instruction for that.
  V multiply_add(V a, V b, V c) { return ir_.CreateIntrinsic(llvm::Intrinsic::fmuladd, {a->getType()}, {a, b, c}); }
  V fma(V a, V b, V c) { return ir_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c}); }
  V sqrt(V a) { return unary(llvm::Intrinsic::sqrt, a); }
  V abs(V a);
  V copysign(V a, V b) { return ir_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, a, b); }
  V floor(V a) { return unary(llvm::Intrinsic::floor, a); }
  V ceil(V a) { return unary(llvm::Intrinsic::ceil, a); }
  V trunc(V a) { return unary(llvm::Intrinsic::trunc, a); }
  V round(V a) { return unary(llvm::Intrinsic::round, a); }
  V round_even(V a) { return unary(llvm::Intrinsic::rint, a); }
  /// Rounded down; 0 where the divisor is 0, and the least integer by -1 is itself.
  V floor_div(V a, V b);

  V eq(V a, V b) { return is_float(a) ? ir_.CreateFCmpOEQ(a, b) : ir_.CreateICmpEQ(a, b); }
  V ne(V a, V b) { return is_float(a) ? ir_.CreateFCmpUNE(a, b) : ir_.CreateICmpNE(a, b); }
  V lt(V a, V b) {
    return is_float(a) ? ir_.CreateFCmpOLT(a, b) : is_bool(a) ? ir_.CreateICmpULT(a, b) : ir_.CreateICmpSLT(a, b);
  }
  V le(V a, V b) {
    return is_float(a) ? ir_.CreateFCmpOLE(a, b) : is_bool(a) ? ir_.CreateICmpULE(a, b) : ir_.CreateICmpSLE(a, b);
  }
  V gt(V a, V b) { return lt(b, a); }
  V ge(V a, V b) { return le(b, a); }
  V select(V m, V a, V b) { return ir_.CreateSelect(m, a, b); }
  V and_mask(V a, V b) { return ir_.CreateAnd(a, b); }
  V or_mask(V a, V b) { return ir_.CreateOr(a, b); }
  V not_mask(V a) { return ir_.CreateNot(a); }
  /// float -> integer truncates and saturates; number -> bool is a test against 0.
  V convert(V a, ir::Elem to);

  /// 2^n for integral n in the exponent range of normal numbers; some number for another n or NaN.
  V pow2(V n);
  /// v 2^n for integral n, rounded once.
  V scaled(V v, V n);
  /// floor(log2 |x|) as a floating value, and x scaled into [1, 2), for normal x.
  V exponent_of(V x);
  V mantissa_of(V x);
  /// The C function on each lane; f32 takes the function with suffix f. Names with prefix rg_ exist for f64 only.
  template <class... X>
  V libm(std::string_view name, X... x) {
    return call_lanes(name, {x...});
  }
  /// Lanes under the mask become those of `other()`, whose code runs only where there are some.
  V rarely(V mask, V value, llvm::function_ref<V()> other);
  /// Lanes under the mask become the C function of x.
  V fixup(V mask, V value, std::string_view name, V x) {
    return rarely(mask, value, [&] { return libm(name, x); });
  }

 private:
  static bool is_bool(V a) { return a->getType()->isIntOrIntVectorTy(1); }
  V unary(llvm::Intrinsic::ID id, V a) { return ir_.CreateUnaryIntrinsic(id, a); }
  V call_lanes(std::string_view name, std::vector<V> x);
  V call_scalar(std::string_view name, std::vector<V> x);
  llvm::Type* integer_like(V x);
  llvm::IRBuilder<>& ir_;
  bool scalef_;
};

}  // namespace rg::lower
