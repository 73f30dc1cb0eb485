// The subcommands of runegrad-compile. Each returns the exit code: 0, or 1 for an error of the user's that it has
// printed.
#pragma once

#include <string>
#include <vector>

namespace rg::driver {

struct CommonOptions {
  int opt_level = 2;
  bool strict = false;
  bool fast = false;
  bool color = false;
  bool dump_plan = false;
  std::vector<std::string> dump_after;  // passes
  std::vector<std::string> skip;        // passes over the plan
  bool dump_changed = false;
  bool time_report = false;
  bool verify_each = false;
};

struct RunOptions : CommonOptions {
  std::string file, expression;
  std::vector<std::string> arguments;
  bool json = false;
  bool interpret = false;
  int bits = 0;  // of the oracle's numbers; 0 for f64
  int threads = 1;
  std::string output;
};

struct DerivativeRequest {
  std::string op;      // "grad"
  std::string target;  // "f" or "f:x,w"
};

struct CompileOptions : CommonOptions {
  std::string file;
  std::string output;  // stem or file
  std::vector<std::string> emit;
  std::vector<DerivativeRequest> derivatives;
  std::string cpu;
  std::vector<std::string> passes;  // only these, printed as IR
};

int run(const RunOptions& options);
int check(const std::string& file, bool color);
int test(const std::string& file, const CommonOptions& options);
int explain(const std::string& code, bool color);
int compile(const CompileOptions& options);
/// All operations of the IR, as Markdown: name, attributes, formula, derivative; docs/ops.md is this text.
std::string list_ops();
/// The file, `.rg` or IR text, through `passes`, as IR text on standard output.
int print_passes(const CompileOptions& options);

}  // namespace rg::driver
