#include "bench/compile/programs.h"

#include <fmt/format.h>

#include <iterator>

namespace rg::bench {

namespace {

using Out = std::back_insert_iterator<std::string>;

// Pairs of lines, each of which reads the other's.
std::string coupled(int statements, const char* first, const char* second) {
  std::string text = "fn f(a0: f64, b0: f64) -> f64 {\n";
  const int pairs = (statements + 1) / 2;
  for (int k = 0; k < pairs; ++k) {
    fmt::format_to(Out(text), fmt::runtime(first), fmt::arg("next", k + 1), fmt::arg("k", k));
    fmt::format_to(Out(text), fmt::runtime(second), fmt::arg("next", k + 1), fmt::arg("k", k));
  }
  return text + fmt::format("  a{0} + b{0}\n}}\n", pairs);
}

std::string functions(int statements) {
  return coupled(statements, "  let a{next} = sin(a{k}) * b{k} + 0.5;\n",
                 "  let b{next} = cos(b{k}) * a{next} - 0.25;\n");
}

std::string products(int statements) {
  return coupled(statements, "  let a{next} = a{k} * b{k} + 0.1;\n", "  let b{next} = a{k} + 0.5 * b{k} * a{next};\n");
}

std::string arrays(int statements) {
  std::string text = "fn f(v0: f64[n], w: f64[n]) -> f64 {\n";
  for (int k = 0; k < statements; ++k)
    fmt::format_to(Out(text), "  let v{} = tanh(v{} * w + {}.5);\n", k + 1, k, k % 10);
  return text + fmt::format("  sum(v{})\n}}\n", statements);
}

}  // namespace

const std::vector<LongProgram>& long_programs() {
  static const std::vector<LongProgram> rows{
      {"scalar", "a0", functions}, {"products", "a0", products}, {"vector", "v0", arrays}};
  return rows;
}

std::vector<Derived> derived_of(const LongProgram& program) {
  const std::string gradient = "grad(f, wrt: " + program.wrt + ")";
  return {{"value", "f"}, {"gradient", gradient}, {"hvp", "jvp(" + gradient + ", wrt: " + program.wrt + ")"}};
}

}  // namespace rg::bench
