#include "bench/compile/curve.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "bench/compile/programs.h"
#include "compiler/api/unit.h"
#include "compiler/emit/emit.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::bench {

namespace {

std::string compile(const std::string& text, const std::string& expression) {
  api::Unit unit;
  if (!unit.load("long.rg", text)) return unit.rendered();
  const auto f = unit.prepare_expression(expression, "long");
  if (!f) return unit.rendered() + f.error();
  const plan::Plan plan = plan::make_plan(*f, {.target = *emit::target_of("")});
  const auto object = emit::emit({&plan, 1}, emit::Kind::object, {.opt_level = 2, .cpu = {}});
  return object ? "" : object.error();
}

// Compiles in a process of its own, which writes what went wrong to the pipe.
void measure(const LongProgram& program, const Derived& derived, CurveRow& row) {
  const std::string text = program.text(row.statements);
  int ends[2];
  if (pipe(ends) != 0) {
    row.failure = "no pipe";
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    const std::string failure = compile(text, derived.expression);
    const bool told = write(ends[1], failure.data(), failure.size()) == static_cast<ssize_t>(failure.size());
    _exit(failure.empty() && told ? 0 : 1);
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    row.failure.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child)
    row.failure = "no process";
  else if (WIFSIGNALED(status))
    row.failure = fmt::format("ended by signal {}", WTERMSIG(status));
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  row.peak_mb = static_cast<double>(used.ru_maxrss) / 1024;
}

bool chosen(const std::vector<std::string>& among, const std::string& name) {
  return among.empty() || std::ranges::find(among, name) != among.end();
}

}  // namespace

std::vector<CurveRow> measure_curve(const CurveOptions& options) {
  std::vector<CurveRow> rows;
  for (const LongProgram& program : long_programs()) {
    for (const Derived& derived : derived_of(program)) {
      if (!chosen(options.programs, program.name) || !chosen(options.derived, derived.name)) continue;
      double at_100 = 0;
      for (const int statements : options.statements) {
        CurveRow row{.program = program.name, .derived = derived.name, .statements = statements, .failure = {}};
        measure(program, derived, row);
        if (statements == 100) at_100 = row.seconds / 100;
        if (at_100 > 0) row.against_100 = row.seconds / statements / at_100;
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

std::string format_curve(const std::vector<CurveRow>& rows) {
  std::string out = fmt::format("{:10} {:10} {:>10} {:>10} {:>14} {:>12} {:>8}\n", "program", "derived", "statements",
                                "seconds", "ms a statement", "against 100", "MB");
  for (const CurveRow& r : rows) {
    out += fmt::format("{:10} {:10} {:>10} ", r.program, r.derived, r.statements);
    out += r.failure.empty()
               ? fmt::format("{:>10.3f} {:>14.3f} {:>12} {:>8.0f}\n", r.seconds, 1000 * r.seconds / r.statements,
                             r.against_100 > 0 ? fmt::format("{:.2f}", r.against_100) : "", r.peak_mb)
               : "failed: " + r.failure + "\n";
  }
  return out;
}

}  // namespace rg::bench
