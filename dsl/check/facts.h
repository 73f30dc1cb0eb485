// What is known of sizes and indices at a point of the program: asserted equalities and inequalities, index ranges.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Sizes replaced by what assertions say they are.
Dim normal(const Context& cx, const Dim& d);
std::vector<Dim> normal(const Context& cx, std::vector<Dim> dims);
ir::Type normal(const Context& cx, const ir::Type& t);

/// Whether `d` >= 0 follows from what is known.
bool proven_nonnegative(const Context& cx, const Dim& d);
bool affine_nonnegative(const Context& cx, Affine a);
/// Whether the extents are known to be equal, to differ.
bool same(const Context& cx, const Dim& a, const Dim& b);
bool different(const Context& cx, const Dim& a, const Dim& b);

/// What an integer value lies between, inclusive: low, high.
std::optional<std::pair<Affine, Affine>> range_of(const Value& v);
/// The greatest value over all index variables.
std::optional<Dim> rectangle(const Context& cx, const Affine& a);
/// A tensor that runs from `low` to `high`: an index of a comprehension, or a loop's counter.
Value index_value(Context& cx, ValueId id, const Affine& low, const Affine& high, Span span);

/// Learns from a comparison of sizes that holds, or that does not.
void add_fact(Context& cx, const ast::Expr& condition, const ScopePtr& scope, bool holds);

/// Checks at run time that `d` >= 0 unless it is proven; false where it is proven not to be.
bool require_nonnegative(Context& cx, const Dim& d, const std::string& message, std::vector<Dim> subscript = {});
/// `subscript`: what a check of a subscript says of it (ir/subscript.h).
void emit_assert(Context& cx, ValueId condition, const std::string& message, std::vector<Dim> subscript = {});

/// What is known in a frame.
struct Facts {
  std::vector<Dim> substitution, nonnegative;
  std::vector<std::pair<Dim, Dim>> equal;
};
Facts save_facts(const Context& cx);
void restore_facts(Context& cx, Facts f);

}  // namespace rg::dsl
