// `--passes=`: the functions of a program or of an IR text through passes by name, printed as IR text.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ad/expand.h"
#include "compiler/api/unit.h"
#include "compiler/code/text.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/report.h"
#include "compiler/driver/trace.h"
#include "compiler/opt/contraction_order.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/lift.h"
#include "compiler/opt/pipeline.h"

namespace rg::driver {

namespace {

using ir::Function;
using ir::Module;

struct Pass {
  std::string_view name;
  Result<Function> (*run)(const Module& module, const Function& f, const opt::PipelineOptions& options);
};

// `expand` alone needs the module: it looks callees up.
constexpr Pass kPasses[] = {
    {"expand",
     [](const Module& m, const Function& f, const opt::PipelineOptions&) {
       return opt::prepare(m, f.name, ad::expand_derive, {.simplify = false, .after = {}});
     }},
    {"dce",
     [](const Module&, const Function& f, const opt::PipelineOptions&) { return Result<Function>(opt::dce(f)); }},
    {"lift",
     [](const Module&, const Function& f, const opt::PipelineOptions&) { return Result<Function>(opt::lift(f)); }},
    {"simplify",
     [](const Module&, const Function& f, const opt::PipelineOptions& options) {
       return Result<Function>(opt::simplify_fully(f, opt::allowed_rules(options)));
     }},
    {"order",
     [](const Module&, const Function& f, const opt::PipelineOptions& options) {
       return Result<Function>(options.strict ? f : opt::order_contractions(f));
     }},
};

/// The module with each function after the passes.
Result<Module> transformed(Module module, const CompileOptions& o) {
  Trace trace(o);
  for (const Function& f : module.functions) trace.after("read", f);
  for (const std::string& name : o.passes) {
    const auto* pass = std::ranges::find(kPasses, name, &Pass::name);
    Module next;
    for (const Function& f : module.functions) {
      auto out = pass->run(module, f, {.strict = o.strict, .fast = o.fast});
      if (!out) return out.failure();
      trace.after(name, *out);
      next.functions.push_back(std::move(*out));
    }
    module = std::move(next);
  }
  trace.report();
  return module;
}

}  // namespace

int print_passes(const CompileOptions& o) {
  const auto text = api::read_file(o.file);
  if (!text) return fail(text.failure(), o.color);
  Module module;
  if (o.file.ends_with(".ir")) {
    SourceMap sources;
    Diagnostics diagnostics;
    auto read = ir::read(sources, sources.add(o.file, *text), diagnostics);
    if (!read) {
      fmt::print(stderr, "{}", render(sources, diagnostics, {.color = o.color}));
      return 1;
    }
    module = std::move(*read);
  } else {
    api::Unit unit;
    if (!load(unit, o.file, *text, o.color)) return 1;
    module = unit.program().module();
  }
  const auto out = transformed(std::move(module), o);
  if (!out) return fail(out.failure(), o.color);
  fmt::print("{}", ir::print(*out));
  return 0;
}

}  // namespace rg::driver
