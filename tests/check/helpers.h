// Checks a program and runs an expression of it by the oracle.
#pragma once

#include <string>
#include <vector>

#include "compiler/oracle/oracle.h"
#include "dsl/check/check.h"

namespace rg::test {

struct Ran {
  std::string problems;  // rendered diagnostics, or the run-time message
  std::vector<double> values;
  std::vector<std::vector<std::int64_t>> shapes;
};

inline std::string problems_of(const SourceMap& sources, const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics.sorted()) text += render(sources, d);
  return text;
}

/// `program` with the value expression `expr`, which takes no arguments.
inline Ran run(const std::string& program, const std::string& expr) {
  SourceMap sources;
  Diagnostics diagnostics;
  dsl::Program p(sources, diagnostics);
  Ran out;
  const ir::Function* f = p.load("test.rg", program) ? p.expression(expr) : nullptr;
  out.problems = problems_of(sources, diagnostics);
  if (f == nullptr) return out;
  auto results = oracle::interpret(p.module(), *f, {}, {});
  if (!results) {
    out.problems = results.error();
    return out;
  }
  for (const ir::Tensor& t : *results) {
    out.shapes.push_back(t.shape);
    for (std::int64_t i = 0; i < t.count(); ++i)
      out.values.push_back(t.is_real() ? t.reals[static_cast<std::size_t>(i)]
                                       : static_cast<double>(t.integers[static_cast<std::size_t>(i)]));
  }
  return out;
}

/// The codes of the errors in a program, as "RG0301 RG0302"; with an expression, in that too.
inline std::string codes(const std::string& program, const std::string& expr = "") {
  SourceMap sources;
  Diagnostics diagnostics;
  dsl::Program p(sources, diagnostics);
  if (p.load("test.rg", program) && !expr.empty()) p.expression(expr);
  std::string text;
  for (const Diagnostic& d : diagnostics.sorted()) text += (text.empty() ? "" : " ") + code_string(d.code);
  return text;
}

}  // namespace rg::test
