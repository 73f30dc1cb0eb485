// Values against types: conversion to a written type, and the sizes of a declaration from those of a call.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Binds the sizes, packs and open element type of a declaration to those of a call.
struct Unifier {
  std::vector<std::optional<Dim>> sizes;
  std::map<std::string, std::vector<Dim>> packs;
  std::optional<Elem> elem;
  struct Pending {
    Dim param, arg;
    Span span;
    std::string what;
  };
  std::vector<Pending> pending;
};

/// Takes the argument to the parameter. In two passes: numbers of open type come in the second, `flex_pass`, as their
/// element type follows from the others. False after a report.
bool unify(Context& cx, const Ty& param, Value& arg, Unifier& u, const std::string& what, bool flex_pass,
           const FnDecl& decl);
/// Finds the sizes from what is pending. False after a report.
bool solve(Context& cx, Unifier& u, const FnDecl& decl, Span span);

/// The value as the type says, or an error value after a report.
Value coerce(Context& cx, const Value& v, const Ty& t, const std::string& what);
Value coerce_tensor(Context& cx, const Value& v, const ir::Type& t, const std::string& what);
/// A tensor whose extents are known to be equal to the type's, with the type's extents.
Value recast(Context& cx, const Value& v, const ir::Type& t);
/// Reports that two extents differ, or are not known to be equal.
void report_extents(Context& cx, const Dim& a, const Dim& b, Span span, const std::string& fact);

}  // namespace rg::dsl
