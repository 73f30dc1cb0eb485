#include "compiler/driver/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <exception>
#include <fstream>
#include <map>
#include <system_error>

#include "compiler/driver/commands.h"
#include "compiler/driver/report.h"
#include "compiler/emit/emit.h"
#include "compiler/pass/list.h"
#include "compiler/plan/cost.h"
#include "compiler/support/suggestion.h"

namespace {

/// What is printed instead of doing anything.
struct Listing {
  std::string text;
};

std::string version() {
  return fmt::format("runegrad {}\nLLVM {}, targets: {}", RUNEGRAD_VERSION, rg::emit::llvm_version(),
                     fmt::join(rg::emit::targets(), ", "));
}

/// One of the names; another is refused with the near one.
CLI::Validator one_of(std::vector<std::string> names) {
  const auto check = [names](const std::string& given) -> std::string {
    if (std::ranges::find(names, given) != names.end()) return "";
    const std::string near = rg::suggestion(given, names);
    return fmt::format("`{}` is none of {}{}", given, fmt::join(names, ", "), near.empty() ? "" : "; " + near);
  };
  return {check, fmt::format("{{{}}}", fmt::join(names, ","))};
}

CLI::Validator nonempty() {
  return {[](const std::string& given) { return std::string(given.empty() ? "the name is empty" : ""); }, ""};
}

bool over_ir(const rg::pass::Pass& p) { return p.stage == rg::pass::Stage::ir; }
bool any(const rg::pass::Pass&) { return true; }

/// A pass that may be left out; of another it is said why not.
std::string check_skipped(const std::string& name) {
  const rg::pass::Pass* pass = rg::pass::find(name);
  if (pass != nullptr && !pass->needed) return "";
  const auto names = rg::pass::names([](const rg::pass::Pass& p) { return !p.needed; });
  if (pass != nullptr) return fmt::format("`{}` is needed; what may be left out is {}", name, fmt::join(names, ", "));
  const std::string near = rg::suggestion(name, names);
  return fmt::format("there is no pass `{}`{}", name, near.empty() ? "; --list-passes prints all" : ": " + near);
}

const std::vector<std::string> kKinds{"obj", "header", "lib", "llvm", "asm", "ir", "rg"};

/// The arguments with a list's words behind its flag joined by commas: `--emit lib header` as `--emit lib,header`.
std::vector<std::string> with_joined_lists(int argc, const char* const* argv) {
  const std::map<std::string, std::vector<std::string>> lists{{"--emit", kKinds},
                                                              {"--passes", rg::pass::names(over_ir)},
                                                              {"--dump-after", rg::pass::names(any)},
                                                              {"--skip", rg::pass::names(any)}};
  std::vector<std::string> out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string flag = word.substr(0, word.find('='));
    out.push_back(word);
    const auto list = lists.find(flag);
    if (list == lists.end()) continue;
    if (flag == word && i + 1 < argc) out.emplace_back(argv[++i]);
    while (i + 1 < argc && std::ranges::find(list->second, argv[i + 1]) != list->second.end())
      out.back() += std::string(",") + argv[++i];
  }
  std::ranges::reverse(out);  // as CLI11 takes them
  return out;
}

/// Whether what stands in the place of FILE may be a misspelled subcommand.
bool no_file(const std::string& file) { return file.find_first_of("./") == std::string::npos && !std::ifstream(file); }

/// What was not expected, and what may have been meant: a flag, or a subcommand in the place of FILE.
std::string unexpected(const CLI::App& app, const CLI::App& command) {
  const auto& files = app.get_option("FILE")->results();
  const std::string file = files.empty() ? "" : files.front();
  std::vector<std::string> subcommands;
  for (const CLI::App* c : app.get_subcommands({})) subcommands.push_back(c->get_name());
  if (&app == &command && !file.empty() && no_file(file)) {
    const std::string near = rg::suggestion(file, subcommands);
    return fmt::format("there is no subcommand `{}`{}", file,
                       near.empty() ? fmt::format("; there are {}", fmt::join(subcommands, ", ")) : ": " + near);
  }
  std::string given = app.remaining(true).front();
  if (!given.starts_with('-')) return fmt::format("`{}` is one argument too many", given);
  given = given.substr(0, given.find('='));
  std::vector<std::string> flags;
  for (const CLI::Option* o : command.get_options()) {
    if (o->nonpositional()) flags.push_back(o->get_name());
  }
  const std::string near = rg::suggestion(given, flags);
  return fmt::format("there is no flag `{}`{}", given, near.empty() ? "" : ": " + near);
}

