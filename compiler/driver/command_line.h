// What stands on the command line of runegrad-compile: flags and subcommands.
#pragma once

namespace rg::driver {

/// Does what the arguments (the program's name first) say. Gives the exit code: 0; 1 for the user's error, 2 for wrong
/// usage, 70 for a fault of ours. Output that cannot be written throws std::system_error.
int command_line(int argc, const char* const* argv);

}  // namespace rg::driver
