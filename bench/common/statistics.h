// Timing of repeated calls. Input: a function that makes a stretch of calls. Output: microseconds a call, as median,
// smallest and largest. Calls too short for the clock are timed in batches, and a batch counts as one run.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace rg::bench {

/// Microseconds a call over `runs` timed runs.
struct Summary {
  double median_us = 0;
  double min_us = 0;
  double max_us = 0;
  std::size_t runs = 0;
};

/// How long to measure. Warm-up ends when both its time and its calls are reached; measuring ends when its time or
/// `max_runs` is reached, after at least `min_runs`.
struct Budget {
  double warm_up_s = 0.1;
  double measure_s = 0.4;
  std::size_t warm_up_calls = 8;
  std::size_t min_runs = 7;
  std::size_t max_runs = 20000;
  double min_run_us = 5;  ///< shorter calls are batched until a run takes this long
};

/// A budget of `seconds` in all, a fifth of it for warming up.
Budget budget_of(double seconds);

/// Median (mean of the middle two for an even count), smallest and largest. All zero for no samples.
Summary summarize(std::vector<double> samples_us);

/// Makes `count` calls, the first of which has the number `first`: the number selects the input.
using CallStretch = std::function<void(std::size_t first, std::size_t count)>;

/// Warms up, chooses a batch, measures. Call numbers increase through the whole measurement.
Summary time_calls(const CallStretch& calls, const Budget& budget);

/// max |got - expected| / max |expected| over `count` elements; infinity where `got` holds a NaN.
double relative_error(const float* got, const double* expected, std::size_t count);

}  // namespace rg::bench
