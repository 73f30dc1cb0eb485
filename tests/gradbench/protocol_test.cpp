// The protocol: one answer to every message, whatever it is.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "bench/gradbench/session.h"

using Json = nlohmann::json;
using rg::gradbench::Session;

namespace {
Json answer(Session& s, const Json& message) { return Json::parse(s.answer(message.dump())); }
}  // namespace

TEST_CASE("a conversation") {
  Session s;
  CHECK(answer(s, {{"id", 0}, {"kind", "start"}, {"eval", "hello"}}) == Json{{"id", 0}, {"tool", "runegrad"}});
  const Json defined = answer(s, {{"id", 1}, {"kind", "define"}, {"module", "hello"}});
  CHECK(defined["success"] == true);
  CHECK(!defined.contains("error"));
  CHECK(defined["timings"][0]["name"] == "prepare");
  const Json square =
      answer(s, {{"id", 2}, {"kind", "evaluate"}, {"module", "hello"}, {"function", "square"}, {"input", 3.0}});
  CHECK(square["output"] == 9.0);
  CHECK(answer(s, {{"id", 3}, {"kind", "analysis"}, {"of", 2}, {"valid", true}}) == Json{{"id", 3}});
  CHECK(answer(s, {{"id", "x"}, {"kind", "whatever"}}) == Json{{"id", "x"}});
}

TEST_CASE("as many runs as are asked for, each with its time") {
  Session s;
  const auto evaluations = [&](std::int64_t runs, double seconds) {
    const Json a = answer(s, {{"id", 1},
                              {"kind", "evaluate"},
                              {"module", "lse"},
                              {"function", "primal"},
                              {"input", {{"x", {0.5, 1.5}}, {"min_runs", runs}, {"min_seconds", seconds}}}});
    REQUIRE(a["success"] == true);
    std::int64_t count = 0, total = 0;
    for (const Json& t : a["timings"]) {
      if (t["name"] != "evaluate") continue;
      ++count;
      total += t["nanoseconds"].get<std::int64_t>();
    }
    CHECK(total >= static_cast<std::int64_t>(seconds * 1e9));
    return count;
  };
  CHECK(evaluations(1, 0) == 1);
  CHECK(evaluations(5, 0) == 5);
  CHECK(evaluations(2, 0.002) > 2);
}

TEST_CASE("what cannot be served is refused with a reason") {
  Session s;
  const auto refused = [&](const Json& message) {
    const Json a = answer(s, message);
    CHECK(a["success"] == false);
    CHECK(!a.contains("output"));
    return a["error"].get<std::string>();
  };
  const auto evaluate = [](const char* module, const char* function, const Json& input) {
    return Json{{"id", 1}, {"kind", "evaluate"}, {"module", module}, {"function", function}, {"input", input}};
  };
  CHECK(refused({{"id", 1}, {"kind", "define"}, {"module", "none"}}).find("`none`") != std::string::npos);
  CHECK(refused(evaluate("none", "primal", 1)).find("`none`") != std::string::npos);
  CHECK(refused(evaluate("lse", "none", 1)).find("`none`") != std::string::npos);
  CHECK(refused(evaluate("lse", "primal", {{"y", {1.0}}})).find("x") != std::string::npos);
  CHECK(refused(evaluate("lse", "primal", {{"x", {1.0, "a"}}})).find("x") != std::string::npos);
  CHECK(refused(evaluate("kmeans", "cost", {{"points", {{1.0, 2.0}}}, {"centroids", {{1.0}}}})).find("d") !=
        std::string::npos);
  CHECK(refused(evaluate("lse", "primal", {{"x", Json::array()}})).find("max") != std::string::npos);
  CHECK(refused({{"id", 1}}).find("kind") != std::string::npos);
  CHECK(refused({1, 2}).find("object") != std::string::npos);
  const Json garbage = Json::parse(s.answer("{\"id\": 3, "));
  CHECK(garbage["id"] == nullptr);
  CHECK(garbage["success"] == false);
}
