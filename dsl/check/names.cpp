#include "dsl/check/names.h"

#include <functional>

#include "dsl/check/value.h"

namespace rg::dsl {

const Scope* Names::find(const std::string& name) const {
  const std::size_t hash = std::hash<std::string>{}(name);
  for (const Node* at = root_.get(); at != nullptr;) {
    if (at->hash == hash && at->scope->name == name) return at->scope;
    at = hash < at->hash ? at->left.get() : at->right.get();
  }
  return nullptr;
}

Names::NodePtr Names::inserted(const NodePtr& at, std::size_t hash, const Scope& scope) {
  if (!at) return std::make_shared<const Node>(Node{hash, &scope, {}, {}});
  Node copy = *at;
  if (copy.hash == hash && copy.scope->name == scope.name)
    copy.scope = &scope;
  else if (hash < copy.hash)
    copy.left = inserted(copy.left, hash, scope);
  else
    copy.right = inserted(copy.right, hash, scope);
  return std::make_shared<const Node>(std::move(copy));
}

Names Names::with(const Scope& scope) const {
  Names out;
  out.root_ = inserted(root_, std::hash<std::string>{}(scope.name), scope);
  return out;
}

}  // namespace rg::dsl
