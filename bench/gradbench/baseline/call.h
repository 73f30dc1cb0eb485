// The baselines behind one signature, so that a driver can call them as it calls a compiled function.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "bench/gradbench/evals.h"

namespace rg::gradbench::baseline {

/// On the arguments (arrays and sizes) of the eval's compiled program, into arrays of its results' shapes.
using Call = void (*)(std::span<const Array> inputs, const std::map<std::string, std::int64_t>& sizes,
                      std::span<Array> results);

/// Null where an eval's function has no baseline (hello).
Call find(std::string_view eval, std::string_view function);

}  // namespace rg::gradbench::baseline
