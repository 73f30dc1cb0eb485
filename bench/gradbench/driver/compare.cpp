#include "bench/gradbench/driver/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <runegrad/runegrad.hpp>

#include "bench/gradbench/baseline/call.h"
#include "bench/gradbench/driver/forward.h"
#include "bench/gradbench/driver/peers.h"
#include "bench/gradbench/driver/workloads.h"
#include "bench/gradbench/vectors.h"

namespace rg::gradbench {

namespace {

using bench::Row;

constexpr double kTolerance = 1e-9;
constexpr double kForwardSeconds = 0.5;  // of a workload, after which no further direction is begun

double& primal_or_derivative(Total& t, bool derivative) { return derivative ? t.derivative_us : t.primal_us; }

/// A number of bytes from a line of /proc/self/status ("VmHWM"); 0 where there is none.
double status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return 1024 * std::strtod(line.c_str() + key.size() + 1, nullptr);
  }
  return 0;
}

/// Makes VmHWM start again from the memory in use.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

double rate_of(const std::vector<bench::Limit>& limits, const char* name) {
  const auto at = std::ranges::find_if(limits, [&](const bench::Limit& l) { return l.row.workload == name; });
  return at == limits.end() ? 0 : at->rate;
}

/// The time that the machine cannot beat for this work; 0 where a limit was not measured.
void set_limit(Point& point, const Work& work, const bench::Machine& machine, const std::vector<bench::Limit>& limits) {
  const bool in_l2 = work.resident <= static_cast<double>(machine.l2_bytes) * machine.threads;
  const bool in_l3 = work.resident <= static_cast<double>(machine.l3_bytes) / 2;
  const double bandwidth = rate_of(limits, in_l2 ? "read_l2" : in_l3 ? "read_l3" : "read_dram");
  const double peak = rate_of(limits, "fma_f64");
  if (peak <= 0 || bandwidth <= 0) return;
  const double by_flops = work.flops / peak * 1e-3, by_bytes = work.bytes / bandwidth * 1e-3;
  point.limit_us = std::max(by_flops, by_bytes);
  point.limit_is_flops = by_flops >= by_bytes;
}

/// max |a - b| / max |b| over all results; infinity where a holds a NaN, or integers differ.
double difference(const std::vector<Array>& a, const std::vector<Array>& b) {
  double most = 0, scale = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    if (a[k].integers != b[k].integers) return std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < b[k].reals.size(); ++i) {
      const double d = std::abs(a[k].reals[i] - b[k].reals[i]);
      if (std::isnan(d)) return std::numeric_limits<double>::infinity();
      most = std::max(most, d);
      scale = std::max(scale, std::abs(b[k].reals[i]));
    }
  }
  return scale > 0 ? most / scale : most;
}

/// What a function fails to write must not pass for the result of the call before.
void spoil(std::vector<Array>& results) {
  for (Array& a : results) {
    std::ranges::fill(a.reals, 1e300);
    std::ranges::fill(a.integers, -1);
  }
}

bench::Budget budget(double seconds) {
  bench::Budget b = bench::budget_of(seconds);
  b.warm_up_calls = 2;
  b.min_runs = 3;
  return b;
}

/// The eval's program as text to a callable function, and how long that takes.
runegrad::Expected<runegrad::Function> compile(const Eval& eval, const Function& function, const Workload& workload,
                                               double* milliseconds) {
  const auto start = std::chrono::steady_clock::now();
  runegrad::Options options;
  options.sizes = workload.extents;
  auto program = runegrad::Program::from_string(std::string(eval.source), std::string(eval.name) + ".rg");
  if (!program) return runegrad::Expected<runegrad::Function>::failure(program.error());
  auto compiled = program->function(std::string(function.compiled), options);
  *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return compiled;
}

class Comparing {
 public:
  Comparing(const CompareOptions& options, const bench::Machine& machine, const std::vector<bench::Limit>& limits)
      : options_(options), machine_(machine), limits_(limits), context_(options.threads) {}

  Comparison run() {
    const auto wanted = [](const std::vector<std::string>& only, const std::string& name) {
      return only.empty() || std::ranges::find(only, name) != only.end();
    };
    for (const std::string& eval : measured_evals()) {
      if (!wanted(options_.evals, eval)) continue;
      check_recorded(eval);
      double unused = 0;  // the first compilation of a process is slower: not what is measured
      (void)compile(*find_eval(eval), find_eval(eval)->functions[1], workloads(eval)[0], &unused);
      ForwardMode forward(*find_eval(eval));
      for (const Workload& w : workloads(eval)) {
        if (wanted(options_.sizes, w.size)) measure(w, forward);
      }
    }
    if (!options_.no_peers) {
      PeerRows peers = peers_.measure(options_);
      for (Row& row : peers.rows) add(std::move(row));
      out_.notes.insert(out_.notes.end(), peers.notes.begin(), peers.notes.end());
    }
    return std::move(out_);
  }

