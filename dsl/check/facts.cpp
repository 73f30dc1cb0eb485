// What is known of sizes and indices at a point of the program: asserted equalities and inequalities, index ranges.
#include <fmt/format.h>

#include "dsl/check/checker.h"

namespace rg::dsl {

Dim Checker::normal(const Dim& d) const { return context_ == nullptr ? d : d.substitute(context_->substitution); }

ir::Type Checker::normal(const ir::Type& t) const {
  return context_ == nullptr ? t : t.substitute(context_->substitution);
}

void Checker::restore_facts(Facts f) {
  context_->substitution = std::move(f.substitution);
  context_->nonnegative = std::move(f.nonnegative);
  context_->equal = std::move(f.equal);
}

bool Checker::proven_nonnegative(const Dim& d) const {
  const Dim n = normal(d);
  if (n.proven_nonnegative()) return true;
  for (const Dim& f : context_->nonnegative) {
    if ((n - normal(f)).proven_nonnegative()) return true;
  }
  for (std::size_t i = 0; i < context_->nonnegative.size(); ++i) {
    for (std::size_t j = i; j < context_->nonnegative.size(); ++j) {
      if ((n - normal(context_->nonnegative[i]) - normal(context_->nonnegative[j])).proven_nonnegative()) return true;
    }
  }
  return false;
}

bool Checker::same(const Dim& a, const Dim& b) const {
  const Dim x = normal(a), y = normal(b);
  if (x == y) return true;
  for (const auto& [p, q] : context_->equal) {
    const Dim d = normal(p) - normal(q);
    if (x - y == d || y - x == d) return true;
  }
  return false;
}

bool Checker::different(const Dim& a, const Dim& b) const { return Dim::proven_unequal(normal(a), normal(b)); }

bool Checker::affine_nonnegative(Affine a) const {
  while (!a.terms.empty()) {  // the latest variable first: its bounds may stand over earlier ones
    const auto [var, k] = *a.terms.rbegin();
    a.terms.erase(var);
    const IndexVar& v = index_vars_[var];
    if (k.proven_nonnegative()) {
      a = a + v.low * k;
    } else if ((Dim(0) - k).proven_nonnegative()) {
      a = a + v.high * k;
    } else {
      return false;
    }
  }
  return proven_nonnegative(a.constant);
}

std::optional<std::pair<Affine, Affine>> Checker::range_of(const Value& v) const {
  if (v.affine) return std::pair{*v.affine, *v.affine};
  if (v.low && v.high) return std::pair{*v.low, *v.high};
  return std::nullopt;
}

void Checker::learn_equal(const Dim& a, const Dim& b) {
  const Dim x = normal(a), y = normal(b), d = x - y;
  if (d == Dim(0)) return;
  std::vector<std::uint32_t> sizes;
  d.for_each_size([&](std::uint32_t s) { sizes.push_back(s); });
  std::ranges::sort(sizes, std::greater<>());
  for (const std::uint32_t s : sizes) {
    for (const Dim::Term& t : d.terms()) {  // occurs alone with coefficient 1 or -1
      if (t.atoms.size() != 1 || t.atoms[0]->kind != ir::DimAtom::Kind::size || t.atoms[0]->size != s) continue;
      if (t.coefficient != 1 && t.coefficient != -1) continue;
      const auto value = d.solve_for(s, 0);
      if (!value) continue;
      std::vector<Dim> by;
      for (std::uint32_t i = 0; i < context_->substitution.size(); ++i) by.push_back(i == s ? *value : Dim::size(i));
      for (Dim& old : context_->substitution) old = old.substitute(by);
      return;
    }
  }
  context_->equal.emplace_back(x, y);
}

void Checker::emit_assert(ValueId condition, const std::string& message, std::vector<Dim> subscript) {
  b().emit(ops::opcode<ops::Assert>(), {condition},
           ops::Assert::Attrs{.message = message, .subscript = std::move(subscript)});
}

bool Checker::require_nonnegative(const Dim& d, const std::string& message, std::vector<Dim> subscript) {
  const Dim n = normal(d);
  if (proven_nonnegative(n)) return true;
  if ((Dim(-1) - n).proven_nonnegative()) return false;
  emit_assert(b().compare("ge", b().size(n), b().integer(Elem::i64, 0)), message, std::move(subscript));
  context_->nonnegative.push_back(n);
  return true;
}

// From a comparison of sizes that holds (or does not): d >= 0, or an equality.
void Checker::add_fact(const Value&, const ast::Expr& condition, const ScopePtr& scope, bool holds) {
  const auto* node = ast::as<ast::Binary>(condition);
  if (node == nullptr) return;
  using enum ast::BinaryOp;
  if ((node->op == logical_and && holds) || (node->op == logical_or && !holds)) {
    add_fact({}, *node->lhs, scope, holds);
    add_fact({}, *node->rhs, scope, holds);
    return;
  }
  if (node->op < eq || node->op > ge) return;
  std::optional<Dim> l, r;
  probe([&] {
    const Value a = eval(*node->lhs, scope), c = eval(*node->rhs, scope);
    if (a.is_flex()) l = a.flex->dim;
    if (c.is_flex()) r = c.flex->dim;
  });
  if (!l || !r) return;
  const auto nonnegative = [&](const Dim& d) { context_->nonnegative.push_back(normal(d)); };
  const bool less = (node->op == lt && holds) || (node->op == ge && !holds);
  const bool less_equal = (node->op == le && holds) || (node->op == gt && !holds);
  const bool greater = (node->op == gt && holds) || (node->op == le && !holds);
  const bool greater_equal = (node->op == ge && holds) || (node->op == lt && !holds);
  if (less) nonnegative(*r - *l - Dim(1));
  if (less_equal) nonnegative(*r - *l);
  if (greater) nonnegative(*l - *r - Dim(1));
  if (greater_equal) nonnegative(*l - *r);
  if ((node->op == eq && holds) || (node->op == ne && !holds)) learn_equal(*l, *r);
}

}  // namespace rg::dsl
