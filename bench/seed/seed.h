// The seed suite: gradients small enough that a framework's overhead shows, beside matrix products.
#pragma once

#include <string>
#include <vector>

#include "bench/common/report.h"

namespace rg::bench {

struct SeedOptions {
  int threads = 1;
  double budget_s = 0.5;               ///< a row
  std::vector<std::string> workloads;  ///< empty: all
  std::vector<int> sizes;              ///< empty: all
  std::string python;                  ///< empty: RUNEGRAD_PEERS_PYTHON, else python3
  bool no_peers = false;
};

struct SeedReport {
  std::vector<Row> rows;
  std::string baseline;               ///< the tool that the table divides by
  std::vector<std::string> notes;     ///< peers that were not measured, and why
  std::vector<std::string> failures;  ///< results that are wrong, gradients that could not be compiled
};

/// The workloads' names in the table's order.
std::vector<std::string> seed_workload_names();

/// Measures every selected workload: this compiler's gradient of bench/seed/seed.rg, hand-written C++ on one thread,
/// and the peers (see bench/peers/seed.py) in the same run. A result that differs from the closed form by more than
/// 1e-5 of its largest magnitude counts as wrong.
SeedReport measure_seed(const SeedOptions& options);

/// Figures published for the selected workloads (PyTorch and Rune on a laptop).
std::vector<Published> published_seed_figures(const SeedOptions& options);

}  // namespace rg::bench
