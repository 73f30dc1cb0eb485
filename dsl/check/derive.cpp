// Derivative operators: what is differentiated with respect to what, and the `derive` instruction that says so. A
// function value that is no plain function of the file becomes an IR function of its own, its captures trailing.
#include "dsl/check/derive.h"

#include <fmt/format.h>

#include "dsl/check/builtins.h"
#include "dsl/check/call.h"
#include "dsl/check/context.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/program.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"

namespace rg::dsl {

static std::optional<std::vector<std::size_t>> wrt_params(Context& cx, const FnValue& fn,
                                                          const std::vector<Value>& args, Span span);

namespace {
constexpr std::string_view kOperators[] = {"grad", "value_and_grad", "jvp",      "value_and_jvp",
                                           "vjp",  "value_and_vjp",  "jacobian", "hessian",
                                           "hvp",  "value_and_hvp",  "vmap",     "checkpoint"};

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

bool is_operator(const Context& cx, const std::string& name) {
  return std::ranges::find(kOperators, name) != std::end(kOperators);
}

Value eval_operator(Context& cx, const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope) {
  FnValue fn;
  fn.kind = name == "vmap" ? FnValue::Kind::vmap : FnValue::Kind::derived;
  fn.name = name;
  std::optional<Value> function;
  for (const ast::Arg& a : node.args) {
    if (!a.name) {
      if (function) {
        error(cx, Code::derivative_arguments, a.value->span,
              fmt::format("`{}` takes one function; the function that it gives takes the arguments", name))
            .hint(fmt::format("write `{}(f)(…)`, and `wrt: x` to name what to differentiate by", name));
        return error_value(span);
      }
      function = eval(cx, *a.value, scope);
      continue;
    }
    if (a.name->text != "wrt" || name == "vmap" || name == "checkpoint") {
      error(cx, Code::derivative_arguments, a.name->span, fmt::format("`{}` has no option `{}`", name, a.name->text))
          .hint(name == "vmap" ? "capture what is not mapped in a lambda" : "the option is called `wrt`");
      return error_value(span);
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
        return error_value(span);
      }
      fn.wrt.push_back({*param, e->span});
    }
  }
  if (!function) {
    error(cx, Code::derivative_arguments, span, fmt::format("`{}` takes a function", name));
    return error_value(span);
  }
  if (function->is_error()) return error_value(span);
  if (function->kind != Value::Kind::function) {
    error(cx, Code::derivative_arguments, function->span,
          fmt::format("`{}` takes a function, this is {}", name, describe(cx, *function)))
        .hint(fmt::format("write `{}(f)(x)` or `{}(x => …)(a)`", name, name));
    return error_value(span);
  }
  if (name == "checkpoint") return *function;
  fn.inner = function->fn;
  const std::vector<std::string> params = param_names(cx, *fn.inner);
  for (const ast::Name& w : fn.wrt) {
    if (std::ranges::find(params, w.text) != params.end()) continue;
    Diagnostic& d =
        error(cx, Code::unknown_wrt, w.span, fmt::format("{} has no parameter `{}`", shown(cx, *fn.inner), w.text));
    d.note("its parameters are " + join(params));
    if (const std::string hint = suggestion(w.text, params); !hint.empty()) d.hint(hint);
    return error_value(span);
  }
  if (name == "hessian") {
    FnValue inner = fn;
    inner.name = "grad";
    fn.name = "jacobian";
    fn.inner = std::make_shared<const FnValue>(std::move(inner));
  }
  if (name == "hvp" || name == "value_and_hvp") {
    FnValue inner = fn;
    inner.name = name == "hvp" ? "grad" : "value_and_grad";
    inner.span = span;
    fn.inner = std::make_shared<const FnValue>(std::move(inner));
  }
  return make_function(cx, std::move(fn), span);
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
        std::vector<const Ty*> open{&item->params[i]};
        bool floating = false;
        while (!open.empty()) {
          const Ty* t = open.back();
          open.pop_back();
          floating = floating || (t->kind == Ty::Kind::tensor && ir::is_float(t->tensor.elem));
          for (const Ty& f : t->fields) open.push_back(&f);
        }
        if (floating && name.empty()) name = item->item->params[i].name.text;
      }
    }
    extra.push_back(prefix + (name.empty() ? "x" : name));
  }
  return extra;
}

