// The plain command: a file's exported functions and the derivatives asked for, as files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "compiler/code/text.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/report.h"
#include "compiler/driver/trace.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/reserved.h"
#include "compiler/emit/source.h"
#include "compiler/plan/plan.h"
#include "compiler/support/suggestion.h"

namespace rg::driver {

namespace {

/// "f:x,w" as the expression grad(f, wrt: (x, w)) and the name f_grad.
struct Request {
  std::string expression, name;
};
Request parsed(const DerivativeRequest& d) {
  const auto colon = d.target.find(':');
  const std::string f = d.target.substr(0, colon);
  std::string wrt = colon == std::string::npos ? "" : d.target.substr(colon + 1);
  const bool several = wrt.find(',') != std::string::npos;
  if (several) wrt = "(" + wrt + ")";
  return {d.op + "(" + f + (wrt.empty() ? "" : ", wrt: " + wrt) + ")", f + "_" + d.op};
}

struct Output {
  std::string_view kind, suffix;
};
constexpr Output kOutputs[] = {{"obj", ".o"}, {"header", ".h"}, {"llvm", ".ll"}, {"asm", ".s"},
                               {"rg", ".rg"}, {"ir", ".ir"},    {"lib", ".a"}};

/// What `-o` names, without the suffix of a file that may be written.
std::filesystem::path stem_of(const std::string& output) {
  std::filesystem::path path(output);
  const bool known = std::ranges::find(kOutputs, path.extension().string(), &Output::suffix) != std::end(kOutputs);
  return known ? path.replace_extension() : path;
}

/// All functions as one `.rg` text, which is read back before it is shown.
Result<std::string> rg_source(std::span<const plan::Plan> plans) {
  std::string text;
  for (const plan::Plan& p : plans) {
    const auto one = emit::source(p.function);
    if (!one) return one;
    text += (text.empty() ? "" : "\n") + *one;
  }
  api::Unit again;
  if (!again.load("derivative.rg", text))
    return Failure{"the functions cannot be written as .rg: what would be written does not check\n" + again.rendered(),
                   Code::not_spellable};
  return text;
}

/// The object and the runtime, which lies in ../lib beside the folder of this program.
Result<std::string> static_library(std::span<const plan::Plan> plans, const std::string& stem,
                                   const emit::EmitOptions& options) {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  const auto runtime = api::read_file(program.parent_path().parent_path() / "lib" / "librunegrad_runtime.a");
  if (!runtime) return Failure{"the runtime's library is missing: " + runtime.error(), Code::runtime_missing};
  auto object = emit::emit(plans, emit::Kind::object, options);
  if (!object) return object;
  return emit::library(*object, stem + ".o", *runtime);
}

Result<std::string> text_for(std::string_view kind, std::span<const plan::Plan> plans, const std::string& stem,
                             const emit::EmitOptions& options) {
  if (kind == "header") return emit::header(plans, stem);
  if (kind == "rg") return rg_source(plans);
  if (kind == "lib") return static_library(plans, stem, options);
  if (kind == "ir") {
    std::string text;
    for (const plan::Plan& p : plans) text += (text.empty() ? "" : "\n") + ir::print(p.function);
    return text;
  }
  return emit::emit(plans,
                    kind == "obj"   ? emit::Kind::object
                    : kind == "asm" ? emit::Kind::assembly
                                    : emit::Kind::llvm,
                    options);
}

}  // namespace

int compile(const CompileOptions& o) {
  const auto source = api::read_file(o.file);
  if (!source) {
    Failure failure = source.failure();
    if (o.file.find_first_of("./") == std::string::npos)
      failure.hint = suggestion(o.file, {"run", "check", "test", "explain"});
    return fail(failure, o.color);
  }
  if (o.file.ends_with(".ir"))
    return fail({o.file + " is IR text, which is read to run passes on it", Code::passes_needed,
                 "name them, for example `--passes=simplify`"},
                o.color);
  Trace trace(o);
  api::Unit unit;
  trace.attach(unit);
  unit.set_strict(o.strict);
  unit.set_fast(o.fast);
  if (!load(unit, o.file, *source, o.color)) return 1;
  trace.mark("check");
  const auto target = emit::target_of(o.cpu);
  if (!target) return fail(target.failure(), o.color);
  std::vector<plan::Plan> plans;
  std::map<std::string, std::string> symbols;  // of the header, and whose they are
  const bool for_c = std::ranges::any_of(o.emit, [](const std::string& kind) { return kind != "rg" && kind != "ir"; });
  const auto add = [&](Result<ir::Function> f) {
    if (!f) return fail(f.failure(), unit, o.color);
    if (const std::string_view why = emit::reserved_in_c(f->name); for_c && !why.empty())
      return fail({fmt::format("`{}` cannot be exported: the name {}", f->name, why), Code::reserved_in_c,
                   "choose another name for what is exported"},
                  o.color);
    plan::PlanOptions plan_options = trace.plan_options();
    plan_options.target = *target;
    plans.push_back(plan::make_plan(*f, plan_options));
    for (const std::string& name : emit::symbols(plans.back())) {
      const auto [at, fresh] = symbols.emplace(name, f->name);
      if (for_c && !fresh)
        return fail({fmt::format("`{}` is declared with `{}` and with `{}`", name, at->second, f->name),
                     Code::name_in_use, "choose another name for one of them"},
                    o.color);
    }
    if (o.dump_plan) fmt::print("{}", plan::print(plans.back()));
    return 0;
  };
  std::vector<std::string> exported;
  for (const ir::Function& f : unit.program().module().functions) {
    if (f.exported) exported.push_back(f.name);
  }
  for (const std::string& name : exported) {
    if (const int code = add(unit.prepare(name)); code != 0) return code;
  }
  for (const DerivativeRequest& d : o.derivatives) {
    const Request r = parsed(d);
    if (unit.program().module().find(r.name) != nullptr)
      return fail(
          {"`" + r.name + "` is there already: the program or another derivative has that name", Code::name_in_use},
          o.color);
    if (const int code = add(unit.prepare_expression(r.expression, r.name)); code != 0) return code;
  }
  if (plans.empty()) {
    const auto names = unit.program().functions();
    return fail(
        {o.file + " has no `export fn`, and no derivative is asked for", Code::nothing_to_compile,
         names.empty() ? "" : fmt::format("write `export fn {0}`, or ask for a derivative: --grad {0}", names[0])},
        o.color);
  }
  if (o.dump_plan) return 0;
  const std::filesystem::path stem =
      o.output.empty() ? std::filesystem::path(o.file).replace_extension() : stem_of(o.output);
  std::error_code none;
  if (!stem.has_filename() || stem.filename() == "." || stem.filename() == "..")
    return fail({o.output + " is a directory", Code::file_unwritable, "`-o` names the files to write"}, o.color);
  for (const std::string& kind : o.emit) {
    const auto* output = std::ranges::find(kOutputs, kind, &Output::kind);
    const auto text = text_for(kind, plans, stem.filename().string(),
                               {.opt_level = o.opt_level, .strict = o.strict, .fast = o.fast, .cpu = o.cpu});
    if (!text) return fail(text.failure(), o.color);
    if (kind == "rg" && o.output.empty()) {  // the file of that name is the program
      fmt::print("{}", *text);
      continue;
    }
    const std::string path = stem.string() + std::string(output->suffix);
    if (std::filesystem::equivalent(path, o.file, none))
      return fail(
          {path + " is the program itself, which would be lost", Code::file_unwritable, "choose another name by `-o`"},
          o.color);
    if (const auto written = api::write_file(path, *text); !written) return fail(written.failure(), o.color);
    trace.mark("write " + kind);
  }
  trace.report();
  return 0;
}

}  // namespace rg::driver
