// What an internal error leaves behind: the phase in which it arose, and a file with the IR that this phase read.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "compiler/code/text.h"
#include "compiler/support/internal_error.h"

namespace rg::ir {

/// Writes the text to FUNCTION.PHASE.ir in the temporary folder; gives a line that says where, empty where it cannot.
std::string save_reproducer(std::string_view function, std::string_view phase, const std::string& text);

/// Throws the error anew with the phase's name, after saving the text of what it read; as it is where an inner phase
/// has done so.
[[noreturn]] void rethrow_reproducible(const InternalError& error, std::string_view function, std::string_view phase,
                                       const std::function<std::string()>& text);

/// Runs a phase over `read`; an internal error in it says which and leaves a reproducer.
template <class Phase>
auto reproducible(std::string_view phase, const Function& read, const Phase& run) {
  try {
    return run();
  } catch (const InternalError& error) {
    rethrow_reproducible(error, read.name, phase, [&] { return print(read); });
  }
}

}  // namespace rg::ir
