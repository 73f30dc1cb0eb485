// Expressions but for arithmetic, subscripts, comprehensions, loops and calls: names, literals, blocks, `if`, tuples,
// structs, arrays.
#include "dsl/check/expr.h"

#include <fmt/format.h>

#include <numbers>

#include "compiler/support/stack.h"
#include "dsl/check/arithmetic.h"
#include "dsl/check/builtins.h"
#include "dsl/check/call.h"
#include "dsl/check/comprehension.h"
#include "dsl/check/context.h"
#include "dsl/check/derive.h"
#include "dsl/check/facts.h"
#include "dsl/check/index.h"
#include "dsl/check/loop.h"
#include "dsl/check/program.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"

namespace rg::dsl {

// Not inlined: evaluation is recursive, and the frames of all kinds of expressions would be one.
[[gnu::noinline]] static Value eval_node(Context& cx, const ast::Expr& expr, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_name(Context& cx, const ast::NameExpr& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_block(Context& cx, const ast::Block& block, Span, ScopePtr scope);
[[gnu::noinline]] static ScopePtr bind_pattern(Context& cx, const ast::Pattern& pattern, const Value& value,
                                               ScopePtr scope);
static void eval_assert(Context& cx, const ast::Assert& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_if(Context& cx, const ast::If& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_array(Context& cx, const ast::ArrayLit& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_struct(Context& cx, const ast::StructLit& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_field(Context& cx, const ast::Field& node, Span span, const ScopePtr& scope);
[[gnu::noinline]] static Value eval_project(Context& cx, const ast::Project& node, Span span, const ScopePtr& scope);

bool too_deep(const Context& cx) { return cx.depth > max_depth || stack_is_short(); }

Value eval(Context& cx, const ast::Expr& expr, const ScopePtr& scope) {
  if (too_deep(cx)) {
    error(cx, Code::recursion, expr.span, "this expands too deep")
        .note("functions that are expanded in place nest at most about 1000 deep, or as deep as the stack allows");
    return error_value(expr.span);
  }
  ++cx.depth;
  const Span outer = builder(cx).span();
  const bool inlined = !cx.inlining.empty() && cx.inlining.back()->module->is_prelude;
  if (!inlined) builder(cx).set_span(expr.span);
  Value v = eval_node(cx, expr, scope);
  builder(cx).set_span(outer);
  --cx.depth;
  if (ast::as<ast::Block>(expr) == nullptr) v.span = expr.span;  // a block's value is where its last expression is
  return v;
}

Value eval_node(Context& cx, const ast::Expr& expr, const ScopePtr& scope) {
  const Span span = expr.span;
  if (const auto* n = ast::as<ast::IntLit>(expr)) return make_int(cx, n->value, span);
  if (const auto* n = ast::as<ast::FloatLit>(expr)) return make_number(cx, n->value, span);
  if (const auto* n = ast::as<ast::BoolLit>(expr)) return make_tensor(cx, builder(cx).boolean(n->value), span);
  if (const auto* n = ast::as<ast::StringLit>(expr)) {
    Value v = error_value(span);
    v.kind = Value::Kind::text;
    v.text = n->value;
    return v;
  }
  if (const auto* n = ast::as<ast::NameExpr>(expr)) return eval_name(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Unary>(expr)) return unary(cx, n->op, eval(cx, *n->operand, scope), span);
  if (const auto* n = ast::as<ast::Binary>(expr)) {
    const Value a = eval(cx, *n->lhs, scope);
    const Value c = eval(cx, *n->rhs, scope);
    return binary(cx, n->op, a, c, span, n->op_span);
  }
  if (const auto* n = ast::as<ast::Call>(expr)) return eval_call(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Index>(expr)) return eval_index(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Field>(expr)) return eval_field(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Project>(expr)) return eval_project(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Lambda>(expr)) {
    FnValue fn;
    fn.kind = FnValue::Kind::lambda;
    fn.lambda = n;
    fn.env = scope;
    return make_function(cx, std::move(fn), span);
  }
  if (const auto* n = ast::as<ast::Block>(expr)) return eval_block(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::If>(expr)) return eval_if(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Build>(expr)) return eval_build(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Reduce>(expr)) return eval_reduce(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::ArrayLit>(expr)) return eval_array(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Tuple>(expr)) {
    std::vector<Value> fields;
    for (const auto& e : n->elements) {
      fields.push_back(eval(cx, *e, scope));
      if (fields.back().is_error()) return error_value(span);
    }
    return make_tuple(cx, std::move(fields), span);
  }
  if (const auto* n = ast::as<ast::StructLit>(expr)) return eval_struct(cx, *n, span, scope);
  if (const auto* n = ast::as<ast::Loop>(expr)) return eval_loop(cx, *n, span, scope);
  return error_value(span);
}

Value eval_name(Context& cx, const ast::NameExpr& node, Span span, const ScopePtr& scope) {
  if (const Scope* s = find(cx, scope, node.name)) {
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
  if (item(module)) return make_function(cx, std::move(fn), span);
  if (node.name == "pi") return make_number(cx, std::numbers::pi, span);
  if (node.name == "inf") return make_number(cx, std::numeric_limits<double>::infinity(), span);
  if (node.name == "nan") return make_number(cx, std::numeric_limits<double>::quiet_NaN(), span);
  if (find_builtin(node.name) != nullptr || is_operator(cx, node.name) || ir::elem_named(node.name))
    return make_function(cx, std::move(fn), span);
  if (cx.prelude != nullptr && item(*cx.prelude)) return make_function(cx, std::move(fn), span);
  unknown_name(cx, scope, node.name, span);
  return error_value(span);
}

Value eval_block(Context& cx, const ast::Block& block, Span, ScopePtr scope) {
  for (const ast::Stmt& s : block.stmts) scope = eval_statement(cx, s, std::move(scope));
  return eval(cx, *block.result, scope);
}

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
    const Span outer = builder(cx).span();
    builder(cx).set_span(node.condition->span);
    emit_assert(cx, use(cx, c), text);
    builder(cx).set_span(outer);
  }
  add_fact(cx, v, *node.condition, scope, true);
}

std::optional<bool> constant_condition(Context& cx, const Value& v) {
  const auto s = builder(cx).splat(use(cx, v));
  return s ? std::optional(*s != 0) : std::nullopt;
}

Value eval_if(Context& cx, const ast::If& node, Span span, const ScopePtr& scope) {
  const Value c = tensor(cx, eval(cx, *node.condition, scope), "a condition");
  if (c.is_error()) {
    return error_value(span);
  }
  if (type_of(cx, c) != ir::Type{Elem::boolean, {}}) {
    error(cx, Code::condition, node.condition->span,
          fmt::format("the condition of an `if` is one bool, this is {}", describe(cx, c)))
        .hint("for arrays there is `where(c, a, b)`");
    return error_value(span);
  }
  if (const auto known = constant_condition(cx, c))
    return eval(cx, *known ? *node.then_value : *node.else_value, scope);
  const auto arm = [&](const ast::Expr& e, bool holds) {
    return [&, holds] {
      add_fact(cx, c, *node.condition, scope, holds);
      return eval(cx, e, scope);
    };
  };
  return emit_if(cx, use(cx, c), span, arm(*node.then_value, true), arm(*node.else_value, false));
}

Value emit_if(Context& cx, ValueId condition, Span span, const std::function<Value()>& then_arm,
              const std::function<Value()>& else_arm) {
  Value values[2];
  ir::BlockId blocks[2];
  for (int k = 0; k < 2; ++k) {
    const Facts facts = save_facts(cx);
    blocks[k] = builder(cx).in_block({}, [&](std::span<const ValueId>) {
      values[k] = k == 0 ? then_arm() : else_arm();
      return std::vector<ValueId>{};
    });
    restore_facts(cx, facts);
  }
  if (values[0].is_error() || values[1].is_error()) return error_value(span);
  std::vector<Value> leaves[2];
  for (int k = 0; k < 2; ++k) flatten(cx, values[k], leaves[k]);
  const auto mismatch = [&] {
    error(cx, Code::branch_types, span, "the branches of this `if` have different types")
        .label(values[0].span, describe(cx, values[0]))
        .label(values[1].span, describe(cx, values[1]))
        .note("an `if` has one type, extents included");
    return error_value(span);
  };
  if (leaves[0].size() != leaves[1].size() || values[0].kind == Value::Kind::structure ||
      values[1].kind == Value::Kind::structure) {
    if (values[0].decl != values[1].decl || leaves[0].size() != leaves[1].size()) return mismatch();
  }
  for (std::size_t i = 0; i < leaves[0].size(); ++i) {
    for (int k = 0; k < 2; ++k) {
      const Value& other = leaves[1 - k][i];
      Value& v = leaves[k][i];
      if (!v.is_array()) {
        const ir::BlockId back = builder(cx).enter(blocks[k]);
        default_typed(cx, v);
        builder(cx).enter(back);
        return error_value(span);
      }
      const ir::BlockId back = builder(cx).enter(blocks[k]);
      if (v.is_flex()) {
        const bool take_other = other.is_tensor() && other.type.elem != Elem::boolean;
        const bool wider = other.is_flex() && other.flex->floating;
        v = materialize(cx, v,
                        take_other ? std::optional(other.type.elem)
                        : wider    ? std::optional(Elem::f64)
                                   : std::nullopt);
      }
      builder(cx).enter(back);
      if (v.is_error()) return error_value(span);
    }
    const ir::Type x = type_of(cx, leaves[0][i]), y = type_of(cx, leaves[1][i]);
    bool equal = x.elem == y.elem && x.rank() == y.rank();
    for (std::size_t d = 0; equal && d < x.rank(); ++d) equal = same(cx, x.dims[d], y.dims[d]);
    if (!equal) return mismatch();
  }
  for (int k = 0; k < 2; ++k) {
    const ir::BlockId back = builder(cx).enter(blocks[k]);
    std::vector<ValueId> yields;
    for (std::size_t i = 0; i < leaves[k].size(); ++i) {
      const Value t = recast(cx, leaves[k][i], type_of(cx, leaves[0][i]));
      yields.push_back(t.id);
    }
    builder(cx).set_yields(std::move(yields));
    builder(cx).enter(back);
  }
  const auto ids = builder(cx).emit(ops::opcode<ops::If>(), {condition}, {}, {blocks[0], blocks[1]});
  std::size_t at = 0;
  return rebuild(cx, values[0], ids, at);
}

Value stack_values(Context& cx, std::vector<Value> items, std::int64_t axis, Span span) {
  const auto dims = broadcast_dims(cx, {items.data(), 1}, span, "stack");
  bool open = true;
  for (const Value& v : items) open = open && v.is_flex();
  for (const Value& v : items) {
    if (v.dims().size() != dims->size()) {
      error(cx, Code::shape_mismatch, v.span,
            fmt::format("the elements of an array have one shape; this is {}", describe(cx, v)))
          .label(items[0].span, fmt::format("this is {}", describe(cx, items[0])));
      return error_value(span);
    }
    for (std::size_t i = 0; i < dims->size(); ++i) {
      if (!same(cx, v.dims()[i], (*dims)[i])) {
        report_extents(cx, v.dims()[i], (*dims)[i], v.span,
                       fmt::format("the elements of an array have one shape; this is {}, the first is {}",
                                   describe(cx, v), describe(cx, items[0])));
        return error_value(span);
      }
    }
  }
  const auto at = static_cast<std::ptrdiff_t>(axis);
  const auto emit = [&cx, items, at, base = *dims](Elem elem) -> ValueId {
    std::vector<ValueId> parts;
    std::vector<double> reals;
    std::vector<std::int64_t> integers;
    std::vector<Dim> one;
    for (const Dim& d : base) one.push_back(normal(cx, d));
    one.insert(one.begin() + at, Dim(1));
    for (const Value& v : items) {
      if (base.empty() && v.is_flex() && v.flex->number) {
        reals.push_back(elem == Elem::f32 ? static_cast<double>(static_cast<float>(*v.flex->number)) : *v.flex->number);
        integers.push_back(v.flex->dim ? v.flex->dim->constant() : 0);
      }
    }
    if (reals.size() == items.size()) {  // all known: one constant
      ops::Constant::Attrs attrs{.elem = elem, .dims = {Dim(static_cast<std::int64_t>(items.size()))}};
      (ir::is_float(elem) ? void(attrs.reals = reals) : void(attrs.integers = integers));
      return builder(cx).emit_op<ops::Constant>({}, std::move(attrs));
    }
    for (const Value& v : items) {
      const Value t = materialize(cx, v, elem);
      if (t.is_error()) return {};
      parts.push_back(builder(cx).reshape(use(cx, t), one));
    }
    return parts.size() == 1 ? parts[0] : builder(cx).emit_op<ops::Concat>(parts, {.axis = at});
  };
  std::vector<Dim> result = *dims;
  result.insert(result.begin() + at, Dim(static_cast<std::int64_t>(items.size())));
  if (open) {
    Flex f;
    f.literal = true;
    for (const Value& v : items) {
      f.floating = f.floating || v.flex->floating;
      f.literal = f.literal && v.flex->literal;
    }
    f.dims = result;
    f.make = emit;
    Value v = make_flex(cx, std::move(f), span);
    v.fields = items;
    return v;
  }
  if (std::ranges::all_of(items, [](const Value& v) { return v.is_tensor() && v.type.elem == Elem::boolean; }))
    return make_tensor(cx, emit(Elem::boolean), span);
  const auto elem = common_elem(cx, items, span, "an array");
  if (!elem) return error_value(span);
  const ValueId id = emit(*elem);
  return id.valid() ? make_tensor(cx, id, span) : error_value(span);
}

Value eval_array(Context& cx, const ast::ArrayLit& node, Span span, const ScopePtr& scope) {
  std::vector<Value> items;
  for (const auto& e : node.elements) {
    items.push_back(eval(cx, *e, scope));
    if (items.back().is_error()) return error_value(span);
    if (!items.back().is_array()) {
      error(cx, Code::type_mismatch, e->span,
            fmt::format("an array holds numbers and arrays, this is {}", describe(cx, items.back())));
      return error_value(span);
    }
  }
  if (items.empty()) {
    Flex f;
    f.floating = true;
    f.dims = {Dim(0)};
    f.literal = true;
    f.make = [&cx](Elem e) { return builder(cx).constant(e, 0, {Dim(0)}); };
    return make_flex(cx, std::move(f), span);
  }
  return stack_values(cx, std::move(items), 0, span);
}

Value eval_struct(Context& cx, const ast::StructLit& node, Span span, const ScopePtr& scope) {
  const ModuleScope& module = *root(scope).module;
  const auto found = module.structs.find(node.name.text);
  if (found == module.structs.end()) {
    std::vector<std::string> candidates;
    for (const auto& [n, s] : module.structs) candidates.push_back(n);
    Diagnostic& d =
        error(cx, Code::unknown_name, node.name.span, fmt::format("there is no struct `{}`", node.name.text));
    if (const std::string hint = suggestion(node.name.text, candidates); !hint.empty()) d.hint(hint);
    return error_value(span);
  }
  StructDecl& decl = *found->second;
  declare_struct(cx, decl);
  Value v = error_value(span);
  v.kind = Value::Kind::structure;
  v.decl = &decl;
  v.fields.assign(decl.fields.size(), error_value(span));
  std::vector<bool> given(decl.fields.size(), false);
  bool ok = true;
  for (const ast::FieldInit& init : node.fields) {
    const Value value = eval(cx, *init.value, scope);
    std::size_t at = 0;
    while (at < decl.fields.size() && decl.item->fields[at].name.text != init.name.text) ++at;
    if (at == decl.fields.size() || given[at]) {
      std::vector<std::string> candidates;
      for (const auto& f : decl.item->fields) candidates.push_back(f.name.text);
      Diagnostic& d =
          error(cx, Code::unknown_field, init.name.span,
                at == decl.fields.size() ? fmt::format("`{}` has no field `{}`", node.name.text, init.name.text)
                                         : fmt::format("the field `{}` is given twice", init.name.text));
      if (const std::string hint = suggestion(init.name.text, candidates); !hint.empty() && at == decl.fields.size())
        d.hint(hint);
      ok = false;
      continue;
    }
    given[at] = true;
    v.fields[at] = value;
    ok = ok && !value.is_error();
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i]) continue;
    error(cx, Code::unknown_field, span,
          fmt::format("the field `{}` of `{}` is missing", decl.item->fields[i].name.text, node.name.text))
        .label(decl.item->fields[i].name.span, "declared here");
    ok = false;
  }
  if (!ok) return error_value(span);
  // The struct's sizes follow from the fields as a function's do from its arguments.
  ast::FnItem item;
  item.name = node.name;
  FnDecl as_function;
  as_function.item = &item;
  as_function.sizes = decl.sizes;
  Unifier u;
  for (const bool flex : {false, true}) {
    for (std::size_t i = 0; i < v.fields.size(); ++i) {
      if (!unify(cx, decl.fields[i], v.fields[i], u, "field `" + decl.item->fields[i].name.text + "`", flex,
                 as_function))
        return error_value(span);
    }
  }
  if (!solve(cx, u, as_function, span)) return error_value(span);
  for (const auto& s : u.sizes) v.sizes.push_back(normal(cx, *s));
  Ty t;
  t.kind = Ty::Kind::structure;
  t.decl = &decl;
  t.sizes = v.sizes;
  for (const Ty& f : decl.fields) t.fields.push_back(substitute(cx, f, v.sizes));
  return coerce(cx, v, t, "the struct");
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

}  // namespace rg::dsl
