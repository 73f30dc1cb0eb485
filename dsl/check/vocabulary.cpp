#include "dsl/check/vocabulary.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "dsl/check/builtins.h"
#include "dsl/lex/token.h"

namespace rg::dsl {

namespace {

struct NamedConstant {
  std::string_view name;
  double value;
};
constexpr NamedConstant kConstants[] = {
    {"pi", std::numbers::pi},
    {"inf", std::numeric_limits<double>::infinity()},
    {"nan", std::numeric_limits<double>::quiet_NaN()},
};

constexpr std::string_view kFunctionOperators[] = {"grad", "value_and_grad", "jvp",      "value_and_jvp",
                                                   "vjp",  "value_and_vjp",  "jacobian", "hessian",
                                                   "hvp",  "value_and_hvp",  "vmap",     "checkpoint"};

/// Types that are no element types.
constexpr std::string_view kOtherTypes[] = {"size", "float"};

void append(std::vector<std::string>& to, std::span<const std::string_view> names) {
  to.insert(to.end(), names.begin(), names.end());
}

}  // namespace

std::optional<double> constant_named(std::string_view name) {
  const auto* at = std::ranges::find(kConstants, name, &NamedConstant::name);
  return at == std::end(kConstants) ? std::nullopt : std::optional(at->value);
}

std::span<const std::string_view> function_operators() { return kFunctionOperators; }

std::vector<std::string> type_names() {
  std::vector<std::string> out;
  append(out, ir::names_of(ir::Elem{}));
  append(out, kOtherTypes);
  return out;
}

std::vector<std::string> value_names() {
  std::vector<std::string> out;
  append(out, kFunctionOperators);
  for (const NamedConstant& c : kConstants) out.emplace_back(c.name);
  append(out, ir::names_of(ir::Elem{}));
  const std::vector<std::string> operations = builtin_names();
  out.insert(out.end(), operations.begin(), operations.end());
  return out;
}

bool is_taken(const std::string& name) {
  const auto among = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
  return (find_builtin(name) != nullptr && !may_be_hidden(name)) || among(function_operators()) || among(type_names());
}

std::vector<std::string> all_names() {
  std::vector<std::string> out = value_names();
  append(out, keywords);
  append(out, kOtherTypes);
  return out;
}

}  // namespace rg::dsl
