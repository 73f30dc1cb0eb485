// Types as the user writes them: size expressions, named types, parameters of a type.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// The size expression's value; none after a report.
std::optional<Dim> eval_dim(Context& cx, const ast::Expr& expr, const ScopePtr& scope);
/// The type that is written; an error type after a report.
Ty resolve(Context& cx, const ast::TypeExpr& type, const ScopePtr& scope);
/// The type of a declaration over the sizes of a use.
Ty substitute(const Ty& t, std::span<const Dim> sizes);
/// Whether a part of it is of float type.
bool has_float(const Ty& t);
/// For messages.
std::string describe(const Ty& t, std::span<const std::string> size_names);

/// A new parameter of the function under construction: one of its body's for each part.
Value param_value(Context& cx, const Ty& t, const std::string& name, Span span);
/// How a parameter is made of parts, for a function's signature.
ir::Tree param_tree(const Ty& t, const std::string& name);

}  // namespace rg::dsl
