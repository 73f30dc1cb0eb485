// Timing and checking one seed gradient.
#pragma once

#include <algorithm>

#include "bench/seed/workloads.h"

namespace rg::bench {

/// Times `gradient(input, result)` over the rotating inputs and compares its result with the expected one for each.
template <class Gradient>
Row measure_gradient(const SeedOptions& options, const SeedWorkload& workload, int size, const std::string& tool,
                     int threads, const std::vector<SeedInput>& inputs, const Gradient& gradient) {
  const std::size_t count = element_count(workload, size);
  std::vector<float> result(count);
  Row row{"seed", workload.name, std::to_string(size), tool, threads, {}, 0};
  for (const SeedInput& input : inputs) {
    // What a gradient fails to write must not pass for the result of the call before.
    std::fill(result.begin(), result.end(), 1e30F);
    gradient(input, result.data());
    row.error = std::max(row.error, relative_error(result.data(), input.expected.data(), count));
  }
  row.time = time_calls(
      [&](std::size_t first, std::size_t calls) {
        for (std::size_t i = first; i < first + calls; ++i) gradient(inputs[i % inputs.size()], result.data());
      },
      budget_of(options.budget_s));
  return row;
}

}  // namespace rg::bench
