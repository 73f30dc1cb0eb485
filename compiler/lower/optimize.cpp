// The passes run on lowered code. Loops and vectors are explicit, so a short list is enough.
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>
#include <string>

#include "compiler/lower/long_blocks.h"
#include "compiler/lower/lower.h"
#include "compiler/support/internal_error.h"

namespace rg::lower {

void optimize(llvm::Module& module, int level, llvm::TargetMachine* machine) {
  if (level <= 0) return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);

  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(true));
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()), true));
  passes.addPass(llvm::EarlyCSEPass(true));
  llvm::ModulePassManager all;
  all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  all.run(module, modules);
}

// Addresses are made of few values already, one polynomial an access; looking for better ones takes half of the time of
// code generation. LLVM has no other switch for this than its command line's.
void choose_code_generation() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto& options = llvm::cl::getRegisteredOptions();
    const auto at = options.find("disable-lsr");
    if (at != options.end()) static_cast<llvm::cl::opt<bool>*>(at->second)->setValue(true);
  });
}

void finish(llvm::Module& module, int level, llvm::TargetMachine& machine, int vector_bytes) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  for (llvm::Function& f : module) {
    if (!f.isDeclaration()) f.addFnAttr("prefer-vector-width", std::to_string(vector_bytes * 8));
  }
  choose_code_generation();
  std::string why;
  llvm::raw_string_ostream to(why);
  if (llvm::verifyModule(module, &to)) internal_error("the code is not well formed: " + why);
  optimize(module, level, &machine);
  split_long_blocks(module);
}

}  // namespace rg::lower
