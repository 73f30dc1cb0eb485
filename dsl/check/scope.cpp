// Names: persistent scopes, binding and lookup.
#include "dsl/check/scope.h"

#include <fmt/format.h>

#include "compiler/support/suggestion.h"
#include "dsl/check/vocabulary.h"

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

// A chain of scopes that nothing else refers to goes one by one, not each inside of the one before.
Scope::~Scope() {
  std::shared_ptr<const Scope> next = std::move(parent);
  while (next && next.use_count() == 1) {
    std::shared_ptr<const Scope> after = std::move(const_cast<Scope&>(*next).parent);
    next = std::move(after);
  }
}

ScopePtr extend(ScopePtr scope, std::string name, Value value, Span span, bool is_size) {
  auto s = std::make_shared<Scope>();
  s->root = scope->root;
  s->name = std::move(name);
  s->names = scope->names.with(*s);
  s->parent = std::move(scope);
  s->value = std::move(value);
  s->span = span;
  s->is_size = is_size;
  return s;
}

const Scope* find(const ScopePtr& scope, const std::string& name) { return scope ? scope->names.find(name) : nullptr; }

const Scope& root(const ScopePtr& scope) { return *scope->root; }

ScopePtr root_scope(ModuleScope* module) {
  auto s = std::make_shared<Scope>();
  s->module = module;
  return s;
}

ScopePtr bind_checked(Context& cx, ScopePtr scope, const ast::Name& name, Value value) {
  if (name.text == "_") return scope;
  if (const Scope* size = find(scope, name.text); size != nullptr && size->is_size) {
    error(cx, Code::shadowed_size, name.span,
          fmt::format("`{}` is a size of this function and cannot be bound again", name.text))
        .label(size->span, "the size")
        .hint("choose another name");
    return scope;
  }
  if (value.is_tensor() && value.owner == cx.frame) {
    std::string& known = cx.frame->function->value(value.id).name;
    if (known.empty()) known = name.text;
  }
  return extend(std::move(scope), name.text, std::move(value), name.span);
}

void unknown_name(Context& cx, const ScopePtr& scope, const std::string& name, Span span) {
  std::vector<std::string> candidates;
  const Scope* s = scope.get();
  for (; s->parent; s = s->parent.get()) candidates.push_back(s->name);
  for (const auto& [n, f] : s->module->functions) candidates.push_back(n);
  for (const auto& [n, f] : cx.prelude->functions) candidates.push_back(n);
  for (std::string& n : value_names()) candidates.push_back(std::move(n));  // of equal ones the program's own is meant
  Diagnostic& d = error(cx, Code::unknown_name, span, fmt::format("there is no `{}` here", name));
  if (const std::string hint = suggestion(name, candidates); !hint.empty()) d.hint(hint);
}

const std::string* as_name(const ast::Expr& e) {
  const auto* n = ast::as<ast::NameExpr>(e);
  return n == nullptr ? nullptr : &n->name;
}

}  // namespace rg::dsl
