#include "compiler/ir/module.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace rg::ir {

namespace {

/// Walks two functions at once; `other_` maps the first's values to the second's.
class Comparison {
 public:
  Comparison(const Function& a, const Function& b) : a_(a), b_(b) {}

  bool block(BlockId x, BlockId y) {
    const Block &a = a_.block(x), &b = b_.block(y);
    return definitions(a.params, b.params) &&
           std::ranges::equal(a.instrs, b.instrs,
                              [&](InstrId i, InstrId j) { return instr(a_.instr(i), b_.instr(j)); }) &&
           uses(a.yields, b.yields);
  }

 private:
  bool definitions(const std::vector<ValueId>& x, const std::vector<ValueId>& y) {
    return std::ranges::equal(x, y, [&](ValueId v, ValueId w) {
      other_[v] = w;
      return a_.type(v) == b_.type(w) && a_.value(v).name == b_.value(w).name;
    });
  }
  bool uses(const std::vector<ValueId>& x, const std::vector<ValueId>& y) const {
    return std::ranges::equal(x, y, [&](ValueId v, ValueId w) {
      const auto at = other_.find(v);
      return at != other_.end() && at->second == w;
    });
  }
  bool instr(const Instr& a, const Instr& b) {
    return a.op == b.op && uses(a.operands, b.operands) && a.attrs == b.attrs &&
           std::ranges::equal(a.regions, b.regions, [&](BlockId x, BlockId y) { return block(x, y); }) &&
           definitions(a.results, b.results);
  }

  const Function &a_, &b_;
  std::unordered_map<ValueId, ValueId> other_;
};

}  // namespace

const std::string* callee(const Instr& instr) {
  const std::string* name = nullptr;
  instr.attrs.each([&](std::string_view, const FieldRef& field) {
    if (Symbol* const* symbol = std::get_if<Symbol*>(&field)) name = &(*symbol)->name;
  });
  return name;
}

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
    const std::string part = tree.fields[i].name.empty() ? std::to_string(i) : tree.fields[i].name;
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
  std::unordered_set<std::string_view> taken;
  for (const Function& f : functions) taken.insert(f.name);
  std::string name(stem);
  for (int i = 1; taken.contains(name); ++i) name = std::string(stem) + "." + std::to_string(i);
  return name;
}

bool same(const Function& a, const Function& b) {
  return a.name == b.name && a.doc == b.doc && a.exported == b.exported && a.size_names == b.size_names &&
         a.signature == b.signature && Comparison(a, b).block(a.body, b.body);
}

bool same(const Module& a, const Module& b) {
  return std::ranges::equal(a.functions, b.functions, [](const Function& x, const Function& y) { return same(x, y); });
}

}  // namespace rg::ir
