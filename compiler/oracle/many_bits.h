// The oracle in multiprecision, in a translation unit of its own.
#pragma once

#include "compiler/oracle/oracle.h"

namespace rg::oracle {

Outcome evaluate_with_bits(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                           const std::vector<ir::Tensor>& arguments, int bits);

}  // namespace rg::oracle
