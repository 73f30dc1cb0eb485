// GradBench's workloads at its sizes: inputs seeded in the distribution of each eval, as the protocol's messages have
// them, and what the least work of each is.
#pragma once

#include <string>
#include <vector>

#include "bench/gradbench/evals.h"

namespace rg::gradbench {

/// What a good program has to do: an operation is an addition or a multiplication in f64, the functions count as the
/// operations of their polynomials (below), every array is read or written once a sweep that needs all of it.
struct Work {
  double flops = 0;
  double bytes = 0;
  double resident = 0;  ///< bytes that one sweep passes over: which memory level the bandwidth is of
};

struct Workload {
  std::string eval;
  std::string size;  ///< as GradBench describes it
  std::map<std::string, std::int64_t> extents;

  Json input() const;
  Work primal() const;
  Work derivative() const;
};

/// Operations that a function counts for.
inline constexpr double kExp = 30, kLog = 35, kTanh = 45, kSigmoid = 45, kSineAndCosine = 60, kDivide = 16, kRoot = 16;

/// In the order in which GradBench runs them.
std::vector<Workload> workloads(const std::string& eval);

/// Names of the evals that have workloads.
std::vector<std::string> measured_evals();

}  // namespace rg::gradbench
