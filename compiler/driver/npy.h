// Files in NumPy's .npy format (its specification: the docs of numpy.lib.format), versions 1 to 3: little-endian f4,
// f8, i4, i8 and bool, C or Fortran order on reading, version 1 and C order on writing.
#pragma once

#include <string>

#include "compiler/ir/tensor.h"
#include "compiler/support/result.h"

namespace rg::driver {

Result<ir::Tensor> parse_npy(const std::string& bytes);
std::string format_npy(const ir::Tensor& tensor);

}  // namespace rg::driver
