// A comparison as a table and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/gradbench/driver/compare.h"

namespace rg::gradbench {

namespace {

const bench::Row* find_row(const Comparison& c, const Point& p, const std::string& tool) {
  const auto at = std::ranges::find_if(c.rows, [&](const bench::Row& r) {
    return r.tool == tool && r.workload == p.eval + "." + p.function && r.size == p.size;
  });
  return at == c.rows.end() ? nullptr : &*at;
}

std::string peer_text(const Comparison& c, const Point& p, const std::string& tool) {
  const bench::Row* row = find_row(c, p, tool);
  if (row == nullptr) return fmt::format("{:>9} {:>7}", "", "");
  return fmt::format("{:>9} {:>6.2f}x", bench::format_time(row->time.median_us), row->time.median_us / p.median_us);
}

std::string forward_text(const Point& p) {
  if (p.forward.directions == 0) return "";
  return p.forward.all_zero ? "all 0" : fmt::format("{:.0e}", p.forward.largest);
}

// An eval's derivatives by forward mode: how many were compared, and how far they are apart.
std::string forward_line(const Comparison& c, const std::string& eval) {
  int compared = 0, zero = 0, directions = 0;
  double largest = 0;
  for (const Point& p : c.points) {
    if (p.eval != eval || p.forward.directions == 0) continue;
    ++compared;
    zero += p.forward.all_zero ? 1 : 0;
    directions += p.forward.directions;
    largest = std::max(largest, p.forward.largest);
  }
  std::string line =
      fmt::format("{}: derivatives at {} sizes against forward mode along {} directions, ", eval, compared, directions);
  line += fmt::format("largest difference {:.1e}", largest);
  if (zero > 0) line += fmt::format(" ({} of them all 0 both ways)", zero);
  return line + "\n";
}

double limit_fraction(const Point& p) { return p.median_us > 0 ? p.limit_us / p.median_us : 0; }

}  // namespace

std::string format_comparison(const Comparison& c) {
  std::string out =
      fmt::format("{:<18} {:<26} {:>9} {:>6}  {:>11} {:>9} {:>9}  {:>17}  {:>17} {:>8} {:>8}\n", "function", "size",
                  "median", "ratio", "of limit", "compile", "memory", "cpp", "jax", "error", "forward");
  const Point* before = nullptr;
  for (const Point& p : c.points) {
    const bool derivative = before != nullptr && before->eval == p.eval && before->size == p.size;
    out += fmt::format("{:<18} {:<26} {:>9} {:>6}  {:>5.0f}% {:<5} {:>6.1f} ms {:>6.1f} MB  {}  {} {:>8.0e} {:>8}\n",
                       p.eval + "." + p.function, p.size, bench::format_time(p.median_us),
                       derivative ? fmt::format("{:.2f}", p.median_us / before->median_us) : "",
                       100 * limit_fraction(p), p.limit_is_flops ? "flops" : "bytes", p.compile_ms, p.peak_bytes / 1e6,
                       peer_text(c, p, "cpp"), peer_text(c, p, "jax"), p.error, forward_text(p));
    before = &p;
  }
  out += fmt::format("\n{:<8} {:<9} {:>9} {:>10} {:>10} {:>10} {:>14}\n", "eval", "tool", "workloads", "primal",
                     "derivative", "both", "runegrad less");
  for (const Total& t : c.totals) {
    const double both = t.primal_us + t.derivative_us;
    out += fmt::format("{:<8} {:<9} {:>9} {:>10} {:>10} {:>10} {:>13.2f}x\n", t.eval, t.tool, t.workloads,
                       bench::format_time(t.primal_us), bench::format_time(t.derivative_us), bench::format_time(both),
                       both / t.ours_us);
  }
  out += "\n";
  out += "error: largest difference from the baseline, of the largest result; forward: from forward mode\n";
  for (const std::string& line : c.vectors) out += line + "\n";
  for (const Total& t : c.totals) {
    if (t.tool == "runegrad") out += forward_line(c, t.eval);
  }
  return out;
}

nlohmann::json to_json(const bench::Machine& machine, const Comparison& c) {
  nlohmann::json report = bench::to_json(machine, c.rows);
  report["points"] = nlohmann::json::array();
  for (const Point& p : c.points) {
    report["points"].push_back({{"workload", p.eval + "." + p.function},
                                {"size", p.size},
                                {"limit_us", p.limit_us},
                                {"limit", p.limit_is_flops ? "flops" : "bytes"},
                                {"fraction_of_limit", limit_fraction(p)},
                                {"compile_ms", p.compile_ms},
                                {"forward_directions", p.forward.directions},
                                {"forward_error", p.forward.largest},
                                {"peak_bytes", p.peak_bytes}});
  }
  report["totals"] = nlohmann::json::array();
  for (const Total& t : c.totals) {
    report["totals"].push_back({{"eval", t.eval},
                                {"tool", t.tool},
                                {"workloads", t.workloads},
                                {"primal_us", t.primal_us},
                                {"derivative_us", t.derivative_us},
                                {"runegrad_us", t.ours_us}});
  }
  report["vectors"] = c.vectors;
  return report;
}

}  // namespace rg::gradbench
