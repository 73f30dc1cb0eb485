// Names: persistent scopes, binding and lookup.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// `scope` and one name more.
ScopePtr extend(ScopePtr scope, std::string name, Value value, Span span, bool is_size = false);
/// As `extend`, of a name that the program binds: `_` binds nothing, a size is not bound again.
ScopePtr bind_checked(Context& cx, ScopePtr scope, const ast::Name& name, Value value);
/// The scope that binds the name, or null.
const Scope* find(const ScopePtr& scope, const std::string& name);
/// What knows the file and what a generic call has fixed.
const Scope& root(const ScopePtr& scope);
/// A scope without names, of a file.
ScopePtr root_scope(ModuleScope* module);
/// Reports a name that nothing binds, with the likeliest one that was meant.
void unknown_name(Context& cx, const ScopePtr& scope, const std::string& name, Span span);

/// The name that the expression is, or null.
const std::string* as_name(const ast::Expr& e);

}  // namespace rg::dsl
