#include "compiler/lower/value_builder.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace rg::lower {

using llvm::Type;
using llvm::VectorType;
using V = ValueBuilder::V;

unsigned ValueBuilder::lanes(V x) {
  const auto* t = llvm::dyn_cast<llvm::FixedVectorType>(x->getType());
  return t ? t->getNumElements() : 1;
}

Type* ValueBuilder::integer_like(V x) {
  Type* scalar = ir_.getIntNTy(x->getType()->getScalarSizeInBits());
  return x->getType()->isVectorTy() ? VectorType::get(scalar, llvm::cast<VectorType>(x->getType())->getElementCount())
                                    : scalar;
}

V ValueBuilder::abs(V a) {
  if (is_float(a)) return unary(llvm::Intrinsic::fabs, a);
  return ir_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, a, ir_.getFalse());
}

V ValueBuilder::floor_div(V a, V b) {
  V zero = llvm::Constant::getNullValue(a->getType());
  V one = llvm::ConstantInt::get(a->getType(), 1), minus_one = llvm::ConstantInt::getAllOnesValue(a->getType());
  V by_zero = ir_.CreateICmpEQ(b, zero), negated = ir_.CreateICmpEQ(b, minus_one);
  V divisor = ir_.CreateSelect(ir_.CreateOr(by_zero, negated), one, b);
  V q = ir_.CreateSDiv(a, divisor);
  V r = ir_.CreateSub(a, ir_.CreateMul(q, divisor));
  V inexact = ir_.CreateAnd(ir_.CreateICmpNE(r, zero), ir_.CreateICmpSLT(ir_.CreateXor(r, divisor), zero));
  V quotient = ir_.CreateSelect(inexact, ir_.CreateSub(q, one), q);
  return ir_.CreateSelect(by_zero, zero, ir_.CreateSelect(negated, ir_.CreateNeg(a), quotient));
}

V ValueBuilder::convert(V a, ir::Elem to) {
  Type* scalar = to == ir::Elem::f32   ? ir_.getFloatTy()
                 : to == ir::Elem::f64 ? ir_.getDoubleTy()
                 : to == ir::Elem::i32 ? static_cast<Type*>(ir_.getInt32Ty())
                 : to == ir::Elem::i64 ? static_cast<Type*>(ir_.getInt64Ty())
                                       : static_cast<Type*>(ir_.getInt1Ty());
  Type* type = a->getType()->isVectorTy()
                   ? VectorType::get(scalar, llvm::cast<VectorType>(a->getType())->getElementCount())
                   : scalar;
  if (type == a->getType()) return a;
  if (to == ir::Elem::boolean) return ne(a, llvm::Constant::getNullValue(a->getType()));
  if (is_float(a)) {
    if (ir::is_float(to)) return ir_.CreateFPCast(a, type);
    return ir_.CreateIntrinsic(llvm::Intrinsic::fptosi_sat, {type, a->getType()}, {a});
  }
  if (is_bool(a)) return ir::is_float(to) ? ir_.CreateUIToFP(a, type) : ir_.CreateZExt(a, type);
  return ir::is_float(to) ? ir_.CreateSIToFP(a, type) : ir_.CreateSExtOrTrunc(a, type);
}

// n + 1.5 2^52 + 1023 has n + 1023 in its last 12 digits (f32: n + 1.5 2^23 + 127 in its last 9), which move to the
// exponent's place. Some number comes out for every n, also where that is NaN.
V ValueBuilder::pow2(V n) {
  const bool wide = is_f64(n);
  V biased = add(n, fconst(n, wide ? 0x1.8p52 + 1023 : 0x1.8p23 + 127));
  return ir_.CreateBitCast(ir_.CreateShl(ir_.CreateBitCast(biased, integer_like(n)), wide ? 52 : 23), n->getType());
}

