// The text form of the IR is total on what the examples compile to, and reading survives damaged text.
#include <doctest/doctest.h>

#include <random>

#include "compiler/api/unit.h"
#include "compiler/code/text.h"

namespace {

using namespace rg;

std::vector<std::string> example_texts() {
  const std::string root = RG_SOURCE_DIR "/examples/";
  const std::vector<std::pair<std::string, std::vector<std::string>>> programs{
      {"01_rosenbrock/rosenbrock.rg", {"newton", "hessian(rosenbrock)", "minimum"}},
      {"02_logistic/logistic.rg", {"descend"}},
      {"03_digits/digits.rg", {"step", "accuracy"}},
      {"04_mixture/mixture.rg", {"fit"}},
      {"05_pendulum/pendulum.rg", {"improve"}}};
  std::vector<std::string> texts;
  for (const auto& [file, functions] : programs) {
    api::Unit unit;
    const auto source = api::read_file(root + file);
    REQUIRE(source);
    REQUIRE_MESSAGE(unit.load(root + file, *source), unit.rendered());
    texts.push_back(ir::print(unit.program().module()));
    for (const std::string& f : functions) {
      const auto prepared = unit.prepare_expression(f, "main." + f);
      REQUIRE(prepared);
      ir::Function copy = *prepared;
      copy.name = "main";
      texts.push_back(ir::print(copy));
    }
  }
  return texts;
}

std::optional<ir::Module> read(const std::string& text, std::string* why = nullptr) {
  SourceMap sources;
  Diagnostics diagnostics;
  const auto file = sources.add("test.ir", text);
  auto m = ir::read(sources, file, diagnostics);
  CHECK(m.has_value() != diagnostics.has_errors());
  if (why != nullptr) *why = render(sources, diagnostics);
  return m;
}

}  // namespace

TEST_CASE("what is printed reads back as the same text") {
  for (const std::string& text : example_texts()) {
    std::string why;
    const auto m = read(text, &why);
    REQUIRE_MESSAGE(m, why);
    CHECK(ir::print(*m) == text);
  }
}

TEST_CASE("damaged text gives a diagnostic or a module, never a crash") {
  std::mt19937 random(3);
  const auto texts = example_texts();
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    std::string text = texts[random() % texts.size()].substr(0, 3000);
    for (int edits = static_cast<int>(random() % 4) + 1; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
      }
      if (text.empty()) text = "fn";
    }
    refused += !read(text);
  }
  CHECK(refused > 300);
}

TEST_CASE("the verifier's rules hold on reading") {
  CHECK(!read("fn @f(n; %0: f64[n]) { %1: f64 = neg %0\n yield %1 }"));
  CHECK(!read("fn @f(; %0: f64) { %1: f64 = neg %2\n yield %1 }"));
  CHECK(!read("fn @f(; %0: f64) { %0: f64 = neg %0\n yield %0 }"));
  CHECK(!read("fn @f(; %0: f64[m]) { yield %0 }"));
  CHECK(!read("fn @f(; %0: f64) { %1: f64 = nope %0\n yield %1 }"));
  CHECK(read("fn @f(; %0: f64) { %1: f64 = neg %0\n yield %1 }"));
}
