#include "tests/lower/harness.h"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <cmath>
#include <random>

#include "compiler/lower/lower.h"
#include "compiler/oracle/oracle.h"
#include "compiler/plan/pass/pipeline.h"
#include "runtime/runegrad.h"

namespace rg::test {

namespace {

using llvm::orc::LLJIT;

std::string text(llvm::Error error) { return llvm::toString(std::move(error)); }

struct Memory {
  std::vector<char> bytes;
  explicit Memory(const ir::Tensor& t) : bytes(static_cast<std::size_t>(t.count() * ir::byte_size(t.elem))) {
    for (std::int64_t i = 0; i < t.count(); ++i) write(t.elem, i, t);
  }
  template <class T>
  T& at(std::int64_t i) {
    return reinterpret_cast<T*>(bytes.data())[i];
  }
  void write(ir::Elem e, std::int64_t i, const ir::Tensor& t) {
    switch (e) {
      case ir::Elem::f32:
        at<float>(i) = static_cast<float>(t.real(i));
        break;
      case ir::Elem::f64:
        at<double>(i) = t.real(i);
        break;
      case ir::Elem::i32:
        at<std::int32_t>(i) = static_cast<std::int32_t>(t.integer(i));
        break;
      case ir::Elem::i64:
        at<std::int64_t>(i) = t.integer(i);
        break;
      case ir::Elem::boolean:
        at<std::uint8_t>(i) = t.integer(i) != 0;
        break;
    }
  }
  double read(ir::Elem e, std::int64_t i) {
    switch (e) {
      case ir::Elem::f32:
        return at<float>(i);
      case ir::Elem::f64:
        return at<double>(i);
      case ir::Elem::i32:
        return at<std::int32_t>(i);
      case ir::Elem::i64:
        return static_cast<double>(at<std::int64_t>(i));
      case ir::Elem::boolean:
        return at<std::uint8_t>(i);
    }
    return 0;
  }
};

using Packed = int(const std::int64_t*, const void* const*, void* const*, rg_context*);

struct Compiled {
  std::unique_ptr<LLJIT> jit;
  Packed* call = nullptr;
  std::string error;
};

Compiled compiled(const plan::Plan& plan, int level) {
  const auto fail = [](llvm::Error e) { return Compiled{nullptr, nullptr, text(std::move(e))}; };
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto context = std::make_unique<llvm::LLVMContext>();
  auto code = lower::lower(std::span(&plan, 1), *context);
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host) return fail(host.takeError());
  auto machine = host->createTargetMachine();
  if (!machine) return fail(machine.takeError());
  code->setDataLayout((*machine)->createDataLayout());
  lower::optimize(*code, level, machine->get());
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(*host).create();
  if (!jit) return fail(jit.takeError());
  auto& library = (*jit)->getMainJITDylib();
  llvm::orc::SymbolMap own;
  const auto define = [&](const char* name, auto* function) {
    own[(*jit)->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported};
  };
  define("rg_workspace", &rg_workspace);
  define("rg_workspace_release", &rg_workspace_release);
  define("rg_fail", &rg_fail);
  define("rg_parallel_for", &rg_parallel_for);
  define("rg_context_threads", &rg_context_threads);
  define("rg_digamma", &rg_digamma);
  define("rg_polygamma", &rg_polygamma);
  define("rg_erfcx", &rg_erfcx);
  define("rg_log_erfc", &rg_log_erfc);
  define("rg_sinc", &rg_sinc);
  if (auto e = library.define(llvm::orc::absoluteSymbols(own))) return fail(std::move(e));
  auto process =
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process) return fail(process.takeError());
  library.addGenerator(std::move(*process));
  if (auto e = (*jit)->addIRModule(llvm::orc::ThreadSafeModule(std::move(code), std::move(context))))
    return fail(std::move(e));
  auto symbol = (*jit)->lookup(plan.function.name + "__packed");
  if (!symbol) return fail(symbol.takeError());
  return {std::move(*jit), symbol->toPtr<Packed>(), {}};
}

}  // namespace

