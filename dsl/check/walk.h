// Walks over syntax that the checker needs before it evaluates.
#pragma once

#include <functional>
#include <string>

#include "dsl/parse/ast.h"

namespace rg::dsl {

/// Calls `f(index, position)` for every subscript in `e` that is the bare name `var`, where no inner binding hides it.
void for_each_subscript(const ast::Expr& e, const std::string& var,
                        const std::function<void(const ast::Index&, std::size_t)>& f);

/// Calls `f` with every name that stands in `e` as an expression, bound ones included.
void for_each_name(const ast::Expr& e, const std::function<void(const std::string&)>& f);

}  // namespace rg::dsl
