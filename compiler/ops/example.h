// What the generated tests run an op on. Every op gives its examples: an elementwise op by its `samples`, any other by
// a member `examples(elem)`, which is empty for element types that the op does not take.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/ir/module.h"

namespace rg::ir {
class Builder;
}

namespace rg::ops {

/// One operand and the values that are drawn for it.
struct ExampleOperand {
  ir::Type type;
  /// Interval of floating elements.
  double low = -2;
  double high = 2;
  /// Integers are drawn from 0 up to this extent, exclusively; for the constant 0 from -9 to 9.
  ir::Dim below = 0;
};

/// The extents of examples: sizes 0 and 1 of the function that is made of one.
inline ir::Dim example_n() { return ir::Dim::size(0); }
inline ir::Dim example_m() { return ir::Dim::size(1); }

/// An instruction, or a few of them around the op, as a function of sizes n, m and operands.
struct Example {
  using Body = std::function<std::vector<ir::ValueId>(ir::Builder&, std::span<const ir::ValueId>)>;

  std::string about;
  std::vector<ExampleOperand> operands;
  ir::Attributes attrs = {};
  /// Code that yields the function's results; without it the op itself on the operands, with `attrs`.
  Body body = {};
  /// Values of n and m: small ones, length one, empty, and longer than a vector register.
  std::vector<std::vector<std::int64_t>> sizes = {{3, 4}, {1, 1}, {0, 2}, {3, 0}, {2, 17}, {19, 2}};
  /// Error allowed to compiled code, in machine epsilons of the greatest magnitude of the result and 1; 0 where
  /// elements are only moved. Elementwise ops have Samples::ulp instead.
  double epsilons = 0;
  /// Functions `callee0`, `callee1`, … that the body refers to, of the same sizes.
  std::vector<Example> callees = {};
  /// Whether running it ends with an error, in the interpreter and in compiled code.
  bool fails = false;
};

/// Sizes for ops that take no empty extent.
inline std::vector<std::vector<std::int64_t>> nonempty_sizes() { return {{3, 4}, {1, 1}, {2, 17}, {19, 2}}; }

}  // namespace rg::ops
