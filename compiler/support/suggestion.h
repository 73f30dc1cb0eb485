// A near name for one that is not there.
#pragma once

#include <string>
#include <vector>

namespace rg {

/// "did you mean `x`?" for the candidate of least edit distance, which must be small; else empty. A name that differs in
/// upper and lower case alone is nearest.
std::string suggestion(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace rg
