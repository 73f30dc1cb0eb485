// The equations of the optimiser, by op. A rule sees operands of the function being built and gives what the
// instruction equals, or nothing.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"

namespace rg::opt {

/// What an equation may change, from the least to the most. `--strict` has the first class only, `--fast` all.
enum class RuleClass : std::uint8_t {
  exact,        // nothing: values agree bit for bit for all operands, NaN payloads aside
  regrouping,   // the order of a sum or product; no infinity, NaN, zero or subnormal number comes newly of finite
                // operands
  contraction,  // the order of products and sums of several arrays, where that saves operations by a factor of an
                // extent
  fast,         // ranges and signs of zeros too
};
std::string_view name(RuleClass c);

/// A left side of an equation for its test: adds parameters to the function being built, whose sizes are n and m, and
/// gives a value to which the rule applies. Nothing is folded in it.
using LeftSide = ir::ValueId (*)(ir::Builder& b, ir::Elem elem);

struct Rule {
  std::string_view op;
  std::string_view equation;
  RuleClass kind;
  std::optional<ir::ValueId> (*apply)(ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attributes& a);
  std::vector<LeftSide> left;
};

/// All rules; those of an op are tried in this order until one applies.
std::span<const Rule> rules();

}  // namespace rg::opt
