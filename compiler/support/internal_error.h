// What breaks an invariant of ours. Caught at the edge of the program, never shown as the user's mistake.
#pragma once

#include <stdexcept>
#include <string>

namespace rg {

/// Thrown by `internal_error` alone; the driver and the C++ API catch it.
struct InternalError : std::logic_error {
  using std::logic_error::logic_error;
  bool reproducible = false;  // the message says where what led to it was saved
};

[[noreturn]] inline void internal_error(const std::string& what) { throw InternalError(what); }

}  // namespace rg
