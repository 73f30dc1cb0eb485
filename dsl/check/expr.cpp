// Expressions but for arithmetic, subscripts, comprehensions, loops and calls: names, literals, blocks, `if`, tuples,
// structs, arrays.
#include <fmt/format.h>

#include <numbers>

#include "compiler/support/stack.h"
#include "dsl/check/checker.h"

namespace rg::dsl {

bool Checker::too_deep() const { return depth_ > max_depth || stack_is_short(); }

Value Checker::eval(const ast::Expr& expr, const ScopePtr& scope) {
  if (too_deep()) {
    error(Code::recursion, expr.span, "this expands too deep")
        .note("functions that are expanded in place nest at most about 1000 deep, or as deep as the stack allows");
    return error_value(expr.span);
  }
  ++depth_;
  const Span outer = b().span();
  const bool inlined = !inlining_.empty() && inlining_.back()->module->is_prelude;
  if (!inlined) b().set_span(expr.span);
  Value v = eval_node(expr, scope);
  b().set_span(outer);
  --depth_;
  if (ast::as<ast::Block>(expr) == nullptr) v.span = expr.span;  // a block's value is where its last expression is
  return v;
}

Value Checker::eval_node(const ast::Expr& expr, const ScopePtr& scope) {
  const Span span = expr.span;
  if (const auto* n = ast::as<ast::IntLit>(expr)) return make_int(n->value, span);
  if (const auto* n = ast::as<ast::FloatLit>(expr)) return make_number(n->value, span);
  if (const auto* n = ast::as<ast::BoolLit>(expr)) return make_tensor(b().boolean(n->value), span);
  if (const auto* n = ast::as<ast::StringLit>(expr)) {
    Value v = error_value(span);
    v.kind = Value::Kind::text;
    v.text = n->value;
    return v;
  }
  if (const auto* n = ast::as<ast::NameExpr>(expr)) return eval_name(*n, span, scope);
  if (const auto* n = ast::as<ast::Unary>(expr)) return unary(n->op, eval(*n->operand, scope), span);
  if (const auto* n = ast::as<ast::Binary>(expr)) {
    const Value a = eval(*n->lhs, scope);
    const Value c = eval(*n->rhs, scope);
    return binary(n->op, a, c, span, n->op_span);
  }
  if (const auto* n = ast::as<ast::Call>(expr)) return eval_call(*n, span, scope);
  if (const auto* n = ast::as<ast::Index>(expr)) return eval_index(*n, span, scope);
  if (const auto* n = ast::as<ast::Field>(expr)) return eval_field(*n, span, scope);
  if (const auto* n = ast::as<ast::Project>(expr)) return eval_project(*n, span, scope);
  if (const auto* n = ast::as<ast::Lambda>(expr)) {
    FnValue fn;
    fn.kind = FnValue::Kind::lambda;
    fn.lambda = n;
    fn.env = scope;
    return make_function(std::move(fn), span);
  }
  if (const auto* n = ast::as<ast::Block>(expr)) return eval_block(*n, span, scope);
  if (const auto* n = ast::as<ast::If>(expr)) return eval_if(*n, span, scope);
  if (const auto* n = ast::as<ast::Build>(expr)) return eval_build(*n, span, scope);
  if (const auto* n = ast::as<ast::Reduce>(expr)) return eval_reduce(*n, span, scope);
  if (const auto* n = ast::as<ast::ArrayLit>(expr)) return eval_array(*n, span, scope);
  if (const auto* n = ast::as<ast::Tuple>(expr)) {
    std::vector<Value> fields;
    for (const auto& e : n->elements) {
      fields.push_back(eval(*e, scope));
      if (fields.back().is_error()) return error_value(span);
    }
    return make_tuple(std::move(fields), span);
  }
  if (const auto* n = ast::as<ast::StructLit>(expr)) return eval_struct(*n, span, scope);
  if (const auto* n = ast::as<ast::Loop>(expr)) return eval_loop(*n, span, scope);
  return error_value(span);
}

Value Checker::eval_name(const ast::NameExpr& node, Span span, const ScopePtr& scope) {
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
  if (node.name == "pi") return make_number(std::numbers::pi, span);
  if (node.name == "inf") return make_number(std::numeric_limits<double>::infinity(), span);
  if (node.name == "nan") return make_number(std::numeric_limits<double>::quiet_NaN(), span);
  if (find_builtin(node.name) != nullptr || is_operator(node.name) || ir::elem_named(node.name))
    return make_function(std::move(fn), span);
  if (prelude_ != nullptr && item(*prelude_)) return make_function(std::move(fn), span);
  unknown_name(scope, node.name, span);
  return error_value(span);
}

Value Checker::eval_block(const ast::Block& block, Span, ScopePtr scope) {
  for (const ast::Stmt& s : block.stmts) scope = eval_statement(s, std::move(scope));
  return eval(*block.result, scope);
}

ScopePtr Checker::eval_statement(const ast::Stmt& stmt, ScopePtr scope) {
  if (const auto* let = std::get_if<ast::Let>(&stmt.node)) {
    Value v = eval(*let->value, scope);
    if (let->type != nullptr) {
      const Ty t = resolve(*let->type, scope);
      v = coerce(v, t, "the value");
    }
    return bind_pattern(let->pattern, v, std::move(scope));
  }
  if (const auto* a = std::get_if<ast::Assert>(&stmt.node)) {
    eval_assert(*a, stmt.span, scope);
  } else if (const auto* c = std::get_if<ast::Collect>(&stmt.node)) {
    error(Code::misplaced_collect, stmt.span, "`collect` stands directly in the body of a loop");
    eval(*c->value, scope);
  } else if (const auto* e = std::get_if<ast::ExprStmt>(&stmt.node)) {
    eval(*e->value, scope);
  }
  return scope;
}

ScopePtr Checker::bind_pattern(const ast::Pattern& pattern, const Value& value, ScopePtr scope) {
  if (const auto* name = std::get_if<ast::Name>(&pattern.node)) return bind_checked(std::move(scope), *name, value);
  const auto& parts = std::get<std::vector<ast::Pattern>>(pattern.node);
  const bool fits = value.kind == Value::Kind::tuple && value.fields.size() == parts.size();
  if (!fits && !value.is_error()) {
    error(Code::type_mismatch, pattern.span,
          fmt::format("this takes a tuple of {} apart, the value is {}", parts.size(), describe(value)))
        .label(value.span, "the value");
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    scope = bind_pattern(parts[i], fits ? value.fields[i] : error_value(value.span), std::move(scope));
  return scope;
}

void Checker::eval_assert(const ast::Assert& node, Span span, const ScopePtr& scope) {
  const Value v = eval(*node.condition, scope);
  if (v.is_error()) return;
  const Value c = tensor(v, "a condition");
  if (c.is_error()) return;
  if (type_of(c) != ir::Type{Elem::boolean, {}}) {
    error(Code::condition, node.condition->span, fmt::format("an assertion takes one bool, this is {}", describe(c)));
    return;
  }
  const auto known = constant_condition(c);
  const std::string text = node.message.value_or("assertion failed: " + text_of(node.condition->span));
  if (known && !*known) {
    error(Code::assertion_false, span, "this assertion never holds").note(text);
    return;
  }
  if (!known) {
    const Span outer = b().span();
    b().set_span(node.condition->span);
    emit_assert(use(c), text);
    b().set_span(outer);
  }
  add_fact(v, *node.condition, scope, true);
}

std::optional<bool> Checker::constant_condition(const Value& v) {
  const auto s = b().splat(use(v));
  return s ? std::optional(*s != 0) : std::nullopt;
}

Value Checker::eval_if(const ast::If& node, Span span, const ScopePtr& scope) {
  const Value c = tensor(eval(*node.condition, scope), "a condition");
  if (c.is_error()) {
    return error_value(span);
  }
  if (type_of(c) != ir::Type{Elem::boolean, {}}) {
    error(Code::condition, node.condition->span,
          fmt::format("the condition of an `if` is one bool, this is {}", describe(c)))
        .hint("for arrays there is `where(c, a, b)`");
    return error_value(span);
  }
  if (const auto known = constant_condition(c)) return eval(*known ? *node.then_value : *node.else_value, scope);
  const auto arm = [&](const ast::Expr& e, bool holds) {
    return [&, holds] {
      add_fact(c, *node.condition, scope, holds);
      return eval(e, scope);
    };
  };
  return emit_if(use(c), span, arm(*node.then_value, true), arm(*node.else_value, false));
}

Value Checker::emit_if(ValueId condition, Span span, const std::function<Value()>& then_arm,
                       const std::function<Value()>& else_arm) {
  Value values[2];
  ir::BlockId blocks[2];
  for (int k = 0; k < 2; ++k) {
    const Facts facts = save_facts();
    blocks[k] = b().in_block({}, [&](std::span<const ValueId>) {
      values[k] = k == 0 ? then_arm() : else_arm();
      return std::vector<ValueId>{};
    });
    restore_facts(facts);
  }
  if (values[0].is_error() || values[1].is_error()) return error_value(span);
  std::vector<Value> leaves[2];
  for (int k = 0; k < 2; ++k) flatten(values[k], leaves[k]);
  const auto mismatch = [&] {
    error(Code::branch_types, span, "the branches of this `if` have different types")
        .label(values[0].span, describe(values[0]))
        .label(values[1].span, describe(values[1]))
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
        const ir::BlockId back = b().enter(blocks[k]);
        default_typed(v);
        b().enter(back);
        return error_value(span);
      }
      const ir::BlockId back = b().enter(blocks[k]);
      if (v.is_flex()) {
        const bool take_other = other.is_tensor() && other.type.elem != Elem::boolean;
        const bool wider = other.is_flex() && other.flex->floating;
        v = materialize(v, take_other ? std::optional(other.type.elem)
                           : wider    ? std::optional(Elem::f64)
                                      : std::nullopt);
      }
      b().enter(back);
      if (v.is_error()) return error_value(span);
    }
    const ir::Type x = type_of(leaves[0][i]), y = type_of(leaves[1][i]);
    bool equal = x.elem == y.elem && x.rank() == y.rank();
    for (std::size_t d = 0; equal && d < x.rank(); ++d) equal = same(x.dims[d], y.dims[d]);
    if (!equal) return mismatch();
  }
  for (int k = 0; k < 2; ++k) {
    const ir::BlockId back = b().enter(blocks[k]);
    std::vector<ValueId> yields;
    for (std::size_t i = 0; i < leaves[k].size(); ++i) {
      const Value t = recast(leaves[k][i], type_of(leaves[0][i]));
      yields.push_back(t.id);
    }
    b().set_yields(std::move(yields));
    b().enter(back);
  }
  const auto ids = b().emit(ops::opcode<ops::If>(), {condition}, {}, {blocks[0], blocks[1]});
  std::size_t at = 0;
  return rebuild(values[0], ids, at);
}

