// The Gaussian mixture by hand: factors unpacked once, one point after the other.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/gradbench/baseline/baseline.h"

namespace rg::gradbench::baseline {

namespace {

struct Model {
  std::vector<double> diagonal, sum_q;  // exp(q) by component and axis; sums of q
  explicit Model(const Gmm& in)
      : diagonal(static_cast<std::size_t>(in.k * in.d)), sum_q(static_cast<std::size_t>(in.k)) {
    for (Int j = 0; j < in.k; ++j) {
      for (Int a = 0; a < in.d; ++a) {
        diagonal[j * in.d + a] = std::exp(in.q[j * in.d + a]);
        sum_q[j] += in.q[j * in.d + a];
      }
    }
  }
};

double log_sum_exp(const double* x, Int n, double* weights) {
  const double top = *std::max_element(x, x + n);
  double sum = 0;
  for (Int i = 0; i < n; ++i) {
    const double e = std::exp(x[i] - top);
    if (weights) weights[i] = e;
    sum += e;
  }
  if (weights) {
    for (Int i = 0; i < n; ++i) weights[i] /= sum;
  }
  return top + std::log(sum);
}

// z = Q_j (x - mu_j), by columns of the packed lower part; `centred` gets x - mu_j.
void transform(const Gmm& in, const Model& model, Int j, const double* x, double* centred, double* z) {
  const Int d = in.d;
  for (Int a = 0; a < d; ++a) centred[a] = x[a] - in.mu[j * d + a];
  for (Int a = 0; a < d; ++a) z[a] = model.diagonal[j * d + a] * centred[a];
  const double* l = in.l + j * (d * (d - 1) / 2);
  for (Int b = 0; b < d; ++b) {
    for (Int a = b + 1; a < d; ++a) z[a] += *l++ * centred[b];
  }
}

double exponent(const Gmm& in, const Model& model, Int j, const double* z) {
  double square = 0;
  for (Int a = 0; a < in.d; ++a) square += z[a] * z[a];
  return in.alpha[j] + model.sum_q[j] - 0.5 * square;
}

double constants(const Gmm& in, const Model& model) {
  const auto d = static_cast<double>(in.d), n = static_cast<double>(in.n), k = static_cast<double>(in.k);
  const double dof = d + static_cast<double>(in.m) + 1;
  double log_gamma = 0.25 * d * (d - 1) * std::log(M_PI);
  for (Int j = 0; j < in.d; ++j) log_gamma += std::lgamma(0.5 * dof - 0.5 * static_cast<double>(j));
  double prior = 0;
  for (Int j = 0; j < in.k; ++j) {
    double square = 0;
    for (Int a = 0; a < in.d; ++a) square += model.diagonal[j * in.d + a] * model.diagonal[j * in.d + a];
    for (Int a = 0; a < in.d * (in.d - 1) / 2; ++a) {
      const double l = in.l[j * (in.d * (in.d - 1) / 2) + a];
      square += l * l;
    }
    prior += 0.5 * in.gamma * in.gamma * square - static_cast<double>(in.m) * model.sum_q[j];
  }
  const double c = dof * d * (std::log(in.gamma) - 0.5 * std::log(2.0)) - log_gamma;
  return -0.5 * n * d * std::log(2 * M_PI) - (prior - k * c);
}

}  // namespace

double gmm(const Gmm& in) {
  const Model model(in);
  const auto d = static_cast<std::size_t>(in.d), k = static_cast<std::size_t>(in.k);
  std::vector<double> centred(d), z(d), beta(k);
  double sum = 0;
  for (Int i = 0; i < in.n; ++i) {
    for (Int j = 0; j < in.k; ++j) {
      transform(in, model, j, in.x + i * in.d, centred.data(), z.data());
      beta[j] = exponent(in, model, j, z.data());
    }
    sum += log_sum_exp(beta.data(), in.k, nullptr);
  }
  return constants(in, model) + sum - static_cast<double>(in.n) * log_sum_exp(in.alpha, in.k, nullptr);
}

// With weights r_ij: d/dQ_j = -Σ_i r_ij z (x - mu)', d/dmu_j = Σ_i r_ij Q_j' z.
void gmm_gradient(const Gmm& in, double* alpha, double* mu, double* q, double* l) {
  const Model model(in);
  const Int d = in.d, k = in.k, packed = d * (d - 1) / 2;
  std::vector<double> centred(static_cast<std::size_t>(k * d)), z(static_cast<std::size_t>(k * d)),
      beta(static_cast<std::size_t>(k)), r(static_cast<std::size_t>(k));
  log_sum_exp(in.alpha, k, r.data());
  for (Int j = 0; j < k; ++j) alpha[j] = -static_cast<double>(in.n) * r[j];
  std::fill(mu, mu + k * d, 0.0);
  for (Int j = 0; j < k; ++j) {
    for (Int a = 0; a < d; ++a) {
      const double e = model.diagonal[j * d + a];
      q[j * d + a] = static_cast<double>(in.m) - in.gamma * in.gamma * e * e;
    }
    for (Int a = 0; a < packed; ++a) l[j * packed + a] = -in.gamma * in.gamma * in.l[j * packed + a];
  }
  for (Int i = 0; i < in.n; ++i) {
    for (Int j = 0; j < k; ++j) {
      transform(in, model, j, in.x + i * d, &centred[j * d], &z[j * d]);
      beta[j] = exponent(in, model, j, &z[j * d]);
    }
    log_sum_exp(beta.data(), k, r.data());
    for (Int j = 0; j < k; ++j) {
      const double *c = &centred[j * d], *zj = &z[j * d];
      const double weight = r[j];
      alpha[j] += weight;
      for (Int a = 0; a < d; ++a) {
        const double e = model.diagonal[j * d + a];
        q[j * d + a] += weight * (1 - zj[a] * c[a] * e);
        mu[j * d + a] += weight * zj[a] * e;
      }
      const double* from = in.l + j * packed;
      double* to = l + j * packed;
      for (Int b = 0; b < d; ++b) {
        double sum = 0;
        const double wc = weight * c[b];
        for (Int a = b + 1; a < d; ++a) {
          sum += *from++ * zj[a];
          *to++ -= wc * zj[a];
        }
        mu[j * d + b] += weight * sum;
      }
    }
  }
}

}  // namespace rg::gradbench::baseline
