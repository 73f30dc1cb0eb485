#include "compiler/emit/emit.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <memory>

#include "compiler/lower/lower.h"
#include "compiler/support/diagnostic.h"

namespace rg::emit {

namespace {

Result<std::unique_ptr<llvm::TargetMachine>> target_machine(const EmitOptions& options) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  const llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (target == nullptr) return Failure{error};
  std::string features;
  if (options.cpu.empty() || options.cpu == "native") {
    for (const auto& [feature, has] : llvm::sys::getHostCPUFeatures())
      features += (features.empty() ? "" : ",") + std::string(has ? "+" : "-") + feature.str();
  } else {
    const std::unique_ptr<llvm::MCSubtargetInfo> plain(target->createMCSubtargetInfo(triple, "", ""));
    if (!plain->isCPUStringValid(options.cpu))
      return Failure{"the CPU `" + options.cpu + "` is unknown", Code::unknown_cpu};
  }
  const std::string cpu =
      options.cpu.empty() || options.cpu == "native" ? llvm::sys::getHostCPUName().str() : options.cpu;
  llvm::TargetOptions target_options;
  target_options.AllowFPOpFusion = llvm::FPOpFusion::Standard;  // where an instruction says so
  const auto level = options.opt_level == 0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, cpu, features, target_options, llvm::Reloc::PIC_, {}, level));
}

int vector_bytes(const llvm::TargetMachine& machine) {
  const llvm::MCSubtargetInfo& info = *machine.getMCSubtargetInfo();
  if (!machine.getTargetTriple().isX86()) return 16;
  return info.checkFeatures("+avx512f") ? 64 : info.checkFeatures("+avx2") ? 32 : 16;
}

}  // namespace

std::string llvm_version() { return LLVM_VERSION_STRING; }

std::vector<std::string> targets() {
  llvm::InitializeNativeTarget();
  std::vector<std::string> out;
  for (const llvm::Target& t : llvm::TargetRegistry::targets()) out.emplace_back(t.getName());
  std::ranges::sort(out);
  return out;
}

Result<Target> target_of(const std::string& cpu) {
  const auto machine = target_machine({.opt_level = 2, .strict = false, .cpu = cpu});
  if (!machine) return machine.failure();
  return x86_with_vectors(vector_bytes(**machine));
}

Result<std::string> emit(std::span<const plan::Plan> plans, Kind kind, const EmitOptions& options) {
  auto machine = target_machine(options);
  if (!machine) return machine.failure();
  llvm::LLVMContext context;
  const auto module = lower::lower(plans, context, {.strict = options.strict, .fast = options.fast});
  lower::finish(*module, options.opt_level, **machine, vector_bytes(**machine));
  // The form for all signatures is called by code in this process alone.
  for (const plan::Plan& p : plans) module->getFunction(p.function.name + "__packed")->eraseFromParent();
  if (kind == Kind::llvm) {
    std::string text;
    llvm::raw_string_ostream out(text);
    module->print(out, nullptr);
    return text;
  }
  llvm::SmallString<0> code;
  llvm::raw_svector_ostream out(code);
  llvm::legacy::PassManager passes;
  const auto type = kind == Kind::object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if ((*machine)->addPassesToEmitFile(passes, out, nullptr, type))
    return Failure{"this target cannot write such a file"};
  passes.run(*module);
  return std::string(code.str());
}

}  // namespace rg::emit
