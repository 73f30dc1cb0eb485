#include "compiler/driver/trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/code/reproducer.h"
#include "compiler/code/text.h"
#include "compiler/code/verify.h"
#include "compiler/support/internal_error.h"

namespace rg::driver {

void Trace::attach(api::Unit& unit) {
  unit_ = &unit;
  unit.observe([this](std::string_view pass, const ir::Function& f) { after(pass, f); });
}

void Trace::mark(std::string_view phase) {
  const auto now = Clock::now();
  const double elapsed = std::chrono::duration<double, std::milli>(now - last_).count();
  const auto at = std::ranges::find(milliseconds_, phase, &std::pair<std::string, double>::first);
  if (at != milliseconds_.end())
    at->second += elapsed;
  else
    milliseconds_.emplace_back(phase, elapsed);
  last_ = now;
}

void Trace::after(std::string_view pass, const ir::Function& f) {
  mark(pass);
  const bool asked = std::ranges::find(options_.dump_after, pass) != options_.dump_after.end();
  if (asked || options_.dump_changed) {
    const std::string text = ir::print(f);
    std::string& before = shown_[f.name];
    if (asked || text != before) fmt::print(stderr, "// after {}\n{}\n", pass, text);
    before = text;
  }
  if (options_.verify_each) verify(pass, f);
  last_ = Clock::now();
}

plan::PlanOptions Trace::plan_options() {
  return {.strict = options_.strict,
          .fast = options_.fast,
          .skip = options_.skip,
          .after = [this](std::string_view pass, const plan::Plan& plan) { after(pass, plan); }};
}

void Trace::after(std::string_view pass, const plan::Plan& plan) {
  mark(pass);
  const bool asked = std::ranges::find(options_.dump_after, pass) != options_.dump_after.end();
  if (asked || options_.dump_changed) {
    const std::string text = plan::print(plan);
    std::string& before = shown_[plan.function.name];
    if (asked || text != before) fmt::print(stderr, "// after {}\n{}\n", pass, text);
    before = text;
  }
  if (options_.verify_each) verified_(pass, plan);
  last_ = Clock::now();
}

namespace {

[[noreturn]] void refuse(std::string_view pass, const ir::Violation& v, const std::string& before) {
  InternalError error(fmt::format("after {}: {}{}", pass, v.str(), ir::save_reproducer(v.function, pass, before)));
  error.reproducible = true;
  throw error;
}

}  // namespace

void Trace::verify(std::string_view pass, const ir::Function& f) {
  const std::string* before = &sound_[f.name];
  if (pass == "expand" && unit_ != nullptr) {  // the first: what it read is the checker's module
    const ir::Module& module = unit_->program().module();
    sound_[f.name] = ir::print(module);
    if (const auto v = ir::verify(module); !v.empty()) refuse("check", v[0], "");
  }
  const bool prepared = pass == "lift" || pass == "simplify";
  const auto v = ir::verify(f, prepared ? ir::Stage::prepared : ir::Stage::checked);
  if (!v.empty()) refuse(pass, v[0], *before);
  sound_[f.name] = ir::print(f);
}

void Trace::report() const {
  if (!options_.time_report) return;
  double total = 0;
  for (const auto& [phase, ms] : milliseconds_) total += ms;
  for (const auto& [phase, ms] : milliseconds_)
    fmt::print(stderr, "{:>10.3f} ms {:>5.1f} %  {}\n", ms, 100 * ms / total, phase);
  fmt::print(stderr, "{:>10.3f} ms          total\n", total);
}

}  // namespace rg::driver
