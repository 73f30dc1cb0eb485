// The comparison with forward mode: right derivatives agree, one wrong number shows.
#include "bench/gradbench/driver/forward.h"

#include <doctest/doctest.h>

#include <cmath>

#include "bench/gradbench/baseline/call.h"
#include "bench/gradbench/driver/workloads.h"

using namespace rg::gradbench;

namespace {

std::vector<Array> results_of(const Eval& eval, const Function& wanted, Arguments& arguments) {
  auto program = runegrad::Program::from_string(std::string(eval.source), std::string(eval.name) + ".rg");
  REQUIRE(program);
  auto function = program->function(std::string(wanted.compiled));
  REQUIRE(function);
  const std::vector<runegrad::TensorRef> inputs = refs(arguments.inputs);
  const auto sizes = function->infer_sizes(inputs, arguments.sizes);
  REQUIRE(sizes);
  std::vector<Array> results = results_for(*function, *sizes);
  REQUIRE(function->call(inputs, refs(results), nullptr, arguments.sizes));
  return results;
}

std::vector<Array> derivative_of(const Eval& eval, Arguments& arguments) {
  return results_of(eval, eval.functions[1], arguments);
}

/// max |a - b| over the reals; infinity where integers differ.
double apart(const std::vector<Array>& a, const std::vector<Array>& b) {
  double most = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    if (a[k].integers != b[k].integers) return INFINITY;
    for (std::size_t i = 0; i < b[k].reals.size(); ++i)
      most = std::fmax(most, std::isnan(a[k].reals[i]) ? INFINITY : std::abs(a[k].reals[i] - b[k].reals[i]));
  }
  return most;
}

}  // namespace

TEST_CASE("derivatives agree with forward mode, and a wrong number in them does not") {
  const Workload small[] = {{"lse", "", {{"n", 9}}},
                            {"llsq", "", {{"m", 5}, {"n", 7}}},
                            {"ode", "", {{"n", 3}, {"s", 5}}},
                            {"kmeans", "", {{"k", 3}, {"n", 11}, {"d", 2}}},
                            {"gmm", "", {{"d", 3}, {"k", 2}, {"n", 5}}},
                            {"lstm", "", {{"l", 2}, {"c", 4}, {"b", 3}}},
                            {"ba", "", {{"n", 2}, {"m", 3}, {"p", 5}}}};
  CHECK(std::size(small) == measured_evals().size());
  for (const Workload& w : small) {
    CAPTURE(w.eval);
    const Eval& eval = *find_eval(w.eval);
    Arguments arguments = eval.arguments(w.input());
    std::vector<Array> right = derivative_of(eval, arguments);
    ForwardMode forward(eval);
    const Agreement agreement = forward.compare(arguments, right, 2, 1, nullptr);
    CHECK(agreement.failure.empty());
    CHECK(agreement.directions == 2);
    CHECK(!agreement.all_zero);
    CHECK(agreement.largest < 1e-12);
    for (std::size_t k = 0; k < right.size(); ++k) {
      if (right[k].reals.empty()) continue;
      CAPTURE(k);
      std::vector<Array> wrong = right;
      double& number = wrong[k].reals[wrong[k].reals.size() / 2];
      number += 1e-3 * (1 + std::abs(number));
      CHECK(forward.compare(arguments, wrong, 2, 1, nullptr).largest > 1e-7);
      number = NAN;
      CHECK(forward.compare(arguments, wrong, 2, 1, nullptr).largest > 1e300);
    }
  }
}

TEST_CASE("columns that point elsewhere, and rows outside of the values, are seen") {
  const Eval& eval = *find_eval("ba");
  Arguments arguments = eval.arguments(Workload{"ba", "", {{"n", 2}, {"m", 3}, {"p", 5}}}.input());
  const std::vector<Array> right = derivative_of(eval, arguments);
  ForwardMode forward(eval);
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    for (const int value : {-1, 1 << 30}) {
      std::vector<Array> wrong = right;
      wrong[k].integers[wrong[k].integers.size() / 2] = value;
      CHECK(std::isinf(forward.compare(arguments, wrong, 1, 1, nullptr).largest));
    }
  }
  std::vector<Array> wrong = right;
  wrong[1].integers[0] += 1;
  CHECK(forward.compare(arguments, wrong, 1, 1, nullptr).largest > 1e-7);
}

TEST_CASE("the smallest extents: one point, component, dimension, layer, step, observation") {
  const Workload small[] = {{"lse", "n", {{"n", 1}}},
                            {"llsq", "m", {{"m", 1}, {"n", 5}}},
                            {"llsq", "n", {{"m", 5}, {"n", 2}}},
                            {"ode", "n", {{"n", 1}, {"s", 3}}},
                            {"ode", "s", {{"n", 4}, {"s", 1}}},
                            {"kmeans", "k", {{"k", 1}, {"n", 9}, {"d", 3}}},
                            {"kmeans", "d", {{"k", 3}, {"n", 9}, {"d", 1}}},
                            {"kmeans", "all", {{"k", 1}, {"n", 1}, {"d", 1}}},
                            {"gmm", "d", {{"d", 1}, {"k", 3}, {"n", 7}}},
                            {"gmm", "k", {{"d", 3}, {"k", 1}, {"n", 7}}},
                            {"gmm", "n", {{"d", 3}, {"k", 2}, {"n", 1}}},
                            {"lstm", "l", {{"l", 1}, {"c", 5}, {"b", 14}}},
                            {"lstm", "b", {{"l", 2}, {"c", 5}, {"b", 1}}},
                            {"lstm", "all", {{"l", 1}, {"c", 2}, {"b", 1}}},
                            {"ba", "n", {{"n", 1}, {"m", 3}, {"p", 5}}},
                            {"ba", "all", {{"n", 1}, {"m", 1}, {"p", 1}}}};
  for (const Workload& w : small) {
    CAPTURE(w.eval);
    CAPTURE(w.size);
    const Eval& eval = *find_eval(w.eval);
    Arguments arguments = eval.arguments(w.input());
    for (const Function& f : eval.functions) {
      const std::vector<Array> ours = results_of(eval, f, arguments);
      std::vector<Array> by_hand = ours;
      for (Array& a : by_hand) std::fill(a.reals.begin(), a.reals.end(), 1e300);
      baseline::find(w.eval, f.name)(arguments.inputs, arguments.sizes, by_hand);
      double scale = 1;
      for (const Array& a : by_hand) {
        for (const double v : a.reals) scale = std::fmax(scale, std::abs(v));
      }
      // Both round, in different orders.
      CHECK(apart(ours, by_hand) / scale < 1e-12);
    }
    const Agreement agreement = ForwardMode(eval).compare(arguments, derivative_of(eval, arguments), 2, 1, nullptr);
    CHECK(agreement.failure.empty());
    CHECK(agreement.largest < 1e-12);
  }
}

TEST_CASE("bundle adjustment with cameras that do not turn agrees with forward mode") {
  const Eval& eval = *find_eval("ba");
  Json input = Workload{"ba", "", {{"n", 2}, {"m", 3}, {"p", 5}}}.input();
  for (int axis = 0; axis < 3; ++axis) input["cam"][static_cast<std::size_t>(axis)] = 0;
  Arguments arguments = eval.arguments(input);
  const Agreement agreement = ForwardMode(eval).compare(arguments, derivative_of(eval, arguments), 3, 1, nullptr);
  CHECK(agreement.failure.empty());
  CHECK(agreement.largest < 1e-12);
}
