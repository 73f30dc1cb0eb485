// runegrad-bench: every benchmark of the project. Input: a subcommand and its flags. Output: a table, or with --json
// one object of the row form (bench/common/report.h). Exit 0, 1 where a result is wrong, 2 for usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/compile/curve.h"
#include "bench/compile/programs.h"
#include "bench/gradbench/driver/compare.h"
#include "bench/gradbench/driver/workloads.h"
#include "bench/machine_probe.h"
#include "bench/seed/seed.h"
#include "bench/sums/sums.h"
#include "compiler/support/streams.h"

namespace rg::bench {

namespace {

struct Common {
  int threads = 1;
  bool json = false;
};

void add_common(CLI::App& app, Common& common) {
  const std::string cores = std::to_string(usable_cores().size());
  app.add_option("--threads", common.threads, "cores that every tool is held to; `all` for those of this machine")
      ->transform([cores](const std::string& text) { return text == "all" ? cores : text; })
      ->check(CLI::Range(1, static_cast<int>(usable_cores().size())))
      ->capture_default_str();
  app.add_flag("--json", common.json, "one JSON object in place of the table");
}

Machine held_machine(const Common& common) {
  Machine machine = describe_machine(common.threads);
  if (!hold_to_cores(common.threads)) fmt::print(stderr, "the system does not bind this process to cores\n");
  return machine;
}

void print_machine(const Machine& machine) {
  fmt::print("{}, {} cores, held to {}; {}\n", machine.cpu, machine.cores, machine.threads,
             fmt::join(machine.features, " "));
}

int run_machine(const Common& common) {
  const Machine machine = held_machine(common);
  const std::vector<Limit> limits = probe_machine(machine);
  if (!common.json) {
    print_machine(machine);
    fmt::print("{}", format_limits(limits));
    return 0;
  }
  std::vector<Row> rows;
  auto rates = nlohmann::json::object();
  for (const Limit& limit : limits) {
    rows.push_back(limit.row);
    rates[limit.row.workload] = {{"rate", limit.rate}, {"unit", limit.unit}};
  }
  auto report = to_json(machine, rows);
  report["machine"]["limits"] = rates;
  fmt::print("{}\n", report.dump(2));
  return 0;
}

int run_seed(const Common& common, SeedOptions options) {
  const Machine machine = held_machine(common);
  options.threads = common.threads;
  const SeedReport report = measure_seed(options);
  if (common.json) {
    fmt::print("{}\n", to_json(machine, report.rows).dump(2));
  } else {
    print_machine(machine);
    fmt::print("{}", format_table(report.rows, report.baseline, published_seed_figures(options)));
  }
  for (const std::string& note : report.notes) fmt::print(stderr, "{}\n", note);
  for (const std::string& failure : report.failures) fmt::print(stderr, "FAILED: {}\n", failure);
  return report.failures.empty() ? 0 : 1;
}

int run_gradbench(const Common& common, gradbench::CompareOptions options) {
  const Machine machine = held_machine(common);
  options.threads = common.threads;
  const std::vector<Limit> limits = probe_machine(machine);
  const gradbench::Comparison comparison = gradbench::compare(options, machine, limits);
  if (common.json) {
    fmt::print("{}\n", gradbench::to_json(machine, comparison).dump(2));
  } else {
    print_machine(machine);
    fmt::print("{}\n{}", format_limits(limits), gradbench::format_comparison(comparison));
  }
  for (const std::string& note : comparison.notes) fmt::print(stderr, "{}\n", note);
  for (const std::string& failure : comparison.failures) fmt::print(stderr, "FAILED: {}\n", failure);
  return comparison.failures.empty() ? 0 : 1;
}

int run_compile(const Common& common, const CurveOptions& options) {
  const Machine machine = held_machine(common);
  const std::vector<CurveRow> rows = measure_curve(options);
  if (common.json) {
    auto list = nlohmann::json::array();
    for (const CurveRow& r : rows)
      list.push_back({{"program", r.program},
                      {"derived", r.derived},
                      {"statements", r.statements},
                      {"seconds", r.seconds},
                      {"peak_mb", r.peak_mb},
                      {"against_100", r.against_100},
                      {"failure", r.failure}});
    auto report = to_json(machine, {});
    report["compile"] = list;
    fmt::print("{}\n", report.dump(2));
  } else {
    print_machine(machine);
    fmt::print("{}", format_curve(rows));
  }
  return std::ranges::all_of(rows, [](const CurveRow& r) { return r.failure.empty(); }) ? 0 : 1;
}

int run_sums(const Common& common, const SumsOptions& options) {
  const SumsReport report = measure_sums(options);
  if (common.json) {
    auto rows = nlohmann::json::array();
    for (const SumsRow& row : report.rows)
      rows.push_back({{"what", row.what},
                      {"elem", row.elem},
                      {"data", row.data},
                      {"n", row.n},
                      {"bound", row.bound},
                      {"errors", row.errors}});
    fmt::print("{}\n", nlohmann::json{{"rows", rows}}.dump(2));
  } else {
    fmt::print("errors in half-ulps of the sum of magnitudes\n{}", format_sums(report));
  }
  for (const std::string& note : report.notes) fmt::print(stderr, "{}\n", note);
  for (const std::string& failure : report.failures) fmt::print(stderr, "FAILED: {}\n", failure);
  return report.failures.empty() ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app("Benchmarks of runegrad");
  app.require_subcommand(1);
  Common common;
  SeedOptions seed_options;
  gradbench::CompareOptions gradbench_options;
  CurveOptions curve_options;
  SumsOptions sums_options;

  CLI::App* machine = app.add_subcommand("machine", "the machine's limits: multiply-adds a second, read bandwidth");
  add_common(*machine, common);
  CLI::App* seed = app.add_subcommand("seed", "small gradients, beside the peers that can be imported");
  add_common(*seed, common);
  seed->add_option("--workload", seed_options.workloads, "only these")->check(CLI::IsMember(seed_workload_names()));
  seed->add_option("--size", seed_options.sizes, "only these");
  seed->add_option("--budget", seed_options.budget_s, "seconds a row")->capture_default_str();
  seed->add_option("--peers", seed_options.python,
                   "the Python that has the peers (else RUNEGRAD_PEERS_PYTHON, python3)");
  seed->add_flag("--no-peers", seed_options.no_peers, "leave the Python peers out");
  CLI::App* evals = app.add_subcommand("gradbench", "GradBench's workloads, beside C++ by hand and JAX");
  add_common(*evals, common);
  evals->add_option("--eval", gradbench_options.evals, "only these")->check(CLI::IsMember(gradbench::measured_evals()));
  evals->add_option("--size", gradbench_options.sizes, "only these, as GradBench describes them: 64_100_1000");
  evals->add_option("--max-seconds", gradbench_options.seconds, "seconds a row")->capture_default_str();
  evals->add_option("--peers", gradbench_options.python,
                    "the Python that has JAX (else RUNEGRAD_PEERS_PYTHON, python3)");
  evals->add_flag("--no-peers", gradbench_options.no_peers, "leave JAX out");
  CLI::App* curve = app.add_subcommand("compile", "time and memory of compiling, by the length of the program");
  add_common(*curve, common);
  curve->add_option("--statements", curve_options.statements, "lengths")->check(CLI::Range(1, 1000000));
  std::vector<std::string> programs;
  for (const LongProgram& p : long_programs()) programs.push_back(p.name);
  curve->add_option("--program", curve_options.programs, "only these")->check(CLI::IsMember(programs));
  curve->add_option("--derived", curve_options.derived, "only these")
      ->check(CLI::IsMember({"value", "gradient", "hvp"}));
  CLI::App* sums = app.add_subcommand("sums", "errors of sums of 1000 to 10^7 terms, beside NumPy and JAX");
  sums->add_flag("--json", common.json, "one JSON object in place of the table");
  sums->add_option("--longest", sums_options.longest, "terms of the longest sum")
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  sums->add_option("--peers", sums_options.python,
                   "the Python that has NumPy and JAX (else RUNEGRAD_PEERS_PYTHON, python3)");
  sums->add_flag("--no-peers", sums_options.no_peers, "leave NumPy and JAX out");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (curve->parsed()) return run_compile(common, curve_options);
  if (evals->parsed()) return run_gradbench(common, gradbench_options);
  if (sums->parsed()) return run_sums(common, sums_options);
  return machine->parsed() ? run_machine(common) : run_seed(common, seed_options);
}

}  // namespace

}  // namespace rg::bench

int main(int argc, char** argv) {
  return rg::with_checked_output([&] {
    try {
      return rg::bench::run(argc, argv);
    } catch (const std::system_error&) {
      throw;
    } catch (const std::exception& e) {
      fmt::print(stderr, "runegrad-bench: {}\n", e.what());
      return 70;
    }
  });
}
