// Compiled for the machine at hand with the compiler's fast mathematics, see bench/CMakeLists.txt.
#include "bench/seed/handwritten.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rg::bench {

namespace {

void scalar(const float* x, const float*, std::size_t, float* g) { *g = 2 * *x; }

void vector(const float* __restrict x, const float*, std::size_t n, float* __restrict g) {
  for (std::size_t i = 0; i < n; ++i) g[i] = 2 * x[i];
}

void higher_order(const float* __restrict x, const float*, std::size_t n, float* __restrict g) {
  for (std::size_t i = 0; i < n; ++i) g[i] = 6 * x[i];
}

void chain(const float* __restrict x, const float*, std::size_t n, float* __restrict g) {
  for (std::size_t i = 0; i < n * n; ++i) {
    const float t = std::tanh(x[i] * x[i]);
    g[i] = std::exp(t) * (1 - t * t) * 2 * x[i];
  }
}

void matmul(const float*, const float* __restrict w, std::size_t n, float* __restrict g) {
  for (std::size_t k = 0; k < n; ++k) {
    float sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += w[k * n + j];
    g[k] = sum;
  }
  for (std::size_t i = 1; i < n; ++i) std::copy_n(g, n, g + i * n);
}

// c += scale a b, four rows at a time over blocks of b that stay in the cache.
void multiply(const float* __restrict a, const float* __restrict b, float scale, std::size_t n, float* __restrict c) {
  constexpr std::size_t kDepth = 128;
  for (std::size_t k0 = 0; k0 < n; k0 += kDepth) {
    const std::size_t k1 = std::min(n, k0 + kDepth);
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
      const float* ai = a + i * n;
      float* ci = c + i * n;
      for (std::size_t k = k0; k < k1; ++k) {
        const float a0 = scale * ai[k], a1 = scale * ai[n + k];
        const float a2 = scale * ai[2 * n + k], a3 = scale * ai[3 * n + k];
        const float* bk = b + k * n;
        for (std::size_t j = 0; j < n; ++j) {
          ci[j] += a0 * bk[j];
          ci[n + j] += a1 * bk[j];
          ci[2 * n + j] += a2 * bk[j];
          ci[3 * n + j] += a3 * bk[j];
        }
      }
    }
    for (; i < n; ++i)
      for (std::size_t k = k0; k < k1; ++k)
        for (std::size_t j = 0; j < n; ++j) c[i * n + j] += scale * a[i * n + k] * b[k * n + j];
  }
}

void matmul_squared(const float* x, const float* w, std::size_t n, float* g) {
  std::vector<float> y(n * n, 0.0F);
  std::vector<float> transposed(n * n);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t j = 0; j < n; ++j) transposed[j * n + k] = w[k * n + j];
  multiply(x, w, 1.0F, n, y.data());
  std::fill_n(g, n * n, 0.0F);
  multiply(y.data(), transposed.data(), 2.0F, n, g);
}

struct Entry {
  const char* workload;
  HandwrittenGradient gradient;
};

constexpr Entry kGradients[] = {{"ScalarGrad", scalar}, {"VectorGrad", vector},
                                {"MatMulGrad", matmul}, {"MatMulSquared", matmul_squared},
                                {"ChainGrad", chain},   {"HigherOrderGrad", higher_order}};

}  // namespace

HandwrittenGradient handwritten_gradient(const std::string& workload) {
  for (const Entry& entry : kGradients)
    if (workload == entry.workload) return entry.gradient;
  return nullptr;
}

}  // namespace rg::bench
