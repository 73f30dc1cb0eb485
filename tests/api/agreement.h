// Compiled code against the oracle, within the condition of the program itself.
#pragma once

#include <map>
#include <runegrad/runegrad.hpp>
#include <string>
#include <vector>

#include "compiler/api/unit.h"
#include "compiler/ir/tensor.h"

namespace rg::test {

/// A function or an expression of a loaded program with its arguments.
struct Call {
  std::string expression;
  std::vector<ir::Tensor> arguments;
  std::map<std::string, std::int64_t> sizes;
};

/// What the oracle says of a call: the values that f64 (and f32) arithmetic gives in the order of the program, the values
/// in multiprecision, and the condition of the program at these arguments.
///
/// The condition of a result is measured: how far its f64 values are from those in multiprecision, and how far these move
/// when the arguments change by up to an ulp each, at random, three times; of an array the greatest counts. Compiled code
/// has other rounding errors of the same size. It may be kSlack times as far from the multiprecision value, plus kUlps
/// units in the last place of the element.
struct Expected {
  std::vector<ir::Tensor> plain, exact;
  std::vector<double> spread;  // of each array
  std::string error;           // why there is none
};
inline constexpr double kSlack = 64, kUlps = 64;

/// The name is that of the module's function that the expression becomes.
Expected expected(api::Unit& unit, const std::string& name, const Call& call);

/// Empty, or where a result is out of the bound. An infinity or a NaN of the plain value is to be the same, unless the
/// result is right to the bound although the plain evaluation overflows on the way.
std::string disagreement(const Expected& want, const std::vector<ir::Tensor>& got);

struct Way {
  int level;
  bool strict;
  int threads;
  bool known_sizes;
};
/// -O0, -O2, -O2 on two threads and for known sizes, --strict.
inline constexpr Way kWays[] = {{0, false, 1, false}, {2, false, 1, false}, {2, false, 2, true}, {2, true, 1, false}};

/// Empty, or how compiled code disagrees with the oracle in some way of compiling it.
std::string disagreement(runegrad::Program& program, const Call& call, const Expected& want, const Way& way);

}  // namespace rg::test
