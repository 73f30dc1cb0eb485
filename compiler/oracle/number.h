// The oracle's numbers: reals, and dual numbers over them. A dual number of a level carries a primal and, for each
// direction in which a derivative of that level is taken, perhaps a tangent; both are numbers of lower levels, so that
// derivatives of derivatives are duals within duals. A tangent that is absent is the hard zero: it contributes nothing,
// whatever it would be multiplied by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "compiler/ir/tensor.h"

namespace rg::oracle {

template <class R>
struct Dual;

/// R is the type of reals: double, or Real of multiprecision.h.
template <class R>
struct Number {
  struct Tangent;

  R value = 0;                          // of the innermost primal
  std::shared_ptr<const Dual<R>> dual;  // null for a real

  Number() = default;
  Number(R v) : value(std::move(v)) {}  // NOLINT: a real is a number
  Number(double v)                      // NOLINT
    requires(!std::is_same_v<R, double>)
      : value(v) {}
  Number(int level, const Number& primal, std::vector<Tangent> tangents);

  /// 0 for a real.
  int level() const { return dual == nullptr ? 0 : dual->level; }
  /// What the number is without its tangents of `level`, where its own level is no higher.
  Number primal(int of_level) const { return level() == of_level && of_level > 0 ? dual->primal : *this; }
  /// By direction, ascending.
  std::span<const Tangent> tangents(int of_level) const {
    return level() == of_level && of_level > 0 ? std::span<const Tangent>(dual->tangents) : std::span<const Tangent>();
  }

  /// The zero of a partial derivative that is zero everywhere: a real 0 that contributes nothing.
  static Number nothing() {
    static const auto mark = std::make_shared<const Dual<R>>();
    Number n;
    n.dual = mark;
    return n;
  }
  bool is_nothing() const { return dual != nullptr && dual->level == 0; }
  /// A zero that depends on nothing: as the tangent or the adjoint that a derivative starts from, the hard zero.
  bool is_plain_zero() const { return level() == 0 && value == 0; }
};

template <class R>
struct Number<R>::Tangent {
  std::int64_t direction;
  Number<R> value;
};

template <class R>
struct Dual {
  int level = 0;
  Number<R> primal;
  std::vector<typename Number<R>::Tangent> tangents;
};

template <class R>
Number<R>::Number(int level, const Number& primal, std::vector<Tangent> tangents) : Number(primal) {
  if (!tangents.empty()) dual = std::make_shared<const Dual<R>>(Dual<R>{level, primal, std::move(tangents)});
}

template <class R>
int greatest_level(std::span<const Number<R>> x) {
  int level = 0;
  for (const Number<R>& n : x) level = std::max(level, n.level());
  return level;
}

/// A tensor of numbers; integers and booleans carry no derivatives.
template <class R>
struct Array {
  ir::Elem elem = ir::Elem::f64;
  std::vector<std::int64_t> shape;
  std::vector<Number<R>> reals;        // of floating type: row-major
  std::vector<std::int64_t> integers;  // of integer or bool type: row-major

  Array() = default;
  /// Filled with zeros.
  Array(ir::Elem e, std::vector<std::int64_t> s) { reset(e, std::move(s)); }
  void reset(ir::Elem e, std::vector<std::int64_t> s) {
    elem = e;
    shape = std::move(s);
    const auto n = static_cast<std::size_t>(count());
    reals.assign(is_real() ? n : 0, Number<R>());
    integers.assign(is_real() ? 0 : n, 0);
  }
  std::int64_t count() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape) n *= extent;
    return n;
  }
  bool is_real() const { return ir::is_float(elem); }
  std::int64_t integer(std::int64_t i) const { return integers[static_cast<std::size_t>(i)]; }
  /// Row-major strides in elements.
  std::vector<std::int64_t> strides() const {
    std::vector<std::int64_t> out(shape.size());
    std::int64_t stride = 1;
    for (std::size_t d = shape.size(); d-- > 0;) {
      out[d] = stride;
      stride *= shape[d];
    }
    return out;
  }
};

}  // namespace rg::oracle
