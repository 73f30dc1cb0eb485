// Types as the user writes them, resolved and shown.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

std::optional<Dim> eval_dim(Context& cx, const ast::Expr& expr, const ScopePtr& scope);
Ty resolve(Context& cx, const ast::TypeExpr& type, const ScopePtr& scope);
Ty substitute(const Context& cx, const Ty& t, std::span<const Dim> sizes);
std::string describe(const Context& cx, const Ty& t, std::span<const std::string> size_names);
Value param_value(Context& cx, const Ty& t, const std::string& name, Span span);
ir::Tree param_tree(Context& cx, const Ty& t, const std::string& name);

}  // namespace rg::dsl
