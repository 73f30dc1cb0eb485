#include "compiler/ops/slopes.h"

namespace rg::ops {

// With x^(y-j) P: d/dx = x^(y-j-1) ((y-j) P + ∂P/∂log x), d/dy = x^(y-j) (log x P + ∂P/∂y).
std::vector<std::vector<double>> pow_factor(std::int64_t k, std::int64_t m) {
  const auto n = static_cast<std::size_t>(k), width = static_cast<std::size_t>(m) + 1;
  using Factor = std::vector<std::vector<double>>;
  const Factor none(n + 1, std::vector<double>(width));
  Factor p = none;
  p[0][0] = 1;
  for (std::size_t order = 0; order < n; ++order) {  // no log x yet
    Factor next = none;
    for (std::size_t i = 0; i < n; ++i) {
      next[i + 1][0] += p[i][0];
      next[i][0] -= static_cast<double>(order) * p[i][0];
    }
    p = next;
  }
  for (std::size_t order = 1; order < width; ++order) {
    Factor next = none;
    for (std::size_t i = 0; i <= n; ++i) {
      for (std::size_t j = 0; j + 1 < width; ++j) next[i][j + 1] += p[i][j];
      for (std::size_t j = 0; j < width && i < n; ++j) next[i][j] += static_cast<double>(i + 1) * p[i + 1][j];
    }
    p = next;
  }
  return p;
}

}  // namespace rg::ops
