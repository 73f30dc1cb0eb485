// The evals by hand: plain scalar C++ with derivatives derived on paper, in the shape of the programs' arguments and
// results, so that each checks the other. Sizes are as in the .rg files.
#pragma once

#include <cstdint>

namespace rg::gradbench::baseline {

using Int = std::int64_t;

double lse(Int n, const double* x);
void lse_gradient(Int n, const double* x, double* g);

double llsq(Int m, Int n, const double* x);
void llsq_gradient(Int m, Int n, const double* x, double* g);

/// `y` gets the n components at time 2.
void ode(Int n, Int s, const double* x, double* y);
/// A reverse sweep over the steps, from stored states.
void ode_gradient(Int n, Int s, const double* x, double* g);

double kmeans(Int k, Int n, Int d, const double* points, const double* centroids);
void kmeans_dir(Int k, Int n, Int d, const double* points, const double* centroids, double* dir);

struct Gmm {
  Int d, k, n, m;
  double gamma;
  const double *alpha, *mu, *q, *l, *x;
};
double gmm(const Gmm& in);
void gmm_gradient(const Gmm& in, double* alpha, double* mu, double* q, double* l);

struct Ba {
  Int n, m, p;
  const double *cams, *x, *w, *feat;
  const std::int32_t *camera, *point;
};
void ba(const Ba& in, double* reprojection, double* weight);
void ba_jacobian(const Ba& in, std::int32_t* rows, std::int32_t* cols, double* vals);

struct Lstm {
  Int l, b, c;
  const double *main, *extra, *state, *sequence;
};
double lstm(const Lstm& in);
/// A reverse sweep over time, from stored gates and states.
void lstm_gradient(const Lstm& in, double* main, double* extra);

}  // namespace rg::gradbench::baseline
