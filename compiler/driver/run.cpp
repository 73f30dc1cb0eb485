// `run`: compiles or interprets one expression, calls it with values from the command line and shows the result.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "compiler/api/sizes.h"
#include "compiler/driver/call.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/npy.h"
#include "compiler/driver/report.h"
#include "compiler/driver/trace.h"
#include "compiler/driver/values.h"
#include "compiler/plan/plan.h"

namespace rg::driver {

using namespace ir;

int run(const RunOptions& o) {
  Trace trace(o);
  api::Unit unit;
  trace.attach(unit);
  if (!load(unit, o.file, o.color)) return 1;
  trace.mark("check");
  auto f = unit.prepare_expression(o.expression, "main");
  if (!f) return fail(Failure{f.error()}, unit, o.color);
  auto arguments = bind_arguments(*f, o.arguments);
  if (!arguments) return fail(arguments.error());
  std::vector<std::vector<std::int64_t>> shapes;
  for (const Tensor& t : arguments->tensors) shapes.push_back(t.shape);
  const auto sizes = api::infer_sizes(*f, shapes, arguments->sizes);
  if (!sizes) return fail(sizes.error());
  const CallOptions call_options{.opt_level = o.opt_level,
                                 .strict = o.strict,
                                 .threads = o.threads,
                                 .interpret = o.interpret,
                                 .dump_plan = o.dump_plan};
  const auto results = call(unit.program().module(), *f, *sizes, std::move(arguments->tensors), call_options);
  if (!results) return fail(results.error());
  trace.mark(o.interpret ? "interpret" : "plan, compile and call");
  trace.report();
  if (!o.output.empty()) {
    if (results->size() != 1)
      return fail("-o writes one tensor, and the result has " + std::to_string(results->size()));
    std::ofstream out(o.output, std::ios::binary);
    out << format_npy((*results)[0]);
    out.close();
    return out ? 0 : fail("cannot write " + o.output);
  }
  const Tree& tree = f->signature.result;
  fmt::print("{}\n", o.json ? show_json(tree, *results) : show_readable(tree, *results));
  return 0;
}

}  // namespace rg::driver
