#include "compiler/plan/plan.h"

#include "compiler/code/reproducer.h"
#include "compiler/plan/planner.h"

namespace rg::plan {

std::string_view name(Storage storage) {
  constexpr std::string_view names[] = {"in", "out", "workspace", "tile", "scalar", "constant"};
  return names[static_cast<std::size_t>(storage)];
}

Dim Buffer::count() const {
  Dim n = 1;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (kept[d]) n = n * dims[d];
  }
  return n;
}

std::optional<VarId> Plan::as_var(const Dim& dim) const {
  const auto s = dim.as_size();
  if (!s || *s < size_count) return std::nullopt;
  return VarId(*s - size_count);
}

std::vector<std::string> Plan::dim_names() const {
  std::vector<std::string> names = function.size_names;
  for (const Var& v : vars) names.push_back(v.name);
  return names;
}

namespace {

// Known sizes put in everywhere.
void specialise(ir::Function& f, const std::vector<std::optional<std::int64_t>>& known) {
  std::vector<Dim> by;
  for (std::uint32_t i = 0; i < f.size_names.size(); ++i)
    by.push_back(i < known.size() && known[i] ? Dim(*known[i]) : Dim::size(i));
  for (ir::Value& v : f.values) v.type = v.type.substitute(by);
  for (ir::Instr& in : f.instrs) in.attrs = in.attrs.with_dims([&](const Dim& d) { return d.substitute(by); });
}

}  // namespace

std::vector<std::string> result_names(const Plan& plan) {
  const std::vector<std::string> paths = plan.function.signature.result_names("_");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    const bool named = i < paths.size() && !paths[i].empty();
    names.push_back(plan.outputs.size() == 1 ? "out" : "out_" + (named ? paths[i] : std::to_string(i)));
  }
  return names;
}

namespace {

Plan planned(const ir::Function& function, const PlanOptions& options) {
  Plan plan;
  plan.function = function;
  plan.size_count = static_cast<std::uint32_t>(function.size_names.size());
  plan.known_sizes = options.known_sizes;
  specialise(plan.function, options.known_sizes);
  Planner(plan, options).run();
  place_buffers(plan, options);
  if (options.threads) choose_threads(plan);
  place_packing(plan);
  return plan;
}

}  // namespace

Plan make_plan(const ir::Function& function, const PlanOptions& options) {
  return ir::reproducible("plan", function, [&] { return planned(function, options); });
}

}  // namespace rg::plan
