// The seed gradients as this compiler makes them, from seed.rg through the public interface.
#pragma once

#include <memory>

#include "bench/seed/seed.h"
#include "bench/seed/workloads.h"

namespace rg::bench {

/// Rows of one workload at one size from the C function of its gradient: "runegrad", compiled for this size as the
/// peers do, and "runegrad-any-size", compiled once for every size. What cannot be compiled or called is a note.
class CompiledSeed {
 public:
  explicit CompiledSeed(const SeedOptions& options);
  ~CompiledSeed();
  void measure(const SeedWorkload& workload, int size, const std::vector<SeedInput>& inputs, SeedReport& report);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rg::bench
