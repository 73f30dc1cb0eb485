// What compiling costs by the length of the program: each row in a process of its own, so that its peak of memory is
// its own too.
#pragma once

#include <string>
#include <vector>

namespace rg::bench {

struct CurveOptions {
  std::vector<int> statements = {10, 100, 1000, 10000};
  std::vector<std::string> programs;  ///< empty: all
  std::vector<std::string> derived;   ///< empty: value, gradient, hvp
};

struct CurveRow {
  std::string program, derived;
  int statements = 0;
  double seconds = 0;      ///< from text to object, at level 2
  double peak_mb = 0;      ///< of the process
  double against_100 = 0;  ///< the time a statement, divided by that at 100 statements; 0 where that was not measured
  std::string failure;     ///< why there is no time
};

std::vector<CurveRow> measure_curve(const CurveOptions& options);
std::string format_curve(const std::vector<CurveRow>& rows);

}  // namespace rg::bench
