// Calls a prepared function on tensors of the interpreter, natively or interpreted.
#pragma once

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/support/result.h"

namespace rg::driver {

struct CallOptions {
  int opt_level = 2;
  bool strict = false;
  bool fast = false;
  int threads = 1;
  bool interpret = false;
  bool dump_plan = false;  // to standard error
};

/// The results, or a message: an assertion of the program, memory, an extent out of range. `place` becomes that of a
/// check in the program that does not hold.
Result<std::vector<ir::Tensor>> call(const ir::Module& module, const ir::Function& f,
                                     std::span<const std::int64_t> sizes, std::vector<ir::Tensor> arguments,
                                     const CallOptions& options, Span* place = nullptr);

}  // namespace rg::driver
