// The row form of every benchmark in the project, as JSON and as a table.
//
// JSON: {"machine": {...}, "rows": [{"suite", "workload", "size", "tool", "threads", "median_us", "min_us", "max_us",
// "runs", "error"}]}. "error" is the largest difference from the expected result, relative to its largest magnitude.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/common/machine.h"
#include "bench/common/statistics.h"

namespace rg::bench {

struct Row {
  std::string suite;
  std::string workload;
  std::string size;
  std::string tool;
  int threads = 1;
  Summary time;
  double error = 0;
};

nlohmann::json to_json(const Machine& machine);

/// An infinite or NaN error is written as "inf" or "nan", since JSON has no number for it.
nlohmann::json to_json(const Row& row);

/// The whole report.
nlohmann::json to_json(const Machine& machine, const std::vector<Row>& rows);

/// A row from its JSON; nothing where a field is missing or of another type.
std::optional<Row> row_from_json(const nlohmann::json& json);

/// Microseconds published elsewhere for a workload at a size, shown beside the measured ones.
struct Published {
  std::string source;
  std::string workload;
  std::string size;
  double low_us = 0;
  double high_us = 0;  ///< equal to low_us where one figure is published
};

/// One line a row, grouped by workload and size in order of appearance: time, spread, runs, error, and the time
/// divided by that of `baseline` in the same group. Published figures follow their group, with
/// the ratio of the lower end.
std::string format_table(const std::vector<Row>& rows, const std::string& baseline,
                         const std::vector<Published>& published);

/// A time with three significant digits and its unit (ns, us, ms or s).
std::string format_time(double us);

}  // namespace rg::bench
