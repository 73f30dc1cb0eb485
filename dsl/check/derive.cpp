// Derivative operators: what is differentiated with respect to what, and the `derive` instruction that says so. A
// function value that is no plain function of the file becomes an IR function of its own, its captures trailing.
#include "dsl/check/derive.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/declare.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"
#include "dsl/check/vocabulary.h"

namespace rg::dsl {

namespace {

const FnDecl* base_item(const FnValue& fn) {
  if (fn.kind == FnValue::Kind::item) return fn.item;
  return fn.kind == FnValue::Kind::derived ? base_item(*fn.inner) : nullptr;
}

// The element type written for a lambda's parameter.
std::optional<Elem> written_elem(const FnValue& fn, std::size_t param) {
  if (fn.kind == FnValue::Kind::derived) return written_elem(*fn.inner, param);
  if (fn.kind != FnValue::Kind::lambda || param >= fn.lambda->params.size()) return std::nullopt;
  const auto& type = fn.lambda->params[param].type;
  const auto* named = type == nullptr ? nullptr : std::get_if<ast::NamedType>(&type->node);
  return named == nullptr ? std::nullopt : ir::elem_named(named->name.text);
}

bool holds_float(const Value& v) {
  if (v.is_tensor()) return ir::is_float(v.type.elem);
  return v.is_flex() ? v.flex->floating : std::ranges::any_of(v.fields, holds_float);
}

std::string stem(const FnValue& fn) {
  switch (fn.kind) {
    case FnValue::Kind::item:
      return fn.item->item->name.text;
    case FnValue::Kind::lambda:
      return "lambda";
    case FnValue::Kind::builtin:
      return fn.name;
    case FnValue::Kind::vmap:
      return "vmap_" + stem(*fn.inner);
    case FnValue::Kind::derived:
      return fn.name + "_" + stem(*fn.inner);
  }
  return "";
}

}  // namespace

bool is_operator(const std::string& name) {
  return std::ranges::find(function_operators(), name) != function_operators().end();
}

namespace {

// The names that `wrt:` gives. False after a report.
bool read_wrt(Context& cx, const std::string& name, const ast::Arg& a, std::vector<ast::Name>& wrt) {
  if (a.name->text != "wrt" || name == "vmap" || name == "checkpoint") {
    error(cx, Code::derivative_arguments, a.name->span, fmt::format("`{}` has no option `{}`", name, a.name->text))
        .hint(name == "vmap" ? "capture what is not mapped in a lambda" : "the option is called `wrt`");
    return false;
  }
  std::vector<const ast::Expr*> list;
  if (const auto* tuple = ast::as<ast::Tuple>(*a.value)) {
    for (const auto& e : tuple->elements) list.push_back(e.get());
  } else {
    list.push_back(a.value.get());
  }
  for (const ast::Expr* e : list) {
    const std::string* param = as_name(*e);
    if (param == nullptr) {
      error(cx, Code::unknown_wrt, e->span, "`wrt` takes names of parameters").hint("`wrt: x` or `wrt: (x, y)`");
      return false;
    }
    wrt.push_back({*param, e->span});
  }
  return true;
}

// The function that the operator is given, and what it differentiates by: an error value after a report.
Value operand_of(Context& cx, const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope,
                 std::vector<ast::Name>& wrt) {
  std::optional<Value> function;
  for (const ast::Arg& a : node.args) {
    if (a.name) {
      if (!read_wrt(cx, name, a, wrt)) return error_value(span);
      continue;
    }
    if (function) {
      error(cx, Code::derivative_arguments, a.value->span,
            fmt::format("`{}` takes one function; the function that it gives takes the arguments", name))
          .hint(fmt::format("write `{}(f)(…)`, and `wrt: x` to name what to differentiate by", name));
      return error_value(span);
    }
    function = eval(cx, *a.value, scope);
  }
  if (!function) {
    error(cx, Code::derivative_arguments, span, fmt::format("`{}` takes a function", name));
    return error_value(span);
  }
  if (!function->is_error() && function->kind != Value::Kind::function) {
    error(cx, Code::derivative_arguments, function->span,
          fmt::format("`{}` takes a function, this is {}", name, describe(cx, *function)))
        .hint(fmt::format("write `{}(f)(x)` or `{}(x => …)(a)`", name, name));
    return error_value(span);
  }
  return *function;
}

bool are_parameters(Context& cx, const std::vector<ast::Name>& wrt, const FnValue& fn) {
  const std::vector<std::string> params = param_names(cx, fn);
  for (const ast::Name& w : wrt) {
    if (std::ranges::find(params, w.text) != params.end()) continue;
    Diagnostic& d = error(cx, Code::unknown_wrt, w.span, fmt::format("{} has no parameter `{}`", shown(fn), w.text));
    d.note("its parameters are " + join(params));
    if (const std::string hint = suggestion(w.text, params); !hint.empty()) d.hint(hint);
    return false;
  }
  return true;
}

}  // namespace

Value eval_operator(Context& cx, const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope) {
  FnValue fn;
  fn.kind = name == "vmap" ? FnValue::Kind::vmap : FnValue::Kind::derived;
  fn.name = name;
  const Value function = operand_of(cx, name, node, span, scope, fn.wrt);
  if (function.is_error()) return error_value(span);
  if (name == "checkpoint") return function;
  fn.inner = function.fn;
  if (!are_parameters(cx, fn.wrt, *fn.inner)) return error_value(span);
  const auto twice = [&](std::string inner_name, std::string outer_name) {
    FnValue inner = fn;
    inner.name = std::move(inner_name);
    inner.span = span;
    fn.name = std::move(outer_name);
    fn.inner = std::make_shared<const FnValue>(std::move(inner));
  };
  if (name == "hessian") twice("grad", "jacobian");
  if (name == "hvp") twice("grad", name);
  if (name == "value_and_hvp") twice("value_and_grad", name);
  return make_function(std::move(fn), span);
}

std::vector<std::string> extra_params(Context& cx, const FnValue& fn) {
  if (fn.name == "vjp" || fn.name == "value_and_vjp") return {"ybar"};
  const bool hvp = fn.name == "hvp" || fn.name == "value_and_hvp";
  if (!hvp && fn.name != "jvp" && fn.name != "value_and_jvp") return {};
  const std::string prefix = hvp ? "v_" : "d_";
  std::vector<std::string> extra;
  for (const ast::Name& w : fn.wrt) extra.push_back(prefix + w.text);
  if (extra.empty()) {
    const std::vector<std::string> params = param_names(cx, *fn.inner);
    std::string name = params.size() == 1 ? params[0] : "";
    if (const FnDecl* item = base_item(*fn.inner)) {
      declare_function(cx, const_cast<FnDecl&>(*item));
      for (std::size_t i = 0; i < item->params.size(); ++i) {
        if (has_float(item->params[i]) && name.empty()) name = item->item->params[i].name.text;
      }
    }
    extra.push_back(prefix + (name.empty() ? "x" : name));
  }
  return extra;
}

namespace {

std::optional<std::vector<std::size_t>> wrt_params(Context& cx, const FnValue& fn, const std::vector<Value>& args,
                                                   Span span) {
  const std::vector<std::string> params = param_names(cx, *fn.inner);
  std::vector<std::size_t> out;
  for (const ast::Name& w : fn.wrt)
    out.push_back(static_cast<std::size_t>(std::ranges::find(params, w.text) - params.begin()));
  if (!out.empty()) return out;
  std::vector<std::string> floats;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!holds_float(args[i])) continue;
    floats.push_back(params[i]);
    out.push_back(i);
  }
  if (out.size() == 1) return out;
  if (out.empty()) {
    error(cx, Code::not_differentiable, span,
          fmt::format("{} has no parameter of float type to differentiate by", shown(*fn.inner)));
  } else {
    error(cx, Code::wrt_required, span,
          fmt::format("{} has several parameters of float type: {}", shown(*fn.inner), join(floats)))
        .note("`wrt` is required where more than one parameter is of float type")
        .hint(fmt::format("`wrt: {}`, or several: `wrt: ({}, {})`", floats[0], floats[0], floats[1]));
  }
  return std::nullopt;
}

}  // namespace

