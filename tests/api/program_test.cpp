// The C++ interface: functions and derivatives by expression, errors as values, several threads.
#include <doctest/doctest.h>

#include <atomic>
#include <runegrad/runegrad.hpp>
#include <thread>

using namespace runegrad;

namespace {

constexpr const char* kText = R"(
fn f(x: f64[n], a: f64) -> f64 { a * sum(x^3) }
fn twice(x: f32[n, m]) -> f32[m, n] { 2 * transpose(x) }
)";

}  // namespace

TEST_CASE("a derivative is compiled, inspected and called") {
  auto program = Program::from_string(kText);
  REQUIRE(program);
  auto g = program->function("grad(f, wrt: x)");
  REQUIRE(g);
  REQUIRE(g->inputs().size() == 2);
  CHECK(g->inputs()[0].type == "f64[n]");
  CHECK(g->outputs()[0].type == "f64[n]");
  const std::vector<double> x{1, 2, 3};
  std::vector<double> y(3);
  const double a = 2;
  const auto done = g->call({in(x), in(a)}, {out(y)});
  REQUIRE(done);
  CHECK(y == std::vector<double>{6, 24, 54});
  const auto raw = g->as<int(std::int64_t, const double*, double, double*, rg_context*)>();
  CHECK(raw(3, x.data(), 1.0, y.data(), nullptr) == 0);
  CHECK(y == std::vector<double>{3, 12, 27});
}

TEST_CASE("errors are values, and the program goes on") {
  CHECK(!Program::from_string("fn f(x: f64) -> f64 { y }"));
  CHECK(!Program::from_file("/no/such/file.rg"));
  auto program = Program::from_string(kText);
  REQUIRE(program);
  const auto wrong = program->function("grad(g)");
  REQUIRE(!wrong);
  CHECK(wrong.error().find("RG0201") != std::string::npos);
  auto right = program->function("twice");
  REQUIRE(right);
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  std::vector<float> y(6);
  CHECK(right->call({in(x, {2, 3})}, {out(y, {3, 2})}));
  CHECK(y == std::vector<float>{2, 8, 4, 10, 6, 12});
  CHECK(!right->call({in(x, {2, 3})}, {out(y, {2, 3})}));
  CHECK(!right->call({in(x)}, {out(y, {3, 2})}));
  CHECK(!right->call({}, {out(y, {3, 2})}));
  const std::vector<double> d(6);
  CHECK(!right->call({in(d, {2, 3})}, {out(y, {3, 2})}));
}

TEST_CASE("known sizes are facts that calls must keep") {
  auto program = Program::from_string(kText);
  REQUIRE(program);
  Options options;
  options.sizes["n"] = 2;
  auto f = program->function("f", options);
  REQUIRE(f);
  double y = 0;
  const double a = 1;
  const std::vector<double> two{1, 2}, three{1, 2, 3};
  CHECK(f->call({in(two), in(a)}, {out(y)}));
  CHECK(y == 9);
  CHECK(!f->call({in(three), in(a)}, {out(y)}));
  options.sizes["q"] = 2;
  CHECK(!program->function("f", options));
}

TEST_CASE("several threads ask one program and call what they get") {
  auto program = Program::from_string(kText);
  REQUIRE(program);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k) {
    threads.emplace_back([&] {
      auto g = program->function("grad(f, wrt: x)");
      const std::vector<double> x{1, 2, 3};
      std::vector<double> y(3);
      const double a = 1;
      if (g && g->call({in(x), in(a)}, {out(y)}) && y[2] == 27) ++good;
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(good == 4);
}

TEST_CASE("rows of a few numbers an item are whole at every length") {
  // Lanes across the items: a row of eleven is stored as eight and three, the last items with fewer lanes.
  auto program = Program::from_string(R"(
fn rows(x: f64[n], k: i32[n]) -> (f64[n, 11], i32[n, 5]) {
  ([i: n => concat([x[i], x[i]^2, -x[i]], [3 * x[i], x[i] - 1, x[i] + 1, 2.0, x[i]^3, 0.5 * x[i], x[i] - 7, x[i] + 9], axis: 0)],
   [i: n => [k[i], 2 * k[i], -k[i], k[i] + 1, k[i] - 1]])
}
)");
  REQUIRE(program);
  auto rows = program->function("rows");
  REQUIRE(rows);
  for (std::int64_t n = 0; n <= 19; ++n) {
    CAPTURE(n);
    std::vector<double> x, expected, got(static_cast<std::size_t>(11 * n), -99.0);
    std::vector<std::int32_t> k, expected_k, got_k(static_cast<std::size_t>(5 * n), -99);
    for (std::int64_t i = 0; i < n; ++i) {
      const double v = 0.5 * static_cast<double>(i) + 1;
      const auto j = static_cast<std::int32_t>(3 * i - 7);
      x.push_back(v);
      k.push_back(j);
      for (const double e : {v, v * v, -v, 3 * v, v - 1, v + 1, 2.0, v * v * v, 0.5 * v, v - 7, v + 9})
        expected.push_back(e);
      for (const std::int32_t e : {j, 2 * j, -j, j + 1, j - 1}) expected_k.push_back(e);
    }
    REQUIRE(rows->call({in(x), in(k)}, {out(got, {n, 11}), out(got_k, {n, 5})}));
    CHECK(got == expected);
    CHECK(got_k == expected_k);
  }
}
