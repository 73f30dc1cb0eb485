#include "compiler/ir/module.h"

namespace rg::ir {

std::size_t Tree::leaf_count() const {
  if (kind == Kind::tensor) return 1;
  std::size_t n = 0;
  for (const Tree& f : fields) n += f.leaf_count();
  return n;
}

namespace {
void add_leaves(const Tree& tree, const std::string& path, std::string_view joint, std::vector<std::string>& out) {
  if (tree.kind == Tree::Kind::tensor) out.push_back(path);
  for (std::size_t i = 0; i < tree.fields.size(); ++i) {
    const std::string part = tree.kind == Tree::Kind::tuple ? std::to_string(i) : tree.fields[i].name;
    add_leaves(tree.fields[i], path.empty() ? part : path + std::string(joint) + part, joint, out);
  }
}
}  // namespace

std::vector<std::string> Signature::param_names(std::string_view joint) const {
  std::vector<std::string> out;
  for (const Tree& t : params) add_leaves(t, t.name, joint, out);
  return out;
}

std::vector<std::string> Signature::result_names(std::string_view joint) const {
  std::vector<std::string> out;
  add_leaves(result, "", joint, out);
  return out;
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
