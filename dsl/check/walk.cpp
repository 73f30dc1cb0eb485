#include "dsl/check/walk.h"

namespace rg::dsl {

namespace {

struct Walker {
  std::string var;  // empty: none
  std::function<void(const ast::Index&, std::size_t)> found;
  std::function<void(const std::string&)> named;

  void walk(const ast::ExprPtr& e) const {
    if (e != nullptr) walk(*e);
  }
  void walk(const ast::Expr& e) const {
    std::visit([&](const auto& node) { visit(node); }, e.node);
  }

  bool binds(const ast::Pattern& p) const {
    if (const auto* name = std::get_if<ast::Name>(&p.node)) return name->text == var;
    for (const ast::Pattern& part : std::get<std::vector<ast::Pattern>>(p.node)) {
      if (binds(part)) return true;
    }
    return false;
  }
  void comprehension(const std::vector<ast::IndexVar>& indices, const ast::ExprPtr& body) const {
    for (const ast::IndexVar& i : indices) {
      walk(i.extent);
      if (i.name.text == var) return;
    }
    walk(body);
  }
  void visit(const ast::Index& node) const {
    walk(node.base);
    for (std::size_t k = 0; k < node.subscripts.size(); ++k) {
      if (const auto* at = std::get_if<ast::At>(&node.subscripts[k].node)) {
        const auto* name = ast::as<ast::NameExpr>(*at->position.value);
        if (name != nullptr && name->name == var && !at->position.from_end) found(node, k);
        walk(at->position.value);
      } else if (const auto* slice = std::get_if<ast::Slice>(&node.subscripts[k].node)) {
        walk(slice->begin.value);
        walk(slice->end.value);
      }
    }
  }
  void visit(const ast::Block& node) const {
    for (const ast::Stmt& s : node.stmts) {
      if (const auto* let = std::get_if<ast::Let>(&s.node)) {
        walk(let->value);
        if (binds(let->pattern)) return;
      } else if (const auto* c = std::get_if<ast::Collect>(&s.node)) {
        walk(c->value);
      } else if (const auto* a = std::get_if<ast::Assert>(&s.node)) {
        walk(a->condition);
      } else if (const auto* x = std::get_if<ast::ExprStmt>(&s.node)) {
        walk(x->value);
      }
    }
    walk(node.result);
  }
  void visit(const ast::Lambda& node) const {
    for (const ast::LambdaParam& p : node.params) {
      if (p.name.text == var) return;
    }
    walk(node.body);
  }
  void visit(const ast::Loop& node) const {
    bool hidden = node.range && node.range->index.text == var;
    for (const ast::LoopVar& v : node.state) {
      walk(v.init);
      hidden = hidden || v.name.text == var;
    }
    if (node.range) {
      walk(node.range->begin);
      walk(node.range->end);
    }
    if (hidden) return;
    walk(node.condition);
    walk(node.body);
  }
  void visit(const ast::Build& node) const { comprehension(node.indices, node.body); }
  void visit(const ast::Reduce& node) const { comprehension(node.indices, node.body); }
  void visit(const ast::Unary& node) const { walk(node.operand); }
  void visit(const ast::Binary& node) const {
    walk(node.lhs);
    walk(node.rhs);
  }
  void visit(const ast::Call& node) const {
    walk(node.callee);
    for (const ast::Arg& a : node.args) walk(a.value);
  }
  void visit(const ast::Field& node) const { walk(node.base); }
  void visit(const ast::Project& node) const { walk(node.base); }
  void visit(const ast::If& node) const {
    walk(node.condition);
    walk(node.then_value);
    walk(node.else_value);
  }
  void visit(const ast::ArrayLit& node) const {
    for (const auto& e : node.elements) walk(e);
  }
  void visit(const ast::Tuple& node) const {
    for (const auto& e : node.elements) walk(e);
  }
  void visit(const ast::StructLit& node) const {
    for (const auto& f : node.fields) walk(f.value);
  }
  void visit(const ast::NameExpr& node) const { named(node.name); }
  template <class Leaf>
  void visit(const Leaf&) const {}
};

}  // namespace

void for_each_subscript(const ast::Expr& e, const std::string& var,
                        const std::function<void(const ast::Index&, std::size_t)>& f) {
  Walker{var, f, [](const std::string&) {}}.walk(e);
}

void for_each_name(const ast::Expr& e, const std::function<void(const std::string&)>& f) {
  Walker{"", [](const ast::Index&, std::size_t) {}, f}.walk(e);
}

}  // namespace rg::dsl