bool check_floats(Context& cx, const Value& v, const std::string& what, Span span, const std::string& path) {
  if (v.kind == Value::Kind::tuple || v.kind == Value::Kind::structure) {
    for (std::size_t i = 0; i < v.fields.size(); ++i) {
      const std::string field = v.decl ? v.decl->item->fields[i].name.text : std::to_string(i);
      if (!check_floats(cx, v.fields[i], what, span, path + "." + field)) return false;
    }
    return true;
  }
  if (v.is_tensor() && ir::is_float(v.type.elem)) return true;
  error(cx, Code::not_differentiable, span,
        path.empty()
            ? fmt::format("{} is {}, which has no derivative", what, describe(cx, v))
            : fmt::format("the field `{}` of {} is {}, which has no derivative", path.substr(1), what, describe(cx, v)))
      .note("derivatives are taken with respect to f32 and f64")
      .hint(path.empty() ? "convert it to a float type" : "keep integers out of the struct that is differentiated by");
  return false;
}

namespace {

// A value of the type without anything that computes it.
Value shape_of(const Ty& t, Span span) {
  Value v = error_value(span);
  v.decl = t.decl;
  v.sizes = t.sizes;
  v.type = t.tensor;
  v.kind = t.kind == Ty::Kind::tensor  ? Value::Kind::tensor
           : t.kind == Ty::Kind::tuple ? Value::Kind::tuple
                                       : Value::Kind::structure;
  for (const Ty& f : t.fields) v.fields.push_back(shape_of(f, span));
  return v;
}

// A plain function of the file is an IR function already.
Lifted lift_item(Context& cx, FnDecl& decl, std::vector<Value>& args, Span span) {
  Lifted out;
  Unifier u;
  for (const bool flex : {false, true}) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!unify(cx, decl.params[i], args[i], u, "`" + decl.item->params[i].name.text + "`", flex, decl)) return out;
    }
  }
  if (!solve(cx, u, decl, span)) return out;
  if (decl.state == FnDecl::State::building) {
    error(cx, Code::recursion, span, fmt::format("`{}` differentiates itself", decl.item->name.text))
        .note("recursion is not supported yet");
    return out;
  }
  build_function(cx, decl);
  if (decl.broken) return out;
  for (const auto& s : u.sizes) out.sizes.push_back(normal(cx, *s));
  for (std::size_t i = 0; i < args.size(); ++i) {
    auto& leaves = out.param_leaves.emplace_back();
    if (decl.params[i].kind == Ty::Kind::size) continue;
    args[i] = coerce(cx, args[i], substitute(decl.params[i], out.sizes), "`" + decl.item->params[i].name.text + "`");
    if (args[i].is_error()) return out;
    for (const ValueId id : leaf_ids(cx, args[i])) {
      leaves.push_back(static_cast<std::int64_t>(out.operands.size()));
      out.operands.push_back(id);
    }
  }
  out.callee = decl.ir_name;
  out.result = shape_of(substitute(decl.result, out.sizes), span);
  out.ok = true;
  return out;
}

