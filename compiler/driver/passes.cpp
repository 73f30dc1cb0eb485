// `--passes=`: the functions of a program or of an IR text through passes by name, printed as IR text.
#include <fmt/format.h>

#include "compiler/api/unit.h"
#include "compiler/code/text.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/report.h"
#include "compiler/driver/trace.h"
#include "compiler/pass/list.h"

namespace rg::driver {

namespace {

using ir::Function;
using ir::Module;

/// The module with each function after the passes.
Result<Module> transformed(Module module, const CompileOptions& o) {
  Trace trace(o);
  for (const Function& f : module.functions) trace.after("read", f);
  for (const std::string& name : o.passes) {
    const pass::Pass* pass = pass::find(name);
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
