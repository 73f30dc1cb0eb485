// The seed suite's own parts: closed forms, hand-written gradients, what the peers' script prints.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "bench/seed/handwritten.h"
#include "bench/seed/peers.h"
#include "bench/seed/workloads.h"

namespace rg::bench {

namespace {

// The losses in f64, written apart from their gradients.
double loss(const std::string& name, const std::vector<double>& x, const std::vector<double>& w, std::size_t n) {
  double sum = 0;
  if (name == "ScalarGrad" || name == "VectorGrad")
    for (const double v : x) sum += v * v;
  if (name == "HigherOrderGrad")  // sum of the gradient of sum(x^3)
    for (const double v : x) sum += 3 * v * v;
  if (name == "ChainGrad")
    for (const double v : x) sum += std::exp(std::tanh(v * v));
  if (name == "MatMulGrad" || name == "MatMulSquared") {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double y = 0;
        for (std::size_t k = 0; k < n; ++k) y += x[i * n + k] * w[k * n + j];
        sum += name == "MatMulSquared" ? y * y : y;
      }
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("closed forms agree with central differences") {
  for (const SeedWorkload& workload : seed_workloads()) {
    const int size = workload.rank == 0 ? 1 : 5;
    const SeedInput input = make_inputs(workload, size).front();
    const std::vector<double> w(input.w.begin(), input.w.end());
    std::vector<double> x(input.x.begin(), input.x.end());
    REQUIRE(x.size() == element_count(workload, size));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double h = 1e-5;
      const double at = x[i];
      x[i] = at + h;
      const double above = loss(workload.name, x, w, size);
      x[i] = at - h;
      const double below = loss(workload.name, x, w, size);
      x[i] = at;
      CHECK_MESSAGE((above - below) / (2 * h) == doctest::Approx(input.expected[i]).epsilon(1e-6), workload.name);
    }
  }
}

TEST_CASE("hand-written gradients agree with the closed forms, odd sizes included") {
  for (const SeedWorkload& workload : seed_workloads()) {
    const HandwrittenGradient gradient = handwritten_gradient(workload.name);
    REQUIRE((gradient != nullptr));
    const int size = workload.rank == 0 ? 1 : 131;
    const std::vector<SeedInput> inputs = make_inputs(workload, size);
    CHECK(inputs[0].x != inputs[1].x);
    for (const SeedInput& input : inputs) {
      std::vector<float> result(input.x.size(), NAN);
      gradient(input.x.data(), input.w.data(), size, result.data());
      CHECK_MESSAGE(relative_error(result.data(), input.expected.data(), result.size()) < 1e-5, workload.name);
    }
  }
  CHECK(!handwritten_gradient("none"));
}

TEST_CASE("published figures follow the selection") {
  SeedOptions options;
  options.workloads = {"ChainGrad"};
  options.sizes = {500};
  const auto figures = published_seed_figures(options);
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].low_us == 2560);
}

TEST_CASE("the peers' rows, absences and failures are read") {
  const PeerReport report = peers_from_json(R"({"rows": [
      {"suite": "seed", "workload": "ChainGrad", "size": "100", "tool": "jax", "threads": 1, "median_us": 2.5,
       "min_us": 2, "max_us": 3, "runs": 9, "error": 1e-7}, {"tool": "jax"}],
    "missing": [{"tool": "torch-eager", "module": "torch"}],
    "failed": [{"tool": "jax", "workload": "VectorGrad", "size": "100", "reason": "no memory"}]})");
  REQUIRE(report.rows.size() == 1);
  CHECK(report.rows[0].tool == "jax");
  CHECK(report.rows[0].time.median_us == 2.5);
  REQUIRE(report.notes.size() == 3);
  CHECK(report.notes[1].find("torch-eager: not measured, the module torch") == 0);
  CHECK(report.notes[2] == "jax VectorGrad 100: no memory");
}

TEST_CASE("output that is no report, and a Python that is not there, become notes") {
  CHECK(peers_from_json("Traceback").notes.size() == 1);
  CHECK(peers_from_json("[1]").rows.empty());
  SeedOptions options;
  options.python = "/nonexistent/python";
  const PeerReport report = measure_peers(options);
  CHECK(report.rows.empty());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("/nonexistent/python") != std::string::npos);
}

}  // namespace rg::bench
