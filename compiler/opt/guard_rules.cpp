#include "compiler/opt/guard_rules.h"

namespace rg::opt {

using namespace ir;

std::optional<ValueId> guarded_product(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  const auto holds = b.splat(x[0]);
  if (!holds || *holds == 0) return std::nullopt;
  return b.mul(x[1], x[2]);
}

std::optional<ValueId> select_of_truths(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  if (b.type(x[1]).elem != Elem::boolean) return std::nullopt;
  const auto yes = b.splat(x[1]), no = b.splat(x[2]);
  if (!yes || !no || *yes == *no) return std::nullopt;
  return *yes != 0 ? x[0] : b.logical_not(x[0]);
}

std::optional<ValueId> unequal_constants(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const auto c = b.splat(x[0]), d = b.splat(x[1]);
  if (!c || !d) return std::nullopt;
  return b.boolean(*c != *d, b.dims(x[0]));
}

}  // namespace rg::opt
