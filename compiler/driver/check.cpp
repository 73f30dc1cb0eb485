// `check`, `test` and `explain`.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "compiler/driver/call.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/opaque.h"
#include "compiler/driver/report.h"
#include "compiler/driver/trace.h"

namespace rg::driver {

namespace {

bool close(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

/// Empty, or what is wrong with the values of an assertion.
std::string verdict(const dsl::TestAssertion& a, const std::vector<ir::Tensor>& r) {
  using Kind = dsl::TestAssertion::Kind;
  if (a.kind == Kind::truth) return r[a.first].integer(0) != 0 ? "" : "is false";
  if (a.kind == Kind::gradient) {
    const double reverse = r[a.first].real(0), forward = r[a.first + 1].real(0), difference = r[a.first + 2].real(0);
    const double exact = r[a.first].elem == ir::Elem::f32 ? 1e-4 : 1e-10;
    if (close(reverse, forward, exact) && close(reverse, difference, a.tolerance)) return "";
    return fmt::format(
        "the derivative along a direction is {:.10g} in reverse mode, {:.10g} in forward mode, {:.10g} by differences",
        reverse, forward, difference);
  }
  for (std::size_t k = 0; k < a.count; ++k) {
    const ir::Tensor &x = r[a.first + k], &y = r[a.first + a.count + k];
    for (std::int64_t i = 0; i < x.count(); ++i) {
      if (!close(x.real(i), y.real(i), a.tolerance))
        return fmt::format("element {} is {:.10g}, and {:.10g} is expected (tolerance {:g})", i, x.real(i), y.real(i),
                           a.tolerance);
    }
  }
  return "";
}

std::string place(const api::Unit& unit, Span span) {
  return fmt::format("{}:{}: ", unit.sources().name(span.file), unit.sources().line_column(span.file, span.begin).line);
}

/// Where the check is that ends the test, or no place where the oracle does not stop at the same one.
Span place_of_failure(api::Unit& unit, const dsl::TestCase& t, const std::string& message) {
  const ir::Module& module = unit.program().module();
  const oracle::Outcome outcome = interpret(module, *module.find(t.function), {}, {});
  return !outcome.results && outcome.results.error() == message ? outcome.span : Span();
}

}  // namespace

int check(const std::string& file, bool color) {
  api::Unit unit;
  return load(unit, file, color) ? 0 : 1;
}

int test(const std::string& file, const CommonOptions& o) {
  Trace trace(o);
  api::Unit unit;
  trace.attach(unit);
  unit.set_strict(o.strict);
  unit.set_fast(o.fast);
  if (!load(unit, file, o.color)) return 1;
  trace.mark("check");
  int passed = 0, failed = 0;
  for (const dsl::TestCase& t : unit.program().tests()) {
    std::vector<std::string> problems;
    const Opaque code = opaque(*unit.program().module().find(t.function));
    const auto f = unit.prepare(code.function);
    Span at;
    const auto results = f ? call(*f, {}, code.arguments, {.opt_level = o.opt_level, .plan = trace.plan_options()}, &at)
                           : Result<std::vector<ir::Tensor>>(f.failure());
    if (!results) {
      if (at == Span()) at = place_of_failure(unit, t, results.error());
      problems.push_back((at == Span() ? "" : place(unit, at)) + results.error());
    } else {
      for (const dsl::TestAssertion& a : t.assertions) {
        const std::string why = verdict(a, *results);
        if (!why.empty()) problems.push_back(fmt::format("{}{}: {}", place(unit, a.span), a.text, why));
      }
    }
    (problems.empty() ? passed : failed) += 1;
    fmt::print("{} {}\n", problems.empty() ? "ok    " : "FAILED", t.name);
    for (const std::string& p : problems) fmt::print("       {}\n", p);
  }
  trace.mark("plan, compile and call");
  trace.report();
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int explain(const std::string& text, bool color) {
  std::string digits;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c))) digits += c;
  }
  for (const CodeInfo& i : all_codes()) {
    if (digits.empty() || digits.size() > 6 || std::stoi(digits) != static_cast<int>(i.code)) continue;
    fmt::print("{}: {}\n\n{}\n", code_string(i.code), i.title, i.explanation);
    return 0;
  }
  return fail({"there is no diagnostic `" + text + "`", Code::unknown_diagnostic,
               "codes are written as messages show them: " + code_string(all_codes().front().code)},
              color);
}

}  // namespace rg::driver
