// From text to machine code, and programs that are long or deep.
#pragma once

#include <string>

#include "compiler/api/unit.h"
#include "compiler/emit/emit.h"
#include "compiler/jit/session.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::large {

/// What became of a program.
struct Outcome {
  bool compiled = false;
  std::string diagnostics;
};

/// Compiles the expression of the program to an object.
inline Outcome compiled(const std::string& text, const std::string& expression = "f", int level = 2) {
  api::Unit unit;
  if (!unit.load("large.rg", text)) return {false, unit.rendered()};
  const auto f = unit.prepare_expression(expression, "large");
  if (!f) return {false, unit.rendered() + render(f.failure())};
  const plan::Plan plan = plan::make_plan(*f, {.target = *emit::target_of("")});
  const auto object = emit::emit({&plan, 1}, emit::Kind::object, {.opt_level = level, .cpu = {}});
  if (!object) return {false, object.error()};
  return {true, unit.rendered()};
}

/// The text n times, with {} replaced by 0, 1, ….
inline std::string repeated(int n, const std::string& text) {
  std::string out;
  for (int k = 0; k < n; ++k) {
    std::string one = text;
    for (auto at = one.find("{}"); at != std::string::npos; at = one.find("{}")) one.replace(at, 2, std::to_string(k));
    out += one;
  }
  return out;
}

}  // namespace rg::large
