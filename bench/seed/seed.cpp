#include "bench/seed/seed.h"

#include <fmt/format.h>

#include "bench/seed/compiled.h"
#include "bench/seed/handwritten.h"
#include "bench/seed/measure.h"
#include "bench/seed/peers.h"
#include "bench/seed/workloads.h"

namespace rg::bench {

namespace {

constexpr double kTolerance = 1e-5;

}  // namespace

std::vector<std::string> seed_workload_names() {
  std::vector<std::string> names;
  for (const SeedWorkload& workload : seed_workloads()) names.emplace_back(workload.name);
  return names;
}

SeedReport measure_seed(const SeedOptions& options) {
  SeedReport report;
  report.baseline = "runegrad";
  CompiledSeed compiled(options);
  for (const SeedWorkload& workload : seed_workloads()) {
    for (const int size : workload.sizes) {
      if (!selected(options, workload, size)) continue;
      const std::vector<SeedInput> inputs = make_inputs(workload, size);
      compiled.measure(workload, size, inputs, report);
      const HandwrittenGradient by_hand = handwritten_gradient(workload.name);
      report.rows.push_back(
          measure_gradient(options, workload, size, "cpp", 1, inputs, [&](const SeedInput& input, float* gradient) {
            by_hand(input.x.data(), input.w.data(), static_cast<std::size_t>(size), gradient);
          }));
    }
  }
  if (!options.no_peers) {
    PeerReport peers = measure_peers(options);
    report.rows.insert(report.rows.end(), peers.rows.begin(), peers.rows.end());
    report.notes = std::move(peers.notes);
  }
  for (const Row& row : report.rows) {
    if (row.error <= kTolerance) continue;
    report.failures.push_back(
        fmt::format("WRONG: {} {} by {}: error {:.1e}", row.workload, row.size, row.tool, row.error));
  }
  return report;
}

}  // namespace rg::bench
