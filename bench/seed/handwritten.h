// The seed gradients as plain C++ loops, the way a person writes them who knows the derivative.
#pragma once

#include <cstddef>
#include <string>

namespace rg::bench {

/// x and gradient as the workload's, w n by n or null.
using HandwrittenGradient = void (*)(const float* x, const float* w, std::size_t n, float* gradient);

/// Null for a name that is no seed workload.
HandwrittenGradient handwritten_gradient(const std::string& workload);

}  // namespace rg::bench
