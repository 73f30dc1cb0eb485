// Plans to LLVM IR.
//
// For each plan of an exported function f the module has
//   int32 f(int64 sizes…, inputs… (scalars by value, tensors as pointers), outputs… (pointers), rg_context*)
//   size_t f_workspace(int64 sizes…, int32 threads)     bytes that f asks its context for
//   int32 f__packed(const int64* sizes, const void* const* inputs, void* const* outputs, rg_context*)
//                                                       the same call for all signatures; scalars through pointers
// Results are a status of runegrad.h. Negative sizes, sizes other than known ones and products that overflow are
// refused before anything is read. A function without workspace and assertions touches no context.
#pragma once

#include <memory>
#include <span>

#include "compiler/plan/plan.h"

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
}  // namespace llvm

namespace rg::lower {

struct LowerOptions {
  bool strict = false;  // no fused multiply-add
  bool fast = false;    // fused wherever that can be; strict wins
};

std::unique_ptr<llvm::Module> lower(std::span<const plan::Plan> plans, llvm::LLVMContext& context,
                                    const LowerOptions& options = {});

/// A short pass list for code whose loops are explicit: level 0 does nothing.
void optimize(llvm::Module& module, int level, llvm::TargetMachine* machine = nullptr);

/// Makes a lowered module one of the machine's, with vectors of `vector_bytes` preferred, and optimises it.
void finish(llvm::Module& module, int level, llvm::TargetMachine& machine, int vector_bytes);

}  // namespace rg::lower
