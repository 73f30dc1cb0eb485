#include "compiler/oracle/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/oracle/evaluate.h"
#include "compiler/oracle/many_bits.h"

namespace rg::oracle {

namespace {

/// Empty, or why the arguments do not fit the parameters.
std::string misfit(const ir::Function& f, std::span<const std::int64_t> sizes,
                   const std::vector<ir::Tensor>& arguments) {
  const auto& params = f.block(f.body).params;
  if (sizes.size() != f.size_names.size() || arguments.size() != params.size())
    return "the arguments do not fit @" + f.name;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const ir::Type& t = f.type(params[i]);
    std::vector<std::int64_t> wanted;
    for (const ir::Dim& d : t.dims) wanted.push_back(d.evaluate(sizes).value_or(-1));
    if (arguments[i].elem != t.elem || arguments[i].shape != wanted)
      return fmt::format("argument {} does not fit {}", i + 1, t.str(f.size_names));
  }
  return "";
}

/// Of each result of `f`, whether it is a derivative that `derive` gives.
std::vector<bool> derivatives_of(const ir::Module& module, const ir::Function& f) {
  std::vector<bool> out;
  for (const ir::ValueId v : f.block(f.body).yields) {
    const ir::Instr* def = f.definition(v);
    const bool derived = def != nullptr && def->op == ops::opcode<ops::Derive>();
    const ir::Function* of = derived ? module.find(*ir::callee(*def)) : nullptr;
    const auto primals = static_cast<std::ptrdiff_t>(of == nullptr ? 0 : of->block(of->body).yields.size());
    out.push_back(of != nullptr && std::ranges::find(def->results, v) - def->results.begin() >= primals);
  }
  return out;
}

/// Takes what is finite of `wide` for what is not of `plain`.
void replace_overflown(ir::Tensor& plain, const ir::Tensor& wide) {
  for (std::size_t i = 0; i < plain.reals.size(); ++i) {
    if (!std::isfinite(plain.reals[i]) && std::isfinite(wide.reals[i])) plain.reals[i] = wide.reals[i];
  }
}

// Tangents may leave the range of f64 on the way where an adjoint would not, and that is no fault of the program: what
// is not finite of a derivative is evaluated once more with exponents that hold it.
Outcome evaluate_in_f64(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                        const std::vector<ir::Tensor>& arguments) {
  constexpr int kBits = 64;
  Outcome plain = evaluate_with<double>(module, f, sizes, arguments);
  if (!plain.results) return plain;
  const std::vector<bool> derived = derivatives_of(module, f);
  const auto finite = [](const ir::Tensor& t) {
    return std::ranges::all_of(t.reals, [](double v) { return std::isfinite(v); });
  };
  bool all = true;
  for (std::size_t k = 0; k < derived.size(); ++k) all = all && (!derived[k] || finite((*plain.results)[k]));
  if (all) return plain;
  const Outcome wide = evaluate_with_bits(module, f, sizes, arguments, kBits);
  for (std::size_t k = 0; k < derived.size() && wide.results; ++k) {
    if (derived[k]) replace_overflown((*plain.results)[k], (*wide.results)[k]);
  }
  return plain;
}

}  // namespace

Outcome evaluate(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                 const std::vector<ir::Tensor>& arguments, int bits) {
  if (const std::string why = misfit(f, sizes, arguments); !why.empty()) return {Failure{why}};
  return bits == 0 ? evaluate_in_f64(module, f, sizes, arguments)
                   : evaluate_with_bits(module, f, sizes, arguments, bits);
}

Result<std::vector<ir::Tensor>> interpret(const ir::Module& module, const ir::Function& f,
                                          std::span<const std::int64_t> sizes, const std::vector<ir::Tensor>& arguments,
                                          int bits) {
  return evaluate(module, f, sizes, arguments, bits).results;
}

}  // namespace rg::oracle
