// The verifier of plans: what a plan holds to after it is built and after every pass. Checked in the tests, and with
// --verify-each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "compiler/plan/plan.h"

namespace rg::plan {

/// The invariants; invariant k is invariants()[k - 1].
std::span<const std::string_view> invariants();

/// How far a plan has come: `placed` is after the pass `storage`, when what has memory is decided (invariant 8),
/// `coded` after the pass `code`, the last (invariant 11).
enum class Stage { built, placed, coded };

/// The first breach.
struct Breach {
  int invariant = 0;
  std::string why;
  /// "invariant 3: why".
  std::string str() const;
};
std::optional<Breach> verify(const Plan& plan, Stage stage = Stage::built);

}  // namespace rg::plan
