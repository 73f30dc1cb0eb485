// What the subcommands print when something is wrong: to standard error, giving the exit code.
#pragma once

#include "compiler/api/file.h"
#include "compiler/api/unit.h"

namespace rg::driver {

/// The failure as a diagnostic without a place, giving 1; one without a code is ours and gives 70.
int fail(const Failure& failure, bool color);
/// The program's diagnostics, giving 1.
int fail(const api::Unit& unit, bool color);
/// The failure of a preparation: itself, or where it has no text the unit's diagnostics.
int fail(const Failure& failure, const api::Unit& unit, bool color);
/// Checks a file, whose text is given or read here. False: what is wrong was printed.
bool load(api::Unit& unit, const std::string& file, const std::string& text, bool color);
bool load(api::Unit& unit, const std::string& file, bool color);

}  // namespace rg::driver
