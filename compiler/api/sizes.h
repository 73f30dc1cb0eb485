// Sizes of a call from the shapes of its arguments.
#pragma once

#include <map>
#include <span>

#include "compiler/ir/module.h"
#include "compiler/support/result.h"

namespace rg::api {

/// The value of every size of `f` such that each parameter has the shape given. `known` gives sizes by name, which are
/// then checked against the shapes. Fails with a message that names the parameter and both extents, or the size that
/// nothing determines.
Result<std::vector<std::int64_t>> infer_sizes(const ir::Function& f, std::span<const std::vector<std::int64_t>> shapes,
                                              const std::map<std::string, std::int64_t>& known);

/// The shape of a type for sizes; fails where an extent overflows or is negative.
Result<std::vector<std::int64_t>> shape_of(const ir::Function& f, const ir::Type& type,
                                           std::span<const std::int64_t> sizes);

/// "2x3", a scalar as "a scalar".
std::string shape_str(std::span<const std::int64_t> shape);

}  // namespace rg::api
