// A concrete tensor of the reference interpreter. Floating elements are held in f64 whatever their type, integers and
// booleans in int64.
#pragma once

#include <cstdint>
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
  /// Element as a double or as an int64, whatever the type.
  double real(std::int64_t i) const { return is_real() ? reals[static_cast<std::size_t>(i)] : static_cast<double>(integers[static_cast<std::size_t>(i)]); }
  std::int64_t integer(std::int64_t i) const { return integers[static_cast<std::size_t>(i)]; }
  /// Row-major strides in elements.
  std::vector<std::int64_t> strides() const;
};

}  // namespace rg::ir
