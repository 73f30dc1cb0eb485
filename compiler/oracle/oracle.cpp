#include "compiler/oracle/oracle.h"

#include <fmt/format.h>

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

}  // namespace

Outcome evaluate(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                 const std::vector<ir::Tensor>& arguments, int bits) {
  if (const std::string why = misfit(f, sizes, arguments); !why.empty()) return {Failure{why}};
  return bits == 0 ? evaluate_with<double>(module, f, sizes, arguments)
                   : evaluate_with_bits(module, f, sizes, arguments, bits);
}

Result<std::vector<ir::Tensor>> interpret(const ir::Module& module, const ir::Function& f,
                                          std::span<const std::int64_t> sizes, const std::vector<ir::Tensor>& arguments,
                                          int bits) {
  return evaluate(module, f, sizes, arguments, bits).results;
}

}  // namespace rg::oracle
