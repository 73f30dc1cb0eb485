// How far sums are off: those of compiled code, in the default order and in that of --strict, beside NumPy and JAX, on
// the same numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rg::bench {

struct SumsOptions {
  std::string python;  ///< that has the peers; empty: RUNEGRAD_PEERS_PYTHON, else python3
  bool no_peers = false;
  std::int64_t longest = 10'000'000;  ///< terms of the longest sum; the shortest has 1000
};

/// One sum of n terms. An error is in halves of a unit in the last place of the sum of the terms' magnitudes.
struct SumsRow {
  std::string what;  ///< "sum" or "dot"
  std::string elem;  ///< "f32" or "f64"
  std::string data;
  std::int64_t n = 0;
  double bound = 0;                      ///< 8 + log2(n / 1024), at least 8
  std::map<std::string, double> errors;  ///< by tool
};

struct SumsReport {
  std::vector<SumsRow> rows;
  std::vector<std::string> notes;
  std::vector<std::string> failures;  ///< rows of "runegrad" or "runegrad --strict" beyond the bound
};

SumsReport measure_sums(const SumsOptions& options);

/// The table: one line a row, one column a tool.
std::string format_sums(const SumsReport& report);

}  // namespace rg::bench