Value Checker::stack_values(std::vector<Value> items, std::int64_t axis, Span span) {
  const auto dims = broadcast_dims({items.data(), 1}, span, "stack");
  bool open = true;
  for (const Value& v : items) open = open && v.is_flex();
  for (const Value& v : items) {
    if (v.dims().size() != dims->size()) {
      error(Code::shape_mismatch, v.span,
            fmt::format("the elements of an array have one shape; this is {}", describe(v)))
          .label(items[0].span, fmt::format("this is {}", describe(items[0])));
      return error_value(span);
    }
    for (std::size_t i = 0; i < dims->size(); ++i) {
      if (!same(v.dims()[i], (*dims)[i])) {
        report_extents(v.dims()[i], (*dims)[i], v.span,
                       fmt::format("the elements of an array have one shape; this is {}, the first is {}", describe(v),
                                   describe(items[0])));
        return error_value(span);
      }
    }
  }
  const auto at = static_cast<std::ptrdiff_t>(axis);
  const auto emit = [this, items, at, base = *dims](Elem elem) -> ValueId {
    std::vector<ValueId> parts;
    std::vector<double> reals;
    std::vector<std::int64_t> integers;
    std::vector<Dim> one;
    for (const Dim& d : base) one.push_back(normal(d));
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
      return b().emit_op<ops::Constant>({}, std::move(attrs));
    }
    for (const Value& v : items) {
      const Value t = materialize(v, elem);
      if (t.is_error()) return {};
      parts.push_back(b().reshape(use(t), one));
    }
    return parts.size() == 1 ? parts[0] : b().emit_op<ops::Concat>(parts, {.axis = at});
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
    Value v = make_flex(std::move(f), span);
    v.fields = items;
    return v;
  }
  if (std::ranges::all_of(items, [](const Value& v) { return v.is_tensor() && v.type.elem == Elem::boolean; }))
    return make_tensor(emit(Elem::boolean), span);
  const auto elem = common_elem(items, span, "an array");
  if (!elem) return error_value(span);
  const ValueId id = emit(*elem);
  return id.valid() ? make_tensor(id, span) : error_value(span);
}

