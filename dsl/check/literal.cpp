// Array and struct literals.
#include "dsl/check/literal.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/declare.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

// Whether the elements of an array have the shape. False after a report.
bool of_one_shape(Context& cx, const std::vector<Value>& items, const std::vector<Dim>& dims) {
  for (const Value& v : items) {
    if (v.dims().size() != dims.size()) {
      error(cx, Code::shape_mismatch, v.span,
            fmt::format("the elements of an array have one shape; this is {}", describe(cx, v)))
          .label(items[0].span, fmt::format("this is {}", describe(cx, items[0])));
      return false;
    }
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (same(cx, v.dims()[i], dims[i])) continue;
      report_extents(cx, v.dims()[i], dims[i], v.span,
                     fmt::format("the elements of an array have one shape; this is {}, the first is {}",
                                 describe(cx, v), describe(cx, items[0])));
      return false;
    }
  }
  return true;
}

// Numbers that are all known, as one constant; invalid where they are not.
ValueId constant_array(Context& cx, const std::vector<Value>& items, Elem elem) {
  std::vector<double> reals;
  std::vector<std::int64_t> integers;
  for (const Value& v : items) {
    if (!v.is_flex() || !v.flex->number) return {};
    const double x = *v.flex->number;
    reals.push_back(elem == Elem::f32 ? static_cast<double>(static_cast<float>(x)) : x);
    integers.push_back(v.flex->dim ? v.flex->dim->constant() : 0);
  }
  ops::Constant::Attrs attrs{.elem = elem, .dims = {Dim(static_cast<std::int64_t>(items.size()))}};
  (ir::is_float(elem) ? void(attrs.reals = reals) : void(attrs.integers = integers));
  return cx.b().emit_op<ops::Constant>({}, std::move(attrs));
}

// The elements, of the shape `base` each, side by side; invalid after a report.
ValueId emit_stack(Context& cx, const std::vector<Value>& items, std::ptrdiff_t axis, const std::vector<Dim>& base,
                   Elem elem) {
  std::vector<Dim> one = normal(cx, base);
  one.insert(one.begin() + axis, Dim(1));
  if (base.empty()) {
    if (const ValueId all = constant_array(cx, items, elem); all.valid()) return all;
  }
  std::vector<ValueId> parts;
  for (const Value& v : items) {
    const Value t = materialize(cx, v, elem);
    if (t.is_error()) return {};
    parts.push_back(cx.b().reshape(use(cx, t), one));
  }
  return parts.size() == 1 ? parts[0] : cx.b().emit_op<ops::Concat>(parts, {.axis = axis});
}

}  // namespace

Value stack_values(Context& cx, std::vector<Value> items, std::int64_t axis, Span span) {
  const auto dims = broadcast_dims(cx, {items.data(), 1}, span, "stack");
  if (!of_one_shape(cx, items, *dims)) return error_value(span);
  const auto at = static_cast<std::ptrdiff_t>(axis);
  if (std::ranges::all_of(items, &Value::is_flex)) {
    Flex f;
    f.literal = true;
    for (const Value& v : items) {
      f.floating = f.floating || v.flex->floating;
      f.literal = f.literal && v.flex->literal;
    }
    f.dims = *dims;
    f.dims.insert(f.dims.begin() + at, Dim(static_cast<std::int64_t>(items.size())));
    f.make = [&cx, items, at, base = *dims](Elem elem) { return emit_stack(cx, items, at, base, elem); };
    Value v = make_flex(std::move(f), span);
    v.fields = items;
    return v;
  }
  if (std::ranges::all_of(items, [](const Value& v) { return v.is_tensor() && v.type.elem == Elem::boolean; }))
    return make_tensor(cx, emit_stack(cx, items, at, *dims, Elem::boolean), span);
  const auto elem = common_elem(cx, items, span, "an array");
  if (!elem) return error_value(span);
  const ValueId id = emit_stack(cx, items, at, *dims, *elem);
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
    f.make = [&cx](Elem e) { return cx.b().constant(e, 0, {Dim(0)}); };
    return make_flex(std::move(f), span);
  }
  return stack_values(cx, std::move(items), 0, span);
}

namespace {

// The fields as given, in the order of the declaration. None after a report.
std::optional<std::vector<Value>> struct_fields(Context& cx, const ast::StructLit& node, const StructDecl& decl,
                                                Span span, const ScopePtr& scope) {
  const auto& declared = decl.item->fields;
  std::vector<Value> values(decl.fields.size(), error_value(span));
  std::vector<bool> given(decl.fields.size(), false);
  bool ok = true;
  for (const ast::FieldInit& init : node.fields) {
    const Value value = eval(cx, *init.value, scope);
    std::size_t at = 0;
    while (at < values.size() && declared[at].name.text != init.name.text) ++at;
    if (at == values.size()) {
      std::vector<std::string> candidates;
      for (const auto& f : declared) candidates.push_back(f.name.text);
      Diagnostic& d = error(cx, Code::unknown_field, init.name.span,
                            fmt::format("`{}` has no field `{}`", node.name.text, init.name.text));
      if (const std::string hint = suggestion(init.name.text, candidates); !hint.empty()) d.hint(hint);
      ok = false;
      continue;
    }
    if (given[at]) {
      error(cx, Code::unknown_field, init.name.span, fmt::format("the field `{}` is given twice", init.name.text));
      ok = false;
      continue;
    }
    given[at] = true;
    values[at] = value;
    ok = ok && !value.is_error();
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i]) continue;
    error(cx, Code::unknown_field, span,
          fmt::format("the field `{}` of `{}` is missing", declared[i].name.text, node.name.text))
        .label(declared[i].name.span, "declared here");
    ok = false;
  }
  return ok ? std::optional(std::move(values)) : std::nullopt;
}

// The struct's sizes follow from the fields as a function's do from its arguments. False after a report.
bool solve_struct(Context& cx, const ast::Name& name, const StructDecl& decl, Value& v, Span span) {
  ast::FnItem item;
  item.name = name;
  FnDecl as_function;
  as_function.item = &item;
  as_function.sizes = decl.sizes;
  Unifier u;
  for (const bool flex : {false, true}) {
    for (std::size_t i = 0; i < v.fields.size(); ++i) {
      const std::string what = "field `" + decl.item->fields[i].name.text + "`";
      if (!unify(cx, decl.fields[i], v.fields[i], u, what, flex, as_function)) return false;
    }
  }
  if (!solve(cx, u, as_function, span)) return false;
  for (const auto& s : u.sizes) v.sizes.push_back(normal(cx, *s));
  return true;
}

}  // namespace

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
  auto fields = struct_fields(cx, node, decl, span, scope);
  if (!fields) return error_value(span);
  Value v = error_value(span);
  v.kind = Value::Kind::structure;
  v.decl = &decl;
  v.fields = std::move(*fields);
  if (!solve_struct(cx, node.name, decl, v, span)) return error_value(span);
  Ty t;
  t.kind = Ty::Kind::structure;
  t.decl = &decl;
  t.sizes = v.sizes;
  for (const Ty& f : decl.fields) t.fields.push_back(substitute(f, v.sizes));
  return coerce(cx, v, t, "the struct");
}

}  // namespace rg::dsl
