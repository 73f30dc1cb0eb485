// Calls: functions of the file (an IR call, or expansion in place where the callee is generic), lambdas, vmap,
// builtins.
#include "dsl/check/call.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/builtins.h"
#include "dsl/check/declare.h"
#include "dsl/check/derive.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/index.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

std::string shown(const FnValue& fn) {
  switch (fn.kind) {
    case FnValue::Kind::item:
      return "`" + fn.item->item->name.text + "`";
    case FnValue::Kind::lambda:
      return "the lambda";
    case FnValue::Kind::builtin:
      return "`" + fn.name + "`";
    case FnValue::Kind::derived:
    case FnValue::Kind::vmap:
      return "`" + (fn.kind == FnValue::Kind::vmap ? "vmap" : fn.name) + "` of " + shown(*fn.inner);
  }
  return "";
}

std::vector<std::string> param_names(Context& cx, const FnValue& fn) {
  std::vector<std::string> names;
  switch (fn.kind) {
    case FnValue::Kind::item:
      for (const auto& p : fn.item->item->params) names.push_back(p.name.text);
      break;
    case FnValue::Kind::lambda:
      for (const auto& p : fn.lambda->params) names.push_back(p.name.text);
      break;
    case FnValue::Kind::builtin: {
      const auto op = ops::opcode_named(fn.name);
      const int n = op && ops::info(*op).elementwise ? ops::info(*op).operands : 1;
      for (int i = 0; i < n; ++i) names.push_back(n == 1 ? "x" : std::string(1, static_cast<char>('a' + i)));
      break;
    }
    case FnValue::Kind::derived: {
      names = param_names(cx, *fn.inner);
      for (std::string& extra : extra_params(cx, fn)) names.push_back(std::move(extra));
      break;
    }
    case FnValue::Kind::vmap:
      return param_names(cx, *fn.inner);
  }
  return names;
}

namespace {

bool order_args(Context& cx, Args& args, const std::vector<std::string>& params, Span span, const std::string& what) {
  Args ordered(params.size());
  std::vector<bool> given(params.size(), false);
  std::size_t position = 0;
  for (ArgValue& a : args) {
    std::size_t at = position;
    if (!a.name.empty()) {
      at = static_cast<std::size_t>(std::ranges::find(params, a.name) - params.begin());
      if (at == params.size()) {
        Diagnostic& d =
            error(cx, Code::wrong_arguments, a.name_span, fmt::format("{} has no parameter `{}`", what, a.name));
        if (!params.empty()) d.note("its parameters are " + join(params));
        if (const std::string hint = suggestion(a.name, params); !hint.empty()) d.hint(hint);
        return false;
      }
    } else {
      ++position;
    }
    if (at >= params.size()) {
      error(cx, Code::wrong_arguments, span,
            fmt::format("{} takes {} argument{}, {} given", what, params.size(), params.size() == 1 ? "" : "s",
                        args.size()));
      return false;
    }
    if (given[at]) {
      error(cx, Code::wrong_arguments, a.value.span,
            fmt::format("the parameter `{}` of {} is given twice", params[at], what));
      return false;
    }
    given[at] = true;
    ordered[at] = std::move(a);
  }
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (given[i]) continue;
    error(cx, Code::wrong_arguments, span,
          fmt::format("{} takes {} argument{}, {} given: `{}` is missing", what, params.size(),
                      params.size() == 1 ? "" : "s", args.size(), params[i]));
    return false;
  }
  args = std::move(ordered);
  return true;
}