Value Checker::eval_array(const ast::ArrayLit& node, Span span, const ScopePtr& scope) {
  std::vector<Value> items;
  for (const auto& e : node.elements) {
    items.push_back(eval(*e, scope));
    if (items.back().is_error()) return error_value(span);
    if (!items.back().is_array()) {
      error(Code::type_mismatch, e->span,
            fmt::format("an array holds numbers and arrays, this is {}", describe(items.back())));
      return error_value(span);
    }
  }
  if (items.empty()) {
    Flex f;
    f.floating = true;
    f.dims = {Dim(0)};
    f.literal = true;
    f.make = [this](Elem e) { return b().constant(e, 0, {Dim(0)}); };
    return make_flex(std::move(f), span);
  }
  return stack_values(std::move(items), 0, span);
}

Value Checker::eval_struct(const ast::StructLit& node, Span span, const ScopePtr& scope) {
  const ModuleScope& module = *root(scope).module;
  const auto found = module.structs.find(node.name.text);
  if (found == module.structs.end()) {
    std::vector<std::string> candidates;
    for (const auto& [n, s] : module.structs) candidates.push_back(n);
    Diagnostic& d = error(Code::unknown_name, node.name.span, fmt::format("there is no struct `{}`", node.name.text));
    if (const std::string hint = suggestion(node.name.text, candidates); !hint.empty()) d.hint(hint);
    return error_value(span);
  }
  StructDecl& decl = *found->second;
  declare_struct(decl);
  Value v = error_value(span);
  v.kind = Value::Kind::structure;
  v.decl = &decl;
  v.fields.assign(decl.fields.size(), error_value(span));
  std::vector<bool> given(decl.fields.size(), false);
  bool ok = true;
  for (const ast::FieldInit& init : node.fields) {
    const Value value = eval(*init.value, scope);
    std::size_t at = 0;
    while (at < decl.fields.size() && decl.item->fields[at].name.text != init.name.text) ++at;
    if (at == decl.fields.size() || given[at]) {
      std::vector<std::string> candidates;
      for (const auto& f : decl.item->fields) candidates.push_back(f.name.text);
      Diagnostic& d =
          error(Code::unknown_field, init.name.span,
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
    error(Code::unknown_field, span,
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
      if (!unify(decl.fields[i], v.fields[i], u, "field `" + decl.item->fields[i].name.text + "`", flex, as_function))
        return error_value(span);
    }
  }
  if (!solve(u, as_function, span)) return error_value(span);
  for (const auto& s : u.sizes) v.sizes.push_back(normal(*s));
  Ty t;
  t.kind = Ty::Kind::structure;
  t.decl = &decl;
  t.sizes = v.sizes;
  for (const Ty& f : decl.fields) t.fields.push_back(substitute(f, v.sizes));
  return coerce(v, t, "the struct");
}

Value Checker::eval_field(const ast::Field& node, Span span, const ScopePtr& scope) {
  Value base = eval(*node.base, scope);
  if (base.is_error()) return base;
  if (base.kind == Value::Kind::structure) {
    const auto& fields = base.decl->item->fields;
    std::vector<std::string> candidates;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name.text == node.field.text) return base.fields[i];
      candidates.push_back(fields[i].name.text);
    }
    Diagnostic& d = error(Code::unknown_field, node.field.span,
                          fmt::format("`{}` has no field `{}`", base.decl->item->name.text, node.field.text));
    const std::string hint = suggestion(node.field.text, candidates);
    d.label(base.decl->item->name.span, "the struct");
    if (!hint.empty()) d.hint(hint);
    return error_value(span);
  }
  Diagnostic& d = error(Code::unknown_field, node.field.span, fmt::format("{} has no fields", describe(base)));
  if (node.field.text == "T") d.hint("write `transpose(x)`");
  if (node.field.text == "shape") d.hint("name the sizes in the parameter's type: `x: f64[n, m]`");
  return error_value(span);
}

Value Checker::eval_project(const ast::Project& node, Span span, const ScopePtr& scope) {
  Value base = eval(*node.base, scope);
  if (base.is_error()) return base;
  if (base.kind != Value::Kind::tuple || node.index < 0 ||
      node.index >= static_cast<std::int64_t>(base.fields.size())) {
    error(Code::unknown_field, node.index_span, fmt::format("{} has no element {}", describe(base), node.index));
    return error_value(span);
  }
  return base.fields[static_cast<std::size_t>(node.index)];
}

}  // namespace rg::dsl
