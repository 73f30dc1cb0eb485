// Values on the command line: what `name=value` gives for a parameter's type, and how results are shown.
#pragma once

#include <map>
#include <string>

#include "compiler/ir/module.h"
#include "compiler/ir/tensor.h"
#include "compiler/support/result.h"

namespace rg::driver {

/// The arguments of a call: flattened tensors, and sizes that were given by name.
struct Arguments {
  std::vector<ir::Tensor> tensors;
  std::map<std::string, std::int64_t> sizes;
};

/// Binds "name=value" texts to the parameters of `f`. A value is a JSON number, nested list or (for a struct) object,
/// `@file.json` or `@file.npy`; nan, inf and -inf are numbers too. Element types may widen without loss. Fails with a
/// message that names the parameter.
Result<Arguments> bind_arguments(const ir::Function& f, const std::vector<std::string>& texts);

/// The failure, with the argument in front where what it is about stands in a file: "x=@x.json: `x` is …".
Failure with_file(Failure failure, const std::vector<std::string>& texts);

/// Results as the user sees them: readable, or JSON in full precision (`"nan"`, `"inf"`, `"-inf"` for what JSON lacks).
std::string show_readable(const ir::Tree& tree, const std::vector<ir::Tensor>& leaves);
std::string show_json(const ir::Tree& tree, const std::vector<ir::Tensor>& leaves);

}  // namespace rg::driver
