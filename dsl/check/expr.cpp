// Expressions: names, literals, blocks, fields; the rest by topic.
#include "dsl/check/expr.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/support/stack.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/arithmetic.h"
#include "dsl/check/branch.h"
#include "dsl/check/builtins.h"
#include "dsl/check/comprehension.h"
#include "dsl/check/derive.h"
#include "dsl/check/facts.h"
#include "dsl/check/index.h"
#include "dsl/check/literal.h"
#include "dsl/check/loop.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"
#include "dsl/check/vocabulary.h"

namespace rg::dsl {

bool too_deep(const Context& cx) { return cx.depth > max_depth || stack_is_short(); }

namespace {

Value eval_name(Context& cx, const ast::NameExpr& node, Span span, const ScopePtr& scope) {
  if (const Scope* s = find(scope, node.name)) {
    Value v = s->value;
    v.span = span;
    return v;
  }
  const ModuleScope& module = *root(scope).module;
  FnValue fn;
  fn.name = node.name;
  const auto item = [&](const ModuleScope& m) {
    const auto f = m.functions.find(node.name);
    if (f == m.functions.end()) return false;
    fn.kind = FnValue::Kind::item;
    fn.item = f->second;
    return true;
  };
  if (item(module)) return make_function(std::move(fn), span);
  if (const auto number = constant_named(node.name)) return make_number(cx, *number, span);
  if (find_builtin(node.name) != nullptr || is_operator(node.name) || ir::elem_named(node.name))
    return make_function(std::move(fn), span);
  if (cx.prelude != nullptr && item(*cx.prelude)) return make_function(std::move(fn), span);
  unknown_name(cx, scope, node.name, span);
  return error_value(span);
}

Value eval_block(Context& cx, const ast::Block& block, ScopePtr scope) {
  for (const ast::Stmt& s : block.stmts) scope = eval_statement(cx, s, std::move(scope));
  return eval(cx, *block.result, scope);
}

Value eval_field(Context& cx, const ast::Field& node, Span span, const ScopePtr& scope) {
  Value base = eval(cx, *node.base, scope);
  if (base.is_error()) return base;
  if (base.kind == Value::Kind::structure) {
    const auto& fields = base.decl->item->fields;
    std::vector<std::string> candidates;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name.text == node.field.text) return base.fields[i];
      candidates.push_back(fields[i].name.text);
    }
    Diagnostic& d = error(cx, Code::unknown_field, node.field.span,
                          fmt::format("`{}` has no field `{}`", base.decl->item->name.text, node.field.text));
    const std::string hint = suggestion(node.field.text, candidates);
    d.label(base.decl->item->name.span, "the struct");
    if (!hint.empty()) d.hint(hint);
    return error_value(span);
  }
  Diagnostic& d = error(cx, Code::unknown_field, node.field.span, fmt::format("{} has no fields", describe(cx, base)));
  if (node.field.text == "T") d.hint("write `transpose(x)`");
  if (node.field.text == "shape") d.hint("name the sizes in the parameter's type: `x: f64[n, m]`");
  return error_value(span);
}

Value eval_project(Context& cx, const ast::Project& node, Span span, const ScopePtr& scope) {
  Value base = eval(cx, *node.base, scope);
  if (base.is_error()) return base;
  if (base.kind != Value::Kind::tuple || node.index < 0 ||
      node.index >= static_cast<std::int64_t>(base.fields.size())) {
    error(cx, Code::unknown_field, node.index_span,
          fmt::format("{} has no element {}", describe(cx, base), node.index));
    return error_value(span);
  }
  return base.fields[static_cast<std::size_t>(node.index)];
}

/// The value of each kind of expression.
struct Evaluator {
  Context& cx;
  Span span;
  const ScopePtr& scope;

