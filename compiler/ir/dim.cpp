#include "compiler/ir/dim.h"

#include <algorithm>
#include <limits>

namespace rg::ir {

namespace {

using Atom = std::shared_ptr<const DimAtom>;

int compare(const Dim& a, const Dim& b);

int compare(const Atom& a, const Atom& b) {
  if (a == b) return 0;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (a->kind == DimAtom::Kind::size) return a->size == b->size ? 0 : a->size < b->size ? -1 : 1;
  const int first = compare(a->a, b->a);
  return first != 0 ? first : compare(a->b, b->b);
}

// By degree first, so that a polynomial's terms stand in descending degree.
int compare(const std::vector<Atom>& a, const std::vector<Atom>& b) {
  if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (const int c = compare(a[i], b[i]); c != 0) return c;
  }
  return 0;
}

int compare(const Dim& a, const Dim& b) {
  const auto x = a.terms(), y = b.terms();
  if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (const int c = compare(x[i].atoms, y[i].atoms); c != 0) return c;
    if (x[i].coefficient != y[i].coefficient) return x[i].coefficient < y[i].coefficient ? -1 : 1;
  }
  return a.valid() == b.valid() ? 0 : a.valid() ? -1 : 1;
}

/// The one quotient that leaves int64, on which the machine traps.
bool leaves_range(std::int64_t a, std::int64_t b) { return b == -1 && a == std::numeric_limits<std::int64_t>::min(); }

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

// The atoms of `from` less those of `take`; empty when `take` is not contained.
std::optional<std::vector<Atom>> without(const std::vector<Atom>& from, const std::vector<Atom>& take) {
  std::vector<Atom> rest;
  std::size_t taken = 0;
  for (const Atom& atom : from) {
    if (taken < take.size() && compare(atom, take[taken]) == 0) {
      ++taken;
    } else {
      rest.push_back(atom);
    }
  }
  if (taken != take.size()) return std::nullopt;
  return rest;
}

}  // namespace

Dim::Dim(std::int64_t constant) {
  if (constant != 0) terms_.push_back({constant, {}});
}

Dim Dim::of_atom(DimAtom atom) {
  Dim d;
  d.valid_ = atom.a.valid_ && atom.b.valid_;
  d.terms_.push_back({1, {std::make_shared<const DimAtom>(std::move(atom))}});
  return d;
}

Dim Dim::size(std::uint32_t index) { return of_atom({DimAtom::Kind::size, index, {}, {}}); }

void Dim::add_term(Term term) {
  const auto at = std::lower_bound(terms_.begin(), terms_.end(), term,
                                   [](const Term& a, const Term& b) { return compare(a.atoms, b.atoms) < 0; });
  if (at == terms_.end() || compare(at->atoms, term.atoms) != 0) {
    if (term.coefficient != 0) terms_.insert(at, std::move(term));
    return;
  }
  if (__builtin_add_overflow(at->coefficient, term.coefficient, &at->coefficient)) valid_ = false;
  if (at->coefficient == 0) terms_.erase(at);
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim r = a;
  r.valid_ = a.valid_ && b.valid_;
  for (const Dim::Term& t : b.terms_) r.add_term(t);
  return r;
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  Dim r;
  r.valid_ = a.valid_ && b.valid_;
  for (const Dim::Term& x : a.terms_) {
    for (const Dim::Term& y : b.terms_) {
      Dim::Term t;
      if (__builtin_mul_overflow(x.coefficient, y.coefficient, &t.coefficient)) r.valid_ = false;
      t.atoms = x.atoms;
      t.atoms.insert(t.atoms.end(), y.atoms.begin(), y.atoms.end());
      std::sort(t.atoms.begin(), t.atoms.end(), [](const Atom& p, const Atom& q) { return compare(p, q) < 0; });
      r.add_term(std::move(t));
    }
  }
  return r;
}

