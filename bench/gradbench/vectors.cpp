#include "bench/gradbench/vectors.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "bench/gradbench/session.h"

namespace rg::gradbench {

namespace {

void flatten(const Json& j, std::vector<double>& out) {
  if (j.is_number()) out.push_back(j.get<double>());
  if (j.is_structured()) {
    for (const Json& e : j) flatten(e, out);
  }
}

// A tool whose recorded answer is not the exact derivative of the program.
bool inexact(const std::string& eval, const std::string& function, const std::string& tool, const Json& input) {
  if (tool == "finite") return true;
  if (eval == "ode" && function == "gradient") return tool == "manual";
  if (eval == "gmm" && function == "jacobian") return tool == "tapenade" && input["m"] != 0;
  return false;
}

double tolerance_of(const std::string& eval) { return eval == "hello" ? 0 : eval == "lse" ? 1e-10 : 1e-9; }

}  // namespace

double difference(const Json& got, const Json& wanted) {
  std::vector<double> a, b;
  flatten(got, a);
  flatten(wanted, b);
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0, scale = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    scale = std::max(scale, std::abs(b[i]));
  }
  return scale > 0 ? most / scale : most;
}

VectorCheck check_vectors(const std::string& folder, const std::string& eval) {
  VectorCheck check;
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + eval, none)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  Session session;
  for (const auto& path : files) {
    const Json v = Json::parse(std::ifstream(path));
    const auto function = v["function"].get<std::string>();
    const Json message{
        {"id", 1}, {"kind", "evaluate"}, {"module", eval}, {"function", function}, {"input", v["input"]}};
    const Json answer = Json::parse(session.answer(message.dump()));
    const std::string name = eval + "/" + path.filename().string();
    ++check.inputs;
    if (answer["success"] != true) {
      check.failures.push_back(name + ": " + answer.dump());
      continue;
    }
    Json recorded = v["other_outputs"];
    recorded[v["oracle"].get<std::string>()] = v["output"];
    for (const auto& [tool, output] : recorded.items()) {
      if (inexact(eval, function, tool, v["input"])) continue;
      const double d = difference(answer["output"], output);
      ++check.answers;
      check.largest = std::max(check.largest, d);
      if (d <= tolerance_of(eval)) continue;
      std::ostringstream text;
      text << name << ": differs from " << tool << " by " << d;
      check.failures.push_back(text.str());
    }
  }
  return check;
}

}  // namespace rg::gradbench
