#include "bench/common/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace rg::bench {

using nlohmann::json;

namespace {

json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

bool has_string(const json& j, const char* key) { return j.contains(key) && j[key].is_string(); }
bool has_number(const json& j, const char* key) { return j.contains(key) && j[key].is_number(); }

double error_from_json(const json& j) {
  if (j.is_number()) return j.get<double>();
  return j == "inf" ? HUGE_VAL : std::nan("");
}

std::string ratio_text(const Row& row, const Row* base) {
  if (base == nullptr || base->time.median_us <= 0 || &row == base) return "";
  return fmt::format("{:.2f}x", row.time.median_us / base->time.median_us);
}

}  // namespace

json to_json(const Machine& machine) {
  return {{"cpu", machine.cpu},           {"cores", machine.cores},   {"threads", machine.threads},
          {"features", machine.features}, {"system", machine.system}, {"l2_bytes", machine.l2_bytes},
          {"l3_bytes", machine.l3_bytes}};
}

json to_json(const Row& row) {
  return {{"suite", row.suite},        {"workload", row.workload},  {"size", row.size},
          {"tool", row.tool},          {"threads", row.threads},    {"median_us", row.time.median_us},
          {"min_us", row.time.min_us}, {"max_us", row.time.max_us}, {"runs", row.time.runs},
          {"error", number(row.error)}};
}

json to_json(const Machine& machine, const std::vector<Row>& rows) {
  json list = json::array();
  for (const Row& row : rows) list.push_back(to_json(row));
  return {{"machine", to_json(machine)}, {"rows", std::move(list)}};
}

std::optional<Row> row_from_json(const json& j) {
  if (!j.is_object()) return std::nullopt;
  for (const char* key : {"suite", "workload", "size", "tool"})
    if (!has_string(j, key)) return std::nullopt;
  for (const char* key : {"threads", "median_us", "min_us", "max_us", "runs"})
    if (!has_number(j, key)) return std::nullopt;
  if (!has_number(j, "error") && !has_string(j, "error")) return std::nullopt;
  Row row{j["suite"], j["workload"], j["size"], j["tool"], j["threads"], {}, error_from_json(j["error"])};
  row.time = {j["median_us"], j["min_us"], j["max_us"], j["runs"]};
  return row;
}

std::string format_time(double us) {
  struct Unit {
    double us;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}};
  for (const Unit& unit : kUnits)
    if (us >= unit.us) return fmt::format("{:.3g} {}", us / unit.us, unit.name);
  return fmt::format("{:.3g} ns", us * 1e3);
}

std::string format_table(const std::vector<Row>& rows, const std::string& baseline,
                         const std::vector<Published>& published) {
  std::string out = fmt::format("{:<16} {:>6}  {:<22} {:>10}  {:<24} {:>7} {:>9} {:>9}\n", "workload", "size", "tool",
                                "median", "spread", "runs", "error", "ratio");
  std::vector<bool> shown(rows.size(), false);
  for (std::size_t first = 0; first < rows.size(); ++first) {
    if (shown[first]) continue;
    const auto same_group = [&](const auto& r) {
      return r.workload == rows[first].workload && r.size == rows[first].size;
    };
    const auto base =
        std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return same_group(r) && r.tool == baseline; });
    const Row* base_row = base == rows.end() ? nullptr : &*base;
    for (std::size_t i = first; i < rows.size(); ++i) {
      if (!same_group(rows[i])) continue;
      shown[i] = true;
      const Row& r = rows[i];
      out += fmt::format("{:<16} {:>6}  {:<22} {:>10}  {:<24} {:>7} {:>9.1e} {:>9}\n", r.workload, r.size, r.tool,
                         format_time(r.time.median_us),
                         fmt::format("[{}, {}]", format_time(r.time.min_us), format_time(r.time.max_us)), r.time.runs,
                         r.error, ratio_text(r, base_row));
    }
    for (const Published& p : published) {
      if (!same_group(p)) continue;
      const std::string upper_end =
          p.high_us > p.low_us ? fmt::format("a laptop, to {}", format_time(p.high_us)) : "a laptop";
      const std::string ratio = base_row == nullptr ? "" : fmt::format("{:.2f}x", p.low_us / base_row->time.median_us);
      out += fmt::format("{:<16} {:>6}  {:<22} {:>10}  {:<24} {:>7} {:>9} {:>9}\n", p.workload, p.size, p.source,
                         format_time(p.low_us), upper_end, "", "", ratio);
    }
  }
  return out;
}

}  // namespace rg::bench
