// Index polynomials: coefficients along a variable, bounds over loop ranges, and the digits of a reshaped index.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "compiler/plan/plan.h"

namespace rg::plan {

bool mentions(const Dim& e, std::uint32_t size);
/// e with the size replaced.
Dim replace(const Dim& e, std::uint32_t size, const Dim& by);
/// e with the variable replaced.
Dim replace(const Plan& plan, const Dim& e, VarId var, const Dim& by);
/// Calls f with each node whose value a variable of e stands for.
void for_each_node_in(const Plan& plan, const Dim& e, const std::function<void(NodeId)>& f);
/// The c with e = c * size + rest, neither mentioning the size; empty when e is not linear in it.
std::optional<Dim> coefficient(const Dim& e, std::uint32_t size);
/// By how much e grows from one value of the variable to the next; empty where that is not known: e is not linear in
/// it, or depends on it through the value of a node.
std::optional<Dim> step(const Plan& plan, const Dim& e, VarId var);

/// 0 <= e for all values of the plan's variables within their ranges. False: not proven.
bool proven_nonnegative(const Plan& plan, const Dim& e);
inline bool proven_less(const Plan& plan, const Dim& a, const Dim& b) {
  return proven_nonnegative(plan, b - a - Dim(1));
}

/// (q, r) with e = q * base + r and 0 <= r < base. Terms that the base divides leave the division.
std::pair<Dim, Dim> split(const Plan& plan, const Dim& e, const Dim& base);
/// The index into extents `from` of the element that stands at `index` of extents `to` (equal counts, row-major).
Index reshaped(const Plan& plan, const Index& index, const std::vector<Dim>& to, const std::vector<Dim>& from);

}  // namespace rg::plan