Value apply_builtin(Context& cx, const std::string& name, Args args, Span span, Span callee_span) {
  if (const auto elem = ir::elem_named(name)) {  // conversion
    if (args.size() != 1 || !args[0].name.empty() || !args[0].value.is_array()) {
      error(cx, Code::wrong_arguments, span, fmt::format("`{}(x)` converts one number or array", name));
      return error_value(span);
    }
    const Value& x = args[0].value;
    if (x.is_flex() && x.flex->literal && *elem != Elem::boolean && (ir::is_float(*elem) || !x.flex->floating))
      return materialize(cx, x, elem);
    Value t = materialize(cx, x, x.is_flex() && ir::is_float(*elem) ? elem : std::nullopt);
    if (t.is_error()) return t;
    Value v = make_tensor(cx, cx.b().convert(use(cx, t), *elem), span);
    if (ir::is_integer(*elem) && ir::is_integer(t.type.elem)) v.affine = t.affine, v.low = t.low, v.high = t.high;
    return v;
  }
  if (is_operator(name)) {
    error(cx, Code::derivative_arguments, callee_span,
          fmt::format("`{}` is applied to a function where it is named", name))
        .hint(fmt::format("write `f => {}(f)`", name));
    return error_value(span);
  }
  BuiltinCall call{cx, name, span, callee_span, {}, {}};
  for (ArgValue& a : args) (a.name.empty() ? call.args : call.options).push_back(std::move(a));
  const Builtin handler = find_builtin(name);
  if (handler == nullptr) internal_error("builtin without a handler: " + name);
  return handler(call);
}

}  // namespace

Value eval_call(Context& cx, const ast::Call& node, Span span, const ScopePtr& scope) {
  // Derivative operators read names (`wrt: x`), so that they see syntax.
  if (const std::string* name = as_name(*node.callee);
      name != nullptr && find(scope, *name) == nullptr && is_operator(*name)) {
    const auto& own = root(scope).module->functions;
    if (own.find(*name) == own.end()) return eval_operator(cx, *name, node, span, scope);
  }
  const Value callee = eval(cx, *node.callee, scope);
  Args args;
  bool ok = !callee.is_error();
  for (const ast::Arg& a : node.args) {
    ArgValue v;
    if (a.name) v.name = a.name->text, v.name_span = a.name->span;
    v.expr = a.value.get();
    v.value = eval(cx, *a.value, scope);
    ok = ok && !v.value.is_error();
    args.push_back(std::move(v));
  }
  if (!ok) return error_value(span);
  if (callee.kind != Value::Kind::function) {
    error(cx, Code::not_a_function, node.callee->span, fmt::format("this is {}, not a function", describe(cx, callee)))
        .hint(callee.is_array() ? "a product is written with `*`, a subscript with `[…]`"
                                : "only functions are called");
    return error_value(span);
  }
  if (callee.fn->kind == FnValue::Kind::builtin)
    return apply_builtin(cx, callee.fn->name, std::move(args), span, node.callee->span);
  return apply(cx, *callee.fn, std::move(args), span);
}

namespace {

Value inline_item(Context& cx, const FnDecl& decl, std::vector<Value> args, Unifier& u, Span span) {
  if (std::ranges::count(cx.inlining, &decl) > 8) {
    error(cx, Code::recursion, span, fmt::format("`{}` calls itself", decl.item->name.text))
        .note("recursion is not supported yet")
        .hint("write a `loop`");
    return error_value(span);
  }
  auto top = std::make_shared<Scope>();
  top->module = decl.module;
  top->packs = u.packs;
  top->open_elem = u.elem;
  ScopePtr scope = top;
  std::vector<Dim> sizes;
  for (std::size_t i = 0; i < decl.sizes.size(); ++i) {
    sizes.push_back(normal(cx, *u.sizes[i]));
    scope = extend(scope, decl.sizes[i], make_int(cx, sizes.back(), span), decl.item->name.span, true);
  }
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (decl.params[i].kind == Ty::Kind::size) continue;
    scope = extend(scope, decl.item->params[i].name.text, args[i], decl.item->params[i].name.span);
  }
  cx.inlining.push_back(&decl);
  Value v = eval(cx, *decl.item->body, scope);
  if (!v.is_error())
    v = coerce(cx, v, resolve(cx, *decl.item->result, scope), fmt::format("the result of `{}`", decl.item->name.text));
  if (v.is_flex()) v = materialize(cx, v, u.elem);
  cx.inlining.pop_back();
  return v;
}

