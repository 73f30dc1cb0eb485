#include "bench/common/statistics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace rg::bench {

namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Smallest power of two of calls that takes min_run_us.
std::size_t choose_batch(const CallStretch& calls, const Budget& budget, std::size_t& next) {
  constexpr std::size_t kLargest = std::size_t{1} << 24;
  for (std::size_t batch = 1; batch < kLargest; batch *= 2) {
    const auto start = Clock::now();
    calls(next, batch);
    const double elapsed = us_since(start);
    next += batch;
    if (elapsed >= budget.min_run_us) return batch;
  }
  return kLargest;
}

}  // namespace

Budget budget_of(double seconds) {
  Budget budget;
  budget.warm_up_s = 0.2 * seconds;
  budget.measure_s = 0.8 * seconds;
  return budget;
}

Summary summarize(std::vector<double> samples_us) {
  if (samples_us.empty()) return {};
  std::sort(samples_us.begin(), samples_us.end());
  const std::size_t n = samples_us.size();
  const double median = n % 2 == 1 ? samples_us[n / 2] : 0.5 * (samples_us[n / 2 - 1] + samples_us[n / 2]);
  return {median, samples_us.front(), samples_us.back(), n};
}

Summary time_calls(const CallStretch& calls, const Budget& budget) {
  std::size_t next = 0;
  const auto warm_start = Clock::now();
  while (next < budget.warm_up_calls || us_since(warm_start) < budget.warm_up_s * 1e6) calls(next++, 1);

  const std::size_t batch = choose_batch(calls, budget, next);
  std::vector<double> samples;
  const auto measure_start = Clock::now();
  while (samples.size() < budget.min_runs ||
         (samples.size() < budget.max_runs && us_since(measure_start) < budget.measure_s * 1e6)) {
    const auto start = Clock::now();
    calls(next, batch);
    samples.push_back(us_since(start) / static_cast<double>(batch));
    next += batch;
  }
  return summarize(std::move(samples));
}

double relative_error(const float* got, const double* expected, std::size_t count) {
  double difference = 0;
  double magnitude = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double d = std::abs(static_cast<double>(got[i]) - expected[i]);
    if (std::isnan(d)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, d);
    magnitude = std::max(magnitude, std::abs(expected[i]));
  }
  return difference / std::max(magnitude, std::numeric_limits<double>::min());
}

}  // namespace rg::bench
