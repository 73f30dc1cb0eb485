#include "compiler/lower/lower.h"

#include "compiler/code/reproducer.h"
#include "compiler/lower/emitter.h"

namespace rg::lower {

namespace {

struct Signature {
  llvm::LLVMContext& c;
  llvm::Type* scalar(ir::Elem e) const {
    switch (e) {
      case ir::Elem::f32:
        return llvm::Type::getFloatTy(c);
      case ir::Elem::f64:
        return llvm::Type::getDoubleTy(c);
      case ir::Elem::i32:
        return llvm::Type::getInt32Ty(c);
      case ir::Elem::i64:
        return llvm::Type::getInt64Ty(c);
      case ir::Elem::boolean:
        return llvm::Type::getInt8Ty(c);
    }
    return nullptr;
  }
  llvm::Type* pointer() const { return llvm::PointerType::get(c, 0); }
  llvm::Type* i64() const { return llvm::Type::getInt64Ty(c); }
  llvm::Type* i32() const { return llvm::Type::getInt32Ty(c); }
};

llvm::Function* declare(llvm::Module& m, const std::string& name, llvm::Type* result,
                        const std::vector<llvm::Type*>& params) {
  auto* f = llvm::Function::Create(llvm::FunctionType::get(result, params, false), llvm::GlobalValue::ExternalLinkage,
                                   name, m);
  f->setDoesNotThrow();
  f->addFnAttr("prefer-vector-width", "512");
  return f;
}

llvm::Function* lower_function(const plan::Plan& p, llvm::Module& m, const LowerOptions& options) {
  const Signature s{m.getContext()};
  std::vector<llvm::Type*> params(p.size_count, s.i64());
  for (const plan::BufferId b : p.inputs)
    params.push_back(p.buffer(b).dims.empty() ? s.scalar(p.buffer(b).elem) : s.pointer());
  params.insert(params.end(), p.outputs.size() + 1, s.pointer());
  llvm::Function* f = declare(m, p.function.name, s.i32(), params);
  // Outputs overlap nothing; inputs may overlap each other.
  for (std::size_t i = 0; i < p.outputs.size(); ++i)
    f->addParamAttr(static_cast<unsigned>(p.size_count + p.inputs.size() + i), llvm::Attribute::NoAlias);
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    if (!p.buffer(p.inputs[i]).dims.empty())
      f->addParamAttr(static_cast<unsigned>(p.size_count + i), llvm::Attribute::NoAlias);
  }
  Emitter(p, f, options).emit_function();
  std::vector<llvm::Type*> workspace(p.size_count, s.i64());
  workspace.push_back(s.i32());
  Emitter(p, declare(m, p.function.name + "_workspace", s.i64(), workspace), options).emit_workspace();
  return f;
}

// int32 f__packed(const int64* sizes, const void* const* inputs, void* const* outputs, rg_context*)
void lower_packed(const plan::Plan& p, llvm::Module& m, llvm::Function* f) {
  const Signature s{m.getContext()};
  llvm::Function* packed = declare(m, p.function.name + "__packed", s.i32(), std::vector<llvm::Type*>(4, s.pointer()));
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(m.getContext(), "entry", packed));
  std::vector<llvm::Value*> args;
  const auto element = [&](unsigned list, std::size_t i, llvm::Type* type) {
    return b.CreateLoad(type, b.CreateGEP(type, packed->getArg(list), b.getInt64(i)));
  };
  for (std::size_t i = 0; i < p.size_count; ++i) args.push_back(element(0, i, s.i64()));
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    const plan::Buffer& in = p.buffer(p.inputs[i]);
    llvm::Value* at = element(1, i, s.pointer());
    args.push_back(in.dims.empty() ? static_cast<llvm::Value*>(b.CreateLoad(s.scalar(in.elem), at)) : at);
  }
  for (std::size_t i = 0; i < p.outputs.size(); ++i) args.push_back(element(2, i, s.pointer()));
  args.push_back(packed->getArg(3));
  b.CreateRet(b.CreateCall(f, args));
}

}  // namespace

std::unique_ptr<llvm::Module> lower(std::span<const plan::Plan> plans, llvm::LLVMContext& context,
                                    const LowerOptions& options) {
  auto module = std::make_unique<llvm::Module>("runegrad", context);
  for (const plan::Plan& p : plans) {
    ir::reproducible("lower", p.function, [&] { lower_packed(p, *module, lower_function(p, *module, options)); });
  }
  return module;
}

}  // namespace rg::lower
