// Calls a function on tensors: natively, or by the oracle.
#pragma once

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/oracle/oracle.h"
#include "compiler/plan/plan.h"
#include "compiler/support/result.h"

namespace rg::driver {

struct CallOptions {
  int opt_level = 2;
  int threads = 1;
  bool dump_plan = false;  // to standard error
  plan::PlanOptions plan = {};
};

/// The results of a prepared function, or a message: an assertion of the program, memory, an extent out of range.
/// `place` becomes that of a check in the program that does not hold.
Result<std::vector<ir::Tensor>> call(const ir::Function& f, std::span<const std::int64_t> sizes,
                                     const std::vector<ir::Tensor>& arguments, const CallOptions& options,
                                     Span* place = nullptr);

/// The results of a function of the checked module, evaluated by the oracle in multiprecision of `bits`, or in f64 for
/// 0.
oracle::Outcome interpret(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                          const std::vector<ir::Tensor>& arguments, int bits = 0);

}  // namespace rg::driver
