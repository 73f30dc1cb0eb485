#include "compiler/ir/tensor.h"

#include <cmath>
#include <limits>

namespace rg::ir {

Tensor::Tensor(Elem e, std::vector<std::int64_t> s) : elem(e), shape(std::move(s)) {
  const auto n = static_cast<std::size_t>(count());
  if (is_real()) {
    reals.assign(n, 0);
  } else {
    integers.assign(n, 0);
  }
}

Tensor Tensor::scalar(Elem e, double v) {
  Tensor t(e, {});
  if (t.is_real()) {
    t.reals[0] = v;
  } else {
    t.integers[0] = truncated(e, v);
  }
  return t;
}

std::int64_t Tensor::count() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

std::vector<std::int64_t> Tensor::strides() const {
  std::vector<std::int64_t> out(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    out[d] = stride;
    stride *= shape[d];
  }
  return out;
}

std::int64_t wrap(Elem elem, std::int64_t v) {
  return elem == Elem::i32 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(v)) : v;
}

std::int64_t extreme(Elem elem, bool greatest) {
  if (elem == Elem::boolean) return greatest ? 1 : 0;
  if (elem == Elem::i32) {
    return greatest ? std::numeric_limits<std::int32_t>::max() : std::numeric_limits<std::int32_t>::min();
  }
  return greatest ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

std::int64_t truncated(Elem elem, double v) {
  if (std::isnan(v)) return 0;
  if (v <= static_cast<double>(extreme(elem, false))) return extreme(elem, false);
  if (v >= static_cast<double>(extreme(elem, true))) return extreme(elem, true);
  return static_cast<std::int64_t>(v);
}

}  // namespace rg::ir
