#include "compiler/pass/list.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ad/expand.h"
#include "compiler/opt/contraction_order.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/lift.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::pass {

namespace {

using ir::Function;
using ir::Module;
using opt::PipelineOptions;

constexpr Pass kIrPasses[] = {
    {opt::kExpand, "inlining, and automatic differentiation: calls and `derive` become code", Stage::ir, true,
     [](const Module& m, const Function& f, const PipelineOptions&) {
       return opt::prepare(m, f.name, ad::expand_derive, {.simplify = false, .after = {}});
     }},
    {opt::kDce, "dead code elimination: what no result needs goes", Stage::ir, true,
     [](const Module&, const Function& f, const PipelineOptions&) { return Result<Function>(opt::dce(f)); }},
    {opt::kLift, "batching: maps become operations on whole arrays", Stage::ir, true,
     [](const Module&, const Function& f, const PipelineOptions&) { return Result<Function>(opt::lift(f)); }},
    {opt::kSimplify, "equations and common subexpressions, until nothing changes", Stage::ir, true,
     [](const Module&, const Function& f, const PipelineOptions& options) {
       return Result<Function>(opt::simplify_fully(f, opt::allowed_rules(options)));
     }},
    {opt::kOrder, "contraction order: products of several arrays in the order of least cost", Stage::ir, true,
     [](const Module&, const Function& f, const PipelineOptions& options) {
       return Result<Function>(options.strict ? f : opt::order_contractions(f));
     }},
};

std::vector<Pass> joined() {
  std::vector<Pass> out(std::begin(kIrPasses), std::end(kIrPasses));
  out.push_back({"build", "materialisation and loop fusion: which values have memory, in which loops they are made",
                 Stage::plan, true});
  for (const plan::Pass& p : plan::passes()) out.push_back({p.name, p.why, Stage::plan, p.needed});
  return out;
}

}  // namespace

std::span<const Pass> all() {
  static const std::vector<Pass> passes = joined();
  return passes;
}

const Pass* find(std::string_view name) {
  const auto at = std::ranges::find(all(), name, &Pass::name);
  return at == all().end() ? nullptr : &*at;
}

std::vector<std::string> names(bool (*chosen)(const Pass&)) {
  std::vector<std::string> out;
  for (const Pass& p : all()) {
    if (chosen(p)) out.emplace_back(p.name);
  }
  return out;
}

std::string listing() {
  std::string out;
  for (const Pass& p : all())
    out += fmt::format("{:<4}  {:<12} {}{}\n", p.stage == Stage::ir ? "IR" : "plan", p.name, p.why,
                       p.needed ? "" : " (--skip)");
  return out;
}

}  // namespace rg::pass
