// Arithmetic on the oracle's numbers. Every operation is an op of the table: on reals its `eval`, rounded to f32 where
// the element type is f32; on duals by the chain rule with its `partials`, which are evaluated with the same
// arithmetic, a level lower. So the derivative of every order follows from the two texts in the op's struct.
#pragma once

#include <array>
#include <string_view>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/ops/sum_tree.h"
#include "compiler/oracle/number.h"

namespace rg::oracle {

/// The builder B of ops.h over numbers, for elements of one type: what `partials` and `guard` are written against.
template <class R>
class Arithmetic {
 public:
  using Val = Number<R>;
  using Numbers = std::span<const Val>;
  using Function = Val (*)(Arithmetic&, const ir::Attributes&, Numbers);

  explicit Arithmetic(ir::Elem elem) : elem_(elem) {}

  /// The op by its struct, or by its code or name.
  template <class Op>
  Val apply(const typename Op::Attrs& attrs, Numbers x);
  Val apply(ir::Opcode op, const ir::Attributes& attrs, Numbers x) { return table()[op.index](*this, attrs, x); }
  /// The partial derivatives of an op of that class, and `y`, its value.
  template <class Op>
  std::vector<Val> partials(const typename Op::Attrs& attrs, Numbers x, const Val& y);
  /// The terms added up by ops::SumTree. Of reals that is one operation, rounded once.
  Val sum(Numbers terms);
  /// The product in order, not rounded: what it becomes a part of is.
  static Val product(Numbers factors);
  /// GuardedMul: a t where the condition holds, 0 elsewhere, with the derivative a in t everywhere.
  Val guarded_mul(bool holds, const Val& a, const Val& t);
  /// x rounded to the element type, tangents alike.
  Val rounded(const Val& x) {
    return mapped(x, [this](const R& v) { return stored(v); });
  }
  /// The same also in multiprecision, where the program asks for it.
  Val converted(const Val& x) {
    return mapped(x, [this](const R& v) { return elem_ == ir::Elem::f32 ? R(held(static_cast<double>(v))) : v; });
  }
  /// x without its fraction, as a double.
  static double whole(const Val& x) {
    using std::trunc;
    return static_cast<double>(trunc(x.value));
  }

  // The builder's interface.
  ir::Type type(const Val&) const { return {elem_, {}}; }
  Val like(const Val&, double v) { return Val(stored(R(v))); }
  Val zero(const Val&) { return Val::nothing(); }
  Val one(const Val& x) { return like(x, 1); }
  Val add(const Val& a, const Val& b) { return binary<ops::Add>(a, b); }
  Val sub(const Val& a, const Val& b) { return binary<ops::Sub>(a, b); }
  Val mul(const Val& a, const Val& b) { return binary<ops::Mul>(a, b); }
  Val div(const Val& a, const Val& b) { return binary<ops::Div>(a, b); }
  Val neg(const Val& a) { return apply<ops::Neg>({}, std::array{a}); }
  Val select(const Val& condition, const Val& a, const Val& b) { return condition.value != 0 ? a : b; }
  Val convert(const Val& x, ir::Elem) { return x; }
  Val absent(const ir::Type&) { return Val::nothing(); }
  Val compare(std::string_view op, const Val& a, const Val& b) { return call(op, {a, b}); }
  Val logical_and(const Val& a, const Val& b) { return truth(a.value != 0 && b.value != 0); }
  Val logical_or(const Val& a, const Val& b) { return truth(a.value != 0 || b.value != 0); }
  Val logical_not(const Val& a) { return truth(a.value == 0); }
  Val call(std::string_view op, std::initializer_list<Val> x) {
    return apply(*ops::opcode_named(op), {}, Numbers(x.begin(), x.size()));
  }
  template <class Op>
  Val emit_op(const std::vector<Val>& x, const typename Op::Attrs& attrs = {}) {
    return apply<Op>(attrs, x);
  }

 private:
  using Tangent = typename Val::Tangent;

  /// What an element holds of v.
  double held(double v) const { return elem_ == ir::Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v; }
  // Multiprecision keeps all digits: it tells what f32 arithmetic approximates.
  R stored(const R& v) const {
    if constexpr (std::is_same_v<R, double>) return held(v);
    return v;
  }
  template <class F>
  static Val mapped(const Val& x, const F& f);
  static Val truth(bool v) { return Val(R(v ? 1 : 0)); }
  template <class Op>
  Val binary(const Val& a, const Val& b) {
    return apply<Op>({}, std::array{a, b});
  }
  template <class Op>
  Val chain(const typename Op::Attrs& attrs, Numbers x, int level);
  static const std::vector<Function>& table();
  template <class... Ops>
  static std::vector<Function> table_of(ops::OpList<Ops...>);
  template <class Op>
  static Function function();

