#include "compiler/oracle/many_bits.h"

#include "compiler/oracle/evaluate.h"
#include "compiler/oracle/real.h"

namespace rg::oracle {

namespace {

using Numbers = std::vector<Number<Real>>;

Numbers numbers_of(std::span<const double> operands) {
  Numbers x;
  for (const double v : operands) x.emplace_back(Real(v));
  return x;
}

}  // namespace

Outcome evaluate_with_bits(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                           const std::vector<ir::Tensor>& arguments, int bits) {
  const Precision precision(bits);
  return evaluate_with<Real>(module, f, sizes, arguments);
}

double evaluate(ir::Opcode op, const ir::Attributes& attrs, std::span<const double> operands, int bits) {
  const Precision precision(bits);
  return static_cast<double>(Arithmetic<Real>(ir::Elem::f64).apply(op, attrs, numbers_of(operands)).value);
}

Derivatives derivatives(ir::Opcode op, const ir::Attributes& attrs, std::span<const double> operands, int bits) {
  const Precision precision(bits);
  const Number<Real> one(Real(1));
  const std::size_t n = operands.size();
  Numbers x = numbers_of(operands);
  for (std::size_t k = 0; k < n; ++k) {
    const auto direction = static_cast<std::int64_t>(k);
    x[k] = Number<Real>(2, Number<Real>(1, x[k], {{direction, one}}), {{direction, one}});
  }
  const Number<Real> y = Arithmetic<Real>(ir::Elem::f64).apply(op, attrs, x);
  Derivatives out{static_cast<double>(y.value), std::vector<double>(n), std::vector<double>(n * n)};
  for (const auto& t : y.tangents(2)) {
    const auto k = static_cast<std::size_t>(t.direction);
    out.first[k] = static_cast<double>(t.value.value);
    for (const auto& u : t.value.tangents(1))
      out.second[k * n + static_cast<std::size_t>(u.direction)] = static_cast<double>(u.value.value);
  }
  return out;
}

}  // namespace rg::oracle
