// lse, llsq, ode, kmeans by hand.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/gradbench/baseline/baseline.h"

namespace rg::gradbench::baseline {

double lse(Int n, const double* x) {
  double top = x[0];
  for (Int i = 1; i < n; ++i) top = std::max(top, x[i]);
  double sum = 0;
  for (Int i = 0; i < n; ++i) sum += std::exp(x[i] - top);
  return top + std::log(sum);
}

void lse_gradient(Int n, const double* x, double* g) {
  double top = x[0];
  for (Int i = 1; i < n; ++i) top = std::max(top, x[i]);
  double sum = 0;
  for (Int i = 0; i < n; ++i) {
    g[i] = std::exp(x[i] - top);
    sum += g[i];
  }
  const double scale = 1 / sum;
  for (Int i = 0; i < n; ++i) g[i] *= scale;
}

namespace {

double sign(double t) { return t > 0 ? 1 : t < 0 ? -1 : 0; }

double llsq_residual(Int m, const double* x, double t) {
  double power = 1, sum = 0;
  for (Int j = 0; j < m; ++j) {
    sum += x[j] * power;
    power *= t;
  }
  return sign(t) - sum;
}

}  // namespace

double llsq(Int m, Int n, const double* x) {
  double sum = 0;
  for (Int i = 0; i < n; ++i) {
    const double r = llsq_residual(m, x, -1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1));
    sum += r * r;
  }
  return 0.5 * sum;
}

void llsq_gradient(Int m, Int n, const double* x, double* g) {
  std::fill(g, g + m, 0.0);
  for (Int i = 0; i < n; ++i) {
    const double t = -1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1);
    double term = -llsq_residual(m, x, t);
    for (Int j = 0; j < m; ++j) {
      g[j] += term;
      term *= t;
    }
  }
}

namespace {

struct Stages {
  std::vector<double> k1, k2, k3, k4, y2, y3, y4;
  explicit Stages(Int n) {
    for (auto* v : {&k1, &k2, &k3, &k4, &y2, &y3, &y4}) v->resize(static_cast<std::size_t>(n));
  }
};

void slope(Int n, const double* x, const double* y, double* k) {
  k[0] = x[0];
  for (Int i = 1; i < n; ++i) k[i] = x[i] * y[i - 1];
}

void ode_stages(Int n, double h, const double* x, const double* y, Stages& s) {
  slope(n, x, y, s.k1.data());
  for (Int i = 0; i < n; ++i) s.y2[i] = y[i] + h / 2 * s.k1[i];
  slope(n, x, s.y2.data(), s.k2.data());
  for (Int i = 0; i < n; ++i) s.y3[i] = y[i] + h / 2 * s.k2[i];
  slope(n, x, s.y3.data(), s.k3.data());
  for (Int i = 0; i < n; ++i) s.y4[i] = y[i] + h * s.k3[i];
  slope(n, x, s.y4.data(), s.k4.data());
}

// x_adj and y_adj receive from the adjoint of slope(x, y).
void slope_adjoint(Int n, const double* x, const double* y, const double* k_adj, double* x_adj, double* y_adj) {
  x_adj[0] += k_adj[0];
  for (Int i = 1; i < n; ++i) {
    x_adj[i] += k_adj[i] * y[i - 1];
    y_adj[i - 1] += k_adj[i] * x[i];
  }
}

}  // namespace

void ode(Int n, Int s, const double* x, double* y) {
  const double h = 2.0 / static_cast<double>(s);
  Stages st(n);
  std::fill(y, y + n, 0.0);
  for (Int t = 0; t < s; ++t) {
    ode_stages(n, h, x, y, st);
    for (Int i = 0; i < n; ++i) y[i] += h / 6 * (st.k1[i] + 2 * st.k2[i] + 2 * st.k3[i] + st.k4[i]);
  }
}

void ode_gradient(Int n, Int s, const double* x, double* g) {
  const double h = 2.0 / static_cast<double>(s);
  const auto size = static_cast<std::size_t>(n);
  Stages st(n);
  std::vector<double> tape(size * static_cast<std::size_t>(s)), y(size, 0.0);
  for (Int t = 0; t < s; ++t) {
    std::copy(y.begin(), y.end(), tape.begin() + t * n);
    ode_stages(n, h, x, y.data(), st);
    for (Int i = 0; i < n; ++i) y[i] += h / 6 * (st.k1[i] + 2 * st.k2[i] + 2 * st.k3[i] + st.k4[i]);
  }
  std::fill(g, g + n, 0.0);
  std::vector<double> a(size, 0.0), k(size), stage(size);
  a[size - 1] = 1;
  for (Int t = s - 1; t >= 0; --t) {
    const double* from = tape.data() + t * n;
    ode_stages(n, h, x, from, st);
    std::vector<double>& next = y;  // the adjoint of the state before the step
    std::copy(a.begin(), a.end(), next.begin());
    // The adjoint of stage y_j goes to y and, times its coefficient, to the stage before it.
    const auto back = [&](double weight, double from_stage, const double* at) {
      for (Int i = 0; i < n; ++i) k[i] = weight * a[i] + from_stage * stage[i];
      std::fill(stage.begin(), stage.end(), 0.0);
      slope_adjoint(n, x, at, k.data(), g, stage.data());
      for (Int i = 0; i < n; ++i) next[i] += stage[i];
    };
    std::fill(stage.begin(), stage.end(), 0.0);
    back(h / 6, 0, st.y4.data());
    back(h / 3, h, st.y3.data());
    back(h / 3, h / 2, st.y2.data());
    back(h / 6, h / 2, from);
    std::swap(a, next);
  }
}

namespace {

Int nearest(Int k, Int d, const double* p, const double* centroids, double& least) {
  Int best = 0;
  least = INFINITY;
  for (Int j = 0; j < k; ++j) {
    double sum = 0;
    for (Int l = 0; l < d; ++l) {
      const double e = p[l] - centroids[j * d + l];
      sum += e * e;
    }
    if (sum < least) {
      least = sum;
      best = j;
    }
  }
  return best;
}

}  // namespace

double kmeans(Int k, Int n, Int d, const double* points, const double* centroids) {
  double total = 0, least = 0;
  for (Int i = 0; i < n; ++i) {
    nearest(k, d, points + i * d, centroids, least);
    total += least;
  }
  return total;
}

void kmeans_dir(Int k, Int n, Int d, const double* points, const double* centroids, double* dir) {
  std::vector<double> count(static_cast<std::size_t>(k), 0.0);
  std::fill(dir, dir + k * d, 0.0);
  double least = 0;
  for (Int i = 0; i < n; ++i) {
    const double* p = points + i * d;
    const Int j = nearest(k, d, p, centroids, least);
    count[j] += 1;
    for (Int l = 0; l < d; ++l) dir[j * d + l] += centroids[j * d + l] - p[l];
  }
  for (Int j = 0; j < k; ++j) {
    for (Int l = 0; l < d; ++l) dir[j * d + l] /= count[j];
  }
}

}  // namespace rg::gradbench::baseline
