// A concrete tensor of the reference interpreter. Floating elements are held in f64 whatever their type, integers and
// booleans in int64.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/type.h"

namespace rg::ir {

struct Tensor {
  Elem elem = Elem::f64;
  std::vector<std::int64_t> shape;
  std::vector<double> reals;           // of floating type: row-major
  std::vector<std::int64_t> integers;  // of integer or bool type: row-major

  Tensor() = default;
  /// Filled with zeros.
  Tensor(Elem e, std::vector<std::int64_t> s);
  static Tensor scalar(Elem e, double v);
  std::int64_t count() const;
  std::size_t rank() const { return shape.size(); }
  bool is_real() const { return is_float(elem); }
  /// Element as a double, whatever the type.
  double real(std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    return is_real() ? reals[at] : static_cast<double>(integers[at]);
  }
  std::int64_t integer(std::int64_t i) const { return integers[static_cast<std::size_t>(i)]; }
  /// Row-major strides in elements.
  std::vector<std::int64_t> strides() const;
};

/// `v` reduced to the range of the element type, as two's complement does.
std::int64_t wrap(Elem elem, std::int64_t v);
/// `v` without its fraction as the integer type; the nearest end of its range beyond it, 0 for NaN.
std::int64_t truncated(Elem elem, double v);
/// The least or greatest value of an integer type.
std::int64_t extreme(Elem elem, bool greatest);

/// Calls `f(index, row-major number)` for every index of the shape, in row-major order.
template <class F>
void for_each_index(std::span<const std::int64_t> shape, const F& f) {
  std::vector<std::int64_t> index(shape.size(), 0);
  for (const std::int64_t extent : shape) {
    if (extent <= 0) return;
  }
  for (std::int64_t number = 0;; ++number) {
    f(std::span<const std::int64_t>(index), number);
    std::size_t d = shape.size();
    for (; d > 0; --d) {
      if (++index[d - 1] < shape[d - 1]) break;
      index[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

}  // namespace rg::ir
