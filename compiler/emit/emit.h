// Compiled functions as files: objects, assembly, LLVM text, C headers. Texts are returned; nothing is written here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "compiler/support/result.h"
#include "compiler/target/target.h"

namespace rg::emit {

enum class Kind { object, assembly, llvm };

struct EmitOptions {
  int opt_level = 2;
  bool strict = false;
  bool fast = false;
  std::string cpu;  // empty: this machine
};

/// What code for a CPU by name (empty: this machine) is planned for. Fails where the name is unknown.
Result<Target> target_of(const std::string& cpu);

/// The version of LLVM, and the names of the targets that it makes code for here.
std::string llvm_version();
std::vector<std::string> targets();

/// One module with all functions, in the form asked for. The plans are made for the target of the same CPU, or for one
/// that has no more.
Result<std::string> emit(std::span<const plan::Plan> plans, Kind kind, const EmitOptions& options = {});

/// A static library of an object's bytes and everything in the runtime's archive, whose bytes are given too.
Result<std::string> library(const std::string& object, const std::string& object_name, const std::string& runtime);

/// The names that a function's header declares, its own first.
std::vector<std::string> symbols(const plan::Plan& plan);

/// A header for C99 and C++ that declares the functions: documentation, sizes, shapes of all tensors, and the workspace
/// function of each.
std::string header(std::span<const plan::Plan> plans, const std::string& file_stem);

}  // namespace rg::emit