// Gives the argument its type, if it is no function and no size. False after a report.
bool type_argument(Context& cx, const FnValue& fn, std::size_t param, Value& a, bool some_float) {
  if (a.kind == Value::Kind::function) return true;
  if (!a.is_flex()) {
    a = default_typed(cx, a);
    return !a.is_error();
  }
  const FnDecl* item = base_item(fn);
  const std::optional<Elem> written = written_elem(fn, param);
  // Literals without a type are numbers to differentiate by where nothing else is.
  const bool only_literal = a.flex->literal && !some_float;
  if (item != nullptr && param < item->params.size()) {
    const Ty& t = item->params[param];
    if (t.kind == Ty::Kind::tensor) a = materialize(cx, a, t.any_float ? std::nullopt : std::optional(t.tensor.elem));
  } else if (written) {
    a = materialize(cx, a, written);
  } else if (a.flex->floating || !a.flex->dim || only_literal) {
    a = materialize(cx, a, only_literal ? std::optional(Elem::f64) : std::nullopt);
  }
  return !a.is_error();
}

// Parameters of `g`, the function of the frame, for the arguments; those without ids are known when it is made.
Args lifted_params(Context& cx, ir::Function& g, const FnValue& fn, const std::vector<Value>& args,
                   const std::vector<std::vector<ValueId>>& ids, Lifted& out) {
  const std::vector<std::string> names = param_names(cx, fn);
  Args inner(args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    auto& leaves = out.param_leaves.emplace_back();
    inner[i].value = args[i];
    if (ids[i].empty()) continue;
    std::vector<ValueId> params;
    for (const ValueId id : ids[i]) {
      leaves.push_back(static_cast<std::int64_t>(out.operands.size()));
      out.operands.push_back(id);
      params.push_back(cx.b().add_param(cx.frame->parent->function->type(id), names[i]));
    }
    std::size_t at = 0;
    inner[i].value = rebuild(cx, args[i], params, at);
    g.signature.params.push_back(tree_of(inner[i].value, names[i]));
  }
  return inner;
}