  Value operator()(const ast::IntLit& n) const { return make_int(cx, n.value, span); }
  Value operator()(const ast::FloatLit& n) const { return make_number(cx, n.value, span); }
  Value operator()(const ast::BoolLit& n) const { return make_tensor(cx, cx.b().boolean(n.value), span); }
  Value operator()(const ast::StringLit& n) const {
    Value v = error_value(span);
    v.kind = Value::Kind::text;
    v.text = n.value;
    return v;
  }
  Value operator()(const ast::NameExpr& n) const { return eval_name(cx, n, span, scope); }
  Value operator()(const ast::Unary& n) const { return unary(cx, n.op, eval(cx, *n.operand, scope), span); }
  Value operator()(const ast::Binary& n) const {
    const Value a = eval(cx, *n.lhs, scope);
    const Value c = eval(cx, *n.rhs, scope);
    return binary(cx, n.op, a, c, span, n.op_span);
  }
  Value operator()(const ast::Call& n) const { return eval_call(cx, n, span, scope); }
  Value operator()(const ast::Index& n) const { return eval_index(cx, n, span, scope); }
  Value operator()(const ast::Field& n) const { return eval_field(cx, n, span, scope); }
  Value operator()(const ast::Project& n) const { return eval_project(cx, n, span, scope); }
  Value operator()(const ast::Lambda& n) const {
    FnValue fn;
    fn.kind = FnValue::Kind::lambda;
    fn.lambda = &n;
    fn.env = scope;
    return make_function(std::move(fn), span);
  }
  Value operator()(const ast::Block& n) const { return eval_block(cx, n, scope); }
  Value operator()(const ast::If& n) const { return eval_if(cx, n, span, scope); }
  Value operator()(const ast::Build& n) const { return eval_build(cx, n, span, scope); }
  Value operator()(const ast::Reduce& n) const { return eval_reduce(cx, n, span, scope); }
  Value operator()(const ast::ArrayLit& n) const { return eval_array(cx, n, span, scope); }
  Value operator()(const ast::Tuple& n) const {
    std::vector<Value> fields;
    for (const auto& e : n.elements) {
      fields.push_back(eval(cx, *e, scope));
      if (fields.back().is_error()) return error_value(span);
    }
    return make_tuple(std::move(fields), span);
  }
  Value operator()(const ast::StructLit& n) const { return eval_struct(cx, n, span, scope); }
  Value operator()(const ast::Loop& n) const { return eval_loop(cx, n, span, scope); }
  Value operator()(const ast::ErrorExpr&) const { return error_value(span); }
};

}  // namespace

Value eval(Context& cx, const ast::Expr& expr, const ScopePtr& scope) {
  if (too_deep(cx)) {
    error(cx, Code::recursion, expr.span, "this expands too deep")
        .note("functions that are expanded in place nest at most about 1000 deep, or as deep as the stack allows");
    return error_value(expr.span);
  }
  ++cx.depth;
  const Span outer = cx.b().span();
  const bool inlined = !cx.inlining.empty() && cx.inlining.back()->module->is_prelude;
  if (!inlined) cx.b().set_span(expr.span);
  Value v = std::visit(Evaluator{cx, expr.span, scope}, expr.node);
  cx.b().set_span(outer);
  --cx.depth;
  if (ast::as<ast::Block>(expr) == nullptr) v.span = expr.span;  // a block's value is where its last expression is
  return v;
}

namespace {

ScopePtr bind_pattern(Context& cx, const ast::Pattern& pattern, const Value& value, ScopePtr scope) {
  if (const auto* name = std::get_if<ast::Name>(&pattern.node)) return bind_checked(cx, std::move(scope), *name, value);
  const auto& parts = std::get<std::vector<ast::Pattern>>(pattern.node);
  const bool fits = value.kind == Value::Kind::tuple && value.fields.size() == parts.size();
  if (!fits && !value.is_error()) {
    error(cx, Code::type_mismatch, pattern.span,
          fmt::format("this takes a tuple of {} apart, the value is {}", parts.size(), describe(cx, value)))
        .label(value.span, "the value");
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    scope = bind_pattern(cx, parts[i], fits ? value.fields[i] : error_value(value.span), std::move(scope));
  return scope;
}

void eval_assert(Context& cx, const ast::Assert& node, Span span, const ScopePtr& scope) {
  const Value v = eval(cx, *node.condition, scope);
  if (v.is_error()) return;
  const Value c = tensor(cx, v, "a condition");
  if (c.is_error()) return;
  if (type_of(cx, c) != ir::Type{Elem::boolean, {}}) {
    error(cx, Code::condition, node.condition->span,
          fmt::format("an assertion takes one bool, this is {}", describe(cx, c)));
    return;
  }
  const auto known = constant_condition(cx, c);
  const std::string text = node.message.value_or("assertion failed: " + text_of(cx, node.condition->span));
  if (known && !*known) {
    error(cx, Code::assertion_false, span, "this assertion never holds").note(text);
    return;
  }
  if (!known) {
    const Span outer = cx.b().span();
    cx.b().set_span(node.condition->span);
    emit_assert(cx, use(cx, c), text);
    cx.b().set_span(outer);
  }
  add_fact(cx, *node.condition, scope, true);
}

}  // namespace

ScopePtr eval_statement(Context& cx, const ast::Stmt& stmt, ScopePtr scope) {
  if (const auto* let = std::get_if<ast::Let>(&stmt.node)) {
    Value v = eval(cx, *let->value, scope);
    if (let->type != nullptr) {
      const Ty t = resolve(cx, *let->type, scope);
      v = coerce(cx, v, t, "the value");
    }
    return bind_pattern(cx, let->pattern, v, std::move(scope));
  }
  if (const auto* a = std::get_if<ast::Assert>(&stmt.node)) {
    eval_assert(cx, *a, stmt.span, scope);
  } else if (const auto* c = std::get_if<ast::Collect>(&stmt.node)) {
    error(cx, Code::misplaced_collect, stmt.span, "`collect` stands directly in the body of a loop");
    eval(cx, *c->value, scope);
  } else if (const auto* e = std::get_if<ast::ExprStmt>(&stmt.node)) {
    eval(cx, *e->value, scope);
  }
  return scope;
}

}  // namespace rg::dsl
