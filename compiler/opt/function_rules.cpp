// Equations between functions of one variable, whose right sides are defined and accurate where a part of the left one
// is not.
#include <algorithm>

#include "compiler/opt/left_sides.h"
#include "compiler/opt/match.h"

namespace rg::opt {

namespace {

using namespace ir;

// How far into an expression its sign is looked for.
constexpr int kMaxDepth = 8;

// Whether v is at least 0, or NaN, for every value of what it is computed from.
bool not_negative(Builder& b, ValueId v, int depth = 0) {
  if (const auto s = b.splat(v)) return *s >= 0;
  const Instr* def = b.function().definition(v);
  if (def == nullptr || depth == kMaxDepth) return false;
  const auto& o = def->operands;
  const auto all = [&] { return std::ranges::all_of(o, [&](ValueId x) { return not_negative(b, x, depth + 1); }); };
  const auto is = [&]<class... Op>(ops::OpList<Op...>) { return ((def->op == ops::opcode<Op>()) || ...); };
  if (is(ops::OpList<ops::Square, ops::Abs, ops::Exp, ops::Size>{})) return true;
  if (is(ops::OpList<ops::Mul>{})) return o[0] == o[1] || all();
  if (is(ops::OpList<ops::Contract>{})) {
    const auto& labels = ops::attrs_of<ops::Contract>(*def).labels;
    return (o.size() == 2 && o[0] == o[1] && labels[0] == labels[1]) || all();
  }
  using Kept =
      ops::OpList<ops::Add, ops::Div, ops::Convert, ops::ReduceSum, ops::Broadcast, ops::Reshape, ops::Transpose>;
  return is(Kept{}) && all();
}

// s where v = sqrt(s), or v = where(s > 0, sqrt(s), s).
std::optional<ValueId> under_root(Builder& b, ValueId v) {
  if (const Instr* root = defined_by<ops::Sqrt>(b, v)) return root->operands[0];
  const Instr* choice = defined_by<ops::Select>(b, v);
  if (choice == nullptr) return std::nullopt;
  const ValueId s = choice->operands[2];
  const Instr *test = defined_by<ops::Gt>(b, choice->operands[0]),
              *root = defined_by<ops::Sqrt>(b, choice->operands[1]);
  const bool fits = test != nullptr && root != nullptr && root->operands[0] == s && test->operands[0] == s &&
                    b.splat(test->operands[1]) == 0.0;
  if (!fits) return std::nullopt;
  return s;
}

// r r = s for r = sqrt(s) and for r = where(s > 0, sqrt(s), s), where s is not negative by what it is made of. So the
// square of a norm has derivatives at 0, where the norm has none.
std::optional<ValueId> square_of_root(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  if (x[0] != x[1]) return std::nullopt;
  const auto s = under_root(b, x[0]);
  if (!s || !not_negative(b, *s)) return std::nullopt;
  return s;
}

// log erfc x = log_erfc x, also where erfc x vanishes.
std::optional<ValueId> log_of_erfc(Builder& b, const std::vector<ValueId>& x, const ops::NoAttrs&) {
  const Instr* erfc = defined_by<ops::Erfc>(b, x[0]);
  if (erfc == nullptr) return std::nullopt;
  return b.op<ops::LogErfc>(erfc->operands[0]);
}

const Rule kFunction[] = {
    of<ops::Mul, square_of_root>("r r = s where r is the root of a sum of squares s", regrouping, {[](B& b, E e) {
                                   const V x = vector(b, e), r = raw<ops::Sqrt>(b, {raw<ops::Mul>(b, {x, x})});
                                   return raw<ops::Mul>(b, {r, r});
                                 }}),
    of<ops::Log, log_of_erfc>("log erfc x = log_erfc x", regrouping,
                              {[](B& b, E e) { return raw<ops::Log>(b, {raw<ops::Erfc>(b, {vector(b, e)})}); }}),
};

}  // namespace

std::span<const Rule> function_rules() { return kFunction; }

}  // namespace rg::opt
