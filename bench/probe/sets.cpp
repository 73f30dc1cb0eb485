// The table of probe kernel sets and the choice among them.
#include "bench/probe/kernels.h"

namespace rg::bench {

#if defined(__x86_64__)
extern const ProbeKernels kProbe_avx512, kProbe_avx2;
#endif
extern const ProbeKernels kProbe_portable;

const ProbeKernels* const kProbeKernelSets[] = {
#if defined(__x86_64__)
    &kProbe_avx512, &kProbe_avx2,
#endif
    &kProbe_portable};
const std::size_t kProbeKernelSetCount = sizeof kProbeKernelSets / sizeof *kProbeKernelSets;

const ProbeKernels& probe_kernels() {
  std::size_t i = 0;
  while (i + 1 < kProbeKernelSetCount && !kProbeKernelSets[i]->usable()) ++i;
  return *kProbeKernelSets[i];
}

}  // namespace rg::bench
