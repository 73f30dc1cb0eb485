// Values that stand side by side in memory for each lane: read and written as rows, at sizes with and without a last
// part of a vector, below and above the size from which arrays are written past the caches, aligned and not.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <runegrad/runegrad.hpp>

namespace {

// Column c of row i: a product of neighbours of row k[i] of x, and of row i.
double element(const std::vector<double>& x, const std::vector<std::int32_t>& k, std::int64_t i, std::int64_t c) {
  const auto row = static_cast<std::size_t>(k[static_cast<std::size_t>(i)]) * 3, own = static_cast<std::size_t>(i) * 3;
  return x[row + static_cast<std::size_t>(c % 3)] * x[own + static_cast<std::size_t>((c + 1) % 3)] +
         static_cast<double>(c);
}

std::string program(const std::string& elem, int columns, bool function) {
  std::string list;
  for (int c = 0; c < columns; ++c)
    list += fmt::format("{}x[k[i], {}] * x[i, {}] + {}.0", c ? ", " : "", c % 3, (c + 1) % 3, c);
  // With a function such as exp the loop has one body, under a mask.
  const std::string zero = function ? " + exp(-1000.0 - x[i, 0]^2)" : "";
  return fmt::format("export fn f(x: {0}[n, 3], k: i32[n]) -> {0}[n, {1}] {{ [i: n => [{2}]{3}] }}", elem, columns,
                     list, zero);
}

template <class T>
void check(const runegrad::Function& f, std::int64_t n, int columns, std::size_t shift, double tolerance) {
  std::vector<double> x;
  std::vector<T> given;
  std::vector<std::int32_t> k;
  for (std::int64_t i = 0; i < n; ++i) k.push_back(static_cast<std::int32_t>((i * 7 + 3) % n));
  for (std::int64_t i = 0; i < 3 * n; ++i) {
    x.push_back(static_cast<double>(static_cast<T>(std::sin(0.7 * static_cast<double>(i)))));
    given.push_back(static_cast<T>(x.back()));
  }
  const auto count = static_cast<std::size_t>(n * columns);
  std::vector<T> memory(count + shift + 64 + 1, T(77));
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  T* out = memory.data() + ((64 - address % 64) % 64) / sizeof(T) + shift;
  out[count] = T(77);
  const auto status = f.call({runegrad::in(given, {n, 3}), runegrad::in(k)},
                             {{sizeof(T) == 8 ? runegrad::Elem::f64 : runegrad::Elem::f32, out, {n, columns}}});
  REQUIRE_MESSAGE(status, (status ? "" : status.error()));
  double worst = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t c = 0; c < columns; ++c)
      worst = std::max(worst, std::abs(static_cast<double>(out[i * columns + c]) - element(x, k, i, c)));
  }
  CHECK(worst <= tolerance);
  CHECK(out[count] == T(77));
}

template <class T>
void check_all(const std::string& elem, double tolerance) {
  for (const int columns : {2, 3, 4, 5, 12, 16, 30}) {
    for (const bool function : {false, true}) {
      const std::string text = program(elem, columns, function);
      CAPTURE(text);
      auto loaded = runegrad::Program::from_string(text, "rows.rg");
      REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error()));
      const auto f = loaded->function("f", {.opt_level = 2, .sizes = {}});
      REQUIRE_MESSAGE(f, (f ? "" : f.error()));
      const auto large = static_cast<std::int64_t>((5 << 20) / (static_cast<int>(sizeof(T)) * columns)) + 5;
      for (const std::int64_t n : {std::int64_t{1}, std::int64_t{7}, std::int64_t{8}, std::int64_t{16},
                                   std::int64_t{17}, std::int64_t{45}, large}) {
        CAPTURE(n);
        check<T>(*f, n, columns, 0, tolerance);
        check<T>(*f, n, columns, 1, tolerance);
      }
    }
  }
}

}  // namespace

TEST_CASE("rows of f64 are read and written at any size and alignment") { check_all<double>("f64", 1e-14); }
TEST_CASE("rows of f32 are read and written at any size and alignment") { check_all<float>("f32", 1e-5); }