 private:
  void check_recorded(const std::string& eval) {
    const VectorCheck check = check_vectors(RG_GRADBENCH_VECTORS, eval);
    out_.vectors.push_back(
        fmt::format("{}: {} recorded answers, largest difference {:.1e}", eval, check.answers, check.largest));
    for (const std::string& failure : check.failures) out_.failures.push_back(failure);
    if (check.answers == 0) out_.failures.push_back(eval + ": no recorded answers were found");
  }

  void measure(const Workload& workload, ForwardMode& forward) {
    const Eval& eval = *find_eval(workload.eval);
    Arguments arguments = eval.arguments(workload.input());
    peers_.add_inputs(workload, arguments, options_.no_peers);
    for (std::size_t f = 0; f < eval.functions.size(); ++f) {
      const Function& function = eval.functions[f];
      Point point{workload.eval, std::string(function.name), workload.size};
      auto compiled = compile(eval, function, workload, &point.compile_ms);
      if (!compiled) {
        out_.failures.push_back(fmt::format("{}.{} {}: {}", eval.name, function.name, workload.size, compiled.error()));
        continue;
      }
      set_limit(point, f == 0 ? workload.primal() : workload.derivative(), machine_, limits_);
      measure(workload, function, *compiled, arguments, point, f == 0 ? nullptr : &forward);
    }
  }

  void measure(const Workload& workload, const Function& function, const runegrad::Function& code, Arguments& arguments,
               Point& point, ForwardMode* forward) {
    const std::vector<runegrad::TensorRef> inputs = refs(arguments.inputs);
    const auto failed = [&](const std::string& why) {
      out_.failures.push_back(fmt::format("{}.{} {}: {}", point.eval, point.function, point.size, why));
    };
    const auto sizes = code.infer_sizes(inputs, arguments.sizes);
    if (!sizes) return failed(sizes.error());
    std::vector<Array> results = results_for(code, *sizes), by_hand = results;
    spoil(results);
    spoil(by_hand);
    const std::vector<runegrad::TensorRef> outputs = refs(results);
    forget_peak();
    const double before = status_bytes("VmRSS");
    const auto status = code.call(inputs, outputs, &context_, arguments.sizes);
    if (!status) return failed(status.error());
    point.peak_bytes = std::max(0.0, status_bytes("VmHWM") - before);
    const baseline::Call call = baseline::find(workload.eval, function.name);
    call(arguments.inputs, arguments.sizes, by_hand);
    point.error = difference(results, by_hand);
    if (!(point.error <= kTolerance)) failed(fmt::format("differs from the baseline by {:.1e}", point.error));
    if (forward != nullptr) {
      Agreement& a = point.forward =
          forward->compare(arguments, results, options_.directions, kForwardSeconds, &context_);
      if (!a.failure.empty()) failed("forward mode: " + a.failure);
      if (!(a.largest <= kTolerance)) failed(fmt::format("differs from forward mode by {:.1e}", a.largest));
    }
    peers_.add_expected(workload, function, by_hand, options_.no_peers);

    const auto row = [&](const char* tool, int threads, double error, const auto& once) {
      add({"gradbench", point.eval + "." + point.function, point.size, tool, threads,
           bench::time_calls(
               [&](std::size_t, std::size_t calls) {
                 for (std::size_t i = 0; i < calls; ++i) once();
               },
               budget(options_.seconds)),
           error});
    };
    row("runegrad", options_.threads, point.error,
        [&] { (void)code.call(inputs, outputs, &context_, arguments.sizes); });
    point.median_us = out_.rows.back().time.median_us;
    out_.points.push_back(point);
    row("cpp", 1, 0, [&] { call(arguments.inputs, arguments.sizes, by_hand); });
  }

  void add(Row row) {
    const auto dot = row.workload.find('.');
    const std::string eval = row.workload.substr(0, dot), function = row.workload.substr(dot + 1);
    auto total =
        std::ranges::find_if(out_.totals, [&](const Total& t) { return t.eval == eval && t.tool == row.tool; });
    if (total == out_.totals.end()) total = out_.totals.insert(out_.totals.end(), Total{eval, row.tool});
    const bool derivative = find_eval(eval)->functions[0].name != function;
    primal_or_derivative(*total, derivative) += row.time.median_us;
    total->workloads += derivative ? 1 : 0;
    const auto ours = std::ranges::find_if(out_.rows, [&](const Row& r) {
      return r.tool == "runegrad" && r.workload == row.workload && r.size == row.size;
    });
    total->ours_us += ours == out_.rows.end() ? row.time.median_us : ours->time.median_us;
    if (!(row.error <= kTolerance) && row.tool != "runegrad")
      out_.failures.push_back(fmt::format("{} {} by {}: error {:.1e}", row.workload, row.size, row.tool, row.error));
    out_.rows.push_back(std::move(row));
  }

  const CompareOptions& options_;
  const bench::Machine& machine_;
  const std::vector<bench::Limit>& limits_;
  runegrad::Context context_;
  Peers peers_;
  Comparison out_;
};

}  // namespace

Comparison compare(const CompareOptions& options, const bench::Machine& machine,
                   const std::vector<bench::Limit>& limits) {
  return Comparing(options, machine, limits).run();
}

}  // namespace rg::gradbench
