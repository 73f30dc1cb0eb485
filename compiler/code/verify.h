// The verifier: what every module and function holds to, checked after reading and, in tests and with --verify-each,
// after every pass. Input may be broken in any way; nothing is changed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/module.h"

namespace rg::ir {

/// The invariants; invariant k is invariants()[k - 1].
std::span<const std::string_view> invariants();

/// One breach.
struct Violation {
  int invariant = 0;
  std::string function;
  /// "instruction 3 (mul)", counted from 1 in the order of the text form, or what else of the function is meant.
  std::string place;
  std::string why;
  Span span;  // of the instruction or function
  /// "@f, instruction 3 (mul): invariant 5: why".
  std::string str() const;
};

/// How far a function has come: `prepared` is what the pipeline gives (invariant 12).
enum class Stage { checked, prepared };

/// Breaches of what concerns one function alone: all invariants but 9 and 10.
std::vector<Violation> verify(const Function& f, Stage stage = Stage::checked);
/// Breaches of all functions and of what they say of each other.
std::vector<Violation> verify(const Module& module, Stage stage = Stage::checked);

}  // namespace rg::ir