void keep_shape_only(Context& cx, Value& v) {
  if (v.is_tensor()) v.type = type_of(cx, v);
  for (Value& f : v.fields) keep_shape_only(cx, f);
}

// Fills `g` in a frame of its own; what it captures are trailing operands.
void build_lifted(Context& cx, ir::Function& g, const FnValue& fn, const std::vector<Value>& args,
                  const std::vector<std::vector<ValueId>>& ids, Span span, Lifted& out) {
  Frame* const outer = cx.frame;
  cx.frame = new_frame(cx, g, outer);
  out.result = default_typed(cx, apply(cx, fn, lifted_params(cx, g, fn, args, ids, out), span));
  if (!out.result.is_error()) {
    cx.b().set_yields(leaf_ids(cx, out.result));
    g.signature.result = tree_of(out.result, "");
    keep_shape_only(cx, out.result);
  }
  for (const ValueId c : cx.frame->captures) {
    out.operands.push_back(c);
    ir::Tree t;
    t.name = outer->function->value(c).name;
    g.signature.params.push_back(std::move(t));
  }
  cx.frame = outer;
}

}  // namespace

// The function value as an IR function, and the operands with which to call it.
Lifted lift(Context& cx, const FnValue& fn, std::vector<Value>& args, Span span) {
  Lifted out;
  const FnDecl* item = base_item(fn);
  if (item != nullptr) declare_function(cx, const_cast<FnDecl&>(*item));
  if (item != nullptr && item->broken) return out;
  if (fn.kind == FnValue::Kind::item && !item->generic) return lift_item(cx, const_cast<FnDecl&>(*item), args, span);
  const bool some_float = std::ranges::any_of(args, holds_float);
  ir::Function& g = cx.module.functions.emplace_back();
  g.name = cx.module.unique_name(stem(fn) + ".fn");
  g.size_names = cx.frame->function->size_names;
  g.span = span;
  std::vector<std::vector<ValueId>> ids(args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!type_argument(cx, fn, i, args[i], some_float)) return out;
    if (args[i].kind != Value::Kind::function && !args[i].is_flex()) ids[i] = leaf_ids(cx, args[i]);
  }
  build_lifted(cx, g, fn, args, ids, span, out);
  if (out.result.is_error()) return out;
  out.callee = g.name;
  for (std::uint32_t i = 0; i < g.size_names.size(); ++i) out.sizes.push_back(Dim::size(i));
  out.ok = true;
  return out;
}