/// Prints what is wrong with the arguments; gives the exit code.
int usage(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  const auto parsed = app.get_subcommands();
  const CLI::App& command = parsed.empty() ? app : *parsed.front();
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr && !app.remaining(true).empty();
  std::string what = extra ? unexpected(app, command) : e.what();
  if (const auto at = what.find(": At Most 1 required"); at != std::string::npos)
    what = fmt::format("`{}` is given more than once", what.substr(0, at));
  fmt::print(stderr, "error: {}\n  = help: `runegrad-compile{} --help` shows what may be given\n", what,
             parsed.empty() ? "" : " " + command.get_name());
  return 2;
}

/// A function's name, or one with parameters behind it: f, f:x, f:x,w.
std::string check_target(const std::string& target) {
  const auto name = [](std::string_view s) {
    const auto word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    return !s.empty() && std::isdigit(static_cast<unsigned char>(s[0])) == 0 && std::ranges::all_of(s, word);
  };
  const auto colon = target.find(':');
  bool good = name(target.substr(0, colon));
  for (std::size_t at = colon; good && at != std::string::npos;) {
    const auto next = target.find(',', at + 1);
    good = name(std::string_view(target).substr(at + 1, next == std::string::npos ? next : next - at - 1));
    at = next;
  }
  return good ? "" : fmt::format("`{}` is no FUNCTION or FUNCTION:PARAMETER,…", target);
}

void add_common(CLI::App& app, rg::driver::CommonOptions& o) {
  app.add_option("-O", o.opt_level, "Optimisation: -O0 compiles fastest, -O2 runs fastest")
      ->check(CLI::Range(0, 3))
      ->take_last();
  CLI::Option* strict = app.add_flag("--strict", o.strict, "Operations as written, in that order, each rounded");
  app.add_flag("--fast", o.fast,
               "Rewritings that may overflow or vanish, or lose the sign of a zero: dsl/arithmetic.md")
      ->excludes(strict);
  app.add_flag("--dump-plan", o.dump_plan, "Print the plan of each function");
  app.add_option("--dump-after", o.dump_after, "Print the IR or the plan after a pass (--list-passes)")
      ->type_name("PASS")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Validator(one_of(rg::pass::names(any))).description(""));
  app.add_flag("--dump-changed", o.dump_changed, "Print the IR and the plan after each pass that changes them");
  app.add_flag("--verify-each", o.verify_each, "Check the IR and the plan after each pass");
  app.add_option("--skip", o.skip, "Leave a pass over the plan out (--list-passes)")
      ->type_name("PASS")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Validator(check_skipped, ""));
  app.add_flag("--time-report", o.time_report, "Print the time of each phase");
}

