// What the ops compute, in multiprecision by MPFR, and its partial derivatives by differences of it: it shares neither
// a formula nor a rule with the ops.
#pragma once

#include <mpfr.h>

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/ir/module.h"

namespace rg::test {

/// A number of the current precision.
class Big {
 public:
  Big() { mpfr_init(v_); }
  explicit Big(double v) : Big() { mpfr_set_d(v_, v, MPFR_RNDN); }
  Big(const Big& o) : Big() { mpfr_set(v_, o.v_, MPFR_RNDN); }
  Big& operator=(const Big& o) {
    mpfr_set(v_, o.v_, MPFR_RNDN);
    return *this;
  }
  ~Big() { mpfr_clear(v_); }
  mpfr_ptr get() { return v_; }
  mpfr_srcptr get() const { return v_; }
  bool finite() const { return mpfr_number_p(v_) != 0; }
  double to_double() const { return mpfr_get_d(v_, MPFR_RNDN); }

 private:
  mpfr_t v_;
};

Big operator+(const Big& a, const Big& b);
Big operator-(const Big& a, const Big& b);
Big operator*(const Big& a, const Big& b);
Big operator/(const Big& a, const Big& b);

/// An op on real numbers.
struct ExactOp {
  using Evaluate = Big (*)(std::span<const Big> x, const ir::Attrs& attrs);
  std::string_view name;
  Evaluate evaluate;
  /// `oscillates`: a step is small against 1 and not only against the operand. `scale_free`: relative steps change the
  /// value by about as much, so that few bits suffice.
  enum class Kind { saturates, oscillates, scale_free };
  Kind kind = Kind::saturates;
};

/// The row of an op; null where there is none.
const ExactOp* exact_op(std::string_view name);

/// The derivative of the op in the operands `order` (none, one or two of their numbers); nothing where it has none:
/// outside of the domain, at kinks, jumps and poles.
std::optional<Big> exact_derivative(const ExactOp& op, const ir::Attrs& attrs, std::span<const double> x,
                                    std::span<const std::size_t> order);

}  // namespace rg::test
