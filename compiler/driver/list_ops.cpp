// `--list-ops`: what the table of operations says of each.
#include <fmt/format.h>

#include "compiler/code/registry.h"
#include "compiler/driver/commands.h"

namespace rg::driver {

namespace {

std::string_view shown(ops::Derivative d) {
  switch (d) {
    case ops::Derivative::by_partials:
      return "by its partial derivatives";
    case ops::Derivative::linear:
      return "linear, by its transpose";
    case ops::Derivative::multilinear:
      return "linear in each operand, by its transposes";
    case ops::Derivative::by_expansion:
      return "by expansion into other operations";
    case ops::Derivative::custom:
      return "by a rule for each mode";
    case ops::Derivative::control:
      return "by differentiation itself";
    case ops::Derivative::not_differentiable:
      break;
  }
  return "none";
}

std::string attributes(const ops::OpInfo& op) {
  std::string out;
  for (const std::string_view name : op.attrs->names) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", name);
  return out;
}

}  // namespace

std::string list_ops() {
  std::string out;
  for (const ops::OpInfo& op : ops::all_ops()) {
    out += fmt::format("`{}`  \n{}\n", op.name, op.doc);
    if (!op.attrs->names.empty()) out += fmt::format("Attributes: {}.\n", attributes(op));
    const std::string why = op.reason.empty() ? "" : fmt::format(", since {}", op.reason);
    out += fmt::format("Derivative: {}{}.\n\n", shown(op.derivative), why);
  }
  out.pop_back();
  return out;
}

}  // namespace rg::driver
