// The pipeline from checked IR to code without map, call and derive.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "compiler/code/builder.h"
#include "compiler/ops/control.h"
#include "compiler/opt/rules.h"
#include "compiler/support/result.h"

namespace rg::opt {

/// Expands one `derive` at a builder's place; ad::expand_derive, given by the caller so that opt/ does not know ad/.
using ExpandDerive =
    std::function<std::vector<ir::ValueId>(const ir::Function& callee, ir::Builder& to,
                                           std::span<const ir::ValueId> operands, const ops::Derive::Attrs& attrs)>;

/// The passes of `prepare`, in their order: calls are inlined and derivatives expanded; what is unused goes; maps
/// become whole-array ops; equations. At last, once for the function that is asked for, contractions are put in order.
inline constexpr std::string_view kExpand = "expand", kDce = "dce", kLift = "lift", kSimplify = "simplify",
                                  kOrder = "order";

struct PipelineOptions {
  bool simplify = true;  // false: only what the later phases need
  bool strict = false;   // only exact equations, contractions in the order written
  bool fast = false;     // all equations; strict wins
  /// Called after each pass with its name (one of the above) and the function as it is then.
  std::function<void(std::string_view pass, const ir::Function&)> after = {};
};

/// The function named `name` with every call inlined, every derivative expanded (innermost first), every map lifted,
/// and simplified. Fails on recursion. The module is only read. Every pass has a budget of instructions, and its result
/// the declared types; a breach is an internal error that names the pass and a file with what it read.
Result<ir::Function> prepare(const ir::Module& module, std::string_view name, const ExpandDerive& expand,
                             const PipelineOptions& options = {});

/// Simplifies until nothing changes (at most a dozen rounds), dead code removed.
ir::Function simplify_fully(ir::Function f, RuleClass most = RuleClass::contraction);
/// The rules that the options allow.
RuleClass allowed_rules(const PipelineOptions& options);

}  // namespace rg::opt