V ValueBuilder::scaled(V v, V n) {
  const unsigned count = lanes(v), bits = v->getType()->getScalarSizeInBits();
  if (scalef_ && count * bits == 512) {
    V all = llvm::ConstantInt::getAllOnesValue(ir_.getIntNTy(count));
    V rounding_of_the_mode = ir_.getInt32(4);
    return ir_.CreateIntrinsic(
        bits == 64 ? llvm::Intrinsic::x86_avx512_mask_scalef_pd_512 : llvm::Intrinsic::x86_avx512_mask_scalef_ps_512,
        {}, {v, n, llvm::PoisonValue::get(v->getType()), all, rounding_of_the_mode});
  }
  if (scalef_ && count * bits > 512) {
    std::vector<int> low, high, both;
    for (unsigned i = 0; i < count; ++i) {
      (i < count / 2 ? low : high).push_back(static_cast<int>(i));
      both.push_back(static_cast<int>(i));
    }
    const auto half = [&](const std::vector<int>& of) {
      return scaled(ir_.CreateShuffleVector(v, of), ir_.CreateShuffleVector(n, of));
    };
    V first = half(low);
    return ir_.CreateShuffleVector(first, half(high), both);
  }
  // Two factors, the first product of which is exact.
  V half = floor(mul(n, fconst(n, 0.5)));
  return mul(mul(v, pow2(half)), pow2(sub(n, half)));
}

V ValueBuilder::exponent_of(V x) {
  Type* type = integer_like(x);
  const bool wide = is_f64(x);
  V shifted = ir_.CreateLShr(ir_.CreateBitCast(x, type), wide ? 52 : 23);
  V bits = ir_.CreateAnd(shifted, llvm::ConstantInt::get(type, wide ? 0x7ff : 0xff));
  return ir_.CreateSIToFP(ir_.CreateSub(bits, llvm::ConstantInt::get(type, wide ? 1023 : 127)), x->getType());
}

V ValueBuilder::mantissa_of(V x) {
  Type* type = integer_like(x);
  const bool wide = is_f64(x);
  V digits =
      ir_.CreateAnd(ir_.CreateBitCast(x, type), llvm::ConstantInt::get(type, wide ? 0xfffffffffffffULL : 0x7fffffULL));
  return ir_.CreateBitCast(
      ir_.CreateOr(digits, llvm::ConstantInt::get(type, wide ? 0x3ff0000000000000ULL : 0x3f800000ULL)), x->getType());
}

V ValueBuilder::call_scalar(std::string_view name, std::vector<V> x) {
  const bool narrow = !is_f64(x[0]), own = name.starts_with("rg_");
  Type* type = narrow && !own ? ir_.getFloatTy() : ir_.getDoubleTy();
  if (narrow && own) {
    for (V& v : x) v = ir_.CreateFPExt(v, type);
  }
  const std::string symbol = std::string(name) + (narrow && !own ? "f" : "");
  llvm::Module& module = *ir_.GetInsertBlock()->getModule();
  auto callee =
      module.getOrInsertFunction(symbol, llvm::FunctionType::get(type, std::vector<Type*>(x.size(), type), false));
  auto* f = llvm::cast<llvm::Function>(callee.getCallee());
  f->setDoesNotThrow();
  f->setDoesNotAccessMemory();
  f->setWillReturn();
  V result = ir_.CreateCall(callee, x);
  return narrow && own ? ir_.CreateFPTrunc(result, ir_.getFloatTy()) : result;
}

V ValueBuilder::call_lanes(std::string_view name, std::vector<V> x) {
  const unsigned n = lanes(x[0]);
  if (n == 1) return call_scalar(name, std::move(x));
  V result = llvm::PoisonValue::get(x[0]->getType());
  for (unsigned i = 0; i < n; ++i) {
    std::vector<V> lane;
    for (V v : x) lane.push_back(ir_.CreateExtractElement(v, i));
    result = ir_.CreateInsertElement(result, call_scalar(name, std::move(lane)), i);
  }
  return result;
}

V ValueBuilder::rarely(V mask, V value, llvm::function_ref<V()> other) {
  llvm::Function* f = ir_.GetInsertBlock()->getParent();
  auto* slow = llvm::BasicBlock::Create(ir_.getContext(), "slow", f);
  auto* done = llvm::BasicBlock::Create(ir_.getContext(), "done", f);
  llvm::BasicBlock* before = ir_.GetInsertBlock();
  V any = lanes(value) == 1 ? mask : ir_.CreateOrReduce(mask);
  ir_.CreateCondBr(any, slow, done);
  ir_.SetInsertPoint(slow);
  V fixed = ir_.CreateSelect(mask, other(), value);
  llvm::BasicBlock* after = ir_.GetInsertBlock();
  ir_.CreateBr(done);
  ir_.SetInsertPoint(done);
  llvm::PHINode* result = ir_.CreatePHI(value->getType(), 2);
  result->addIncoming(value, before);
  result->addIncoming(fixed, after);
  return result;
}

}  // namespace rg::lower
