// Properties of every elementwise op, generated from the registry: the derivative in both modes against extrapolated
// differences, the second derivative, compiled code against the reference evaluation, shapes, special points.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <random>

#include "compiler/ad/expand.h"
#include "compiler/ir/interp.h"
#include "compiler/jit/session.h"
#include "compiler/ops/all.h"
#include "compiler/opt/pipeline.h"
#include "compiler/plan/plan.h"

namespace {

using namespace rg;
using namespace rg::ir;

bool is_function(const ops::OpInfo& row) {
  return row.elementwise && (row.rule == ops::ElemRule::floating || row.rule == ops::ElemRule::number);
}

Attrs attrs_of(const ops::OpInfo& row) {
  if (row.name == "powi") return Attrs{.integers = {5}};
  if (row.name == "polygamma") return Attrs{.integers = {2}};
  return {};
}

Function op_function(const ops::OpInfo& row, Elem elem, std::vector<Dim> dims) {
  Function f;
  f.name = "f";
  Builder b(f);
  for (int k = 0; k < row.operands; ++k) b.add_param({elem, dims});
  const std::vector<ValueId> params = f.block(f.body).params;
  b.set_yields({b.emit1(row.code, params, attrs_of(row))});
  return f;
}

/// name = the derivative of the scalar function `of` in parameter k.
Function derivative(const Function& of, std::string name, std::string mode, std::int64_t k) {
  Function f;
  f.name = std::move(name);
  Builder b(f);
  for (const Type& t : of.param_types()) b.add_param(t);
  std::vector<ValueId> operands = f.block(f.body).params;
  operands.push_back(b.constant(Elem::f64, 1));
  const Type scalar{Elem::f64, {}};
  const auto r = b.emit_typed(ops::opcode<ops::Derive>(), operands,
                              Attrs{.axes = {k}, .text = std::move(mode), .callee = of.name}, {}, {scalar, scalar});
  b.set_yields({r[1]});
  return f;
}

double run(const Module& m, const Function& f, const std::vector<double>& x) {
  std::vector<Tensor> args;
  for (const double v : x) args.push_back(Tensor::scalar(Elem::f64, v));
  const auto r = interpret(m, f, {}, args);
  REQUIRE(r);
  return (*r)[0].reals[0];
}

/// Richardson's extrapolation of central differences: error of order h^6.
double difference(const std::function<double(double)>& f, double x, double h) {
  const auto d = [&](double s) { return (f(x + s) - f(x - s)) / (2 * s); };
  const double a = d(h), b = d(h / 2), c = d(h / 4);
  const double ab = (4 * b - a) / 3, bc = (4 * c - b) / 3;
  return (16 * bc - ab) / 15;
}

std::vector<double> draw(const ops::OpInfo& row, std::mt19937& random) {
  std::vector<double> x;
  for (int k = 0; k < row.operands; ++k) {
    const bool own = k == 1 && row.samples.low2 != row.samples.high2;
    x.push_back(std::uniform_real_distribution<double>(own ? row.samples.low2 : row.samples.low,
                                                       own ? row.samples.high2 : row.samples.high)(random));
  }
  return x;
}

bool close(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

/// Distance in units in the last place; 0 for two NaNs and for zeros of either sign.
template <class T, class I>
double ulps(T a, T b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (a == b) return 0;
  if (std::isnan(a) || std::isnan(b) || std::isinf(a) || std::isinf(b)) return std::numeric_limits<double>::infinity();
  const auto order = [](T v) {
    I i;
    std::memcpy(&i, &v, sizeof i);
    return i < 0 ? std::numeric_limits<I>::min() - i : i;
  };
  return std::abs(static_cast<double>(order(a)) - static_cast<double>(order(b)));
}

/// The op on an array by compiled code.
template <class T>
std::vector<T> compiled(jit::Session& session, const ops::OpInfo& row, const std::vector<std::vector<T>>& x) {
  const auto n = static_cast<std::int64_t>(x[0].size());
  const Function f = op_function(row, sizeof(T) == 4 ? Elem::f32 : Elem::f64, {Dim(n)});
  const auto entry = session.add(plan::make_plan(f, {.vector_bytes = jit::host_vector_bytes()}));
  REQUIRE(entry);
  std::vector<T> out(static_cast<std::size_t>(n));
  std::vector<const void*> in;
  for (const auto& v : x) in.push_back(v.data());
  void* results[] = {out.data()};
  REQUIRE(entry->packed(nullptr, in.data(), results, nullptr) == RG_OK);
  return out;
}

}  // namespace

TEST_CASE("derivatives of every elementwise op, in both modes and twice, against differences") {
  std::mt19937 random(1);
  int tested = 0;
  for (const ops::OpInfo& row : ops::all_ops()) {
    if (!is_function(row) || row.name == "stop_gradient") continue;  // its derivative is 0 by its meaning
    CAPTURE(row.name);
    Module m;
    m.functions.push_back(op_function(row, Elem::f64, {}));
    const auto ready = [&](const std::string& name) {
      auto f = opt::prepare(m, name, ad::expand_derive);
      REQUIRE(f);
      return *f;
    };
    for (std::int64_t k = 0; k < row.operands; ++k) {
      const std::string tag = std::to_string(k);
      m.functions.push_back(derivative(m.functions[0], "r" + tag, "vjp", k));
      m.functions.push_back(derivative(m.functions[0], "s" + tag, "jvp", k));
      m.functions.push_back(derivative(*m.find("r" + tag), "rs" + tag, "jvp", k));
      const Function f = ready("f"), r = ready("r" + tag), s = ready("s" + tag), rs = ready("rs" + tag);
      for (int sample = 0; sample < 20; ++sample) {
        std::vector<double> x = draw(row, random);
        const auto along = [&](const Function& g, double v) {
          auto y = x;
          y[static_cast<std::size_t>(k)] = v;
          return run(m, g, y);
        };
        const double at = x[static_cast<std::size_t>(k)], h = 1e-2 * std::min(1.0, std::abs(at) + 0.05);
        // Ops with kinks or jumps are left alone near them.
        const double left = along(r, at - h), right = along(r, at + h), middle = along(r, at);
        const bool jump = std::abs(left - middle) > 0.3 * (1 + std::abs(middle)) ||
                          std::abs(right - middle) > 0.3 * (1 + std::abs(middle));
        const bool stepped =
            std::abs(along(f, at + h) - along(f, at - h) - 2 * h * middle) > 0.3 * (std::abs(middle) + 0.1);
        CAPTURE(at);
        CHECK(close(middle, along(s, at), 1e-13));
        if (jump || stepped) continue;
        CHECK(close(middle, difference([&](double v) { return along(f, v); }, at, h), 1e-7));
        CHECK(close(along(rs, at), difference([&](double v) { return along(r, v); }, at, h), 1e-6));
        ++tested;
      }
    }
  }
  CHECK(tested > 500);
}

TEST_CASE("compiled ops agree with their reference evaluation, special points and odd lengths included") {
  auto session = jit::Session::create();
  REQUIRE(session);
  std::mt19937 random(2);
  for (const ops::OpInfo& row : ops::all_ops()) {
    if (!is_function(row)) continue;
    CAPTURE(row.name);
    for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{200}}) {
      std::vector<std::vector<double>> x(static_cast<std::size_t>(row.operands));
      for (std::size_t i = 0; i < n; ++i) {
        auto v = draw(row, random);
        if (n == 200 && i < 64) {
          for (std::size_t k = 0; k < v.size(); ++k) v[k] = row.samples.special[k == 0 ? i % 8 : i / 8];
        }
        for (std::size_t k = 0; k < v.size(); ++k) x[k].push_back(v[k]);
      }
      Module m;
      m.functions.push_back(op_function(row, Elem::f64, {Dim(static_cast<std::int64_t>(n))}));
      std::vector<Tensor> args;
      for (const auto& v : x) {
        Tensor t(Elem::f64, {static_cast<std::int64_t>(n)});
        t.reals = v;
        args.push_back(t);
      }
      const auto expected = interpret(m, m.functions[0], {}, args);
      REQUIRE(expected);
      const auto got = compiled<double>(**session, row, x);
      for (std::size_t i = 0; i < n; ++i) {
        CAPTURE(x[0][i]);
        CAPTURE(row.operands > 1 ? x[1][i] : 0);
        CAPTURE(got[i]);
        CAPTURE((*expected)[0].reals[i]);
        CHECK(ulps<double, std::int64_t>(got[i], (*expected)[0].reals[i]) <= row.samples.ulp);
      }
      std::vector<std::vector<float>> narrow;
      for (const auto& v : x) narrow.emplace_back(v.begin(), v.end());
      for (std::size_t k = 0; k < narrow.size(); ++k) args[k].reals.assign(narrow[k].begin(), narrow[k].end());
      const auto wide = interpret(m, m.functions[0], {}, args);
      const auto got32 = compiled<float>(**session, row, narrow);
      for (std::size_t i = 0; i < n; ++i) {
        CAPTURE(narrow[0][i]);
        CAPTURE(got32[i]);
        CAPTURE((*wide)[0].reals[i]);
        CHECK(ulps<float, std::int32_t>(got32[i], static_cast<float>((*wide)[0].reals[i])) <=
              std::max(1.0, row.samples.ulp));
      }
    }
  }
}

TEST_CASE("sines of large f32 arguments and small sigmoids keep their accuracy") {
  auto session = jit::Session::create();
  REQUIRE(session);
  std::vector<float> x;
  for (int i = -4000; i <= 4000; ++i) x.push_back(0.1234567F * static_cast<float>(i));
  x.push_back(365.9955F);
  const auto sines = compiled<float>(**session, ops::info(ops::opcode<ops::Sin>()), {x});
  const auto cosines = compiled<float>(**session, ops::info(ops::opcode<ops::Cos>()), {x});
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto v = static_cast<double>(x[i]);
    CAPTURE(v);
    CHECK(ulps<float, std::int32_t>(sines[i], static_cast<float>(std::sin(v))) <= 3);
    CHECK(ulps<float, std::int32_t>(cosines[i], static_cast<float>(std::cos(v))) <= 3);
  }
  const auto small = compiled<double>(**session, ops::info(ops::opcode<ops::Sigmoid>()), {{-700, -720, -740, -1000}});
  CHECK(small[0] == doctest::Approx(std::exp(-700)).epsilon(1e-13));
  CHECK(small[1] > 0);
  CHECK(small[2] > 0);
  CHECK(small[3] == 0);
}
