#include "compiler/plan/plan.h"

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

std::vector<std::string> result_names(const Plan& plan) {
  const std::vector<std::string> paths = plan.function.signature.result_names("_");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    const bool named = i < paths.size() && !paths[i].empty();
    names.push_back(plan.outputs.size() == 1 ? "out" : "out_" + (named ? paths[i] : std::to_string(i)));
  }
  return names;
}

}  // namespace rg::plan
