// The evals against what other tools answered, and against cases that those leave out.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "bench/gradbench/evals.h"
#include "bench/gradbench/session.h"

using rg::gradbench::Json;
using rg::gradbench::Session;

namespace {

void flatten(const Json& j, std::vector<double>& out) {
  if (j.is_number()) out.push_back(j.get<double>());
  if (j.is_structured()) {
    for (const Json& e : j) flatten(e, out);
  }
}

/// max |a - b| / max |b|; infinity for unequal counts.
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

Json ask(Session& s, const std::string& module, const std::string& function, const Json& input) {
  const Json message{{"id", 7}, {"kind", "evaluate"}, {"module", module}, {"function", function}, {"input", input}};
  Json answer = Json::parse(s.answer(message.dump()));
  CHECK(answer["id"] == 7);
  return answer;
}

Json output(Session& s, const std::string& module, const std::string& function, const Json& input) {
  const Json answer = ask(s, module, function, input);
  REQUIRE_MESSAGE(answer["success"] == true, answer.dump());
  return answer["output"];
}

std::vector<std::filesystem::path> vectors_of(const std::string& eval) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(RG_SOURCE_DIR "/tests/gradbench/vectors/" + eval)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// A tool whose recorded answer is not the derivative of the program.
bool wrong(const std::string& eval, const std::string& function, const std::string& tool, const Json& input) {
  if (eval == "ode" && function == "gradient") return tool == "manual";
  if (eval == "gmm" && function == "jacobian") return tool == "tapenade" && input["m"] != 0;
  return false;
}

void check_vectors(const std::string& eval, double tolerance) {
  Session session;
  int oracles = 0;
  for (const auto& path : vectors_of(eval)) {
    const Json v = Json::parse(std::ifstream(path));
    const auto function = v["function"].get<std::string>();
    CAPTURE(path.filename().string());
    const Json got = output(session, eval, function, v["input"]);
    Json answers = v["other_outputs"];
    answers[v["oracle"].get<std::string>()] = v["output"];
    for (const auto& [tool, answer] : answers.items()) {
      if (tool == "finite" || wrong(eval, function, tool, v["input"])) continue;  // differences are not this exact
      CAPTURE(tool);
      CHECK(difference(got, answer) <= tolerance);
      ++oracles;
    }
  }
  CHECK(oracles >= 2 * static_cast<int>(vectors_of(eval).size()) - 3);
}

}  // namespace

TEST_CASE("the answers of other tools") {
  SUBCASE("hello") { check_vectors("hello", 0); }
  SUBCASE("lse") { check_vectors("lse", 1e-10); }
  SUBCASE("llsq") { check_vectors("llsq", 1e-9); }
  SUBCASE("ode") { check_vectors("ode", 1e-9); }
  SUBCASE("kmeans") { check_vectors("kmeans", 1e-9); }
  SUBCASE("gmm") { check_vectors("gmm", 1e-9); }
  SUBCASE("ba") { check_vectors("ba", 1e-9); }
  SUBCASE("lstm") { check_vectors("lstm", 1e-9); }
}

TEST_CASE("log-sum-exp of negative numbers, of one, and of large ones") {
  Session s;
  CHECK(difference(output(s, "lse", "primal", {{"x", {-3.0, -1.0, -2.0}}}), -0.59239403555562) < 1e-13);
  CHECK(difference(output(s, "lse", "gradient", {{"x", {-3.0, -1.0, -2.0}}}),
                   {0.09003057317038046, 0.6652409557748219, 0.24472847105479764}) < 1e-14);
  CHECK(output(s, "lse", "primal", {{"x", {-5.0}}}) == -5.0);
  CHECK(output(s, "lse", "gradient", {{"x", {1e4}}}) == Json{1.0});
}

TEST_CASE("clusters: a tie goes to the first centroid") {
  Session s;
  const Json input{{"points", {{0.0}, {2.0}, {5.0}}}, {"centroids", {{1.0}, {1.0}, {5.0}}}};
  CHECK(output(s, "kmeans", "cost", input) == 2.0);
  // The second centroid has no point: 0 / 0.
  CHECK(ask(s, "kmeans", "dir", input)["success"] == false);
  const Json one{{"points", {{0.0}, {2.0}, {4.0}}}, {"centroids", {{1.0}, {3.0}}}};  // 2 is as near to both
  CHECK(output(s, "kmeans", "dir", one) == Json{{0.0}, {-1.0}});
}

TEST_CASE("a mixture of one component in one dimension") {
  Session s;
  const Json input{{"d", 1},       {"k", 1},         {"n", 1},        {"x", {{0.5}}},  {"m", 0},
                   {"gamma", 1.0}, {"alpha", {0.3}}, {"mu", {{0.1}}}, {"q", {{-0.2}}}, {"l", {Json::array()}}};
  // By hand: alpha cancels; with z = exp(q) (x - mu): -1/2 log 2 pi + q - z^2 / 2 - prior.
  const double z = std::exp(-0.2) * 0.4, c = 2 * (-0.5 * std::log(2.0)) - std::lgamma(1.0);
  const double expected = -0.5 * std::log(2 * M_PI) - 0.2 - z * z / 2 - (0.5 * std::exp(-0.4) - c);
  CHECK(difference(output(s, "gmm", "objective", input), expected) < 1e-14);
  const Json g = output(s, "gmm", "jacobian", input);
  CHECK(std::abs(g["alpha"][0].get<double>()) < 1e-15);
  CHECK(difference(g["mu"][0][0], std::exp(-0.4) * 0.4) < 1e-14);
  CHECK(difference(g["q"][0][0], 1 - z * z - std::exp(-0.4)) < 1e-14);
  CHECK(g["l"] == Json::array({Json::array()}));
}

TEST_CASE("bundle adjustment without rotation takes the other branch") {
  Session s;
  Json input{{"n", 1},
             {"m", 1},
             {"p", 1},
             {"w", 2.0},
             {"feat", {0.5, 0.25}},
             {"x", {1.0, 2.0, 4.0}},
             {"cam", {0, 0, 0, 0, 0, 0, 2.0, 0.1, 0.2, 0, 0}}};
  // p = (1/4, 2/4); 2 (2 p + (0.1, 0.2) - feat)
  CHECK(difference(output(s, "ba", "objective", input)["reproj_error"]["elements"], {0.2, 1.9}) < 1e-14);
  const Json at_zero = output(s, "ba", "jacobian", input)["vals"];
  // For |r| near 0 the two branches agree, and so do their derivatives: a turn by 1e-6 is near the limit.
  input["cam"][0] = 1e-6;
  const Json near_zero = output(s, "ba", "jacobian", input)["vals"];
  CHECK(difference(near_zero, at_zero) < 1e-5);
  CHECK(output(s, "ba", "jacobian", input)["rows"] == Json{0, 15, 30, 31, 31});
  CHECK(at_zero.size() == 31);
}

TEST_CASE("a Runge-Kutta step of one component") {
  Session s;
  CHECK(output(s, "ode", "primal", {{"x", {0.5}}, {"s", 1}}) == Json{1.0});
  CHECK(difference(output(s, "ode", "gradient", {{"x", {0.5}}, {"s", 2}}), {2.0}) < 1e-15);
}
