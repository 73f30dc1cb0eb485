// Arguments against declared types: coercion, unification of sizes, solving.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// The value as the type says, or an error value after a report.
Value coerce(Context& cx, const Value& v, const Ty& t, const std::string& what);
Value coerce_tensor(Context& cx, const Value& given, const ir::Type& t, const std::string& what);
Value recast(Context& cx, const Value& v, const ir::Type& t);
bool unify(Context& cx, const Ty& param, Value& arg, Unifier& u, const std::string& what, bool flex_pass,
           const FnDecl& decl);
bool solve(Context& cx, Unifier& u, const FnDecl& decl, Span span);
/// Reports that two extents differ, or are not known to be equal.
void report_extents(Context& cx, const Dim& a, const Dim& b, Span span, const std::string& fact);

}  // namespace rg::dsl
