// Compiled code in this process: plans are lowered, optimised and linked by LLVM's ORC. No LLVM type shows here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "compiler/plan/plan.h"
#include "compiler/support/result.h"
#include "runtime/runegrad.h"

namespace rg::jit {

struct SessionOptions {
  int opt_level = 2;    // 0: fast compilation, 2: fast code
  bool strict = false;  // no fused multiply-add
  bool fast = false;    // fused wherever that can be
};

/// The entry points of one compiled function; valid as long as the session.
struct Entry {
  /// `int f(sizes…, inputs…, outputs…, rg_context*)`, to be cast to its type.
  void* function = nullptr;
  int (*packed)(const std::int64_t* sizes, const void* const* inputs, void* const* outputs, rg_context*) = nullptr;
};

/// This machine, for which plans of a session are made.
Target host_target();

/// Makes what the backend cannot go on from end the process with a message and exit code 70. For programs, not for
/// libraries within one.
void exit_on_backend_failure();

/// Owns compiled code. `add` may be called from several threads at once; code may be run by any.
class Session {
 public:
  static Result<std::unique_ptr<Session>> create(const SessionOptions& options = {});
  ~Session();
  /// Compiles the function of a plan.
  Result<Entry> add(const plan::Plan& plan);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rg::jit
