// `run`: compiles or interprets one expression, calls it with values from the command line and shows the result.
#include <fmt/format.h>

#include <algorithm>

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

namespace {

/// A failed call; a check that did not hold is shown where the program has it.
int fail_of_call(const Failure& failure, Span place, const api::Unit& unit, bool color) {
  if (place == Span()) return fail(failure, color);
  const Diagnostic d{failure.code, place, failure.message};
  fmt::print(stderr, "{}", render(unit.sources(), d, {.color = color}));
  return 1;
}

}  // namespace

int run(const RunOptions& o) {
  Trace trace(o);
  api::Unit unit;
  trace.attach(unit);
  unit.set_strict(o.strict);
  unit.set_fast(o.fast);
  if (!load(unit, o.file, o.color)) return 1;
  trace.mark("check");
  const Function* checked = unit.check_expression(o.expression, "main");
  if (checked == nullptr) return fail(Failure{""}, unit, o.color);
  // The oracle evaluates what the checker made.
  const auto f = o.interpret ? Result<Function>(*checked) : unit.prepare(checked->name);
  if (!f) return fail(f.failure(), unit, o.color);
  auto arguments = bind_arguments(*f, o.arguments);
  if (!arguments) return fail(arguments.failure(), o.color);
  std::vector<std::vector<std::int64_t>> shapes;
  for (const Tensor& t : arguments->tensors) shapes.push_back(t.shape);
  const auto sizes = api::infer_sizes(*f, shapes, arguments->sizes);
  if (!sizes) return fail(with_file(sizes.failure(), o.arguments), o.color);
  const CallOptions call_options{
      .opt_level = o.opt_level, .threads = o.threads, .dump_plan = o.dump_plan, .plan = trace.plan_options()};
  Span place;
  const oracle::Outcome outcome = o.interpret
                                      ? interpret(unit.program().module(), *f, *sizes, arguments->tensors, o.bits)
                                      : oracle::Outcome{call(*f, *sizes, arguments->tensors, call_options, &place)};
  const auto& results = outcome.results;
  if (!results) return fail_of_call(results.failure(), o.interpret ? outcome.span : place, unit, o.color);
  trace.mark(o.interpret ? "interpret" : "compile and call");
  trace.report();
  if (!o.output.empty()) {
    if (results->size() != 1)
      return fail({fmt::format("an .npy file holds one array, and the result has {}", results->size()),
                   Code::several_results, "use --json, or an expression that gives one of them"},
                  o.color);
    const auto written = api::write_file(o.output, format_npy((*results)[0]));
    return written ? 0 : fail(written.failure(), o.color);
  }
  const Tree& tree = f->signature.result;
  fmt::print("{}\n", o.json ? show_json(tree, *results) : show_readable(tree, *results));
  return 0;
}

}  // namespace rg::driver
