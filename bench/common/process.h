// Running another program and reading what it prints.
#pragma once

#include <string>
#include <vector>

namespace rg::bench {

struct ProcessResult {
  int exit_code = -1;  ///< -1: could not be started or was ended by a signal
  std::string out;     ///< all of its standard output
};

/// Runs `arguments[0]`, looked for on PATH, with standard output captured, standard input empty and standard error
/// discarded; waits for its end.
ProcessResult run_process(const std::vector<std::string>& arguments);

}  // namespace rg::bench
