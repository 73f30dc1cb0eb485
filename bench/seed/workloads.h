// The seed workloads as data: sizes, inputs, closed forms.
#pragma once

#include <string>
#include <vector>

#include "bench/seed/seed.h"

namespace rg::bench {

/// One call's inputs and the expected result. `w` is empty where the workload has no second input.
struct SeedInput {
  std::vector<float> x;
  std::vector<float> w;
  std::vector<double> expected;  ///< the gradient with respect to x in f64
};

struct SeedWorkload {
  const char* name;
  int rank;          ///< of x: 0, 1 or 2; every extent is the size
  bool has_weights;  ///< a second input w, n by n
  float low, high;   ///< x is uniform between these
  std::vector<int> sizes;
  /// Gradient in f64: x, w, n, result.
  void (*closed_form)(const double* x, const double* w, std::size_t n, double* gradient);
};

const std::vector<SeedWorkload>& seed_workloads();

/// Elements of x.
std::size_t element_count(const SeedWorkload& workload, int size);

/// Inputs with expected results, from a fixed seed; successive calls rotate through them.
std::vector<SeedInput> make_inputs(const SeedWorkload& workload, int size);

/// Whether the options ask for this workload at this size.
bool selected(const SeedOptions& options, const SeedWorkload& workload, int size);

}  // namespace rg::bench
