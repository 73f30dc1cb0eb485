#include "bench/seed/seed.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/seed/handwritten.h"
#include "bench/seed/peers.h"
#include "bench/seed/workloads.h"

namespace rg::bench {

namespace {

constexpr double kTolerance = 1e-5;

// Times one gradient over the rotating inputs and checks its result for each of them.
Row measure(const SeedOptions& options, const SeedWorkload& workload, int size, const std::string& tool, int threads,
            const std::vector<SeedInput>& inputs, HandwrittenGradient gradient) {
  const std::size_t count = element_count(workload, size);
  std::vector<float> result(count);
  const auto call = [&](std::size_t number) {
    const SeedInput& input = inputs[number % inputs.size()];
    gradient(input.x.data(), input.w.data(), static_cast<std::size_t>(size), result.data());
  };
  Row row{"seed", workload.name, std::to_string(size), tool, threads, {}, 0};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    call(i);
    row.error = std::max(row.error, relative_error(result.data(), inputs[i].expected.data(), count));
  }
  row.time = time_calls(
      [&](std::size_t first, std::size_t calls) {
        for (std::size_t i = first; i < first + calls; ++i) call(i);
      },
      budget_of(options.budget_s));
  return row;
}

}  // namespace

std::vector<std::string> seed_workload_names() {
  std::vector<std::string> names;
  for (const SeedWorkload& workload : seed_workloads()) names.emplace_back(workload.name);
  return names;
}

SeedReport measure_seed(const SeedOptions& options) {
  SeedReport report;
  report.baseline = "cpp";
  for (const SeedWorkload& workload : seed_workloads()) {
    for (const int size : workload.sizes) {
      if (!selected(options, workload, size)) continue;
      const std::vector<SeedInput> inputs = make_inputs(workload, size);
      report.rows.push_back(measure(options, workload, size, "cpp", 1, inputs, handwritten_gradient(workload.name)));
    }
  }
  if (!options.no_peers) {
    PeerReport peers = measure_peers(options);
    report.rows.insert(report.rows.end(), peers.rows.begin(), peers.rows.end());
    report.notes = std::move(peers.notes);
  }
  for (const Row& row : report.rows) {
    if (row.error <= kTolerance) continue;
    ++report.wrong;
    report.notes.push_back(
        fmt::format("WRONG: {} {} by {}: error {:.1e}", row.workload, row.size, row.tool, row.error));
  }
  return report;
}

}  // namespace rg::bench
