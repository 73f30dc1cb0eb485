#include "bench/gradbench/driver/peers.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/common/process.h"

namespace rg::gradbench {

namespace {

// JAX's peer has these; bundle adjustment's sparse rows are nothing that a JAX user would build.
bool has_peer(const std::string& eval) { return eval != "ba"; }

std::string peers_python(const CompareOptions& options) {
  if (!options.python.empty()) return options.python;
  const char* from_environment = std::getenv("RUNEGRAD_PEERS_PYTHON");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "python3";
}

}  // namespace

Peers::~Peers() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::string Peers::write(const Array& array) {
  if (folder_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "runegrad-peers-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for temporary files");
    folder_ = name;
  }
  const std::string name = fmt::format("{}.bin", files_++);
  std::ofstream file(folder_ / name, std::ios::binary);
  const auto bytes = [&](const auto& v) {
    file.write(reinterpret_cast<const char*>(v.data()), static_cast<std::streamsize>(v.size() * sizeof(v[0])));
  };
  array.elem == runegrad::Elem::f64 ? bytes(array.reals) : bytes(array.longs);
  if (!file) throw std::runtime_error("cannot write a temporary file in " + folder_.string());
  return name;
}

void Peers::add_inputs(const Workload& workload, const Arguments& arguments, bool skip) {
  if (skip || !has_peer(workload.eval)) return;
  nlohmann::json inputs = nlohmann::json::array();
  for (const Array& a : arguments.inputs)
    inputs.push_back({{"file", write(a)}, {"shape", a.shape}, {"integer", a.elem != runegrad::Elem::f64}});
  workloads_.push_back({{"eval", workload.eval},
                        {"size", workload.size},
                        {"sizes", arguments.sizes},
                        {"inputs", std::move(inputs)},
                        {"expected", nlohmann::json::object()}});
}

void Peers::add_expected(const Workload& workload, const Function& function, const std::vector<Array>& results,
                         bool skip) {
  if (skip || !has_peer(workload.eval)) return;
  nlohmann::json files = nlohmann::json::array();
  for (const Array& a : results) files.push_back({{"file", write(a)}, {"shape", a.shape}});
  workloads_.back()["expected"][std::string(function.name)] = std::move(files);
}

PeerRows Peers::measure(const CompareOptions& options) {
  if (workloads_.empty()) return {};
  const auto manifest = folder_ / "workloads.json";
  std::ofstream(manifest) << workloads_.dump();
  const std::string python = peers_python(options);
  const bench::ProcessResult result = bench::run_process(
      {python, std::string(RG_BENCH_DIR) + "/gradbench/peers/jax_evals.py", manifest.string(), "--threads",
       std::to_string(options.threads), "--seconds", fmt::format("{}", options.seconds)});
  if (result.exit_code != 0)
    return {{}, {fmt::format("jax: {} did not run the script (exit code {})", python, result.exit_code)}};
  const auto report = nlohmann::json::parse(result.out, nullptr, false);
  PeerRows out;
  if (!report.is_object()) return {{}, {"jax: the script printed no JSON object"}};
  for (const auto& entry : report.value("rows", nlohmann::json::array())) {
    if (auto row = bench::row_from_json(entry))
      out.rows.push_back(*row);
    else
      out.notes.emplace_back("jax: a row without the row form's fields");
  }
  for (const auto& note : report.value("notes", nlohmann::json::array())) out.notes.push_back(note.get<std::string>());
  return out;
}

}  // namespace rg::gradbench
