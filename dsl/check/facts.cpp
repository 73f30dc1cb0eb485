// What is known of sizes and indices at a point of the program: asserted equalities and inequalities, index ranges.
#include "dsl/check/facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/expr.h"
#include "dsl/check/values.h"

namespace rg::dsl {

Dim normal(const Context& cx, const Dim& d) { return cx.frame == nullptr ? d : d.substitute(cx.frame->substitution); }

std::vector<Dim> normal(const Context& cx, std::vector<Dim> dims) {
  for (Dim& d : dims) d = normal(cx, d);
  return dims;
}

ir::Type normal(const Context& cx, const ir::Type& t) {
  return cx.frame == nullptr ? t : t.substitute(cx.frame->substitution);
}

Facts save_facts(const Context& cx) { return {cx.frame->substitution, cx.frame->nonnegative, cx.frame->equal}; }

void restore_facts(Context& cx, Facts f) {
  cx.frame->substitution = std::move(f.substitution);
  cx.frame->nonnegative = std::move(f.nonnegative);
  cx.frame->equal = std::move(f.equal);
}

bool proven_nonnegative(const Context& cx, const Dim& d) {
  const Dim n = normal(cx, d);
  if (n.proven_nonnegative()) return true;
  for (const Dim& f : cx.frame->nonnegative) {
    if ((n - normal(cx, f)).proven_nonnegative()) return true;
  }
  for (std::size_t i = 0; i < cx.frame->nonnegative.size(); ++i) {
    for (std::size_t j = i; j < cx.frame->nonnegative.size(); ++j) {
      if ((n - normal(cx, cx.frame->nonnegative[i]) - normal(cx, cx.frame->nonnegative[j])).proven_nonnegative())
        return true;
    }
  }
  return false;
}

bool same(const Context& cx, const Dim& a, const Dim& b) {
  const Dim x = normal(cx, a), y = normal(cx, b);
  if (x == y) return true;
  for (const auto& [p, q] : cx.frame->equal) {
    const Dim d = normal(cx, p) - normal(cx, q);
    if (x - y == d || y - x == d) return true;
  }
  return false;
}

bool different(const Context& cx, const Dim& a, const Dim& b) {
  return Dim::proven_unequal(normal(cx, a), normal(cx, b));
}

bool affine_nonnegative(const Context& cx, Affine a) {
  while (!a.terms.empty()) {  // the latest variable first: its bounds may stand over earlier ones
    const auto [var, k] = *a.terms.rbegin();
    a.terms.erase(var);
    const IndexVar& v = cx.index_vars[var];
    if (k.proven_nonnegative()) {
      a = a + v.low * k;
    } else if ((Dim(0) - k).proven_nonnegative()) {
      a = a + v.high * k;
    } else {
      return false;
    }
  }
  return proven_nonnegative(cx, a.constant);
}

std::optional<std::pair<Affine, Affine>> range_of(const Value& v) {
  if (v.affine) return std::pair{*v.affine, *v.affine};
  if (v.low && v.high) return std::pair{*v.low, *v.high};
  return std::nullopt;
}

namespace {

void learn_equal(Context& cx, const Dim& a, const Dim& b) {
  const Dim x = normal(cx, a), y = normal(cx, b), d = x - y;
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
      for (std::uint32_t i = 0; i < cx.frame->substitution.size(); ++i) by.push_back(i == s ? *value : Dim::size(i));
      for (Dim& old : cx.frame->substitution) old = old.substitute(by);
      return;
    }
  }
  cx.frame->equal.emplace_back(x, y);
}

}  // namespace

void emit_assert(Context& cx, ValueId condition, const std::string& message, std::vector<Dim> subscript) {
  cx.b().emit(ops::opcode<ops::Assert>(), {condition},
              ops::Assert::Attrs{.message = message, .subscript = std::move(subscript)});
}

bool require_nonnegative(Context& cx, const Dim& d, const std::string& message, std::vector<Dim> subscript) {
  const Dim n = normal(cx, d);
  if (proven_nonnegative(cx, n)) return true;
  if ((Dim(-1) - n).proven_nonnegative()) return false;
  emit_assert(cx, cx.b().compare("ge", cx.b().size(n), cx.b().integer(Elem::i64, 0)), message, std::move(subscript));
  cx.frame->nonnegative.push_back(n);
  return true;
}

// From a comparison of sizes that holds (or does not): d >= 0, or an equality.
void add_fact(Context& cx, const ast::Expr& condition, const ScopePtr& scope, bool holds) {
  const auto* node = ast::as<ast::Binary>(condition);
  if (node == nullptr) return;
  using enum ast::BinaryOp;
  if ((node->op == logical_and && holds) || (node->op == logical_or && !holds)) {
    add_fact(cx, *node->lhs, scope, holds);
    add_fact(cx, *node->rhs, scope, holds);
    return;
  }
  if (node->op < eq || node->op > ge) return;
  std::optional<Dim> l, r;
  probe(cx, [&] {
    const Value a = eval(cx, *node->lhs, scope), c = eval(cx, *node->rhs, scope);
    if (a.is_flex()) l = a.flex->dim;
    if (c.is_flex()) r = c.flex->dim;
  });
  if (!l || !r) return;
  const auto nonnegative = [&](const Dim& d) { cx.frame->nonnegative.push_back(normal(cx, d)); };
  const bool less = (node->op == lt && holds) || (node->op == ge && !holds);
  const bool less_equal = (node->op == le && holds) || (node->op == gt && !holds);
  const bool greater = (node->op == gt && holds) || (node->op == le && !holds);
  const bool greater_equal = (node->op == ge && holds) || (node->op == lt && !holds);
  if (less) nonnegative(*r - *l - Dim(1));
  if (less_equal) nonnegative(*r - *l);
  if (greater) nonnegative(*l - *r - Dim(1));
  if (greater_equal) nonnegative(*l - *r);
  if ((node->op == eq && holds) || (node->op == ne && !holds)) learn_equal(cx, *l, *r);
}

Value index_value(Context& cx, ValueId id, const Affine& low, const Affine& high, Span span) {
  Value v = make_tensor(cx, id, span);
  const auto var = static_cast<std::uint32_t>(cx.index_vars.size());
  cx.index_vars.push_back({low, high});
  v.affine = Affine{Dim(0), {{var, Dim(1)}}};
  cx.frame->counters.emplace(id, high.constant + Dim(1));
  return v;
}

std::optional<Dim> rectangle(const Context& cx, const Affine& a0) {
  Affine a = a0;
  while (!a.terms.empty()) {
    const auto [var, k] = *a.terms.rbegin();
    a.terms.erase(var);
    const IndexVar& v = cx.index_vars[var];
    if (k.proven_nonnegative()) {
      a = a + v.high * k;
    } else if ((Dim(0) - k).proven_nonnegative()) {
      a = a + v.low * k;
    } else {
      return std::nullopt;
    }
  }
  return a.constant;
}

}  // namespace rg::dsl
