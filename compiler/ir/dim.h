// Extents as integer expressions over a function's sizes: canonical polynomials, so that equality of two is mostly a
// comparison of data. Values, immutable, cheap to copy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rg::ir {

struct DimAtom;

/// A polynomial with integer coefficients over atoms; an atom is a size of the function (by its index) or one of
/// floor division, min, max of two polynomials. `mod` is written with `div`. Arithmetic that leaves int64 makes the
/// polynomial invalid (`valid()` is false), which spreads; the checker reports it.
class Dim {
 public:
  struct Term {
    std::int64_t coefficient = 0;
    std::vector<std::shared_ptr<const DimAtom>> atoms;  // sorted; a power is a repetition
  };

  Dim() = default;
  Dim(std::int64_t constant);  // NOLINT: a literal extent is an extent
  static Dim size(std::uint32_t index);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  /// Floor division. Terms that the divisor divides leave the floor: (6*n*m + 1) div (2*n) is 3*m + 1 div (2*n).
  static Dim div(const Dim& a, const Dim& b);
  static Dim mod(const Dim& a, const Dim& b) { return a - b * div(a, b); }
  static Dim min(const Dim& a, const Dim& b);
  static Dim max(const Dim& a, const Dim& b);

  bool valid() const { return valid_; }
  bool is_constant() const { return valid_ && (terms_.empty() || (terms_.size() == 1 && terms_[0].atoms.empty())); }
  std::int64_t constant() const { return terms_.empty() ? 0 : terms_[0].coefficient; }
  /// The index of the size when the polynomial is exactly that size.
  std::optional<std::uint32_t> as_size() const;
  bool operator==(const Dim& other) const;
  /// Any total order, for use as a key.
  bool operator<(const Dim& other) const;
  /// Equal for equal polynomials.
  std::size_t hash() const;

  /// Sizes are at least 0. True: proven for all sizes; false: not proven.
  bool proven_nonnegative() const;
  bool proven_positive() const { return (*this - Dim(1)).proven_nonnegative(); }
  static bool proven_le(const Dim& a, const Dim& b) { return (b - a).proven_nonnegative(); }
  /// Proven different for all sizes.
  static bool proven_unequal(const Dim& a, const Dim& b);

  /// The value for given sizes; empty on overflow, division by zero or a size that is not given.
  std::optional<std::int64_t> evaluate(std::span<const std::int64_t> sizes) const;
  /// Every size replaced by by[index].
  Dim substitute(std::span<const Dim> by) const;
  /// Calls `f` with the index of every size that occurs (atoms' arguments included).
  void for_each_size(const std::function<void(std::uint32_t)>& f) const;
  /// The x with (*this)[size := x] == value, where the size occurs linearly and outside of atoms' arguments (a
  /// coefficient other than ±1 gives a `div`). Empty when not of that form.
  std::optional<Dim> solve_for(std::uint32_t size, const Dim& value) const;

  /// In `.rg`'s syntax, with the names of the sizes.
  std::string str(std::span<const std::string> size_names) const;

  /// The polynomial as arithmetic on values of any type: `v` supplies constant(int64), size(index), add, mul, div
  /// (floor), min, max.
  template <class V>
  auto visit(V&& v) const -> decltype(v.constant(0));

  std::span<const Term> terms() const { return terms_; }

 private:
  void add_term(Term term);
  static Dim of_atom(DimAtom atom);
  std::vector<Term> terms_;  // sorted by atoms, no zero coefficients
  bool valid_ = true;
};

struct DimAtom {
  enum class Kind : std::uint8_t { size, div, min, max };
  Kind kind = Kind::size;
  std::uint32_t size = 0;
  Dim a, b;
};

template <class V>
auto Dim::visit(V&& v) const -> decltype(v.constant(0)) {
  auto sum = v.constant(0);
  bool first_term = true;
  for (const Term& t : terms_) {
    auto product = v.constant(t.coefficient);
    bool first = t.coefficient == 1;
    for (const auto& atom : t.atoms) {
      auto value = atom->kind == DimAtom::Kind::size  ? v.size(atom->size)
                   : atom->kind == DimAtom::Kind::div ? v.div(atom->a.visit(v), atom->b.visit(v))
                   : atom->kind == DimAtom::Kind::min ? v.min(atom->a.visit(v), atom->b.visit(v))
                                                      : v.max(atom->a.visit(v), atom->b.visit(v));
      product = first ? value : v.mul(product, value);
      first = false;
    }
    sum = first_term ? product : v.add(sum, product);
    first_term = false;
  }
  return sum;
}

}  // namespace rg::ir
