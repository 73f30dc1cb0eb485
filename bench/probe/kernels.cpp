// One set of probe kernels. RG_PROBE_SET names it, RG_PROBE_BYTES is its vector's width and RG_PROBE_USABLE the test
// that the processor has its instructions. No header with code is included: what is compiled here with wide
// instructions must not be merged with another file's.
#include "bench/probe/kernels.h"

namespace rg::bench {

namespace {

template <class T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(RG_PROBE_BYTES)));
};

constexpr int kChains = 12;  // enough to cover a latency of four on two units, few enough for sixteen registers

template <class T>
double multiply_add(std::size_t rounds, T* sink) {
  using V = typename VectorOf<T>::Type;
  V acc[kChains];
  // Read through a volatile, so that the chains cannot be computed beforehand.
  volatile T seed = T(1);
  const V scale = V{} + seed * T(0.999);
  const V shift = V{} + seed * T(0.001);
  for (int c = 0; c < kChains; ++c) acc[c] = V{} + seed * T(c);
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) acc[c] = acc[c] * scale + shift;
  }
  V sum = acc[0];
  for (int c = 1; c < kChains; ++c) sum += acc[c];
  constexpr int lanes = RG_PROBE_BYTES / sizeof(T);
  T total = 0;
  for (int l = 0; l < lanes; ++l) total += sum[l];
  *sink = total;
  return 2.0 * kChains * lanes * static_cast<double>(rounds);
}

double multiply_add_f32(std::size_t rounds, float* sink) { return multiply_add<float>(rounds, sink); }
double multiply_add_f64(std::size_t rounds, double* sink) { return multiply_add<double>(rounds, sink); }

float read(const float* data, std::size_t count) {
  using V = VectorOf<float>::Type;
  constexpr int kStreams = 8;
  constexpr std::size_t lanes = RG_PROBE_BYTES / sizeof(float);
  typedef float Unaligned __attribute__((vector_size(RG_PROBE_BYTES), aligned(4), may_alias));
  V acc[kStreams] = {};
  for (std::size_t i = 0; i < count; i += kStreams * lanes) {
#pragma GCC unroll 8
    for (int s = 0; s < kStreams; ++s) acc[s] += *reinterpret_cast<const Unaligned*>(data + i + s * lanes);
  }
  V sum = acc[0];
  for (int s = 1; s < kStreams; ++s) sum += acc[s];
  float total = 0;
  for (std::size_t l = 0; l < lanes; ++l) total += sum[l];
  return total;
}

bool usable() { return RG_PROBE_USABLE; }

}  // namespace

#define RG_PROBE_TEXT(x) #x
#define RG_PROBE_NAME(x) RG_PROBE_TEXT(x)
#define RG_PROBE_JOIN(a, b) a##b
#define RG_PROBE_SYMBOL(a, b) RG_PROBE_JOIN(a, b)

extern const ProbeKernels RG_PROBE_SYMBOL(kProbe_, RG_PROBE_SET);
const ProbeKernels RG_PROBE_SYMBOL(kProbe_, RG_PROBE_SET) = {RG_PROBE_NAME(RG_PROBE_SET), usable, multiply_add_f32,
                                                             multiply_add_f64, read};

}  // namespace rg::bench