Value apply_item(Context& cx, const FnDecl& decl_, Args args, Span span) {
  FnDecl& decl = const_cast<FnDecl&>(decl_);
  declare_function(cx, decl);
  if (decl.broken) return error_value(span);
  Unifier u;
  std::vector<Value> values;
  for (ArgValue& a : args) values.push_back(std::move(a.value));
  for (const bool flex : {false, true}) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!unify(cx, decl.params[i], values[i], u, "`" + decl.item->params[i].name.text + "`", flex, decl))
        return error_value(span);
    }
  }
  if (!solve(cx, u, decl, span)) return error_value(span);
  if (decl.generic) return inline_item(cx, decl, std::move(values), u, span);
  if (decl.state == FnDecl::State::building) {
    error(cx, Code::recursion, span, fmt::format("`{}` calls itself", decl.item->name.text))
        .label(decl.item->name.span, "the function")
        .note("recursion is not supported yet")
        .hint("write a `loop`");
    return error_value(span);
  }
  build_function(cx, decl);
  if (decl.broken) return error_value(span);
  std::vector<Dim> sizes;
  for (const auto& s : u.sizes) sizes.push_back(normal(cx, *s));
  std::vector<ValueId> operands;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (decl.params[i].kind == Ty::Kind::size) continue;
    values[i] = coerce(cx, values[i], substitute(decl.params[i], sizes), "`" + decl.item->params[i].name.text + "`");
    if (values[i].is_error()) return error_value(span);
    for (const ValueId id : leaf_ids(cx, values[i])) operands.push_back(id);
  }
  const ir::Function& callee = *cx.module.find(decl.ir_name);
  std::vector<ir::Type> types;
  for (const ir::Type& t : callee.result_types()) types.push_back(t.substitute(sizes));
  const auto ids = cx.b().emit_typed(ops::opcode<ops::Call>(), operands,
                                     ops::Call::Attrs{.callee = {decl.ir_name}, .sizes = sizes}, {}, types);
  std::size_t at = 0;
  const std::function<Value(const Ty&)> build = [&](const Ty& t) {
    if (t.kind == Ty::Kind::tensor) return make_tensor(cx, ids[at++], span);
    Value v = error_value(span);
    v.kind = t.kind == Ty::Kind::tuple ? Value::Kind::tuple : Value::Kind::structure;
    v.decl = t.decl;
    v.sizes = t.sizes;
    for (const Ty& f : t.fields) v.fields.push_back(build(f));
    return v;
  };
  return build(substitute(decl.result, sizes));
}

Value apply_lambda(Context& cx, const FnValue& fn, Args args, Span span) {
  ScopePtr scope = fn.env;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const ast::LambdaParam& p = fn.lambda->params[i];
    Value v = args[i].value;
    if (p.type != nullptr) {
      // A size that is new here is the argument's extent.
      if (const auto* named = std::get_if<ast::NamedType>(&p.type->node);
          named != nullptr && v.is_array() && v.dims().size() == named->dims.size()) {
        for (std::size_t d = 0; d < named->dims.size(); ++d) {
          const std::string* size = named->dims[d].value ? as_name(*named->dims[d].value) : nullptr;
          if (size != nullptr && find(scope, *size) == nullptr)
            scope = extend(scope, *size, make_int(cx, normal(cx, v.dims()[d]), named->dims[d].span),
                           named->dims[d].span, true);
        }
      }
      v = coerce(cx, v, resolve(cx, *p.type, scope), "`" + p.name.text + "`");
    }
    if (v.is_error()) return error_value(span);
    scope = bind_checked(cx, scope, p.name, v);
  }
  return eval(cx, *fn.lambda->body, scope);
}

bool is_mapped(const FnValue& fn, std::size_t argument) {
  return argument >= fn.in_axes.size() || fn.in_axes[argument].has_value();
}

// An argument of a mapped function as a tensor: numbers of open type are of the parameter's.
Value vmap_argument(Context& cx, const FnValue& fn, std::size_t i, const Value& given) {
  const FnDecl* item = fn.inner->kind == FnValue::Kind::item ? fn.inner->item : nullptr;
  if (item != nullptr) declare_function(cx, const_cast<FnDecl&>(*item));
  const bool typed =
      item != nullptr && !item->broken && item->params[i].kind == Ty::Kind::tensor && !item->params[i].any_float;
  return typed && given.is_flex() ? materialize(cx, given, item->params[i].tensor.elem) : default_typed(cx, given);
}

