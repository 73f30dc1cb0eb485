// The session: code of plans runs, several threads may compile and run at once, code lives as long as its session.
#include "compiler/jit/session.h"

#include <doctest/doctest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "compiler/code/builder.h"
#include "compiler/plan/pass/pipeline.h"

using namespace rg;
using ir::Dim;
using ir::Elem;

namespace {

/// f(a: f64, x: f64[n]) -> (sum(exp(x) * factor), a * x).
plan::Plan sample(double factor) {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n"};
  ir::Builder b(f);
  const Dim n = Dim::size(0);
  const auto a = b.add_param({Elem::f64}, "a");
  const auto x = b.add_param({Elem::f64, {n}}, "x");
  const auto e = b.mul(b.call("exp", {x}), b.like(x, factor));
  b.set_yields({b.sum(e, {0}), b.mul(b.broadcast(a, {n}, {}), x)});
  return plan::make_plan(f, {.target = jit::host_target()});
}

bool runs(const jit::Entry& entry, double factor) {
  const std::vector<double> x{0.5, -1, 2, 0, 1, 1, 1, 3, -2};
  std::vector<double> y(x.size());
  double sum = 0, expected = 0;
  const auto f =
      reinterpret_cast<int (*)(std::int64_t, double, const double*, double*, double*, rg_context*)>(entry.function);
  const auto n = static_cast<std::int64_t>(x.size());
  if (f(n, 3.0, x.data(), &sum, y.data(), nullptr) != RG_OK) return false;
  for (const double v : x) expected += std::exp(v) * factor;
  if (std::abs(sum - expected) > 1e-13 * expected) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (y[i] != 3.0 * x[i]) return false;
  }
  const double a = -1;
  const void* inputs[] = {&a, x.data()};
  void* outputs[] = {&sum, y.data()};
  return entry.packed(&n, inputs, outputs, nullptr) == RG_OK && y[2] == -2.0 &&
         std::abs(sum - expected) < 1e-12 * expected;
}

}  // namespace

TEST_CASE("a function runs through both entries, at both levels") {
  for (const int level : {0, 2}) {
    auto session = jit::Session::create({.opt_level = level});
    REQUIRE(session);
    const auto entry = (*session)->add(sample(1));
    REQUIRE(entry);
    CHECK(runs(*entry, 1));
  }
}

TEST_CASE("a negative size is refused before anything is read") {
  auto session = jit::Session::create();
  REQUIRE(session);
  const auto entry = (*session)->add(sample(1));
  REQUIRE(entry);
  const std::int64_t n = -1;
  const double a = 1;
  double sum = 0;
  const void* inputs[] = {&a, nullptr};
  void* outputs[] = {&sum, nullptr};
  CHECK(entry->packed(&n, inputs, outputs, nullptr) == RG_INVALID_ARGUMENT);
}

TEST_CASE("functions of one name do not meet in a session") {
  auto session = jit::Session::create({.opt_level = 0});
  REQUIRE(session);
  const auto one = (*session)->add(sample(1)), two = (*session)->add(sample(2));
  REQUIRE(one);
  REQUIRE(two);
  CHECK(runs(*one, 1));
  CHECK(runs(*two, 2));
}

TEST_CASE("several threads compile and run at once") {
  auto session = jit::Session::create({.opt_level = 0});
  REQUIRE(session);
  std::vector<int> good(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < good.size(); ++k) {
    threads.emplace_back([&, k] {
      for (int i = 0; i < 3; ++i) {
        const double factor = static_cast<double>(k) + 1;
        const auto entry = (*session)->add(sample(factor));
        good[k] += entry && runs(*entry, factor);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(good == std::vector<int>{3, 3, 3, 3});
}
