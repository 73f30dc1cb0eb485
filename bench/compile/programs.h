// Programs of a given number of statements, for what compiling costs by length.
#pragma once

#include <string>
#include <vector>

namespace rg::bench {

/// A kind of program: `text` writes one with a function f of `statements` lines, whose first parameter is `wrt`.
struct LongProgram {
  std::string name;
  std::string wrt;
  std::string (*text)(int statements);
};

/// Coupled scalar lines with functions, coupled scalar lines of additions and products alone, and whole-array lines.
const std::vector<LongProgram>& long_programs();

/// What is compiled of a program: "value", "gradient", "hvp" (a Hessian-vector product), as an expression.
struct Derived {
  std::string name;
  std::string expression;
};
std::vector<Derived> derived_of(const LongProgram& program);

}  // namespace rg::bench
