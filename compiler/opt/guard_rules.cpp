// Equations of what derivatives are guarded by, once it is known.
#include "compiler/opt/left_sides.h"

namespace rg::opt {

namespace {

using namespace ir;

// guarded_mul(true, a, t) = a t.
std::optional<ValueId> guarded_product(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  const auto holds = b.splat(x[0]);
  if (!holds || *holds == 0) return std::nullopt;
  return b.mul(x[1], x[2]);
}

// select(c, true, false) = c.
std::optional<ValueId> select_of_truths(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  if (b.type(x[1]).elem != Elem::boolean) return std::nullopt;
  const auto yes = b.splat(x[1]), no = b.splat(x[2]);
  if (!yes || !no || *yes == *no) return std::nullopt;
  return *yes != 0 ? x[0] : b.logical_not(x[0]);
}

// c != d of floating constants.
std::optional<ValueId> unequal_constants(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  if (!is_float(b.type(x[0]).elem)) return std::nullopt;
  const auto c = b.splat(x[0]), d = b.splat(x[1]);
  if (!c || !d) return std::nullopt;
  return b.boolean(*c != *d, b.dims(x[0]));
}

const Rule kGuard[] = {
    of<ops::Select, select_of_truths>("select(c, true, false) = c", exact, {[](B& b, E e) {
                                        const V c = test(b, vector(b, e));
                                        const V chosen =
                                            raw<ops::Select>(b, {c, b.boolean(true, {kN}), b.boolean(false, {kN})});
                                        return raw<ops::Convert>(b, {chosen}, {.elem = e});
                                      }}),
    of<ops::GuardedMul, guarded_product>("under a condition that is known", exact, {[](B& b, E e) {
                                           const V x = vector(b, e), y = vector(b, e);
                                           return raw<ops::GuardedMul>(b, {b.boolean(true, {kN}), x, y});
                                         }}),
    of<ops::Ne, unequal_constants>("of constants", exact, {[](B& b, E e) {
                                     return raw<ops::Convert>(b, {raw<ops::Ne>(b, {splat(b, e, 1), splat(b, e, 0)})},
                                                              {.elem = e});
                                   }}),
};

}  // namespace

std::span<const Rule> guard_rules() { return kGuard; }

}  // namespace rg::opt
