// Compiles a function by plan and lower, runs it in this process, and compares with the reference interpreter.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/code/builder.h"
#include "compiler/ir/tensor.h"

namespace rg::test {

/// What differs between compiled code and the interpreter for these sizes and arguments; empty when nothing does.
/// `tolerance` is relative to the greatest magnitude of the result. `level` as in lower::optimize.
std::string compare(const ir::Function& f, std::vector<std::int64_t> sizes, std::vector<ir::Tensor> arguments,
                    double tolerance, int level);

/// The status of a call of the function, compiled for the known sizes, with samples for its inputs.
int status(const ir::Function& f, std::vector<std::int64_t> sizes, std::vector<std::optional<std::int64_t>> known);

/// A tensor of the type at the sizes, with reproducible values in [-2, 2] (integers in [0, 3]).
ir::Tensor sample(const ir::Type& type, const std::vector<std::int64_t>& sizes, unsigned seed);

}  // namespace rg::test
