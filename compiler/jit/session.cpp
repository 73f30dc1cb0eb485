#include "compiler/jit/session.h"

#include <llvm/ExecutionEngine/Orc/CompileUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ThreadSafeModule.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "compiler/code/registry.h"
#include "compiler/lower/lower.h"

namespace rg::jit {

namespace {

std::string text_of(llvm::Error error) { return llvm::toString(std::move(error)); }

void initialize_target() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

llvm::orc::JITTargetMachineBuilder machine_builder(const SessionOptions& options) {
  llvm::orc::JITTargetMachineBuilder b{llvm::Triple(llvm::sys::getProcessTriple())};
  b.setCPU(std::string(llvm::sys::getHostCPUName()));
  // The list of features decides: the name may stand for a part that has fewer or more.
  for (const auto& [feature, has] : llvm::sys::getHostCPUFeatures()) b.getFeatures().AddFeature(feature, has);
  b.setRelocationModel(llvm::Reloc::PIC_);
  b.setCodeGenOptLevel(options.opt_level == 0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default);
  b.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Standard;  // where an instruction says so
  if (options.opt_level == 0) b.getOptions().EnableFastISel = true;
  return b;
}

// What compiled code calls besides the C library, by name.
llvm::orc::SymbolMap runtime_symbols(llvm::orc::LLJIT& jit) {
  llvm::orc::SymbolMap map;
  const auto add = [&](const char* name, auto* address) {
    map[jit.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  };
  add("rg_fail", &rg_fail);
  add("rg_fail_check", &rg_fail_check);
  add("rg_workspace", &rg_workspace);
  add("rg_workspace_release", &rg_workspace_release);
  add("rg_parallel_for", &rg_parallel_for);
  add("rg_context_threads", &rg_context_threads);
  add("rg_digamma", &rg_digamma);
  add("rg_polygamma", &rg_polygamma);
  add("rg_erfcx", &rg_erfcx);
  add("rg_log_erfc", &rg_log_erfc);
  add("rg_sinc", &rg_sinc);
  for (const ops::OpInfo& op : ops::all_ops()) {
    for (const ops::Kernel& k : op.kernels) add(k.symbol, k.function);
  }
  return map;
}

}  // namespace

Target host_target() {
  const auto features = llvm::sys::getHostCPUFeatures();
  const auto has = [&](const char* f) { return features.lookup(f); };
  return x86_with_vectors(has("avx512f") ? 64 : has("avx2") ? 32 : 16);
}

void exit_on_backend_failure() {
  llvm::install_fatal_error_handler([](void*, const char* reason, bool) {
    std::fprintf(stderr, "internal error: %s\nThis is a fault of runegrad's, not of the program.\n", reason);
    std::fflush(stderr);
    std::_Exit(70);
  });
}

struct Session::State {
  SessionOptions options;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::mutex machine_mutex;
  std::atomic<std::uint64_t> next_library = 0;
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(const SessionOptions& options) {
  initialize_target();
  auto state = std::make_unique<State>();
  state->options = options;
  auto builder = machine_builder(options);
  auto machine = builder.createTargetMachine();
  if (!machine) return Failure{text_of(machine.takeError())};
  state->machine = std::move(*machine);
  // A target machine a compilation: modules are compiled on the thread that looks them up, several at once.
  auto compile = [](llvm::orc::JITTargetMachineBuilder b)
      -> llvm::Expected<std::unique_ptr<llvm::orc::IRCompileLayer::IRCompiler>> {
    return std::make_unique<llvm::orc::ConcurrentIRCompiler>(std::move(b));
  };
  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(builder))
                 .setCompileFunctionCreator(std::move(compile))
                 .create();
  if (!jit) return Failure{text_of(jit.takeError())};
  state->jit = std::move(*jit);
  return std::unique_ptr<Session>(new Session(std::move(state)));
}

Result<Entry> Session::add(const plan::Plan& plan) {
  auto context = std::make_unique<llvm::LLVMContext>();
  const lower::LowerOptions options{.strict = state_->options.strict, .fast = state_->options.fast};
  auto module = lower::lower({&plan, 1}, *context, options);
  llvm::orc::LLJIT& jit = *state_->jit;
  {
    const std::lock_guard lock(state_->machine_mutex);
    lower::finish(*module, state_->options.opt_level, *state_->machine, host_target().vector_bytes);
  }
  // A library of its own a function, so that functions of one name do not meet.
  auto library = jit.createJITDylib("rg" + std::to_string(state_->next_library++));
  if (!library) return Failure{text_of(library.takeError())};
  if (auto error = library->define(llvm::orc::absoluteSymbols(runtime_symbols(jit))))
    return Failure{text_of(std::move(error))};
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(jit.getDataLayout().getGlobalPrefix());
  if (!process) return Failure{text_of(process.takeError())};
  library->addGenerator(std::move(*process));
  if (auto error = jit.addIRModule(*library, llvm::orc::ThreadSafeModule(std::move(module), std::move(context)))) {
    return Failure{text_of(std::move(error))};
  }
  auto function = jit.lookup(*library, plan.function.name);
  if (!function) return Failure{text_of(function.takeError())};
  auto packed = jit.lookup(*library, plan.function.name + "__packed");
  if (!packed) return Failure{text_of(packed.takeError())};
  return Entry{function->toPtr<void*>(), packed->toPtr<decltype(Entry::packed)>()};
}

}  // namespace rg::jit
