#include "tests/fuzz/targets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "compiler/ad/expand.h"
#include "compiler/code/builder.h"
#include "compiler/code/text.h"
#include "compiler/code/verify.h"
#include "compiler/driver/command_line.h"
#include "compiler/driver/npy.h"
#include "compiler/driver/values.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/source.h"
#include "compiler/opt/contraction_order.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/lift.h"
#include "compiler/opt/pipeline.h"
#include "compiler/plan/pass/pipeline.h"
#include "compiler/support/internal_error.h"
#include "dsl/check/check.h"

namespace rg::fuzz {

namespace {

constexpr std::size_t kLargest = 4096;        // of what is compiled
constexpr std::size_t kInstructions = 20000;  // and of its IR

/// While it lives, what is printed is lost.
class Silence {
 public:
  Silence() {
    flush();
    const int nothing = open("/dev/null", O_WRONLY);
    for (const int to : {STDOUT_FILENO, STDERR_FILENO}) {
      kept_.push_back(dup(to));
      dup2(nothing, to);
    }
    close(nothing);
  }
  ~Silence() {
    flush();
    for (const int to : {STDERR_FILENO, STDOUT_FILENO}) {
      dup2(kept_.back(), to);
      close(kept_.back());
      kept_.pop_back();
    }
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  static void flush() {
    std::cout.flush();
    std::cerr.flush();
    (void)std::fflush(nullptr);
  }
  std::vector<int> kept_;
};

struct Checked {
  explicit Checked(const std::string& text) {
    const auto loader = [](const std::string& path) -> Result<std::string> {
      return Failure{"no file " + path, Code::file_unreadable};
    };
    program = std::make_unique<dsl::Program>(sources, diagnostics, loader);
    good = program->load("input.rg", text);
    (void)render(sources, diagnostics);
  }
  SourceMap sources;
  Diagnostics diagnostics;
  std::unique_ptr<dsl::Program> program;
  bool good = false;
};

void check(const std::string& text) {
  const Checked checked(text);
  if (!checked.good) return;
  const auto violations = ir::verify(checked.program->module());
  if (!violations.empty()) internal_error("what the checker makes is not sound: " + violations[0].str());
}

void plan_of(const ir::Function& f) {
  if (f.instrs.size() > kInstructions) return;
  const plan::Plan plan = plan::make_plan(f, {.after = plan::EachVerified()});
  (void)plan::print(plan);
  (void)emit::header({&plan, 1}, "input");
}

// Each function through the pipeline to its plan, and the gradient of the first.
void program(const std::string& text) {
  if (text.size() > kLargest) return;
  Checked checked(text);
  if (!checked.good) return;
  std::vector<std::string> names = checked.program->functions();
  if (!names.empty()) {
    const ir::Function* gradient = checked.program->expression("grad(" + names.front() + ")", "gradient");
    if (gradient != nullptr) names.push_back(gradient->name);
  }
  for (const std::string& name : names) {
    if (checked.program->module().find(name) == nullptr) continue;
    const auto f = opt::prepare(checked.program->module(), name, ad::expand_derive, {});
    if (f) plan_of(*f);
  }
}

// IR text; what the verifier lets pass goes through the passes that ask nothing more.
void ir_text(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const auto module = ir::read(sources, sources.add("input.ir", text), diagnostics);
  (void)render(sources, diagnostics);
  if (!module || !ir::verify(*module).empty()) return;
  const std::string printed = ir::print(*module);
  Diagnostics none;
  if (!ir::read(sources, sources.add("again.ir", printed), none))
    internal_error("what was printed is not read:\n" + printed + render(sources, none));
  if (text.size() > kLargest) return;
  for (const ir::Function& f : module->functions) {
    (void)emit::source(f);
    const auto prepared = opt::prepare(*module, f.name, ad::expand_derive, {});
    if (prepared) plan_of(*prepared);
  }
}

void npy(const std::string& bytes) {
  const auto tensor = driver::parse_npy(bytes);
  if (tensor && !driver::parse_npy(driver::format_npy(*tensor))) internal_error("what was written is not read");
}

// Values for f(x: f64[n], k: i64, p: Net[d], t: (bool, f32[2, m])), an argument a line.
void values(const std::string& text) {
  static const auto checked = std::make_unique<Checked>(
      "struct Net[d] { w: f64[d, d], b: f32, n: i32 }\n"
      "fn f(x: f64[n], k: i64, p: Net[d], t: (bool, f32[2, m]), s: size) -> f64 { sum(x) }\n");
  const ir::Function& f = *checked->program->module().find("f");
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line.find("=@") == std::string::npos) arguments.push_back(line);
    at = end + 1;
  }
  const auto bound = driver::bind_arguments(f, arguments);
  if (!bound) {
    if (bound.failure().code == Code{}) internal_error("no code: " + bound.error());
    (void)render(bound.failure());
    return;
  }
  ir::Tree all;
  all.kind = ir::Tree::Kind::tuple;
  all.fields.resize(bound->tensors.size());
  (void)driver::show_readable(all, bound->tensors);
  (void)driver::show_json(all, bound->tensors);
}

// A word a line, and behind a line `---` the file that is called program.rg there. What is printed is lost; words that
// name another folder are left out, since files may be written.
void command(const std::string& text) {
  const std::size_t end = text.find("\n---\n");
  if (end != std::string::npos) std::ofstream("program.rg", std::ios::binary) << text.substr(end + 5);
  std::vector<std::string> words{"runegrad-compile"};
  std::istringstream lines(text.substr(0, end));
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::ranges::find(line, '\0'), line.end());
    if (line.find('/') == std::string::npos && line.find("--threads") == std::string::npos) words.push_back(line);
  }
  std::vector<const char*> arguments;
  for (const std::string& w : words) arguments.push_back(w.c_str());
  const Silence silence;
  const int code = driver::command_line(static_cast<int>(arguments.size()), arguments.data());
  if (code < 0 || code > 2) internal_error("exit code " + std::to_string(code));
}

constexpr std::array<Target, 6> kTargets{{{"check", "lexer, parser and checker", check},
                                          {"program", "the pipeline from text to plan", program},
                                          {"ir", "the reader of IR text, and the passes", ir_text},
                                          {"npy", "the reader of .npy files", npy},
                                          {"values", "arguments of `run`", values},
                                          {"command", "the command line", command}}};

}  // namespace

std::span<const Target> targets() { return kTargets; }

}  // namespace rg::fuzz