namespace {

/// A `derive` instruction under construction.
struct Derivation {
  Context& cx;
  const FnValue& fn;
  Span span;
  std::vector<Value> values;  // of the original function's parameters
  std::vector<Value> seeds;   // the extra arguments
  Lifted f{};
  std::vector<std::size_t> wrt{};  // parameters
  std::vector<std::string> wrt_names{};
  std::vector<Value> wrt_leaves{};
  bool with_value = false;
  std::string mode{};
  ops::Derive::Attrs attrs{};
  std::vector<ValueId> operands{};
  std::vector<ir::Type> types{};  // of the results, the original function's first
  std::size_t primals = 0;        // results of the original function
};

// What all modes share. False after a report.
bool begin_derivation(Derivation& d) {
  Context& cx = d.cx;
  const FnValue& inner = *d.fn.inner;
  d.f = lift(cx, inner, d.values, d.span);
  if (!d.f.ok) return false;
  const auto wrt = wrt_params(cx, d.fn, d.values, d.span);
  if (!wrt) return false;
  d.wrt = *wrt;
  const std::vector<std::string> params = param_names(cx, inner);
  d.attrs.callee = {d.f.callee};
  d.attrs.sizes = d.f.sizes;
  for (const std::size_t w : d.wrt) {
    if (!check_floats(cx, default_typed(cx, d.values[w]), "`" + params[w] + "`", d.span)) return false;
    for (const std::int64_t leaf : d.f.param_leaves[w]) d.attrs.wrt.push_back(leaf);
    flatten(d.values[w], d.wrt_leaves);
    d.wrt_names.push_back(params[w]);
  }
  std::vector<Value> result_leaves;
  flatten(d.f.result, result_leaves);
  for (const Value& r : result_leaves) d.types.push_back(r.type);
  d.primals = d.types.size();
  if (!check_floats(cx, d.f.result, "the result of " + shown(inner), d.span)) return false;
  d.operands = d.f.operands;
  d.with_value = d.fn.name.starts_with("value_and_");
  d.mode = d.with_value ? d.fn.name.substr(10) : d.fn.name;
  return true;
}

std::vector<ValueId> emit_derive(Derivation& d) {
  return d.cx.b().emit_typed(ops::opcode<ops::Derive>(), d.operands, d.attrs, {}, d.types);
}

// The derivative, and before it the original function's value where the operator gives it.
Value with_primal(Derivation& d, const std::vector<ValueId>& ids, Value derivative) {
  if (!d.with_value) return derivative;
  std::size_t at = 0;
  const Value primal = rebuild(d.cx, d.f.result, ids, at);
  return make_tuple({primal, std::move(derivative)}, d.span, {"value", d.mode});
}

// The adjoint of a number is 1.
bool seed_gradient(Derivation& d) {
  if (d.primals != 1 || d.f.result.kind != Value::Kind::tensor || !d.types[0].is_scalar()) {
    error(d.cx, Code::not_scalar, d.span,
          fmt::format("`{}` needs a function with one number as its result; {} gives {}", d.fn.name, shown(*d.fn.inner),
                      describe(d.cx, d.f.result)))
        .note("a gradient is the derivative of a scalar")
        .hint("sum the result, or take `jacobian`, `jvp` or `vjp`");
    return false;
  }
  d.operands.push_back(d.cx.b().constant(d.types[0].elem, 1));
  return true;
}

// The adjoint of the result is an argument.
bool seed_adjoint(Derivation& d) {
  Context& cx = d.cx;
  std::vector<Value> given;
  flatten(d.seeds[0], given);
  if (given.size() != d.primals) {
    error(cx, Code::derivative_arguments, d.seeds[0].span,
          fmt::format("the adjoint has the type of the result, {}; this is {}", describe(cx, d.f.result),
                      describe(cx, d.seeds[0])));
    return false;
  }
  for (std::size_t i = 0; i < d.primals; ++i) {
    const Value s = coerce_tensor(cx, given[i], normal(cx, d.types[i]), "the adjoint of the result");
    if (s.is_error()) return false;
    d.operands.push_back(use(cx, recast(cx, s, d.types[i])));
  }
  return true;
}

Value reverse_derivative(Derivation& d) {
  d.attrs.mode = ops::DeriveMode::vjp;
  if (!(d.mode == "grad" ? seed_gradient(d) : seed_adjoint(d))) return error_value(d.span);
  for (const Value& w : d.wrt_leaves) d.types.push_back(d.cx.b().type(use(d.cx, w)));
  const auto ids = emit_derive(d);
  std::size_t at = d.primals;
  std::vector<Value> parts;
  for (const std::size_t w : d.wrt) parts.push_back(rebuild(d.cx, d.values[w], ids, at));
  return with_primal(d, ids, parts.size() == 1 ? parts[0] : make_tuple(std::move(parts), d.span, d.wrt_names));
}

Value forward_derivative(Derivation& d) {
  Context& cx = d.cx;
  d.attrs.mode = ops::DeriveMode::jvp;
  std::vector<Value> given;
  for (const Value& s : d.seeds) flatten(s, given);
  if (given.size() != d.wrt_leaves.size()) {
    error(cx, Code::derivative_arguments, d.span,
          fmt::format("`{}` takes one tangent for each parameter differentiated by, of its type", d.fn.name));
    return error_value(d.span);
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const ir::Type want = cx.b().type(use(cx, d.wrt_leaves[i]));
    const Value s = coerce_tensor(cx, given[i], want, "the tangent");
    if (s.is_error()) return s;
    d.operands.push_back(use(cx, s));
  }
  for (std::size_t i = 0; i < d.primals; ++i) d.types.push_back(d.types[i]);
  const auto ids = emit_derive(d);
  std::size_t at = d.primals;
  return with_primal(d, ids, rebuild(cx, d.f.result, ids, at));
}

// A leaf of the result by leaves of a parameter; structs become tuples.
Value by_param(Derivation& d, const Value& v, const std::vector<ValueId>& ids, std::size_t& at) {
  if (v.is_tensor()) return make_tensor(d.cx, ids[at++], d.span);
  std::vector<Value> parts;
  for (const Value& p : v.fields) parts.push_back(by_param(d, p, ids, at));
  return make_tuple(std::move(parts), d.span);
}

Value by_result(Derivation& d, const Value& v, const std::vector<ValueId>& ids, std::size_t& at) {
  std::vector<Value> parts;
  if (!v.is_tensor()) {
    for (const Value& p : v.fields) parts.push_back(by_result(d, p, ids, at));
    return make_tuple(std::move(parts), d.span, v.labels);
  }
  for (const std::size_t w : d.wrt) parts.push_back(by_param(d, d.values[w], ids, at));
  return parts.size() == 1 ? parts[0] : make_tuple(std::move(parts), d.span, d.wrt_names);
}

Value full_derivative(Derivation& d) {
  d.attrs.mode = ops::DeriveMode::jacobian;
  for (std::size_t r = 0; r < d.primals; ++r) {
    for (const Value& w : d.wrt_leaves) {
      ir::Type t = d.types[r];
      const ir::Type of = d.cx.b().type(use(d.cx, w));
      t.dims.insert(t.dims.end(), of.dims.begin(), of.dims.end());
      d.types.push_back(std::move(t));
    }
  }
  const auto ids = emit_derive(d);
  std::size_t at = d.primals;
  return with_primal(d, ids, by_result(d, d.f.result, ids, at));
}

// A jvp of the gradient.
Value apply_hvp(Context& cx, const FnValue& fn, Args args, Span span) {
  FnValue jvp = fn;
  jvp.name = "jvp";
  if (fn.name == "hvp") return apply_derived(cx, jvp, std::move(args), span);
  jvp.name = "value_and_jvp";
  Value both = apply_derived(cx, jvp, std::move(args), span);
  if (both.is_error()) return both;
  return make_tuple({both.fields[0].fields[0], both.fields[1].fields[1]}, span, {"value", "hvp"});
}

}  // namespace

Value apply_derived(Context& cx, const FnValue& fn, Args args, Span span) {
  if (fn.name == "hvp" || fn.name == "value_and_hvp") return apply_hvp(cx, fn, std::move(args), span);
  const std::size_t count = param_names(cx, *fn.inner).size();
  Derivation d{cx, fn, span, {}, {}};
  for (std::size_t i = 0; i < args.size(); ++i) (i < count ? d.values : d.seeds).push_back(args[i].value);
  if (!begin_derivation(d)) return error_value(span);
  if (d.mode == "grad" || d.mode == "vjp") return reverse_derivative(d);
  return d.mode == "jvp" ? forward_derivative(d) : full_derivative(d);
}

}  // namespace rg::dsl
