#include "compiler/plan/cost.h"

#include <fmt/format.h>

namespace rg::plan {

std::string cost_listing() {
  std::string out;
  for (const Cost& c : kCosts) out += fmt::format("{:<24} {:>7} {:<16} {}\n", c.name, c.value, c.unit, c.why);
  return out;
}

}  // namespace rg::plan
