// The names of a scope: a persistent map, so that every scope keeps its own while all share their parts. A lookup and a
// new name take time as the logarithm of the number of names.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace rg::dsl {

struct Scope;

/// A binary tree by the names' hashes.
class Names {
 public:
  /// The scope that binds the name, null where there is none.
  const Scope* find(const std::string& name) const;
  /// These names and the one that `scope` binds, which takes the place of an earlier one. The map does not own scopes.
  Names with(const Scope& scope) const;

 private:
  struct Node {
    std::size_t hash;
    const Scope* scope;
    std::shared_ptr<const Node> left, right;
  };
  using NodePtr = std::shared_ptr<const Node>;
  static NodePtr inserted(const NodePtr& at, std::size_t hash, const Scope& scope);
  NodePtr root_;
};

}  // namespace rg::dsl
