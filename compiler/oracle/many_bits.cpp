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

double evaluate(ir::Opcode op, const ir::Attrs& attrs, std::span<const double> operands, int bits) {
  const Precision precision(bits);
  return static_cast<double>(Arithmetic<Real>(ir::Elem::f64).apply(op, attrs, numbers_of(operands)).value);
}

std::vector<double> partials(ir::Opcode op, const ir::Attrs& attrs, std::span<const double> operands, int bits) {
  const Precision precision(bits);
  Numbers x = numbers_of(operands);
  for (std::size_t k = 0; k < x.size(); ++k)
    x[k] = Number<Real>(1, x[k], {{static_cast<std::int64_t>(k), Number<Real>(Real(1))}});
  const Number<Real> y = Arithmetic<Real>(ir::Elem::f64).apply(op, attrs, x);
  std::vector<double> out(x.size());
  for (const auto& t : y.tangents(1)) out[static_cast<std::size_t>(t.direction)] = static_cast<double>(t.value.value);
  return out;
}

std::vector<double> derivatives(ir::Opcode op, const ir::Attrs& attrs, std::span<const double> operands, int bits) {
  const Precision precision(bits);
  const Number<Real> one(Real(1));
  std::vector<double> out;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    Numbers x = numbers_of(operands);
    x[k] = Number<Real>(2, Number<Real>(1, x[k], {{0, one}}), {{0, one}});
    const Number<Real> y = Arithmetic<Real>(ir::Elem::f64).apply(op, attrs, x);
    const Number<Real> first = y.tangents(2).empty() ? Number<Real>() : y.tangents(2)[0].value;
    out.push_back(static_cast<double>(first.value));
    out.push_back(first.tangents(1).empty() ? 0 : static_cast<double>(first.tangents(1)[0].value.value));
  }
  return out;
}

}  // namespace rg::oracle
