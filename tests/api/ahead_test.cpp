// Loops that ask ahead for what they read: large arrays, read at places from another array, in ranges that end within a
// vector and begin anywhere.
#include <doctest/doctest.h>

#include <cmath>
#include <runegrad/runegrad.hpp>

namespace {

constexpr auto text = R"(
fn turn(a: f64[3], x: f64[3]) -> f64 {
  sin(a[0]) * x[0] + cos(a[1]) * x[1] + exp(a[2]) * x[2] + sin(x[0]) * exp(x[1]) + tanh(x[2])
}
export fn f(a: f64[n, 3], x: f64[m, 3], k: i32[n]) -> f64[n] { [i: n => turn(a[i], x[k[i]])] }
)";

double turn(const double* a, const double* x) {
  return std::sin(a[0]) * x[0] + std::cos(a[1]) * x[1] + std::exp(a[2]) * x[2] + std::sin(x[0]) * std::exp(x[1]) +
         std::tanh(x[2]);
}

std::vector<double> wave(std::int64_t count, double step) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < count; ++i) v.push_back(std::sin(step * static_cast<double>(i)));
  return v;
}

void check(const runegrad::Function& f, std::int64_t n, std::int64_t m, int threads) {
  CAPTURE(n);
  CAPTURE(m);
  CAPTURE(threads);
  const std::vector<double> a = wave(3 * n, 0.7), x = wave(3 * m, 0.3);
  std::vector<std::int32_t> k;
  for (std::int64_t i = 0; i < n; ++i) k.push_back(static_cast<std::int32_t>((i * 7919 + 3) % m));
  std::vector<double> out(static_cast<std::size_t>(n));
  runegrad::Context context(threads);
  const auto status =
      f.call({runegrad::in(a, {n, 3}), runegrad::in(x, {m, 3}), runegrad::in(k)}, {runegrad::out(out)}, &context);
  REQUIRE_MESSAGE(status, (status ? "" : status.error()));
  double worst = 0;
  for (std::size_t i = 0; i < out.size(); ++i)
    worst = std::max(worst, std::abs(out[i] - turn(&a[3 * i], &x[3 * static_cast<std::size_t>(k[i])])));
  CHECK(worst <= 1e-14);
}

}  // namespace

TEST_CASE("a loop that asks ahead gives every element, at any length and on any number of threads") {
  auto loaded = runegrad::Program::from_string(text, "ahead.rg");
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error()));
  const auto f = loaded->function("f", {.opt_level = 2, .sizes = {}});
  REQUIRE_MESSAGE(f, (f ? "" : f.error()));
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{63}, std::int64_t{64}, std::int64_t{65}, std::int64_t{201},
                               std::int64_t{30011}}) {
    for (const std::int64_t m : {std::int64_t{1}, std::int64_t{40000}}) {
      for (const int threads : {1, 2}) check(*f, n, m, threads);
    }
  }
}
