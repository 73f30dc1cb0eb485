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

/// What an instruction equals; nothing where the equation does not apply.
using Simpler = std::optional<ir::ValueId>;
/// Its operands.
using X = const std::vector<ir::ValueId>&;

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

/// The equation of an op whose rule sees the op's own attributes.
template <class Op, auto Apply>
Rule of(std::string_view equation, RuleClass kind, std::vector<LeftSide> left) {
  return {Op::name, equation, kind,
          [](ir::Builder& b, const std::vector<ir::ValueId>& x, const ir::Attributes& a) {
            return Apply(b, x, a.as<typename Op::Attrs>());
          },
          std::move(left)};
}

/// The families of equations, a file each, which holds each rule with its row.
std::span<const Rule> folding_rules();
std::span<const Rule> arithmetic_rules();
std::span<const Rule> function_rules();
std::span<const Rule> choice_rules();
std::span<const Rule> guard_rules();
std::span<const Rule> indexing_rules();
std::span<const Rule> contraction_rules();

/// All rules; those of an op are tried in this order until one applies.
std::span<const Rule> rules();

}  // namespace rg::opt