std::optional<std::vector<std::size_t>> wrt_params(Context& cx, const FnValue& fn, const std::vector<Value>& args,
                                                   Span span) {
  const std::vector<std::string> params = param_names(cx, *fn.inner);
  std::vector<std::size_t> out;
  for (const ast::Name& w : fn.wrt)
    out.push_back(static_cast<std::size_t>(std::ranges::find(params, w.text) - params.begin()));
  if (!out.empty()) return out;
  std::vector<std::string> floats;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::vector<Value> leaves;
    flatten(cx, args[i], leaves);
    const bool floating = std::ranges::any_of(leaves, [](const Value& v) {
      return (v.is_tensor() && ir::is_float(v.type.elem)) || (v.is_flex() && v.flex->floating);
    });
    if (!floating) continue;
    floats.push_back(params[i]);
    out.push_back(i);
  }
  if (out.size() == 1) return out;
  if (out.empty()) {
    error(cx, Code::not_differentiable, span,
          fmt::format("{} has no parameter of float type to differentiate by", shown(cx, *fn.inner)));
  } else {
    error(cx, Code::wrt_required, span,
          fmt::format("{} has several parameters of float type: {}", shown(cx, *fn.inner), join(floats)))
        .note("`wrt` is required where more than one parameter is of float type")
        .hint(fmt::format("`wrt: {}`, or several: `wrt: ({}, {})`", floats[0], floats[0], floats[1]));
  }
  return std::nullopt;
}

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

// The function value as an IR function, and the operands with which to call it.
Lifted lift(Context& cx, const FnValue& fn, std::vector<Value>& args, Span span) {
  Lifted out;
  const FnDecl* item = base_item(fn);
  if (item != nullptr) declare_function(cx, const_cast<FnDecl&>(*item));
  if (item != nullptr && item->broken) return out;
  if (fn.kind == FnValue::Kind::item && !item->generic) {
    FnDecl& decl = const_cast<FnDecl&>(*item);
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
      args[i] =
          coerce(cx, args[i], substitute(cx, decl.params[i], out.sizes), "`" + decl.item->params[i].name.text + "`");
      if (args[i].is_error()) return out;
      for (const ValueId id : leaf_ids(cx, args[i])) {
        leaves.push_back(static_cast<std::int64_t>(out.operands.size()));
        out.operands.push_back(id);
      }
    }
    out.callee = decl.ir_name;
    const auto shape = [&](const Ty& t, const auto& self) -> Value {
      Value v = error_value(span);
      v.decl = t.decl;
      v.sizes = t.sizes;
      v.type = t.tensor;
      v.kind = t.kind == Ty::Kind::tensor  ? Value::Kind::tensor
               : t.kind == Ty::Kind::tuple ? Value::Kind::tuple
                                           : Value::Kind::structure;
      for (const Ty& f : t.fields) v.fields.push_back(self(f, self));
      return v;
    };
    out.result = shape(substitute(cx, decl.result, out.sizes), shape);
    out.ok = true;
    return out;
  }
  // Literals without a type are numbers to differentiate by where nothing else is.
  const bool some_float = std::ranges::any_of(args, [&](const Value& a) {
    std::vector<Value> leaves;
    flatten(cx, a, leaves);
    return std::ranges::any_of(leaves, [](const Value& v) {
      return (v.is_tensor() && ir::is_float(v.type.elem)) || (v.is_flex() && v.flex->floating);
    });
  });
  ir::Function& g = cx.module.functions.emplace_back();
  g.name = cx.module.unique_name(stem(fn) + ".fn");
  g.size_names = cx.frame->function->size_names;
  g.span = span;
  Frame* const outer = cx.frame;
  std::vector<Value> inner_args;
  std::vector<std::vector<ValueId>> ids;
  for (std::size_t i = 0; i < args.size(); ++i) {
    ids.emplace_back();
    Value& a = args[i];
    if (a.kind == Value::Kind::function) continue;
    if (a.is_flex()) {
      const std::optional<Elem> written = written_elem(fn, i);
      if (item != nullptr && i < item->params.size()) {
        const Ty& t = item->params[i];
        if (t.kind == Ty::Kind::tensor)
          a = materialize(cx, a, t.any_float ? std::nullopt : std::optional(t.tensor.elem));
      } else if (written) {
        a = materialize(cx, a, written);
      } else if (a.flex->floating || !a.flex->dim || (a.flex->literal && !some_float)) {
        a = materialize(cx, a, a.flex->literal && !some_float ? std::optional(Elem::f64) : std::nullopt);
      }
      if (a.is_error()) return out;
      if (a.is_flex()) continue;  // a size: known when the function is made
    } else {
      a = default_typed(cx, a);
      if (a.is_error()) return out;
    }
    ids[i] = leaf_ids(cx, a);
  }
  cx.frame = new_frame(cx, g, outer);
  const std::vector<std::string> names = param_names(cx, fn);
  for (std::size_t i = 0; i < args.size(); ++i) {
    auto& leaves = out.param_leaves.emplace_back();
    if (ids[i].empty()) {
      inner_args.push_back(args[i]);
      continue;
    }
    std::vector<ValueId> params;
    for (const ValueId id : ids[i]) {
      leaves.push_back(static_cast<std::int64_t>(out.operands.size()));
      out.operands.push_back(id);
      params.push_back(builder(cx).add_param(outer->function->type(id), names[i]));
    }
    std::size_t at = 0;
    inner_args.push_back(rebuild(cx, args[i], params, at));
    g.signature.params.push_back(tree_of(cx, inner_args.back(), names[i]));
  }
  Args call;
  for (Value& v : inner_args) {
    call.emplace_back();
    call.back().value = std::move(v);
  }
  out.result = default_typed(cx, apply(cx, fn, std::move(call), span));
  if (!out.result.is_error()) {
    builder(cx).set_yields(leaf_ids(cx, out.result));
    g.signature.result = tree_of(cx, out.result, "");
    const std::function<void(Value&)> shape_only = [&](Value& v) {
      if (v.is_tensor()) v.type = type_of(cx, v);
      for (Value& f : v.fields) shape_only(f);
    };
    shape_only(out.result);
  }
  const std::vector<ValueId> captures = cx.frame->captures;
  for (const ValueId c : captures) {
    out.operands.push_back(c);
    ir::Tree t;
    t.name = outer->function->value(c).name;
    g.signature.params.push_back(std::move(t));
  }
  cx.frame = outer;
  if (out.result.is_error()) return out;
  out.callee = g.name;
  for (std::uint32_t i = 0; i < g.size_names.size(); ++i) out.sizes.push_back(Dim::size(i));
  out.ok = true;
  return out;
}