Dim Dim::div(const Dim& a, const Dim& b) {
  if (b.terms_.size() != 1) return a == b && !b.terms_.empty() ? Dim(1) : of_atom({DimAtom::Kind::div, 0, a, b});
  const Term& divisor = b.terms_[0];
  Dim quotient, rest;
  quotient.valid_ = a.valid_ && b.valid_;
  for (const Term& t : a.terms_) {
    const auto atoms = without(t.atoms, divisor.atoms);
    if (leaves_range(t.coefficient, divisor.coefficient)) {
      quotient.valid_ = false;
    } else if (atoms && t.coefficient % divisor.coefficient == 0) {
      quotient.add_term({t.coefficient / divisor.coefficient, *atoms});
    } else {
      rest.add_term(t);
    }
  }
  if (rest.terms_.empty()) return quotient;
  if (b.is_constant() && rest.is_constant()) return quotient + Dim(floor_div(rest.constant(), b.constant()));
  return quotient + of_atom({DimAtom::Kind::div, 0, rest, b});
}

Dim Dim::min(const Dim& a, const Dim& b) {
  if (proven_le(a, b)) return a;
  if (proven_le(b, a)) return b;
  return a < b ? of_atom({DimAtom::Kind::min, 0, a, b}) : of_atom({DimAtom::Kind::min, 0, b, a});
}

Dim Dim::max(const Dim& a, const Dim& b) {
  if (proven_le(a, b)) return b;
  if (proven_le(b, a)) return a;
  return a < b ? of_atom({DimAtom::Kind::max, 0, a, b}) : of_atom({DimAtom::Kind::max, 0, b, a});
}

std::optional<std::uint32_t> Dim::as_size() const {
  if (terms_.size() != 1 || terms_[0].coefficient != 1 || terms_[0].atoms.size() != 1) return std::nullopt;
  const DimAtom& atom = *terms_[0].atoms[0];
  if (atom.kind != DimAtom::Kind::size) return std::nullopt;
  return atom.size;
}

bool Dim::operator==(const Dim& other) const { return compare(*this, other) == 0; }
bool Dim::operator<(const Dim& other) const { return compare(*this, other) < 0; }

std::size_t Dim::hash() const {
  std::size_t h = valid_ ? terms_.size() : SIZE_MAX;
  const auto mix = [&h](std::size_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15U + (h >> 29); };
  for (const Term& t : terms_) {
    mix(static_cast<std::size_t>(t.coefficient));
    for (const auto& atom : t.atoms) {
      mix(static_cast<std::size_t>(atom->kind));
      mix(atom->size);
      if (atom->kind == DimAtom::Kind::size) continue;
      mix(atom->a.hash());
      mix(atom->b.hash());
    }
  }
  return h;
}

namespace {
bool proven_nonnegative(const DimAtom& atom) {
  switch (atom.kind) {
    case DimAtom::Kind::size:
      return true;
    case DimAtom::Kind::div:
      return atom.a.proven_nonnegative() && atom.b.proven_positive();
    case DimAtom::Kind::min:
      return atom.a.proven_nonnegative() && atom.b.proven_nonnegative();
    case DimAtom::Kind::max:
      return atom.a.proven_nonnegative() || atom.b.proven_nonnegative();
  }
  return false;
}
}  // namespace

bool Dim::proven_nonnegative() const {
  if (!valid_) return false;
  for (const Term& t : terms_) {
    if (t.coefficient < 0) return false;
    for (const Atom& atom : t.atoms) {
      if (!ir::proven_nonnegative(*atom)) return false;
    }
  }
  return true;
}

bool Dim::proven_unequal(const Dim& a, const Dim& b) { return (a - b).proven_positive() || (b - a).proven_positive(); }

std::optional<std::int64_t> Dim::evaluate(std::span<const std::int64_t> sizes) const {
  if (!valid_) return std::nullopt;
  std::int64_t sum = 0;
  for (const Term& t : terms_) {
    std::int64_t product = t.coefficient;
    for (const Atom& atom : t.atoms) {
      std::int64_t value = 0;
      if (atom->kind == DimAtom::Kind::size) {
        if (atom->size >= sizes.size()) return std::nullopt;
        value = sizes[atom->size];
      } else {
        const auto a = atom->a.evaluate(sizes), b = atom->b.evaluate(sizes);
        if (!a || !b || (atom->kind == DimAtom::Kind::div && (*b == 0 || leaves_range(*a, *b)))) return std::nullopt;
        value = atom->kind == DimAtom::Kind::div   ? floor_div(*a, *b)
                : atom->kind == DimAtom::Kind::min ? std::min(*a, *b)
                                                   : std::max(*a, *b);
      }
      if (__builtin_mul_overflow(product, value, &product)) return std::nullopt;
    }
    if (__builtin_add_overflow(sum, product, &sum)) return std::nullopt;
  }
  return sum;
}

