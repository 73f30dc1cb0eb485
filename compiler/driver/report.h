// What the subcommands print when something is wrong: to standard error, giving the exit code 1.
#pragma once

#include "compiler/api/file.h"
#include "compiler/api/unit.h"

namespace rg::driver {

/// "error: message".
int fail(const std::string& message);
/// The program's diagnostics.
int fail(const api::Unit& unit, bool color);
/// The failure of a preparation: its text, or where it has none the unit's diagnostics.
int fail(const Failure& failure, const api::Unit& unit, bool color);
/// Checks a file, whose text is given or read here. False: what is wrong was printed.
bool load(api::Unit& unit, const std::string& file, const std::string& text, bool color);
bool load(api::Unit& unit, const std::string& file, bool color);

}  // namespace rg::driver
