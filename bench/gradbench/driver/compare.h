// All workloads of the evals by the compiled programs, the hand-written baselines and JAX, in one run on the same
// inputs, every result compared with the others.
#pragma once

#include <string>
#include <vector>

#include "bench/common/report.h"
#include "bench/gradbench/driver/forward.h"
#include "bench/machine_probe.h"

namespace rg::gradbench {

struct CompareOptions {
  std::vector<std::string> evals;  ///< empty: all
  std::vector<std::string> sizes;  ///< as GradBench describes them; empty: all
  double seconds = 0.3;            ///< to measure a function of a workload by one tool
  int directions = 3;              ///< that each derivative is compared with forward mode along, at most
  int threads = 1;
  std::string python;  ///< that imports JAX; empty: RUNEGRAD_PEERS_PYTHON, python3
  bool no_peers = false;
};

/// One function of one workload, by this compiler.
struct Point {
  std::string eval, function, size;
  double median_us = 0;
  double limit_us = 0;  ///< counted operations over the measured peak, or bytes over the bandwidth, the longer one
  bool limit_is_flops = false;
  double compile_ms = 0;  ///< from source text to a callable function, sizes known
  double peak_bytes = 0;  ///< by which the call raises the process's memory
  double error = 0;       ///< largest difference from the baseline's result
  Agreement forward{};    ///< of a derivative with forward mode
};

/// Sums over the sizes of an eval that a tool was measured at.
struct Total {
  std::string eval, tool;
  double primal_us = 0, derivative_us = 0;
  std::size_t workloads = 0;
  double ours_us = 0;  ///< this compiler's sum over the same functions
};

struct Comparison {
  std::vector<bench::Row> rows;
  std::vector<Point> points;
  std::vector<Total> totals;
  std::vector<std::string> vectors;  ///< one line an eval: recorded answers of other tools
  std::vector<std::string> notes;
  std::vector<std::string> failures;  ///< wrong results, and what could not be compiled or called
};

/// `limits` are the machine's, on `options.threads` threads.
Comparison compare(const CompareOptions& options, const bench::Machine& machine,
                   const std::vector<bench::Limit>& limits);

std::string format_comparison(const Comparison& comparison);
nlohmann::json to_json(const bench::Machine& machine, const Comparison& comparison);

}  // namespace rg::gradbench