namespace {
struct Substitution {
  std::span<const Dim> by;
  Dim constant(std::int64_t c) const { return c; }
  Dim size(std::uint32_t i) const { return i < by.size() ? by[i] : Dim::size(i); }
  Dim add(const Dim& a, const Dim& b) const { return a + b; }
  Dim mul(const Dim& a, const Dim& b) const { return a * b; }
  Dim div(const Dim& a, const Dim& b) const { return Dim::div(a, b); }
  Dim min(const Dim& a, const Dim& b) const { return Dim::min(a, b); }
  Dim max(const Dim& a, const Dim& b) const { return Dim::max(a, b); }
};
}  // namespace

Dim Dim::substitute(std::span<const Dim> by) const {
  Dim r = visit(Substitution{by});
  r.valid_ = r.valid_ && valid_;
  return r;
}

void Dim::for_each_size(const std::function<void(std::uint32_t)>& f) const {
  for (const Term& t : terms_) {
    for (const Atom& atom : t.atoms) {
      if (atom->kind == DimAtom::Kind::size) {
        f(atom->size);
      } else {
        atom->a.for_each_size(f);
        atom->b.for_each_size(f);
      }
    }
  }
}

std::optional<Dim> Dim::solve_for(std::uint32_t index, const Dim& value) const {
  Dim rest;
  std::int64_t coefficient = 0;
  for (const Term& t : terms_) {
    bool occurs = false;
    Dim single;
    single.add_term(t);
    single.for_each_size([&](std::uint32_t s) { occurs = occurs || s == index; });
    if (!occurs) {
      rest.add_term(t);
    } else if (t.atoms.size() == 1 && t.atoms[0]->kind == DimAtom::Kind::size) {
      coefficient = t.coefficient;
    } else {
      return std::nullopt;
    }
  }
  if (coefficient == 0) return std::nullopt;
  return coefficient == 1 ? value - rest : coefficient == -1 ? rest - value : div(value - rest, coefficient);
}

namespace {
std::string atom_str(const DimAtom& atom, std::span<const std::string> names, bool alone) {
  if (atom.kind == DimAtom::Kind::size) {
    return atom.size < names.size() ? names[atom.size] : "?" + std::to_string(atom.size);
  }
  if (atom.kind == DimAtom::Kind::div) {
    const auto paren = [&](const Dim& d) {
      return (d.is_constant() && d.constant() >= 0) || d.as_size() ? d.str(names) : "(" + d.str(names) + ")";
    };
    const std::string text = paren(atom.a) + " div " + paren(atom.b);
    return alone ? text : "(" + text + ")";
  }
  return (atom.kind == DimAtom::Kind::min ? "min(" : "max(") + atom.a.str(names) + ", " + atom.b.str(names) + ")";
}
}  // namespace

std::string Dim::str(std::span<const std::string> names) const {
  if (!valid_) return "<overflow>";
  if (terms_.empty()) return "0";
  std::string out;
  for (const Term& t : terms_) {
    const bool first_term = out.empty();
    const bool negative = t.coefficient < 0;
    out += first_term ? (negative ? "-" : "") : (negative ? " - " : " + ");
    const std::string magnitude = std::to_string(t.coefficient).substr(negative ? 1 : 0);
    std::string product;
    if (t.atoms.empty() || magnitude != "1") product = magnitude;
    for (const Atom& atom : t.atoms) {
      const bool alone = terms_.size() == 1 && t.atoms.size() == 1 && t.coefficient == 1;
      product += (product.empty() ? "" : "*") + atom_str(*atom, names, alone);
    }
    out += product;
  }
  return out;
}

}  // namespace rg::ir