ir::Tensor sample(const ir::Type& type, const std::vector<std::int64_t>& sizes, unsigned seed) {
  std::vector<std::int64_t> shape;
  for (const ir::Dim& d : type.dims) shape.push_back(*d.evaluate(sizes));
  ir::Tensor t(type.elem, shape);
  std::mt19937 random(seed);
  for (double& v : t.reals) {
    v = std::uniform_real_distribution<double>(-2, 2)(random);
    if (type.elem == ir::Elem::f32) v = static_cast<float>(v);
  }
  for (std::int64_t& v : t.integers) v = static_cast<std::int64_t>(random() % (type.elem == ir::Elem::boolean ? 2 : 4));
  return t;
}

std::string compare(const ir::Function& f, std::vector<std::int64_t> sizes, std::vector<ir::Tensor> arguments,
                    double tolerance, int level) {
  ir::Module module;
  module.functions.push_back(f);
  const auto expected = oracle::interpret(module, f, sizes, arguments);
  if (!expected) return "interpreter: " + expected.error();

  const plan::Plan plan = plan::make_plan(f, {.after = plan::EachVerified()});
  const Compiled code = compiled(plan, level);
  if (!code.call) return code.error;

  std::vector<Memory> in, out;
  for (const ir::Tensor& t : arguments) in.emplace_back(t);
  for (const ir::Tensor& t : *expected) out.emplace_back(ir::Tensor(t.elem, t.shape));
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (Memory& m : in) inputs.push_back(m.bytes.data());
  for (Memory& m : out) outputs.push_back(m.bytes.data());
  if (const int status = code.call(sizes.data(), inputs.data(), outputs.data(), nullptr); status != 0)
    return fmt::format("status {}", status);
  std::vector<Memory> alone = out;
  rg_context* shared = rg_context_create(2);
  const int status = code.call(sizes.data(), inputs.data(), outputs.data(), shared);
  rg_context_destroy(shared);
  if (status != 0) return fmt::format("status {} on two threads", status);
  for (std::size_t k = 0; k < out.size(); ++k) {
    if (out[k].bytes != alone[k].bytes) return fmt::format("result {} differs on two threads", k);
  }
  for (std::size_t k = 0; k < out.size(); ++k) {
    const ir::Tensor& want = (*expected)[k];
    double scale = 1e-30;
    for (std::int64_t i = 0; i < want.count(); ++i) {
      const double w = want.is_real() ? want.real(i) : static_cast<double>(want.integer(i));
      if (std::isfinite(w)) scale = std::max(scale, std::abs(w));
    }
    for (std::int64_t i = 0; i < want.count(); ++i) {
      const double w = want.is_real() ? want.real(i) : static_cast<double>(want.integer(i)),
                   got = out[k].read(want.elem, i);
      const bool same = w == got || (std::isnan(w) && std::isnan(got)) || std::abs(w - got) <= tolerance * scale;
      if (!same) return fmt::format("result {}[{}] is {}, not {}\n{}", k, i, got, w, plan::print(plan));
    }
  }
  return {};
}

int status(const ir::Function& f, std::vector<std::int64_t> sizes, std::vector<std::optional<std::int64_t>> known) {
  const Compiled code = compiled(plan::make_plan(f, {.known_sizes = std::move(known), .after = plan::EachVerified()}), 2);
  if (!code.call) return -1;
  std::vector<char> memory(4096);
  const std::vector<const void*> inputs(f.param_types().size(), memory.data());
  std::vector<char> written(4096, 1);
  const std::vector<void*> outputs(f.result_types().size(), written.data());
  const int result = code.call(sizes.data(), inputs.data(), outputs.data(), nullptr);
  return written == std::vector<char>(4096, 1) ? result : -2;
}

}  // namespace rg::test
