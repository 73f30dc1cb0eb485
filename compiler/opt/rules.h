// The equations of the optimiser, by op. A rule sees operands of the function being built and gives what the
// instruction equals, or nothing.
#pragma once

#include <optional>
#include <span>

#include "compiler/ir/builder.h"

namespace rg::opt {

struct Rule {
  std::string_view op;
  std::string_view equation;
  bool exact;  // false: reassociates, or loses the sign of a zero
  std::optional<ir::ValueId> (*apply)(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attrs& a);
};

/// All rules; those of an op are tried in this order until one applies.
std::span<const Rule> rules();

}  // namespace rg::opt
