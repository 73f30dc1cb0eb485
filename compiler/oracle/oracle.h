// What a program means, independently of how it is compiled: the oracle evaluates the module that the checker made,
// before any pass, and differentiates by dual numbers (number.h). It may be slow.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/support/result.h"

namespace rg::oracle {

/// Results, or a message for the user and the place of the check that failed, where there is one.
struct Outcome {
  Result<std::vector<ir::Tensor>> results;
  Span span = {};
};

/// The results of `f` for its sizes and arguments (of the parameters' types). With `bits` 0 in f64, elements of type
/// f32 rounded after each op (a derivative that is not finite in that is evaluated with greater exponents); else in
/// multiprecision of so many bits (at least 64), rounded to the nearest double at the end. Fails on an assertion, an
/// index or extent out of range, a tensor of more than 2^28 elements, calls nested deeper than 200.
Outcome evaluate(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                 const std::vector<ir::Tensor>& arguments, int bits = 0);

/// `evaluate` without the place.
Result<std::vector<ir::Tensor>> interpret(const ir::Module& module, const ir::Function& f,
                                          std::span<const std::int64_t> sizes, const std::vector<ir::Tensor>& arguments,
                                          int bits = 0);

/// An elementwise op on one element of floating operands, computed with `bits` bits and rounded to the nearest double:
/// 1 or 0 of a comparison.
double evaluate(ir::Opcode op, const ir::Attributes& attrs, std::span<const double> operands, int bits);
/// The value of an elementwise op of class by_partials and its derivatives, by the formulas of its struct with dual
/// numbers of two orders: `first[k]` is d/dx_k, `second[k * n + l]` d²/dx_k dx_l for n operands.
struct Derivatives {
  double value = 0;
  std::vector<double> first, second;
};
/// Computed and rounded as `evaluate` of the op.
Derivatives derivatives(ir::Opcode op, const ir::Attributes& attrs, std::span<const double> operands, int bits);

}  // namespace rg::oracle
