// The passes over a plan, in their order.
#pragma once

#include <span>
#include <string_view>

#include "compiler/plan/plan.h"

namespace rg::plan {

struct Pass {
  std::string_view name;
  /// What it does, with the field's term, and what for.
  std::string_view why;
  void (*run)(Plan& plan, const PlanOptions& options);
  /// Lowering cannot do without it: it is never left out.
  bool needed = false;
};

/// All passes, in the order in which they run.
std::span<const Pass> passes();

/// Runs all passes but those that the options leave out.
void run_passes(Plan& plan, const PlanOptions& options);

/// Verifies the plan of one function after each pass: an internal error says which broke what.
class EachVerified {
 public:
  void operator()(std::string_view pass, const Plan& plan);

 private:
  bool placed_ = false;  // what has memory is decided
};

}  // namespace rg::plan
