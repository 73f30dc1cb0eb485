// The benchmarks' statistics, machine description, rows, table and processes.
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/common/machine.h"
#include "bench/common/process.h"
#include "bench/common/report.h"
#include "bench/common/statistics.h"

namespace rg::bench {

TEST_CASE("summarize gives median, smallest and largest") {
  const Summary odd = summarize({5, 1, 3});
  CHECK(odd.median_us == 3);
  CHECK(odd.min_us == 1);
  CHECK(odd.max_us == 5);
  CHECK(odd.runs == 3);
  CHECK(summarize({4, 1, 2, 8}).median_us == 3);
  CHECK(summarize({}).runs == 0);
}

TEST_CASE("calls are numbered in sequence and short ones are batched") {
  std::size_t expected = 0;
  bool in_sequence = true;
  std::size_t longest = 0;
  Budget budget;
  budget.warm_up_s = 0;
  budget.measure_s = 0.002;
  const Summary s = time_calls(
      [&](std::size_t first, std::size_t count) {
        in_sequence = in_sequence && first == expected;
        expected += count;
        longest = std::max(longest, count);
      },
      budget);
  CHECK(in_sequence);
  CHECK(longest > 1);
  CHECK(s.runs >= budget.min_runs);
  CHECK(s.min_us < 1);
}

TEST_CASE("a call of known length is measured, unbatched, within the run limit") {
  Budget budget;
  budget.warm_up_s = 0;
  budget.warm_up_calls = 1;
  budget.max_runs = 9;
  std::size_t longest = 0;
  const Summary s = time_calls(
      [&](std::size_t, std::size_t count) {
        longest = std::max(longest, count);
        const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
        while (std::chrono::steady_clock::now() < end) {
        }
      },
      budget);
  CHECK(longest == 1);
  CHECK(s.runs == 9);
  CHECK(s.min_us >= 200);
  CHECK(s.min_us < 20000);
}

TEST_CASE("relative error is by the largest magnitude, and infinite for NaN") {
  const float got[] = {1.0F, 0.5F};
  const double expected[] = {2.0, 0.5};
  CHECK(relative_error(got, expected, 2) == doctest::Approx(0.5));
  const float bad[] = {std::nanf(""), 0.5F};
  CHECK(std::isinf(relative_error(bad, expected, 2)));
}

TEST_CASE("cpuinfo fields are found by their whole name") {
  const std::string text = "model\t\t: 2\nmodel name\t: Some CPU @ 2 GHz\nflags\t: fma avx2\nempty\t:\n";
  CHECK(cpuinfo_field(text, "model name") == "Some CPU @ 2 GHz");
  CHECK(cpuinfo_field(text, "model") == "2");
  CHECK(cpuinfo_field(text, "empty").empty());
  CHECK(cpuinfo_field(text, "name").empty());
}

TEST_CASE("cache sizes are read with their unit") {
  CHECK(parse_cache_size("1024K") == 1048576);
  CHECK(parse_cache_size("32M") == 33554432);
  CHECK(parse_cache_size("512") == 512);
  CHECK(parse_cache_size("none") == 0);
}

TEST_CASE("the machine is described") {
  const Machine machine = describe_machine(1);
  CHECK(!machine.cpu.empty());
  CHECK(machine.cores >= 1);
  CHECK(machine.threads == 1);
  CHECK(!hold_to_cores(machine.cores + 1));
}

TEST_CASE("a row survives JSON, and a broken one is refused") {
  const Row row{"seed", "ChainGrad", "500", "runegrad", 2, {1.5, 1.25, 9, 77}, 3e-7};
  const auto json = to_json(row);
  CHECK(json.size() == 10);
  const auto back = row_from_json(json);
  REQUIRE(back);
  CHECK(to_json(*back) == json);
  for (const auto& [key, value] : json.items()) {
    auto broken = json;
    broken.erase(key);
    CHECK_MESSAGE(!row_from_json(broken), key);
  }
  auto wrong_type = json;
  wrong_type["size"] = 500;
  CHECK(!row_from_json(wrong_type));
  CHECK(!row_from_json(nlohmann::json::array()));
}

TEST_CASE("an infinite error is text in JSON and stays infinite") {
  const auto json = to_json(Row{"s", "w", "1", "t", 1, {}, INFINITY});
  CHECK(json["error"] == "inf");
  CHECK(std::isinf(row_from_json(json)->error));
}

TEST_CASE("the table groups rows and divides by the baseline") {
  const std::vector<Row> rows = {{"s", "A", "1", "ours", 1, {2, 1, 3, 7}, 0},
                                 {"s", "B", "1", "ours", 1, {4, 1, 9, 7}, 0},
                                 {"s", "A", "1", "peer", 1, {5, 4, 6, 7}, 0}};
  const std::string table = format_table(rows, "ours", {{"Paper", "B", "1", 40, 50}});
  CHECK(table.find("2.50x") != std::string::npos);
  CHECK(table.find("10.00x") != std::string::npos);
  CHECK(table.find("peer") < table.find("\nB "));
  CHECK(table.find("Paper") > table.find("\nB "));
}

TEST_CASE("times carry the unit that fits") {
  CHECK(format_time(0.0015) == "1.5 ns");
  CHECK(format_time(12.34) == "12.3 us");
  CHECK(format_time(2500) == "2.5 ms");
  CHECK(format_time(3e6) == "3 s");
}

TEST_CASE("a process gives its output and its exit code") {
  const ProcessResult ok = run_process({"sh", "-c", "printf hello; echo no >&2; exit 3"});
  CHECK(ok.exit_code == 3);
  CHECK(ok.out == "hello");
  CHECK(run_process({"/nonexistent/program"}).exit_code != 0);
  CHECK(run_process({}).exit_code == -1);
}

}  // namespace rg::bench
