// Every equation of the table, both sides in the interpreter, on numbers from all of a type's range.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>

#include "compiler/ops/all.h"
#include "compiler/opt/simplify.h"
#include "compiler/oracle/oracle.h"

using namespace rg;
using ir::Elem;
using opt::RuleClass;

namespace {

using Tensors = std::vector<ir::Tensor>;
using Sizes = std::vector<std::int64_t>;

struct Range {
  double epsilon, least, most;  // least: the smallest normal number
  double subnormal() const { return least * epsilon; }
};
Range range(Elem e) {
  using F = std::numeric_limits<float>;
  using D = std::numeric_limits<double>;
  return e == Elem::f32 ? Range{F::epsilon(), F::min(), F::max()} : Range{D::epsilon(), D::min(), D::max()};
}

enum class Numbers { ordinary, huge, tiny, subnormal, zeros, special, mixed };
constexpr Numbers kAllNumbers[] = {Numbers::ordinary, Numbers::huge,    Numbers::tiny, Numbers::subnormal,
                                   Numbers::zeros,    Numbers::special, Numbers::mixed};

double drawn(std::mt19937& random, Numbers numbers, Elem elem) {
  const Range r = range(elem);
  const auto u = [&] { return std::uniform_real_distribution(0.0, 1.0)(random); };
  const double sign = random() % 2 == 0 ? 1 : -1;
  constexpr double inf = std::numeric_limits<double>::infinity();
  switch (numbers) {
    case Numbers::ordinary:
      return sign * 4 * u();
    case Numbers::huge:
      return sign * (random() % 4 == 0 ? r.most : r.most * u());
    case Numbers::tiny:
      return sign * r.least * (random() % 4 == 0 ? 1 : 8 * u());
    case Numbers::subnormal:
      return sign * r.subnormal() * std::ceil(random() % 2 == 0 ? 4 * u() : u() / r.epsilon);
    case Numbers::zeros:
      return random() % 2 == 0 ? sign * 0.0 : sign;
    case Numbers::special:
      return std::array{inf, -inf, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0, 1.0}[random() % 6];
    case Numbers::mixed:
      return drawn(random, kAllNumbers[random() % 6], elem);
  }
  return 0;
}

/// One left side, and what the rule makes of it.
struct Equation {
  const opt::Rule& rule;
  Elem elem;
  ir::Module module;
  ir::Function left, right;
  bool absent = false;  // has zeros of absent derivatives, which are no numbers to multiply

