// Numbers, extents and types as syntax.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/ir/type.h"
#include "dsl/write/tree.h"

namespace rg::dsl {

/// A number that a neighbour of its type gives its type, or with its type where `typed`.
ast::ExprPtr real_literal(ir::Elem elem, double value, bool typed);
ast::ExprPtr integer_literal(ir::Elem elem, std::int64_t value, bool typed);
/// 0, or false, with its type.
ast::ExprPtr zero_literal(ir::Elem elem);

/// The extent as an expression over the names of the sizes.
ast::ExprPtr extent(const ir::Dim& dim, std::span<const std::string> sizes);
/// `[n, 2 * m]`.
ast::ExprPtr shape_list(const std::vector<ir::Dim>& dims, std::span<const std::string> sizes);
/// `f64[n, m]`.
ast::TypePtr written_type(const ir::Type& type, std::span<const std::string> sizes);

}  // namespace rg::dsl
