// Recorded answers of other tools: the evals' results against them.
#pragma once

#include <string>
#include <vector>

#include "bench/gradbench/evals.h"

namespace rg::gradbench {

/// max |a - b| / max |b| over the numbers of two outputs, max |a| where all of b is 0; infinity for unequal counts.
double difference(const Json& got, const Json& wanted);

struct VectorCheck {
  int inputs = 0;
  int answers = 0;     ///< compared ones, of all tools whose answers are exact
  double largest = 0;  ///< difference
  std::vector<std::string> failures;
};

/// Asks for the output of every input in `folder`/`eval` and compares it with the answers beside it. The tolerance is
/// 1e-9, 1e-10 for lse, 0 for hello.
VectorCheck check_vectors(const std::string& folder, const std::string& eval);

}  // namespace rg::gradbench
