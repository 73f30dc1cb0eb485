#include "bench/sums/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "bench/common/process.h"
#include "runegrad/runegrad.hpp"

namespace rg::bench {

namespace {

constexpr const char* program_text = R"(
fn sum_f32(x: f32[n], y: f32[n]) -> f32 { sum(x) + 0 * sum(y[0:0]) }
fn sum_f64(x: f64[n], y: f64[n]) -> f64 { sum(x) + 0 * sum(y[0:0]) }
fn dot_f32(x: f32[n], y: f32[n]) -> f32 { dot(x, y) }
fn dot_f64(x: f64[n], y: f64[n]) -> f64 { dot(x, y) }
)";

// A sum with twice the precision of double: the unevaluated sum of two (T. J. Dekker 1971).
class ExactSum {
 public:
  void add(double v) {
    const double t = high_ + v, z = t - high_;
    low_ += (high_ - (t - z)) + (v - z);
    high_ = t;
  }
  void add_product(double a, double b) {
    const double p = a * b;
    add(p);
    low_ += std::fma(a, b, -p);
  }
  double off(double v) const { return (v - high_) - low_; }
  double value() const { return high_ + low_; }

 private:
  double high_ = 0, low_ = 0;
};

struct Kind {
  const char* name;
  double (*value)(std::uint64_t random, std::int64_t i);
};

double unit(std::uint64_t r) { return static_cast<double>(r >> 11) * 0x1p-53; }

constexpr Kind kinds[] = {
    {"-1 .. 1", [](std::uint64_t r, std::int64_t) { return 2 * unit(r) - 1; }},
    {"0 .. 1", [](std::uint64_t r, std::int64_t) { return unit(r); }},
    {"0.1", [](std::uint64_t, std::int64_t) { return 0.1; }},
    {"2^-20 .. 2^20",
     [](std::uint64_t r, std::int64_t i) { return std::ldexp(unit(r) - 0.25, static_cast<int>(i * 7 % 40) - 20); }},
};

template <class T>
std::vector<T> numbers(const Kind& kind, std::int64_t n, std::uint64_t seed) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    v[static_cast<std::size_t>(i)] = static_cast<T>(kind.value(seed, i));
  }
  return v;
}

