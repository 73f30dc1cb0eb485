// Code whose constants no pass sees: a test runs what it is there to run, not what folding makes of it.
#pragma once

#include <vector>

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"

namespace rg::driver {

/// A function whose constants have become its last parameters, and their values.
struct Opaque {
  ir::Function function;
  std::vector<ir::Tensor> arguments;
};

/// `f` has no sizes, so that every constant's extents are numbers.
Opaque opaque(ir::Function f);

}  // namespace rg::driver
