#include "bench/seed/workloads.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace rg::bench {

namespace {

constexpr int kPool = 4;

void twice(const double* x, const double*, std::size_t n, double* g) {
  for (std::size_t i = 0; i < n; ++i) g[i] = 2 * x[i];
}

void six_times(const double* x, const double*, std::size_t n, double* g) {
  for (std::size_t i = 0; i < n; ++i) g[i] = 6 * x[i];
}

// d/dx sum(x w): every row is the row sums of w.
void matmul_gradient(const double*, const double* w, std::size_t n, double* g) {
  for (std::size_t k = 0; k < n; ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += w[k * n + j];
    for (std::size_t i = 0; i < n; ++i) g[i * n + k] = sum;
  }
}

// d/dx sum((x w)^2) = 2 x (w w').
void matmul_squared_gradient(const double* x, const double* w, std::size_t n, double* g) {
  std::vector<double> y(n * n, 0.0);
  std::vector<double> wt(n * n);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t j = 0; j < n; ++j) wt[j * n + k] = w[k * n + j];
  const auto accumulate = [n](const double* a, const double* b, double scale, double* c) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t j = 0; j < n; ++j) c[i * n + j] += scale * a[i * n + k] * b[k * n + j];
  };
  accumulate(x, w, 1.0, y.data());
  std::fill_n(g, n * n, 0.0);
  accumulate(y.data(), wt.data(), 2.0, g);
}

void chain_gradient(const double* x, const double*, std::size_t n, double* g) {
  for (std::size_t i = 0; i < n * n; ++i) {
    const double t = std::tanh(x[i] * x[i]);
    g[i] = std::exp(t) * (1 - t * t) * 2 * x[i];
  }
}

std::vector<float> uniform(std::mt19937& random, std::size_t count, float low, float high) {
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> values(count);
  for (float& v : values) v = distribution(random);
  return values;
}

}  // namespace

const std::vector<SeedWorkload>& seed_workloads() {
  static const std::vector<SeedWorkload> workloads = {
      {"ScalarGrad", 0, false, 5.0F, 5.01F, {1}, twice},
      {"VectorGrad", 1, false, -1, 1, {100, 500, 1000}, twice},
      {"MatMulGrad", 2, true, -1, 1, {100, 500, 1000}, matmul_gradient},
      {"MatMulSquared", 2, true, -1, 1, {100, 500, 1000}, matmul_squared_gradient},
      {"ChainGrad", 2, false, -1, 1, {100, 500, 1000}, chain_gradient},
      {"HigherOrderGrad", 1, false, -1, 1, {100, 500, 1000}, six_times},
  };
  return workloads;
}

std::size_t element_count(const SeedWorkload& workload, int size) {
  const auto n = static_cast<std::size_t>(size);
  return workload.rank == 0 ? 1 : workload.rank == 1 ? n : n * n;
}

std::vector<SeedInput> make_inputs(const SeedWorkload& workload, int size) {
  const std::size_t count = element_count(workload, size);
  std::mt19937 random(20240131U + static_cast<unsigned>(size));
  std::vector<SeedInput> inputs(kPool);
  for (SeedInput& input : inputs) {
    input.x = uniform(random, count, workload.low, workload.high);
    if (workload.has_weights) input.w = uniform(random, count, -1, 1);
    const std::vector<double> x(input.x.begin(), input.x.end());
    const std::vector<double> w(input.w.begin(), input.w.end());
    input.expected.resize(count);
    workload.closed_form(x.data(), w.data(), static_cast<std::size_t>(size), input.expected.data());
  }
  return inputs;
}

bool selected(const SeedOptions& options, const SeedWorkload& workload, int size) {
  const auto asks = [](const auto& list, const auto& item) {
    return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
  };
  return asks(options.workloads, std::string(workload.name)) && asks(options.sizes, size);
}

std::vector<Published> published_seed_figures(const SeedOptions& options) {
  // Where only a range over the three sizes is published, each size carries the range.
  static const std::vector<Published> all = {
      {"PyTorch, published", "ScalarGrad", "1", 15.6, 15.6},
      {"Rune, published", "ScalarGrad", "1", 10.1, 10.3},
      {"PyTorch, published", "VectorGrad", "100", 20.5, 20.7},
      {"PyTorch, published", "VectorGrad", "500", 20.5, 20.7},
      {"PyTorch, published", "VectorGrad", "1000", 20.5, 20.7},
      {"Rune, published", "VectorGrad", "100", 27, 50},
      {"Rune, published", "VectorGrad", "500", 27, 50},
      {"Rune, published", "VectorGrad", "1000", 27, 50},
      {"PyTorch, published", "MatMulGrad", "100", 35, 35},
      {"PyTorch, published", "MatMulGrad", "500", 1310, 1310},
      {"PyTorch, published", "MatMulGrad", "1000", 7090, 7090},
      {"Rune, published", "MatMulGrad", "100", 1390, 1390},
      {"Rune, published", "MatMulGrad", "500", 34000, 34000},
      {"Rune, published", "MatMulGrad", "1000", 190000, 190000},
      {"PyTorch, published", "HigherOrderGrad", "100", 47, 48},
      {"PyTorch, published", "HigherOrderGrad", "500", 47, 48},
      {"PyTorch, published", "HigherOrderGrad", "1000", 47, 48},
      {"Rune, published", "HigherOrderGrad", "100", 322, 495},
      {"Rune, published", "HigherOrderGrad", "500", 322, 495},
      {"Rune, published", "HigherOrderGrad", "1000", 322, 495},
      {"PyTorch, published", "ChainGrad", "100", 257, 257},
      {"PyTorch, published", "ChainGrad", "500", 2560, 2560},
      {"PyTorch, published", "ChainGrad", "1000", 11200, 11200},
      {"Rune, published", "ChainGrad", "100", 8400, 8400},
      {"Rune, published", "ChainGrad", "500", 88000, 88000},
      {"Rune, published", "ChainGrad", "1000", 305000, 305000},
  };
  std::vector<Published> shown;
  for (const SeedWorkload& workload : seed_workloads())
    for (const int size : workload.sizes)
      for (const Published& figure : all)
        if (figure.workload == workload.name && figure.size == std::to_string(size) &&
            selected(options, workload, size))
          shown.push_back(figure);
  return shown;
}

}  // namespace rg::bench