int dispatch(int argc, const char* const* argv) {
  CLI::App app{"Compiles .rg programs and their derivatives to native code."};
  app.set_version_flag("--version", version());
  app.add_flag_callback("--list-passes", [] { throw Listing{rg::pass::listing()}; }, "Print all passes and what for");
  app.add_flag_callback(
      "--list-ops", [] { throw Listing{rg::driver::list_ops()}; },
      "Print all operations of the IR with their formulas");
  app.add_flag_callback(
      "--list-costs", [] { throw Listing{rg::plan::cost_listing()}; },
      "Print the constants that planning weighs by, and why they are so");
  app.require_subcommand(0, 1);
  const bool color = isatty(STDERR_FILENO) != 0;

  rg::driver::CompileOptions compile;
  compile.emit = {"obj", "header"};
  app.add_option("FILE", compile.file, "The program; writes FILE.o and FILE.h for its exported functions");
  app.add_option("-o", compile.output, "Name of the files written, without extension")->check(nonempty());
  app.add_option("--emit", compile.emit,
                 "What to write: obj, header, lib, llvm, asm, ir, rg (to the terminal without -o)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of(kKinds));
  app.add_option("--mcpu", compile.cpu, "The CPU to make code for; this machine's without it");
  app.add_option("--passes", compile.passes, "Run only these passes on a program or on IR text (.ir) and print the IR")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of(rg::pass::names(over_ir)));
  add_common(app, compile);
  for (const char* op : {"grad", "value_and_grad", "jvp", "vjp", "hvp", "jacobian", "hessian"}) {
    std::string flag = std::string("--") + op;
    std::ranges::replace(flag, '_', '-');
    const auto add = [&compile, op](const std::vector<std::string>& targets) {
      for (const std::string& t : targets) compile.derivatives.push_back({op, t});
    };
    app.add_option_function<std::vector<std::string>>(
           flag, add, "Adds the function NAME_" + std::string(op) + "; FUNCTION or FUNCTION:PARAMETER,…")
        ->type_name("FUNCTION[:PARAMETERS]")
        ->take_all()
        ->expected(1)
        ->check(CLI::Validator(check_target, ""));
  }

  rg::driver::RunOptions run;
  CLI::App* run_command =
      app.add_subcommand("run", "Compiles an expression in this process, calls it and prints the result");
  run_command->add_option("FILE", run.file, "The program")->required();
  run_command
      ->add_option(
          "EXPR", run.expression,
          "A function, or operators applied to one: 'grad(f, wrt: x)'. jvp adds the parameter d_x, hvp v_x, vjp ybar")
      ->required();
  run_command->add_option("ARGS", run.arguments,
                          "name=value: a number, nan, inf, a nested list, an object, @file.npy, @file.json");
  run_command->add_flag("--json", run.json, "The result as JSON in full precision");
  CLI::Option* interpret =
      run_command->add_flag("--interpret", run.interpret, "The reference interpreter instead of native code");
  run_command->add_option("--bits", run.bits, "Interprets in multiprecision: numbers of so many bits")
      ->check(CLI::Range(64, 65536))
      ->needs(interpret);
  run_command->add_option("--threads", run.threads, "Threads of the call")->check(CLI::Range(1, 1024));
  run_command->add_option("-o", run.output, "Writes the result to an .npy file")->check(nonempty());
  add_common(*run_command, run);

  std::string check_file, test_file, code;
  rg::driver::CommonOptions test_options;
  CLI::App* check_command = app.add_subcommand("check", "Reports the errors of a program");
  check_command->add_option("FILE", check_file, "The program")->required();
  CLI::App* test_command = app.add_subcommand("test", "Runs the test blocks of a program");
  test_command->add_option("FILE", test_file, "The program")->required();
  add_common(*test_command, test_options);
  CLI::App* explain_command = app.add_subcommand("explain", "Explains a diagnostic: explain RG0301");
  explain_command->add_option("CODE", code, "The diagnostic's code")->required();

  try {
    app.name("runegrad-compile");
    app.parse(with_joined_lists(argc, argv));
  } catch (const CLI::ParseError& e) {
    return usage(app, e);
  } catch (const Listing& l) {
    fmt::print("{}", l.text);
    return 0;
  }
  compile.color = run.color = test_options.color = color;
  if (run_command->parsed()) return rg::driver::run(run);
  if (check_command->parsed()) return rg::driver::check(check_file, color);
  if (test_command->parsed()) return rg::driver::test(test_file, test_options);
  if (explain_command->parsed()) return rg::driver::explain(code, color);
  if (!compile.file.empty() && !compile.passes.empty()) return rg::driver::print_passes(compile);
  if (!compile.file.empty()) return rg::driver::compile(compile);
  fmt::print(stderr, "{}", app.help());
  return 2;
}

}  // namespace

int rg::driver::command_line(int argc, const char* const* argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::bad_alloc&) {
    return fail({"out of memory", Code::out_of_memory}, false);
  } catch (const std::system_error&) {
    throw;
  } catch (const std::exception& e) {
    fmt::print(stderr, "internal error: {}\nThis is a fault of runegrad's, not of the program.\n", e.what());
    return 70;
  }
}
