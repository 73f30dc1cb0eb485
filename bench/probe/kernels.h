// The loops that measure the machine's limits, one set a vector width. kernels.cpp is compiled once a set, with the
// flags that allow its instructions; nothing of a set may run before its `usable` has said so.
#pragma once

#include <cstddef>

namespace rg::bench {

struct ProbeKernels {
  const char* name;
  bool (*usable)();
  /// Runs `rounds` rounds of independent multiply-adds in registers; returns the floating-point operations done, a
  /// multiply-add counting two. `sink` receives a value that depends on all of them.
  double (*multiply_add_f32)(std::size_t rounds, float* sink);
  double (*multiply_add_f64)(std::size_t rounds, double* sink);
  /// Reads `count` floats (a multiple of 512) once.
  float (*read)(const float* data, std::size_t count);
};

/// Widest first; the last is usable everywhere.
extern const ProbeKernels* const kProbeKernelSets[];
extern const std::size_t kProbeKernelSetCount;

/// The widest usable set.
const ProbeKernels& probe_kernels();

}  // namespace rg::bench
