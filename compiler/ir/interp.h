// The reference interpreter: what a function means. Floating elements are computed in f64 whatever their type, `map`
// runs its region once an index.
#pragma once

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/support/result.h"

namespace rg::ir {

/// The results of `f` for its sizes and arguments (of the parameters' types). Fails with a message for the user: an
/// assertion, an index or extent out of range, a tensor of more than 2^28 elements, calls nested deeper than 200.
/// `derive` is not interpreted: the pipeline expands it first.
Result<std::vector<Tensor>> interpret(const Module& module, const Function& f, std::span<const std::int64_t> sizes,
                                      std::vector<Tensor> arguments);

}  // namespace rg::ir
