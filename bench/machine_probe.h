// The machine's limits, by which a kernel's time becomes a fraction of what is possible.
#pragma once

#include <string>
#include <vector>

#include "bench/common/report.h"

namespace rg::bench {

/// One limit: `amount` operations or bytes a thread in the time of its row.
struct Limit {
  Row row;          ///< workload: fma_f32, fma_f64, read_l2, read_l3, read_dram; size: operations or bytes, all threads
  double rate = 0;  ///< amount of all threads / shortest time: GFLOP/s or GB/s
  std::string unit;  ///< "GFLOP/s" or "GB/s"
};

/// Measures multiply-adds a second and read bandwidth of each memory level on `threads` threads, each on data of its
/// own. About a quarter of a second a limit.
std::vector<Limit> probe_machine(const Machine& machine);

/// One line a limit.
std::string format_limits(const std::vector<Limit>& limits);

}  // namespace rg::bench