// A folder for what the peers read, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "runegrad-sums-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for temporary files");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Measurement {
  const SumsOptions& options;
  SumsReport report;
  Folder folder;
  std::vector<std::int64_t> lengths;
  nlohmann::json arrays = nlohmann::json::array();
  // Of each row: the exact sum, and half a unit in the last place of the sum of magnitudes.
  std::vector<std::pair<ExactSum, double>> exact;
  std::map<std::tuple<std::string, int, std::int64_t>, std::size_t> row_of;

  void enter(std::size_t row, const std::string& tool, double value) {
    const auto& [sum, half_ulp] = exact[row];
    report.rows[row].errors[tool] = half_ulp > 0 ? std::fabs(sum.off(value)) / half_ulp : 0;
  }

  template <class T>
  void references(const Kind& kind, const std::vector<T>& x, const std::vector<T>& y) {
    const int array = static_cast<int>(arrays.size());
    for (const char* what : {"sum", "dot"}) {
      const bool dot = std::string_view(what) == "dot";
      ExactSum sum, magnitude;
      std::int64_t i = 0;
      for (const std::int64_t n : lengths) {
        for (; i < n; ++i) {
          const auto at = static_cast<std::size_t>(i);
          const double a = x[at], b = dot ? y[at] : 1;
          sum.add_product(a, b);
          magnitude.add(std::fabs(a * b));
        }
        const double half_ulp = magnitude.value() * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
        row_of[{what, array, n}] = report.rows.size();
        exact.emplace_back(sum, half_ulp);
        report.rows.push_back({what,
                               sizeof(T) == 4 ? "f32" : "f64",
                               kind.name,
                               n,
                               8 + std::max(0.0, std::log2(static_cast<double>(n) / 1024)),
                               {}});
      }
    }
  }

  template <class T>
  void compiled(runegrad::Program& program, const std::vector<T>& x, const std::vector<T>& y) {
    for (const bool strict : {false, true}) {
      runegrad::Options options;
      options.strict = strict;
      for (const std::string what : {"sum", "dot"}) {
        const auto f = program.function(what + (sizeof(T) == 4 ? "_f32" : "_f64"), options);
        if (!f) throw std::runtime_error(f.error());
        for (const std::int64_t n : lengths) {
          T value = 0;
          const auto count = static_cast<std::size_t>(n);
          const auto status = f->call({runegrad::in(std::span<const T>(x.data(), count), {n}),
                                       runegrad::in(std::span<const T>(y.data(), count), {n})},
                                      {runegrad::out(value)});
          if (!status) throw std::runtime_error(status.error());
          enter(row_of.at({what, static_cast<int>(arrays.size()), n}), strict ? "runegrad --strict" : "runegrad",
                value);
        }
      }
    }
  }

  template <class T>
  std::string write(const std::vector<T>& v) {
    const std::string name = fmt::format("{}.bin", std::distance(std::filesystem::directory_iterator(folder.path()),
                                                                 std::filesystem::directory_iterator()));
    std::ofstream file(folder.path() / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(v.data()), static_cast<std::streamsize>(v.size() * sizeof(T)));
    if (!file) throw std::runtime_error("cannot write a temporary file in " + folder.path().string());
    return name;
  }

  template <class T>
  void measure(runegrad::Program& program, const Kind& kind) {
    const auto x = numbers<T>(kind, lengths.back(), 11), y = numbers<T>(kind, lengths.back(), 12);
    references(kind, x, y);
    compiled(program, x, y);
    nlohmann::json files = nlohmann::json::object();
    if (!options.no_peers) files = {{"x", write(x)}, {"y", write(y)}, {"elem", sizeof(T) == 4 ? "f32" : "f64"}};
    arrays.push_back(files);
  }

  void peers() {
    if (options.no_peers) return;
    const auto manifest = folder.path() / "manifest.json";
    std::ofstream(manifest) << nlohmann::json{{"arrays", arrays}, {"lengths", lengths}}.dump();
    const char* from_environment = std::getenv("RUNEGRAD_PEERS_PYTHON");
    std::string python = options.python;
    if (python.empty())
      python = from_environment != nullptr && *from_environment != '\0' ? from_environment : "python3";
    const ProcessResult result = run_process({python, std::string(RG_BENCH_DIR) + "/sums/peers.py", manifest.string()});
    const auto out = nlohmann::json::parse(result.out, nullptr, false);
    if (result.exit_code != 0 || !out.is_object()) {
      report.notes.push_back(fmt::format("{} did not run the peers (exit code {})", python, result.exit_code));
      return;
    }
    for (const auto& r : out.at("results"))
      enter(row_of.at({r.at("what"), r.at("array"), r.at("n")}), r.at("tool"), r.at("value"));
    for (const auto& note : out.at("notes")) report.notes.push_back(note);
  }
};

}  // namespace

SumsReport measure_sums(const SumsOptions& options) {
  Measurement m{options, {}, {}, {}, nlohmann::json::array(), {}, {}};
  for (std::int64_t n = 1000; n <= options.longest; n *= 10) m.lengths.push_back(n);
  auto program = runegrad::Program::from_string(program_text, "sums.rg");
  if (!program) throw std::runtime_error(program.error());
  for (const Kind& kind : kinds) {
    m.measure<float>(*program, kind);
    m.measure<double>(*program, kind);
  }
  m.peers();
  for (const SumsRow& row : m.report.rows) {
    for (const auto& [tool, error] : row.errors) {
      if (tool.starts_with("runegrad") && !(error <= row.bound))
        m.report.failures.push_back(fmt::format("{} {} of {} numbers {}: {} is off by {:.1f}", row.what, row.elem,
                                                row.n, row.data, tool, error));
    }
  }
  return std::move(m.report);
}

std::string format_sums(const SumsReport& report) {
  std::set<std::string> tools;
  for (const SumsRow& row : report.rows) {
    for (const auto& [tool, error] : row.errors) tools.insert(tool);
  }
  std::string out = fmt::format("{:<4} {:<4} {:<14} {:>9} {:>7}", "", "", "terms", "n", "bound");
  for (const std::string& tool : tools) out += fmt::format(" {:>18}", tool);
  out += "\n";
  for (const SumsRow& row : report.rows) {
    out += fmt::format("{:<4} {:<4} {:<14} {:>9} {:>7.1f}", row.what, row.elem, row.data, row.n, row.bound);
    for (const std::string& tool : tools) {
      const auto error = row.errors.find(tool);
      out += error == row.errors.end() ? fmt::format(" {:>18}", "-") : fmt::format(" {:>18.2f}", error->second);
    }
    out += "\n";
  }
  return out;
}

}  // namespace rg::bench
