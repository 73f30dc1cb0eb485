// The vector maths of compiled code on dense grids against long double: the errors stay within the bounds that
// vecmath.h states, in f64 and f32.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

namespace {

struct Interval {
  double low, high;
};

struct Function {
  std::string_view op;
  long double (*reference)(long double);
  double bound;  // in units in the last place, as vecmath.h says
  std::vector<Interval> wide, narrow;
};

long double sigmoid(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
long double softplus(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }

const Function kFunctions[] = {
    {"exp", expl, 1, {{-745, 709}, {-1, 1}}, {{-103, 88.7}, {-1, 1}}},
    {"expm1", expm1l, 2, {{-60, 709}, {-2, 2}, {-1e-3, 1e-3}}, {{-25, 88.7}, {-2, 2}, {-1e-3, 1e-3}}},
    {"log",
     logl,
     1,
     {{0x1p-1074, 0x1p-1060}, {1e-3, 4}, {0.9, 1.1}, {1, 1e300}},
     {{0x1p-149, 0x1p-140}, {1e-3, 4}, {0.9, 1.1}, {1, 1e38}}},
    {"log1p", log1pl, 2, {{-0.999, 3}, {-1e-3, 1e-3}, {1, 1e10}}, {{-0.999, 3}, {-1e-3, 1e-3}, {1, 1e10}}},
    {"tanh", tanhl, 3, {{-25, 25}, {-1, 1}, {-1e-3, 1e-3}}, {{-12, 12}, {-1, 1}, {-1e-3, 1e-3}}},
    {"sigmoid", sigmoid, 3, {{-708, 60}, {-3, 3}}, {{-87, 30}, {-3, 3}}},
    {"softplus", softplus, 3, {{-708, 800}, {-3, 3}}, {{-87, 100}, {-3, 3}}},
    {"sin",
     sinl,
     3,
     {{-10, 10}, {-1e-3, 1e-3}, {-1e5, 1e5}, {1e5, 1e15}},
     {{-10, 10}, {-1e-3, 1e-3}, {-500, 500}, {500, 1e6}}},
    {"cos", cosl, 3, {{-10, 10}, {-1e5, 1e5}, {1e5, 1e15}}, {{-10, 10}, {-500, 500}, {500, 1e6}}},
};

/// The unit in the last place of the type at v; that of the least normal number below it.
long double unit(Elem elem, long double v) {
  const int digits = elem == Elem::f32 ? 24 : 53, least = elem == Elem::f32 ? -149 : -1074;
  int exponent;
  frexpl(v, &exponent);
  return ldexpl(1, std::max(exponent - digits, least));
}

struct Worst {
  double error = 0, at = 0;
};

/// The greatest error over `count` points that fill the interval, by the code of the op at an odd length.
Worst worst(const Function& f, Elem elem, const Interval& interval, std::int64_t count) {
  ir::Module m;
  ir::Function one;
  one.name = "f";
  one.size_names = {"n"};
  ir::Builder b(one);
  const ir::ValueId x = b.add_param({elem, {ir::Dim::size(0)}});
  b.set_yields({b.call(f.op, {x})});
  m.functions.push_back(std::move(one));
  const Compiled code(session(), prepared(m, "f"));
  ir::Tensor points(elem, {count});
  for (std::int64_t i = 0; i < count; ++i) {
    const double v =
        interval.low + (interval.high - interval.low) * (static_cast<double>(i) / static_cast<double>(count - 1));
    points.reals[static_cast<std::size_t>(i)] = elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
  }
  Tensors got;
  REQUIRE(code({{count}}, {points}, got) == RG_OK);
  Worst out;
  for (std::size_t i = 0; i < points.reals.size(); ++i) {
    const long double want = f.reference(points.reals[i]);
    const auto error = static_cast<double>(fabsl(got[0].reals[i] - want) / unit(elem, want));
    if (!(error <= out.error)) out = {error, points.reals[i]};
  }
  return out;
}

}  // namespace

TEST_CASE("vector maths stays within its stated bounds") {
  for (const Function& f : kFunctions) {
    for (const Elem elem : {Elem::f64, Elem::f32}) {
      for (const Interval& interval : elem == Elem::f64 ? f.wide : f.narrow) {
        const Worst w = worst(f, elem, interval, 100'003);
        CAPTURE(f.op);
        CAPTURE(ir::name(elem));
        CAPTURE(interval.low);
        CAPTURE(interval.high);
        CAPTURE(w.at);
        CHECK(w.error <= f.bound);
      }
    }
  }
}

TEST_CASE("small sigmoids vanish no earlier than e^x does") {
  const auto at = std::ranges::find(kFunctions, "sigmoid", &Function::op);
  REQUIRE(at != std::end(kFunctions));
  CHECK(worst(*at, Elem::f64, {-745, -700}, 1001).error <= at->bound);
  CHECK(worst(*at, Elem::f32, {-103, -80}, 1001).error <= at->bound);
}
