#include "compiler/ir/module.h"

namespace rg::ir {

std::size_t Tree::leaf_count() const {
  if (kind == Kind::tensor) return 1;
  std::size_t n = 0;
  for (const Tree& f : fields) n += f.leaf_count();
  return n;
}

std::vector<Type> Function::param_types() const {
  std::vector<Type> types;
  for (const ValueId v : block(body).params) types.push_back(type(v));
  return types;
}

std::vector<Type> Function::result_types() const {
  std::vector<Type> types;
  for (const ValueId v : block(body).yields) types.push_back(type(v));
  return types;
}

const Function* Module::find(std::string_view name) const {
  for (const Function& f : functions) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

Function* Module::find(std::string_view name) { return const_cast<Function*>(std::as_const(*this).find(name)); }

std::string Module::unique_name(std::string_view stem) const {
  std::string name(stem);
  for (int i = 1; find(name) != nullptr; ++i) name = std::string(stem) + "." + std::to_string(i);
  return name;
}

}  // namespace rg::ir