  ir::Elem elem_;
};

/// Whether an op is a function of numbers of one floating type, or a test of them.
template <class Op>
constexpr bool of_numbers() {
  if constexpr (Op::elementwise) {
    return Op::rule == ops::ElemRule::floating || Op::rule == ops::ElemRule::number ||
           Op::rule == ops::ElemRule::compare || Op::rule == ops::ElemRule::test;
  }
  return false;
}

template <class R>
template <class Op>
auto Arithmetic<R>::apply(const typename Op::Attrs& attrs, Numbers x) -> Val {
  if constexpr (Op::derivative == ops::Derivative::by_partials) {
    if (const int level = greatest_level(x); level > 0) return chain<Op>(attrs, x, level);
  }
  const auto value = [&](std::size_t k) -> const R& { return x[k].value; };
  if constexpr (Op::rule == ops::ElemRule::compare || Op::rule == ops::ElemRule::test)
    return truth(ops::eval_element<Op, Op::operands>(attrs, value));
  else
    return Val(stored(ops::eval_element<Op, Op::operands>(attrs, value)));
}

template <class R>
template <class Op>
auto Arithmetic<R>::partials(const typename Op::Attrs& attrs, Numbers x, const Val& y) -> std::vector<Val> {
  const auto list = [&]<std::size_t... K>(std::index_sequence<K...>) {
    if constexpr (requires { Op::partials(*this, attrs, x[K]..., y); })
      return Op::partials(*this, attrs, x[K]..., y);
    else
      return Op::partials(*this, x[K]..., y);
  }(std::make_index_sequence<static_cast<std::size_t>(Op::operands)>{});
  return {list.begin(), list.end()};
}

// y_tan = Σ_k dy/dx_k x_k_tan over the operands that have a tangent and, where the op has a guard, that it lets pass.
template <class R>
template <class Op>
auto Arithmetic<R>::chain(const typename Op::Attrs& attrs, Numbers x, int level) -> Val {
  std::vector<Val> primals;
  for (const Val& v : x) primals.push_back(v.primal(level));
  const Val y = apply<Op>(attrs, primals);
  const std::vector<Val> by = partials<Op>(attrs, primals, y);
  std::vector<Tangent> terms;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (x[k].tangents(level).empty() || by[k].is_nothing()) continue;
    if constexpr (requires(ops::Site<Arithmetic, typename Op::Attrs>& s) { Op::guard(s, 0); }) {
      ops::Site<Arithmetic, typename Op::Attrs> site{*this, attrs, primals, std::span(&y, 1)};
      if (Op::guard(site, static_cast<int>(k)).value == 0) continue;
    }
    for (const Tangent& t : x[k].tangents(level)) {
      if constexpr (requires { Op::scaled(*this, 0, y, y, y, y); })
        terms.push_back({t.direction, Op::scaled(*this, static_cast<int>(k), t.value, primals[0], primals[1], y)});
      else
        terms.push_back({t.direction, mul(by[k], t.value)});
    }
  }
  std::ranges::stable_sort(terms, {}, &Tangent::direction);
  std::vector<Tangent> tangents;
  for (const Tangent& t : terms) {
    if (!tangents.empty() && tangents.back().direction == t.direction)
      tangents.back().value = add(tangents.back().value, t.value);
    else
      tangents.push_back(t);
  }
  return Val(level, y, std::move(tangents));
}

template <class R>
auto Arithmetic<R>::sum(Numbers terms) -> Val {
  const int level = greatest_level(terms);
  if (level == 0) {
    ops::SumTree<R> total;
    for (const Val& t : terms) total.add(t.value);
    return Val(stored(total.total()));
  }
  std::vector<Val> primals, same;
  std::vector<Tangent> all, tangents;
  for (const Val& t : terms) {
    primals.push_back(t.primal(level));
    const auto own = t.tangents(level);
    all.insert(all.end(), own.begin(), own.end());
  }
  std::ranges::stable_sort(all, {}, &Tangent::direction);
  for (std::size_t i = 0; i < all.size(); ++i) {
    same.push_back(all[i].value);
    if (i + 1 < all.size() && all[i + 1].direction == all[i].direction) continue;
    tangents.push_back({all[i].direction, sum(same)});
    same.clear();
  }
  return Val(level, sum(primals), std::move(tangents));
}

template <class R>
auto Arithmetic<R>::product(Numbers factors) -> Val {
  Arithmetic wide(ir::Elem::f64);
  Val result = factors.empty() ? Val(R(1)) : factors[0];
  for (std::size_t k = 1; k < factors.size(); ++k) result = wide.mul(result, factors[k]);
  return result;
}

template <class R>
auto Arithmetic<R>::guarded_mul(bool holds, const Val& a, const Val& t) -> Val {
  if (holds) return mul(a, t);
  const int level = std::max(a.level(), t.level());
  if (level == 0) return Val();
  std::vector<Tangent> tangents;
  for (const Tangent& d : t.tangents(level)) tangents.push_back({d.direction, mul(a.primal(level), d.value)});
  return Val(level, guarded_mul(holds, a.primal(level), t.primal(level)), std::move(tangents));
}

template <class R>
template <class F>
auto Arithmetic<R>::mapped(const Val& x, const F& f) -> Val {
  if (x.level() == 0) return Val(f(x.value));
  std::vector<Tangent> tangents;
  for (const Tangent& t : x.dual->tangents) tangents.push_back({t.direction, mapped(t.value, f)});
  return Val(x.level(), mapped(x.dual->primal, f), std::move(tangents));
}

template <class R>
auto Arithmetic<R>::table() -> const std::vector<Function>& {
  static const std::vector<Function> functions = table_of(ops::AllOps{});
  return functions;
}

template <class R>
template <class... Ops>
auto Arithmetic<R>::table_of(ops::OpList<Ops...>) -> std::vector<Function> {
  return {function<Ops>()...};
}

template <class R>
template <class Op>
auto Arithmetic<R>::function() -> Function {
  if constexpr (of_numbers<Op>())
    return [](Arithmetic& a, const ir::Attributes& attrs, Numbers x) {
      return a.template apply<Op>(attrs.as<typename Op::Attrs>(), x);
    };
  else
    return nullptr;
}

}  // namespace rg::oracle