  Equation(const opt::Rule& r, opt::LeftSide side, Elem e) : rule(r), elem(e) {
    left.name = "left";
    left.size_names = {"n", "m"};
    ir::Builder b(left);
    b.set_yields({side(b, e)});
    right = opt::simplify(left, {&rule, 1});
    for (const ir::Instr& i : left.instrs)
      absent = absent || (i.op == ops::opcode<ops::Constant>() && ops::attrs_of<ops::Constant>(i).absent);
  }
  Tensors arguments(std::mt19937& random, Numbers numbers, const Sizes& sizes) const {
    Tensors out;
    for (const ir::Type& t : left.param_types()) {
      std::vector<std::int64_t> shape;
      for (const ir::Dim& d : t.dims) shape.push_back(*d.evaluate(sizes));
      ir::Tensor x(t.elem, shape);
      for (double& v : x.reals) {
        v = drawn(random, numbers, t.elem);
        if (t.elem == Elem::f32) v = static_cast<float>(v);
      }
      out.push_back(std::move(x));
    }
    return out;
  }
  /// Nothing where the function fails: it takes the maximum of nothing.
  std::optional<std::vector<double>> value(const ir::Function& f, const Sizes& sizes, const Tensors& x) const {
    const auto y = oracle::interpret(module, f, sizes, x);
    if (!y) return std::nullopt;
    std::vector<double> out = (*y)[0].reals;
    if (elem == Elem::f32) {
      for (double& v : out) v = static_cast<float>(v);
    }
    return out;
  }
};

/// |x| + more
Tensors magnitudes(Tensors x, double more = 0) {
  for (ir::Tensor& t : x) {
    for (double& v : t.reals) v = std::fabs(v) + more;
  }
  return x;
}

bool all_finite(const Tensors& x) {
  return std::ranges::all_of(
      x, [](const ir::Tensor& t) { return std::ranges::all_of(t.reals, [](double v) { return std::isfinite(v); }); });
}

bool equal_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool normal(double v, Elem e) { return std::isfinite(v) && std::fabs(v) >= range(e).least; }

/// What is wrong with b in the place of a, of finite operands; `most` is a of the operands' magnitudes, `tiny` what a
/// few of the least subnormal numbers in the operands make of it: a part of one is lost where the left side scales it
/// down.
std::string wrong(double a, double b, double most, double tiny, const Equation& e) {
  // A contraction that sums nothing is a product, the zeros of which have signs that a sum from 0 loses.
  if (a == 0 && b == 0 && std::signbit(a) != std::signbit(b) && e.rule.op != "contract" && e.rule.op != "log" &&
      e.rule.kind <= RuleClass::regrouping)
    return "another zero";
  if (!std::isfinite(most)) return "";  // sums that overflow in some order
  if (std::isfinite(a) && !std::isfinite(b)) return "a new infinity or NaN";
  const bool cancels = std::fabs(a) < most / 2;
  if (!cancels && normal(a, e.elem) && !normal(b, e.elem)) return "a new zero or subnormal number";
  // The left side of a logarithm has rounded a number near 1.
  const double scale = e.rule.op == "log" ? std::max(most, 1.0) : most;
  if (std::isfinite(a) && std::fabs(a - b) > 64 * range(e.elem).epsilon * scale + 4 * range(e.elem).subnormal() + tiny)
    return "another value";
  return "";
}

void compare(const Equation& e, const Sizes& sizes, const Tensors& x, Numbers numbers) {
  const bool finite = all_finite(x);
  if (e.absent && !finite) return;
  if (e.rule.kind > RuleClass::regrouping && numbers != Numbers::ordinary) return;
  const auto a = e.value(e.left, sizes, x), b = e.value(e.right, sizes, x);
  if (!a || (!b && sizes[1] == 0)) return;  // the winner of nothing is in no range
  REQUIRE(b);
  REQUIRE(a->size() == b->size());
  const auto most = e.value(e.left, sizes, magnitudes(x));
  const auto above = e.value(e.left, sizes, magnitudes(x, 8 * range(e.elem).subnormal()));
  for (std::size_t i = 0; i < a->size(); ++i) {
    INFO("left side ", (*a)[i], ", right side ", (*b)[i]);
    if (e.rule.kind == RuleClass::exact && !e.absent)
      CHECK(equal_bits((*a)[i], (*b)[i]));
    else if (finite)
      CHECK(wrong((*a)[i], (*b)[i], std::fabs((*most)[i]), std::fabs((*above)[i] - (*most)[i]), e) == "");
  }
}

}  // namespace

TEST_CASE("both sides of every equation agree") {
  std::mt19937 random(5);
  const char* const only = std::getenv("RG_ONLY_OPS");  // names with commas between
  for (const opt::Rule& rule : opt::rules()) {
    if (only != nullptr && ("," + std::string(only) + ",").find("," + std::string(rule.op) + ",") == std::string::npos)
      continue;
    CAPTURE(rule.op);
    CAPTURE(rule.equation);
    CHECK(!rule.left.empty());
    for (const opt::LeftSide side : rule.left) {
      CAPTURE(&side - rule.left.data());
      for (const Elem elem : {Elem::f32, Elem::f64}) {
        const Equation e(rule, side, elem);
        CHECK(!ir::same(e.left, e.right));
        for (const Sizes& sizes : {Sizes{1, 1}, Sizes{40, 3}, Sizes{3, 17}, Sizes{2, 0}, Sizes{0, 2}}) {
          for (const Numbers numbers : kAllNumbers) {
            CAPTURE(static_cast<int>(numbers));
            for (int round = 0; round < 4; ++round) {
              const Tensors x = e.arguments(random, numbers, sizes);
              compare(e, sizes, x, numbers);
              compare(e, sizes, magnitudes(x), numbers);
            }
          }
        }
      }
    }
  }
}
