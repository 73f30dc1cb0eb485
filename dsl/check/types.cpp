// Types as written: size expressions, resolving type syntax, showing types, making parameters.
#include "dsl/check/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/support/suggestion.h"
#include "dsl/check/declare.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/values.h"
#include "dsl/check/vocabulary.h"

namespace rg::dsl {

namespace {

/// What other languages call the element types.
struct ForeignType {
  std::string_view name, here;
};
constexpr ForeignType kForeignTypes[] = {{"double", "f64"},  {"float64", "f64"}, {"Float64", "f64"}, {"float32", "f32"},
                                         {"Float32", "f32"}, {"real", "f64"},    {"int", "i64"},     {"int64", "i64"},
                                         {"integer", "i64"}, {"int32", "i32"},   {"boolean", "bool"}};

}  // namespace

std::optional<Dim> eval_dim(Context& cx, const ast::Expr& expr, const ScopePtr& scope) {
  const auto bad = [&]() -> std::optional<Dim> {
    error(cx, Code::not_a_size, expr.span, "this is no size expression")
        .note("an extent is made of integers, sizes, `+ - * div mod`, `min` and `max`");
    return std::nullopt;
  };
  if (const auto* lit = ast::as<ast::IntLit>(expr)) return Dim(lit->value);
  if (const std::string* name = as_name(expr)) {
    const Scope* s = find(scope, *name);
    if (s != nullptr && s->value.is_flex() && s->value.flex->dim) return normal(cx, *s->value.flex->dim);
    if (s == nullptr && cx.frame == nullptr) {
      error(cx, Code::unknown_name, expr.span, fmt::format("there is no size `{}` here", *name))
          .note("sizes are the names in a function's parameter types, and those in brackets behind a struct's name");
      return std::nullopt;
    }
    if (s == nullptr) {
      unknown_name(cx, scope, *name, expr.span);
      return std::nullopt;
    }
    return bad();
  }
  if (const auto* u = ast::as<ast::Unary>(expr); u != nullptr && u->op == ast::UnaryOp::neg) {
    const auto d = eval_dim(cx, *u->operand, scope);
    return d ? std::optional(Dim(0) - *d) : std::nullopt;
  }
  if (const auto* call = ast::as<ast::Call>(expr)) {
    const std::string* name = as_name(*call->callee);
    if (name == nullptr || (*name != "min" && *name != "max") || call->args.size() != 2) return bad();
    const auto x = eval_dim(cx, *call->args[0].value, scope), y = eval_dim(cx, *call->args[1].value, scope);
    if (!x || !y) return std::nullopt;
    return *name == "min" ? Dim::min(*x, *y) : Dim::max(*x, *y);
  }
  const auto* node = ast::as<ast::Binary>(expr);
  if (node == nullptr) return bad();
  const auto x = eval_dim(cx, *node->lhs, scope), y = eval_dim(cx, *node->rhs, scope);
  if (!x || !y) return std::nullopt;
  std::optional<Dim> result;
  using enum ast::BinaryOp;
  if (node->op == add) result = *x + *y;
  if (node->op == sub) result = *x - *y;
  if (node->op == mul) result = *x * *y;
  if (node->op == int_div || node->op == int_mod) {
    if (y->is_constant() && y->constant() == 0) {
      error(cx, Code::not_a_size, expr.span, "an extent is divided by 0");
      return std::nullopt;
    }
    result = node->op == int_div ? Dim::div(*x, *y) : Dim::mod(*x, *y);
  }
  if (node->op == pow && y->is_constant() && y->constant() >= 0 && y->constant() <= 16) {
    result = Dim(1);
    for (std::int64_t i = 0; i < y->constant(); ++i) result = *result * *x;
  }
  if (!result) return bad();
  if (!result->valid()) {
    error(cx, Code::not_a_size, expr.span, "this extent leaves the range of 64-bit integers");
    return std::nullopt;
  }
  return result;
}

namespace {

// The extents of a named type; what stands for a pack that the call has not fixed is said in `t`. None after a report.
std::optional<std::vector<Dim>> resolve_dims(Context& cx, const ast::NamedType& named, const ScopePtr& scope, Ty& t) {
  std::vector<Dim> dims;
  for (const ast::Dim& d : named.dims) {
    if (d.is_pack) {
      const auto& packs = root(scope).packs;
      if (const auto pack = packs.find(d.pack_name); pack != packs.end()) {
        dims.insert(dims.end(), pack->second.begin(), pack->second.end());
      } else {
        t.pack = true;
        t.pack_name = d.pack_name;
      }
      continue;
    }
    const auto value = eval_dim(cx, *d.value, scope);
    if (!value) return std::nullopt;
    if ((Dim(-1) - *value).proven_nonnegative()) {
      error(cx, Code::not_a_size, d.span, fmt::format("the extent {} is negative", str(cx, *value)));
      return std::nullopt;
    }
    dims.push_back(*value);
  }
  return dims;
}

void unknown_type(Context& cx, const ast::Name& name, const ModuleScope& module) {
  std::vector<std::string> candidates = type_names();
  for (const auto& [n, s] : module.structs) candidates.push_back(n);
  Diagnostic& d = error(cx, Code::unknown_name, name.span, fmt::format("there is no type `{}`", name.text));
  const auto* foreign = std::ranges::find(kForeignTypes, name.text, &ForeignType::name);
  const std::string hint = foreign == std::end(kForeignTypes) ? suggestion(name.text, candidates)
                                                              : fmt::format("it is called `{}` here", foreign->here);
  if (!hint.empty()) d.hint(hint);
}

// The struct with the sizes; an error type after a report.
Ty resolve_struct(Context& cx, Ty t, StructDecl& decl, const std::vector<Dim>& sizes, Span span) {
  declare_struct(cx, decl);
  const std::size_t count = decl.sizes.size();
  if (sizes.size() != count) {
    error(cx, Code::wrong_arguments, span,
          fmt::format("`{}` has {} size{}, {} given", decl.item->name.text, count, count == 1 ? "" : "s", sizes.size()))
        .label(decl.item->name.span, "the struct");
    return {};
  }
  t.kind = Ty::Kind::structure;
  t.decl = &decl;
  t.sizes = sizes;
  for (const Ty& f : decl.fields) {
    t.fields.push_back(substitute(f, sizes));
    if (f.kind == Ty::Kind::error) return {};
  }
  return t;
}

Ty resolve_named(Context& cx, const ast::NamedType& named, Span span, const ScopePtr& scope) {
  Ty t;
  const std::string& name = named.name.text;
  const Scope& top = root(scope);
  if (name == "size") {
    t.kind = Ty::Kind::size;
    return t;
  }
  const auto dims = resolve_dims(cx, named, scope, t);
  if (!dims) return {};
  const auto elem = ir::elem_named(name);
  if (elem || name == "float") {
    t.kind = Ty::Kind::tensor;
    t.any_float = !elem && !top.open_elem;
    t.tensor = {elem.value_or(top.open_elem.value_or(Elem::f64)), *dims};
    return t;
  }
  const auto found = top.module->structs.find(name);
  if (found != top.module->structs.end()) return resolve_struct(cx, t, *found->second, *dims, span);
  unknown_type(cx, named.name, *top.module);
  return {};
}

}  // namespace

Ty resolve(Context& cx, const ast::TypeExpr& type, const ScopePtr& scope) {
  if (const auto* named = std::get_if<ast::NamedType>(&type.node)) return resolve_named(cx, *named, type.span, scope);
  Ty t;
  if (const auto* fn = std::get_if<ast::FnType>(&type.node)) {
    t.kind = Ty::Kind::function;
    t.arity = fn->params.size();
    return t;
  }
  t.kind = Ty::Kind::tuple;
  for (const auto& e : std::get<ast::TupleType>(type.node).elements) {
    t.fields.push_back(resolve(cx, *e, scope));
    if (t.fields.back().kind == Ty::Kind::error) return {};
  }
  return t;
}

Ty substitute(const Ty& t, std::span<const Dim> sizes) {
  Ty r = t;
  r.tensor = t.tensor.substitute(sizes);
  r.size = t.size.substitute(sizes);
  for (Dim& d : r.sizes) d = d.substitute(sizes);
  for (Ty& f : r.fields) f = substitute(f, sizes);
  return r;
}

bool has_float(const Ty& t) {
  if (t.kind == Ty::Kind::tensor) return ir::is_float(t.tensor.elem);
  return std::ranges::any_of(t.fields, has_float);
}

std::string describe(const Ty& t, std::span<const std::string> size_names) {
  switch (t.kind) {
    case Ty::Kind::error:
      return "an error";
    case Ty::Kind::size:
      return "size";
    case Ty::Kind::function:
      return fmt::format("a function of {}", t.arity);
    case Ty::Kind::tensor: {
      std::string s = t.any_float ? "float" : std::string(ir::name(t.tensor.elem));
      std::string dims = t.pack ? "..." : "";
      for (const Dim& d : t.tensor.dims) dims += (dims.empty() ? "" : ", ") + d.str(size_names);
      return dims.empty() ? s : s + "[" + dims + "]";
    }
    case Ty::Kind::tuple: {
      std::string s = "(";
      for (std::size_t i = 0; i < t.fields.size(); ++i) s += (i ? ", " : "") + describe(t.fields[i], size_names);
      return s + (t.fields.size() == 1 ? ",)" : ")");
    }
    case Ty::Kind::structure: {
      std::string s = t.decl->item->name.text;
      for (std::size_t i = 0; i < t.sizes.size(); ++i) s += (i ? ", " : "[") + t.sizes[i].str(size_names);
      return t.sizes.empty() ? s : s + "]";
    }
  }
  return "";
}

Value param_value(Context& cx, const Ty& t, const std::string& name, Span span) {
  if (t.kind == Ty::Kind::tensor) return make_tensor(cx, cx.b().add_param(t.tensor, name), span);
  if (t.kind == Ty::Kind::size) return make_int(cx, t.size, span);
  Value v;
  v.span = span;
  v.kind = t.kind == Ty::Kind::tuple ? Value::Kind::tuple : Value::Kind::structure;
  v.decl = t.decl;
  v.sizes = t.sizes;
  for (std::size_t i = 0; i < t.fields.size(); ++i) {
    const std::string field = t.decl ? t.decl->item->fields[i].name.text : std::to_string(i);
    v.fields.push_back(param_value(cx, t.fields[i], name + "." + field, span));
  }
  return v;
}

ir::Tree param_tree(const Ty& t, const std::string& name) {
  ir::Tree tree;
  tree.name = name;
  if (t.kind == Ty::Kind::size) {
    tree.kind = ir::Tree::Kind::size;
    tree.size = t.size.as_size().value_or(0);
  }
  if (t.kind == Ty::Kind::tuple) tree.kind = ir::Tree::Kind::tuple;
  if (t.kind == Ty::Kind::structure) {
    tree.kind = ir::Tree::Kind::structure;
    tree.type_name = t.decl->item->name.text;
  }
  for (std::size_t i = 0; i < t.fields.size(); ++i)
    tree.fields.push_back(param_tree(t.fields[i], t.decl ? t.decl->item->fields[i].name.text : ""));
  return tree;
}

}  // namespace rg::dsl
