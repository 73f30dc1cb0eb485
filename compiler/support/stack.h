// How much of the thread's stack is left: for code that follows the nesting of a program, so that a program that nests
// deeper than the stack holds gets a diagnostic.
#pragma once

namespace rg {

/// Whether less than about 200 KB of the calling thread's stack are left.
bool stack_is_short();

}  // namespace rg
