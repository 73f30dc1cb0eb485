#include "bench/seed/peers.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/common/process.h"

namespace rg::bench {

using nlohmann::json;

namespace {

std::string peers_python(const SeedOptions& options) {
  if (!options.python.empty()) return options.python;
  const char* from_environment = std::getenv("RUNEGRAD_PEERS_PYTHON");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "python3";
}

std::string text_field(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

json list_field(const json& object, const char* key) {
  return object.contains(key) && object[key].is_array() ? object[key] : json::array();
}

}  // namespace

PeerReport peers_from_json(const std::string& text) {
  PeerReport report;
  const json result = json::parse(text, nullptr, false);
  if (!result.is_object()) {
    report.notes.push_back("peers: the script printed no JSON object");
    return report;
  }
  for (const json& entry : list_field(result, "rows")) {
    if (auto row = row_from_json(entry))
      report.rows.push_back(*row);
    else
      report.notes.push_back("peers: a row without the row form's fields");
  }
  for (const json& entry : list_field(result, "missing"))
    report.notes.push_back(fmt::format("{}: not measured, the module {} cannot be imported", text_field(entry, "tool"),
                                       text_field(entry, "module")));
  for (const json& entry : list_field(result, "failed"))
    report.notes.push_back(fmt::format("{} {} {}: {}", text_field(entry, "tool"), text_field(entry, "workload"),
                                       text_field(entry, "size"), text_field(entry, "reason")));
  return report;
}

PeerReport measure_peers(const SeedOptions& options) {
  const std::string python = peers_python(options);
  std::vector<std::string> command = {python, RG_BENCH_DIR "/peers/seed.py", "--json"};
  command.insert(command.end(), {"--threads", std::to_string(options.threads)});
  command.insert(command.end(), {"--budget", fmt::format("{}", options.budget_s)});
  for (const std::string& workload : options.workloads) command.insert(command.end(), {"--workload", workload});
  for (const int size : options.sizes) command.insert(command.end(), {"--size", std::to_string(size)});
  const ProcessResult result = run_process(command);
  if (result.exit_code != 0)
    return {{}, {fmt::format("peers: {} did not run the script (exit code {})", python, result.exit_code)}};
  return peers_from_json(result.out);
}

}  // namespace rg::bench