// Whether the argument's parts have the leading extent, which the first one gives. False after a report.
bool leading_extent(Context& cx, const Value& argument, std::optional<Dim>& extent) {
  std::vector<Value> leaves;
  flatten(argument, leaves);
  for (const Value& leaf : leaves) {
    const ir::Type t = type_of(cx, leaf);
    if (t.is_scalar()) {
      error(cx, Code::shape_mismatch, leaf.span, "`vmap` maps over the leading dimension, this argument has none")
          .hint("capture it in a lambda: `vmap(x => f(x, a))(xs)`");
      return false;
    }
    if (extent && !same(cx, *extent, t.dims[0])) {
      report_extents(cx, t.dims[0], *extent, leaf.span, "the arguments of `vmap` have different leading extents");
      return false;
    }
    extent = extent.value_or(t.dims[0]);
  }
  return true;
}

// The parts at the index of the leading axis.
Value leading_slice(Context& cx, const Value& v, const Value& index, Span span) {
  if (v.is_tensor()) {
    const ir::Type t = type_of(cx, v);
    std::vector<Axis> axes(t.rank());
    axes[0].kind = Axis::Kind::at;
    axes[0].index = index;
    for (std::size_t d = 1; d < axes.size(); ++d) axes[d].length = t.dims[d];
    return take(cx, v, axes, span);
  }
  Value out = v;
  for (Value& f : out.fields) f = leading_slice(cx, f, index, span);
  return out;
}

// vmap(f)(xs…): the arguments' leading axes become one index of a `map`; a scalar argument is shared.
Value apply_vmap(Context& cx, const FnValue& fn, Args args, Span span) {
  std::optional<Dim> extent;
  std::vector<Value> values;
  for (std::size_t i = 0; i < args.size(); ++i) {
    values.push_back(vmap_argument(cx, fn, i, args[i].value));
    if (values.back().is_error()) return error_value(span);
    if (is_mapped(fn, i) && !leading_extent(cx, values.back(), extent)) return error_value(span);
  }
  if (!extent) {
    error(cx, Code::wrong_arguments, span, "`vmap` needs an argument to map over");
    return error_value(span);
  }
  const Dim n = normal(cx, *extent);
  Value result = error_value(span);
  const Facts facts = save_facts(cx);
  const std::vector<ir::Type> params{{Elem::i64, {}}};
  const ir::BlockId block = cx.b().in_block(params, [&](std::span<const ValueId> p) -> std::vector<ValueId> {
    const Value i = index_value(cx, p[0], Affine{Dim(0), {}}, Affine{n - Dim(1), {}}, span);
    Args inner(args.size());
    for (std::size_t k = 0; k < args.size(); ++k)
      inner[k].value = is_mapped(fn, k) ? leading_slice(cx, values[k], i, span) : values[k];
    result = default_typed(cx, apply(cx, *fn.inner, std::move(inner), span));
    return result.is_error() ? std::vector<ValueId>{} : leaf_ids(cx, result);
  });
  restore_facts(cx, facts);
  if (result.is_error()) return result;
  const auto ids = cx.b().emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{{n}}, {block});
  std::size_t at = 0;
  return rebuild(cx, result, ids, at);
}

}  // namespace

Value apply(Context& cx, const FnValue& fn, Args args, Span span) {
  if (too_deep(cx)) {
    error(cx, Code::recursion, span, "this expands too deep");
    return error_value(span);
  }
  ++cx.depth;
  Value v = error_value(span);
  if (fn.kind == FnValue::Kind::builtin) {
    v = apply_builtin(cx, fn.name, std::move(args), span, fn.span);
  } else if (order_args(cx, args, param_names(cx, fn), span, shown(fn))) {
    switch (fn.kind) {
      case FnValue::Kind::item:
        v = apply_item(cx, *fn.item, std::move(args), span);
        break;
      case FnValue::Kind::lambda:
        v = apply_lambda(cx, fn, std::move(args), span);
        break;
      case FnValue::Kind::derived:
        v = apply_derived(cx, fn, std::move(args), span);
        break;
      case FnValue::Kind::vmap:
        v = apply_vmap(cx, fn, std::move(args), span);
        break;
      case FnValue::Kind::builtin:
        break;
    }
  }
  --cx.depth;
  v.span = span;
  return v;
}

}  // namespace rg::dsl
