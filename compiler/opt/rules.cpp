#include "compiler/opt/rules.h"

namespace rg::opt {

std::string_view name(RuleClass c) {
  constexpr std::string_view names[] = {"exact", "regrouping", "contraction", "fast"};
  return names[static_cast<std::size_t>(c)];
}

std::span<const Rule> rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> out;
    for (const auto& family : {folding_rules(), arithmetic_rules(), function_rules(), choice_rules(), guard_rules(),
                               indexing_rules(), contraction_rules()})
      out.insert(out.end(), family.begin(), family.end());
    return out;
  }();
  return all;
}

}  // namespace rg::opt
