// Each op's `element` on numbers against its reference evaluation: no node of a plan is made, so that a fault of the
// plan and one of the formula are told apart.
#include <doctest/doctest.h>

#include <bit>

#include "compiler/ops/all.h"
#include "compiler/oracle/oracle.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Dim;
using ir::Elem;

namespace {

struct Number {
  bool known = false;
  double real = 0;
  std::int64_t integer = 0;
  bool valid() const { return known; }
};

std::int64_t floored(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return q * b > a ? q - 1 : q;
}

/// The builder of elements (ops/element.h) whose elements are numbers. A guard is a truth value; what it is false for
/// is never read.
class Numbers {
 public:
  using Val = Number;

  explicit Numbers(const Tensors& operands) : operands_(operands) {}

  Val guard() const { return {}; }
  Val read(std::size_t k, const ops::Index& index, Val where) const {
    const ir::Tensor& x = operands_[k];
    if (never(where)) return {true};
    std::int64_t at = 0;
    for (std::size_t d = 0; d < index.size(); ++d) {
      REQUIRE(index[d].constant() >= 0);
      REQUIRE(index[d].constant() < x.shape[d]);
      at = at * x.shape[d] + index[d].constant();
    }
    const auto i = static_cast<std::size_t>(at);
    return x.is_real() ? Val{true, x.reals[i], 0} : Val{true, 0, x.integers[i]};
  }
  Val constant(Elem elem, double real, std::int64_t integer) const {
    return {true, elem == Elem::f32 ? static_cast<float>(real) : real, integer};
  }
  Val absent(Elem) const { return {true}; }
  Val index(const Dim& e) const { return {true, 0, e.constant()}; }
  Dim dim(Val v) const { return v.integer; }
  Val listed(const std::vector<double>& reals, const std::vector<std::int64_t>& integers, Elem elem, const Dim& i) {
    const auto at = static_cast<std::size_t>(i.constant());
    return constant(elem, reals.empty() ? 0 : reals[at], integers.empty() ? 0 : integers[at]);
  }
  template <class Op>
  Val op(Elem elem, const std::vector<Val>& x) const {
    if constexpr (std::is_same_v<Op, ops::Select>) {
      return x[0].integer != 0 ? x[1] : x[2];
    } else if constexpr (std::is_same_v<Op, ops::Convert>) {
      return {true, static_cast<double>(x[0].integer), x[0].integer};
    } else {
      return applied<Op>(elem, x);
    }
  }
  Val both(Val a, Val b) const {
    if (!a.valid()) return b;
    return b.valid() ? Val{true, 0, a.integer & b.integer} : a;
  }
  Val in_range(const Dim& e, const Dim& extent) const {
    return {true, 0, e.constant() >= 0 && e.constant() < extent.constant() ? 1 : 0};
  }
  Val in_range(std::size_t, const Dim& e, const Dim& extent) const { return in_range(e, extent); }
  bool never(Val c) const { return c.valid() && c.integer == 0; }
  bool always(Val c) const { return c.valid() && c.integer != 0; }
  bool nothing(Val) const { return false; }
  bool same(Val, Val) const { return false; }
  std::pair<Dim, Dim> split(const Dim& e, const Dim& base) const {
    const std::int64_t q = floored(e.constant(), base.constant());
    return {q, e.constant() - q * base.constant()};
  }
  ops::Index reshaped(const ops::Index& index, const std::vector<Dim>& to, const std::vector<Dim>& from) const {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < index.size(); ++d) at = at * to[d].constant() + index[d].constant();
    ops::Index out(from.size());
    for (std::size_t d = from.size(); d-- > 0; at /= from[d].constant()) out[d] = at % from[d].constant();
    return out;
  }
  template <class F>
  void each(const std::vector<Dim>& extents, const F& f) const {
    std::vector<std::int64_t> shape;
    for (const Dim& e : extents) shape.push_back(e.constant());
    ir::for_each_index(shape,
                       [&](std::span<const std::int64_t> at, std::int64_t) { f(ops::Index(at.begin(), at.end())); });
  }
  Val fold(ops::Monoid monoid, Elem elem, Val sum, Val term) const {
    if (!sum.valid()) return term;
    return ops::with_fold(monoid, [&]<class Op>() { return applied<Op>(elem, {sum, term}); });
  }

