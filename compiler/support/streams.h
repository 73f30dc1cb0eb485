// Standard output and error of a program: that what was printed has arrived.
#pragma once

#include <functional>

namespace rg {

/// Runs a program's body and gives its exit code: that of the body, or 1 with a message where its output could not be
/// written (a full device, a closed pipe or descriptor). A closed pipe ends nothing by a signal. What the body throws
/// beyond that goes through.
int with_checked_output(const std::function<int()>& body);

}  // namespace rg