Value apply_derived(Context& cx, const FnValue& fn, Args args, Span span) {
  if (fn.name == "hvp" || fn.name == "value_and_hvp") {  // a jvp of the gradient
    FnValue jvp = fn;
    jvp.name = "jvp";
    if (fn.name == "hvp") return apply_derived(cx, jvp, std::move(args), span);
    jvp.name = "value_and_jvp";
    Value both = apply_derived(cx, jvp, std::move(args), span);
    if (both.is_error()) return both;
    return make_tuple(cx, {both.fields[0].fields[0], both.fields[1].fields[1]}, span, {"value", "hvp"});
  }
  const std::size_t count = param_names(cx, *fn.inner).size();
  std::vector<Value> values, seeds;
  for (std::size_t i = 0; i < args.size(); ++i) (i < count ? values : seeds).push_back(args[i].value);
  Lifted f = lift(cx, *fn.inner, values, span);
  if (!f.ok) return error_value(span);
  const auto wrt = wrt_params(cx, fn, values, span);
  if (!wrt) return error_value(span);
  const std::vector<std::string> params = param_names(cx, *fn.inner);
  ops::Derive::Attrs attrs{.callee = {f.callee}, .sizes = f.sizes};
  std::vector<Value> wrt_leaves;
  for (const std::size_t w : *wrt) {
    if (!check_floats(cx, default_typed(cx, values[w]), "`" + params[w] + "`", span)) return error_value(span);
    for (const std::int64_t leaf : f.param_leaves[w]) attrs.wrt.push_back(leaf);
    flatten(cx, values[w], wrt_leaves);
  }
  std::vector<Value> result_leaves;
  flatten(cx, f.result, result_leaves);
  std::vector<ir::Type> types;
  for (const Value& r : result_leaves) types.push_back(r.type);
  const std::size_t primals = types.size();
  if (!check_floats(cx, f.result, "the result of " + shown(cx, *fn.inner), span)) return error_value(span);
  std::vector<ValueId> operands = f.operands;
  std::vector<std::string> wrt_names;
  for (const std::size_t w : *wrt) wrt_names.push_back(params[w]);
  const auto wrt_value = [&](std::span<const ValueId> ids, std::size_t& at) {
    std::vector<Value> parts;
    for (const std::size_t w : *wrt) parts.push_back(rebuild(cx, values[w], ids, at));
    return parts.size() == 1 ? parts[0] : make_tuple(cx, std::move(parts), span, wrt_names);
  };
  const bool with_value = fn.name.starts_with("value_and_");
  const std::string mode = with_value ? fn.name.substr(10) : fn.name;
  const auto emit = [&] { return builder(cx).emit_typed(ops::opcode<ops::Derive>(), operands, attrs, {}, types); };
  const auto finish = [&](const std::vector<ValueId>& ids, Value derivative) {
    if (!with_value) return derivative;
    std::size_t at = 0;
    const Value primal = rebuild(cx, f.result, ids, at);
    return make_tuple(cx, {primal, std::move(derivative)}, span, {"value", mode});
  };
  if (mode == "grad" || mode == "vjp") {
    attrs.mode = ops::DeriveMode::vjp;
    if (mode == "grad") {
      if (primals != 1 || f.result.kind != Value::Kind::tensor || !types[0].is_scalar()) {
        error(cx, Code::not_scalar, span,
              fmt::format("`{}` needs a function with one number as its result; {} gives {}", fn.name,
                          shown(cx, *fn.inner), describe(cx, f.result)))
            .note("a gradient is the derivative of a scalar")
            .hint("sum the result, or take `jacobian`, `jvp` or `vjp`");
        return error_value(span);
      }
      operands.push_back(builder(cx).constant(types[0].elem, 1));
    } else {
      std::vector<Value> given;
      flatten(cx, seeds[0], given);
      if (given.size() != primals) {
        error(cx, Code::derivative_arguments, seeds[0].span,
              fmt::format("the adjoint has the type of the result, {}; this is {}", describe(cx, f.result),
                          describe(cx, seeds[0])));
        return error_value(span);
      }
      for (std::size_t i = 0; i < primals; ++i) {
        const Value s = coerce_tensor(cx, given[i], normal(cx, types[i]), "the adjoint of the result");
        if (s.is_error()) return s;
        operands.push_back(use(cx, recast(cx, s, types[i])));
      }
    }
    for (const Value& w : wrt_leaves) types.push_back(builder(cx).type(use(cx, w)));
    const auto ids = emit();
    std::size_t at = primals;
    return finish(ids, wrt_value(ids, at));
  }
  if (mode == "jvp") {
    attrs.mode = ops::DeriveMode::jvp;
    std::vector<Value> given;
    for (const Value& s : seeds) flatten(cx, s, given);
    if (given.size() != wrt_leaves.size()) {
      error(cx, Code::derivative_arguments, span,
            fmt::format("`{}` takes one tangent for each parameter differentiated by, of its type", fn.name));
      return error_value(span);
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const ir::Type want = builder(cx).type(use(cx, wrt_leaves[i]));
      const Value s = coerce_tensor(cx, given[i], want, "the tangent");
      if (s.is_error()) return s;
      operands.push_back(use(cx, s));
    }
    for (std::size_t i = 0; i < primals; ++i) types.push_back(types[i]);
    const auto ids = emit();
    std::size_t at = primals;
    return finish(ids, rebuild(cx, f.result, ids, at));
  }
  attrs.mode = ops::DeriveMode::jacobian;
  for (std::size_t r = 0; r < primals; ++r) {
    for (const Value& w : wrt_leaves) {
      ir::Type t = types[r];
      const ir::Type of = builder(cx).type(use(cx, w));
      t.dims.insert(t.dims.end(), of.dims.begin(), of.dims.end());
      types.push_back(std::move(t));
    }
  }
  const auto ids = emit();
  std::size_t at = primals;
  // A leaf of the result by leaves of the parameters; structs become tuples.
  const std::function<Value(const Value&)> by_param = [&](const Value& v) -> Value {
    if (v.is_tensor()) return make_tensor(cx, ids[at++], span);
    std::vector<Value> parts;
    for (const Value& p : v.fields) parts.push_back(by_param(p));
    return make_tuple(cx, std::move(parts), span);
  };
  const std::function<Value(const Value&)> by_result = [&](const Value& v) -> Value {
    std::vector<Value> parts;
    if (!v.is_tensor()) {
      for (const Value& p : v.fields) parts.push_back(by_result(p));
    } else {
      for (const std::size_t w : *wrt) parts.push_back(by_param(values[w]));
      if (parts.size() == 1) return parts[0];
    }
    return make_tuple(cx, std::move(parts), span, v.is_tensor() ? wrt_names : v.labels);
  };
  return finish(ids, by_result(f.result));
}

}  // namespace rg::dsl
