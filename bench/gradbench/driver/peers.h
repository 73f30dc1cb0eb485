// The same workloads in JAX, by peers/jax_evals.py: inputs and expected results go to it as files.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/common/report.h"
#include "bench/gradbench/driver/compare.h"
#include "bench/gradbench/driver/workloads.h"

namespace rg::gradbench {

struct PeerRows {
  std::vector<bench::Row> rows;
  std::vector<std::string> notes;  ///< what was not measured, and why
};

/// Collects workloads in a folder of temporary files, which it removes.
class Peers {
 public:
  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers();

  void add_inputs(const Workload& workload, const Arguments& arguments, bool skip);
  void add_expected(const Workload& workload, const Function& function, const std::vector<Array>& results, bool skip);
  PeerRows measure(const CompareOptions& options);

 private:
  std::string write(const Array& array);

  std::filesystem::path folder_;
  nlohmann::json workloads_ = nlohmann::json::array();
  std::size_t files_ = 0;
};

}  // namespace rg::gradbench
