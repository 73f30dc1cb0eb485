// What the passes do, shown while a program is compiled: the IR after passes, whether it is sound, and the time of each
// phase.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/api/unit.h"
#include "compiler/driver/commands.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::driver {

/// Lives as long as the unit is prepared with it. Everything is written to standard error.
class Trace {
 public:
  explicit Trace(const CommonOptions& options) : options_(options), last_(Clock::now()) {}
  /// Follows the passes of `unit`, which outlives this.
  void attach(api::Unit& unit);
  /// What follows a pass over `f`. With verify_each an internal error where the IR is not sound: it names pass,
  /// invariant and instruction, and a file with the IR before the pass.
  void after(std::string_view pass, const ir::Function& f);
  /// Options for planning, with the passes that are left out, that follow the passes as `after` does.
  plan::PlanOptions plan_options();
  void after(std::string_view pass, const plan::Plan& plan);
  /// The time since the last mark belongs to `phase`.
  void mark(std::string_view phase);
  /// Prints the table of times where it was asked for.
  void report() const;

 private:
  using Clock = std::chrono::steady_clock;
  void verify(std::string_view pass, const ir::Function& f);

  const CommonOptions& options_;
  Clock::time_point last_;
  std::vector<std::pair<std::string, double>> milliseconds_;  // in the order of first use
  std::map<std::string, std::string> shown_;                  // last text of a function, by name
  plan::EachVerified verified_;
  std::map<std::string, std::string> sound_;  // last text that was verified
  api::Unit* unit_ = nullptr;
};

}  // namespace rg::driver
