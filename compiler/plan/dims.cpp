#include "compiler/plan/dims.h"

#include <algorithm>

namespace rg::plan {

namespace {

Dim atom_dim(const ir::DimAtom& a) {
  using Kind = ir::DimAtom::Kind;
  switch (a.kind) {
    case Kind::size:
      return Dim::size(a.size);
    case Kind::div:
      return Dim::div(a.a, a.b);
    case Kind::min:
      return Dim::min(a.a, a.b);
    case Kind::max:
      return Dim::max(a.a, a.b);
  }
  return 0;
}

Dim term_dim(const Dim::Term& t) {
  Dim d = t.coefficient;
  for (const auto& atom : t.atoms) d = d * atom_dim(*atom);
  return d;
}

// e with every loop variable at the end of its range where e is least; empty when e is not monotone in one.
std::optional<Dim> least(const Plan& plan, Dim e) {
  for (int round = 0; round < 8; ++round) {
    std::optional<std::uint32_t> found;
    e.for_each_size([&](std::uint32_t s) {
      if (s >= plan.size_count) found = s;
    });
    if (!found) return e;
    const Var& var = plan.vars[*found - plan.size_count];
    const auto c = coefficient(e, *found);
    if (var.kind == Var::Kind::node || !c) return std::nullopt;
    const auto low = least(plan, *c), high = least(plan, Dim(-1) * *c);
    if (low && low->proven_nonnegative()) {
      e = replace(e, *found, 0);
    } else if (high && high->proven_nonnegative()) {
      e = replace(e, *found, var.extent - Dim(1));
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

bool mentions(const Dim& e, std::uint32_t size) {
  bool found = false;
  e.for_each_size([&](std::uint32_t s) { found = found || s == size; });
  return found;
}

Dim replace(const Dim& e, std::uint32_t size, const Dim& by) {
  if (!mentions(e, size)) return e;
  std::vector<Dim> table;
  std::uint32_t greatest = size;
  e.for_each_size([&](std::uint32_t s) { greatest = std::max(greatest, s); });
  for (std::uint32_t i = 0; i <= greatest; ++i) table.push_back(i == size ? by : Dim::size(i));
  return e.substitute(table);
}

std::optional<Dim> coefficient(const Dim& e, std::uint32_t size) {
  Dim sum = 0;
  for (const Dim::Term& t : e.terms()) {
    Dim rest = t.coefficient;
    bool direct = false;
    for (const auto& atom : t.atoms) {
      if (!direct && atom->kind == ir::DimAtom::Kind::size && atom->size == size) {
        direct = true;
      } else {
        rest = rest * atom_dim(*atom);
      }
    }
    if (mentions(rest, size)) return std::nullopt;
    if (direct) sum = sum + rest;
  }
  return sum;
}

Dim replace(const Plan& plan, const Dim& e, VarId var, const Dim& by) {
  return replace(e, plan.size_count + var.index, by);
}

void for_each_node_in(const Plan& plan, const Dim& e, const std::function<void(NodeId)>& f) {
  e.for_each_size([&](std::uint32_t s) {
    if (s >= plan.size_count && plan.vars[s - plan.size_count].kind == Var::Kind::node)
      f(plan.vars[s - plan.size_count].node);
  });
}

std::optional<Dim> step(const Plan& plan, const Dim& e, VarId var) {
  bool through_node = false;
  for_each_node_in(
      plan, e, [&](NodeId n) { through_node = through_node || std::ranges::binary_search(plan.node(n).vars, var); });
  if (through_node) return std::nullopt;
  return coefficient(e, plan.size_count + var.index);
}

bool proven_nonnegative(const Plan& plan, const Dim& e) {
  if (e.is_constant()) return e.constant() >= 0;
  const auto low = least(plan, e);
  return low && low->proven_nonnegative();
}

std::pair<Dim, Dim> split(const Plan& plan, const Dim& e, const Dim& base) {
  if (base.is_constant() && base.constant() == 1) return {e, 0};
  Dim divided = 0, rest = 0;
  for (const Dim::Term& t : e.terms()) {
    const Dim term = term_dim(t);
    const Dim q = Dim::div(term, base);
    (q * base == term ? divided : rest) = (q * base == term ? divided : rest) + term;
  }
  const Dim q = Dim::div(divided, base);
  if (proven_nonnegative(plan, rest) && proven_less(plan, rest, base)) return {q, rest};
  return {Dim::div(e, base), Dim::mod(e, base)};
}

Index reshaped(const Plan& plan, const Index& index, const std::vector<Dim>& to, const std::vector<Dim>& from) {
  Index result(from.size(), Dim(0));
  std::size_t i = 0, j = 0;
  while (j < from.size()) {
    // The smallest runs of extents with equal products.
    std::size_t i_end = i, j_end = j + 1;
    Dim linear = 0, left = 1, right = from[j];
    bool matched = false;
    for (;;) {
      if (left == right) {
        matched = true;
        break;
      }
      const bool left_exhausted = i_end == to.size(), right_exhausted = j_end == from.size();
      if (left_exhausted && right_exhausted) break;
      const bool take_left =
          !left_exhausted && (right_exhausted || Dim::proven_le(left, right) || !Dim::proven_le(right, left));
      if (take_left) {
        linear = linear * to[i_end] + index[i_end];
        left = left * to[i_end++];
      } else {
        right = right * from[j_end++];
      }
    }
    if (!matched || j_end == from.size()) {
      for (; i_end < to.size(); ++i_end) linear = linear * to[i_end] + index[i_end];
      j_end = from.size();
    }
    for (std::size_t k = j_end; k-- > j;) {
      if (k == j) {
        result[k] = linear;
      } else {
        const auto [q, r] = split(plan, linear, from[k]);
        result[k] = r;
        linear = q;
      }
    }
    i = i_end;
    j = j_end;
  }
  return result;
}

}  // namespace rg::plan
