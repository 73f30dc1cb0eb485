// What is known of extents: by assertions, branches and comprehensions, and checks for what is not.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Dim normal(const Context& cx, const Dim& d);
ir::Type normal(const Context& cx, const ir::Type& t);
bool proven_nonnegative(const Context& cx, const Dim& d);
bool same(const Context& cx, const Dim& a, const Dim& b);
bool different(const Context& cx, const Dim& a, const Dim& b);
bool affine_nonnegative(const Context& cx, Affine a);
std::optional<std::pair<Affine, Affine>> range_of(const Context& cx, const Value& v);
void add_fact(Context& cx, const Value&, const ast::Expr& condition, const ScopePtr& scope, bool holds);
/// Checks at run time that `d` >= 0 unless it is proven; false where it is proven not to be.
bool require_nonnegative(Context& cx, const Dim& d, const std::string& message, std::vector<Dim> subscript = {});
/// `subscript`: what a check of a subscript says of it (ir/subscript.h).
void emit_assert(Context& cx, ValueId condition, const std::string& message, std::vector<Dim> subscript = {});

}  // namespace rg::dsl
