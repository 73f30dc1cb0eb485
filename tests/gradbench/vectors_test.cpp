// The evals against what other tools answered, and against cases that those leave out.
#include "bench/gradbench/vectors.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "bench/gradbench/evals.h"
#include "bench/gradbench/session.h"

using rg::gradbench::check_vectors;
using rg::gradbench::difference;
using rg::gradbench::Json;
using rg::gradbench::Session;
using rg::gradbench::VectorCheck;

namespace {

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

}  // namespace

TEST_CASE("the answers of other tools") {
  for (const char* eval : {"hello", "lse", "llsq", "ode", "kmeans", "gmm", "ba", "lstm"}) {
    CAPTURE(eval);
    const VectorCheck check = check_vectors(RG_SOURCE_DIR "/tests/gradbench/vectors", eval);
    for (const std::string& failure : check.failures) FAIL_CHECK(failure);
    CHECK(check.inputs >= 6);
    CHECK(check.answers >= 2 * check.inputs - 3);  // two oracles, but for three gradients of ode
  }
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
