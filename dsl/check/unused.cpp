#include "dsl/check/unused.h"

#include <fmt/format.h>

#include <unordered_map>

namespace rg::dsl {

namespace {

/// A name in scope; only those of `let` are reported.
struct Binding {
  const ast::Name* name;
  bool of_let = false;
  bool used = false;
};

class Walker {
 public:
  explicit Walker(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void function(const ast::FnItem& f) {
    scoped([&] {
      for (const ast::Param& p : f.params) add({&p.name});
      walk(f.body);
    });
  }
  void test(const ast::TestItem& t) {
    scoped([&] { statements(t.body); });
  }

 private:
  template <class F>
  void scoped(const F& body) {
    const std::size_t outside = bindings_.size();
    body();
    for (; bindings_.size() > outside; bindings_.pop_back()) {
      const Binding& b = bindings_.back();
      by_name_[b.name->text].pop_back();
      if (!b.of_let || b.used || b.name->text.starts_with('_')) continue;
      diagnostics_.warning(Code::unused_name, b.name->span, fmt::format("`{}` is not used", b.name->text))
          .hint(fmt::format("remove it, or write `_` or `_{}` where that is meant", b.name->text));
    }
  }
  void mention(const std::string& name) {
    const auto at = by_name_.find(name);
    if (at != by_name_.end() && !at->second.empty()) bindings_[at->second.back()].used = true;
  }
  void add(Binding b) {
    by_name_[b.name->text].push_back(bindings_.size());
    bindings_.push_back(b);
  }
  void bind(const ast::Pattern& p) {
    if (const auto* name = std::get_if<ast::Name>(&p.node)) {
      add({name, true});
      return;
    }
    for (const ast::Pattern& part : std::get<std::vector<ast::Pattern>>(p.node)) bind(part);
  }

  void walk(const ast::ExprPtr& e) {
    if (e != nullptr) std::visit([&](const auto& node) { visit(node); }, e->node);
  }
  void walk(const ast::TypePtr& t) {
    if (t == nullptr) return;
    if (const auto* named = std::get_if<ast::NamedType>(&t->node)) {
      for (const ast::Dim& d : named->dims) walk(d.value);
    } else if (const auto* tuple = std::get_if<ast::TupleType>(&t->node)) {
      for (const auto& e : tuple->elements) walk(e);
    }
  }
  void statements(const std::vector<ast::Stmt>& stmts) {
    for (const ast::Stmt& s : stmts) std::visit([&](const auto& node) { statement(node); }, s.node);
  }
  void statement(const ast::Let& let) {
    walk(let.type);
    walk(let.value);
    bind(let.pattern);
  }
  void statement(const ast::Assert& a) { walk(a.condition); }
  void statement(const ast::Collect& c) { walk(c.value); }
  void statement(const ast::ExprStmt& e) { walk(e.value); }

  void comprehension(const std::vector<ast::IndexVar>& indices, const ast::ExprPtr& body) {
    scoped([&] {
      for (const ast::IndexVar& i : indices) {
        walk(i.extent);
        add({&i.name});
      }
      walk(body);
    });
  }

  void visit(const ast::NameExpr& node) { mention(node.name); }
  void visit(const ast::Block& node) {
    scoped([&] {
      statements(node.stmts);
      walk(node.result);
    });
  }
  void visit(const ast::Lambda& node) {
    scoped([&] {
      for (const ast::LambdaParam& p : node.params) {
        walk(p.type);
        add({&p.name});
      }
      walk(node.body);
    });
  }
  void visit(const ast::Loop& node) {
    for (const ast::LoopVar& v : node.state) {
      walk(v.type);
      walk(v.init);
    }
    if (node.range) {
      walk(node.range->begin);
      walk(node.range->end);
    }
    scoped([&] {
      for (const ast::LoopVar& v : node.state) add({&v.name});
      if (node.range) add({&node.range->index});
      walk(node.condition);
      walk(node.body);
    });
  }
  void visit(const ast::Build& node) { comprehension(node.indices, node.body); }
  void visit(const ast::Reduce& node) { comprehension(node.indices, node.body); }
  void visit(const ast::Index& node) {
    walk(node.base);
    for (const ast::Subscript& s : node.subscripts) {
      if (const auto* at = std::get_if<ast::At>(&s.node)) {
        walk(at->position.value);
      } else if (const auto* slice = std::get_if<ast::Slice>(&s.node)) {
        walk(slice->begin.value);
        walk(slice->end.value);
        walk(slice->step);
      }
    }
  }
  void visit(const ast::Call& node) {
    walk(node.callee);
    for (const ast::Arg& a : node.args) walk(a.value);
  }
  void visit(const ast::Unary& node) { walk(node.operand); }
  void visit(const ast::Binary& node) {
    walk(node.lhs);
    walk(node.rhs);
  }
  void visit(const ast::Field& node) { walk(node.base); }
  void visit(const ast::Project& node) { walk(node.base); }
  void visit(const ast::If& node) {
    walk(node.condition);
    walk(node.then_value);
    walk(node.else_value);
  }
  void visit(const ast::ArrayLit& node) {
    for (const auto& e : node.elements) walk(e);
  }
  void visit(const ast::Tuple& node) {
    for (const auto& e : node.elements) walk(e);
  }
  void visit(const ast::StructLit& node) {
    for (const auto& f : node.fields) walk(f.value);
  }
  void visit(const ast::IntLit&) {}
  void visit(const ast::FloatLit&) {}
  void visit(const ast::BoolLit&) {}
  void visit(const ast::StringLit&) {}
  void visit(const ast::ErrorExpr&) {}

  Diagnostics& diagnostics_;
  std::vector<Binding> bindings_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_name_;  // of the bindings, the innermost last
};

}  // namespace

void warn_of_unused(const ast::Module& module, Diagnostics& diagnostics) {
  Walker walker(diagnostics);
  for (const ast::Item& item : module.items) {
    if (const auto* f = std::get_if<ast::FnItem>(&item.node)) walker.function(*f);
    if (const auto* t = std::get_if<ast::TestItem>(&item.node)) walker.test(*t);
  }
}

}  // namespace rg::dsl
