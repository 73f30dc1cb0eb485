#include "compiler/code/reproducer.h"
#include "compiler/plan/build/planner.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::plan {

namespace {

// Known sizes put in everywhere.
void specialise(ir::Function& f, const std::vector<std::optional<std::int64_t>>& known) {
  std::vector<Dim> by;
  for (std::uint32_t i = 0; i < f.size_names.size(); ++i)
    by.push_back(i < known.size() && known[i] ? Dim(*known[i]) : Dim::size(i));
  for (ir::Value& v : f.values) v.type = v.type.substitute(by);
  for (ir::Instr& in : f.instrs) in.attrs = in.attrs.with_dims([&](const Dim& d) { return d.substitute(by); });
}

Plan built(const ir::Function& function, const PlanOptions& options) {
  Plan plan;
  plan.function = function;
  plan.target = options.target;
  plan.size_count = static_cast<std::uint32_t>(function.size_names.size());
  plan.known_sizes = options.known_sizes;
  specialise(plan.function, options.known_sizes);
  Planner(plan, options).run();
  if (options.after) options.after("build", plan);
  return plan;
}

}  // namespace

Plan make_plan(const ir::Function& function, const PlanOptions& options) {
  return ir::reproducible("plan", function, [&] {
    Plan plan = built(function, options);
    run_passes(plan, options);
    return plan;
  });
}

}  // namespace rg::plan