 private:
  template <class Op>
  static Val applied(Elem elem, const std::vector<Val>& x) {
    if constexpr (Op::rule == ops::ElemRule::boolean) {
      return {true, 0, Op::eval(x[0].integer, x[1].integer) & 1};
    } else if constexpr (Op::rule == ops::ElemRule::compare) {
      return {true, 0, Op::eval(x[0].integer, x[1].integer)};
    } else if (ir::is_float(elem)) {
      return {true, Op::eval(x[0].real, x[1].real), 0};
    } else {
      return {true, 0, ir::wrap(elem, Op::eval(x[0].integer, x[1].integer))};
    }
  }

  const Tensors& operands_;
};

template <class Op>
using SiteOf = ops::ElementSite<Numbers, typename Op::Attrs>;

template <class Op>
constexpr bool has_element = requires(const SiteOf<Op>& s, const ops::Index& i) { Op::element(s, i); };
template <class Op>
constexpr bool folds = std::is_same_v<typename Op::Attrs, ops::ReductionAttrs>;

template <class Op>
Number element(const SiteOf<Op>& s, const ops::Index& index) {
  if constexpr (has_element<Op>)
    return Op::element(s, index);
  else
    return ops::folded_element(s, Op::monoid, index);
}

std::vector<ir::Type> known(const std::vector<ir::Type>& types, std::span<const std::int64_t> sizes) {
  const std::vector<Dim> by(sizes.begin(), sizes.end());
  std::vector<ir::Type> out;
  for (const ir::Type& t : types) out.push_back(t.substitute(by));
  return out;
}

template <class Op>
void check(const Subject& s, Random& random) {
  if constexpr (has_element<Op> || folds<Op>) {
    for (const auto& sizes : s.example.sizes) {
      CAPTURE(s.str());
      const Tensors arguments = draw(s, sizes, random);
      const auto want = oracle::interpret(s.module, s.f(), sizes, arguments);
      REQUIRE(want);
      const auto operands = known(s.f().param_types(), sizes), results = known(s.f().result_types(), sizes);
      const std::vector<Dim> by(sizes.begin(), sizes.end());
      const ir::Attributes attrs = s.example.attrs.with_dims([&](const Dim& d) { return d.substitute(by); });
      Numbers numbers(arguments);
      const SiteOf<Op> site{numbers, attrs.as<typename Op::Attrs>(), operands, results[0]};
      ir::Tensor got((*want)[0].elem, (*want)[0].shape);
      ir::for_each_index(got.shape, [&](std::span<const std::int64_t> at, std::int64_t i) {
        const Number v = element<Op>(site, ops::Index(at.begin(), at.end()));
        REQUIRE(v.valid());
        (got.is_real() ? void(got.reals[static_cast<std::size_t>(i)] = v.real)
                       : void(got.integers[static_cast<std::size_t>(i)] = v.integer));
      });
      CHECK(difference({got}, *want, {.epsilons = s.example.epsilons}) == "");
    }
  }
}

using Check = void (*)(const Subject&, Random&);
template <class... Ops>
std::vector<Check> checks(ops::OpList<Ops...>) {
  return {check<Ops>...};
}

}  // namespace

TEST_CASE("an op's element is what its reference evaluation gives there") {
  const auto by_op = checks(ops::AllOps{});
  Random random(11);
  for_each_subject({Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}, [&](Subject& s) {
    if (!s.example.body && !s.op.elementwise) by_op[s.op.code.index](s, random);
  });
}
