// Expressions of the command and the API as IR functions: `grad(f)` gets f's parameters, in f's words.
#include "dsl/check/entry.h"

#include <fmt/format.h>

#include "dsl/check/call.h"
#include "dsl/check/context.h"
#include "dsl/check/derive.h"
#include "dsl/check/expr.h"
#include "dsl/check/program.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"

namespace rg::dsl {

namespace {

struct EntryParam {
  std::string name;
  Ty type;
};

}  // namespace

static bool entry_params(Context& cx, const FnValue& fn, std::vector<EntryParam>& params, FnDecl& decl, Span span);

namespace {

bool has_float(const Ty& t) {
  if (t.kind == Ty::Kind::tensor) return ir::is_float(t.tensor.elem);
  return std::ranges::any_of(t.fields, has_float);
}

}  // namespace

// The parameters of a function value with their types over `decl`'s sizes.
bool entry_params(Context& cx, const FnValue& fn, std::vector<EntryParam>& params, FnDecl& decl, Span span) {
  switch (fn.kind) {
    case FnValue::Kind::item: {
      declare_function(cx, const_cast<FnDecl&>(*fn.item));
      if (fn.item->broken) return false;
      if (fn.item->generic) {
        error(cx, Code::generic_export, span,
              fmt::format("`{}` is generic: its parameters' types follow from a call", fn.item->item->name.text))
            .hint(fmt::format("give them by a lambda: `(x: f64[n]) => {}(x)`", fn.item->item->name.text));
        return false;
      }
      decl.sizes = fn.item->sizes;
      for (std::size_t i = 0; i < fn.item->params.size(); ++i)
        params.push_back({fn.item->item->params[i].name.text, fn.item->params[i]});
      return true;
    }
    case FnValue::Kind::lambda: {
      for (const auto& p : fn.lambda->params) {
        if (p.type == nullptr) {
          error(cx, Code::untyped_parameter, p.name.span,
                fmt::format("the type of `{}` is not known here", p.name.text))
              .hint(fmt::format("write it: `{}: f64[n]`", p.name.text));
          return false;
        }
        collect_sizes(cx, *p.type, decl);
      }
      ScopePtr scope = root_scope(cx, cx.main);
      for (std::uint32_t i = 0; i < decl.sizes.size(); ++i)
        scope = bind(scope, decl.sizes[i], make_int(cx, Dim::size(i), span), span, true);
      Frame* const outer = std::exchange(cx.frame, nullptr);
      for (const auto& p : fn.lambda->params) params.push_back({p.name.text, resolve(cx, *p.type, scope)});
      cx.frame = outer;
      return std::ranges::none_of(params, [](const EntryParam& p) { return p.type.kind == Ty::Kind::error; });
    }
    case FnValue::Kind::builtin:
      for (const std::string& name : param_names(cx, fn)) {
        Ty t;
        t.kind = Ty::Kind::tensor;
        params.push_back({name, t});
      }
      return true;
    case FnValue::Kind::vmap: {
      if (!entry_params(cx, *fn.inner, params, decl, span)) return false;
      std::string name = "batch";
      while (std::ranges::find(decl.sizes, name) != decl.sizes.end()) name += "_";
      const Dim n = Dim::size(static_cast<std::uint32_t>(decl.sizes.size()));
      decl.sizes.push_back(name);
      const std::function<void(Ty&)> lead = [&](Ty& t) {
        if (t.kind == Ty::Kind::tensor) t.tensor.dims.insert(t.tensor.dims.begin(), n);
        if (t.kind == Ty::Kind::structure) t.kind = Ty::Kind::error;
        for (Ty& f : t.fields) lead(f);
      };
      for (EntryParam& p : params) lead(p.type);
      return true;
    }
    case FnValue::Kind::derived:
      break;
  }
  if (!entry_params(cx, *fn.inner, params, decl, span)) return false;
  const std::vector<std::string> extra = extra_params(cx, fn);
  if (extra.empty()) return true;
  if (extra[0] == "ybar") {
    Ty t;
    if (fn.inner->kind == FnValue::Kind::item) {
      t = fn.inner->item->result;
    } else {
      error(cx, Code::derivative_arguments, span, "`vjp` is applied to functions of the file here")
          .hint("define the function in the file");
      return false;
    }
    params.push_back({extra[0], t});
    return true;
  }
  std::vector<Ty> types;
  for (const EntryParam& p : params) {
    const bool named = std::ranges::any_of(fn.wrt, [&](const ast::Name& w) { return w.text == p.name; });
    if (named || (fn.wrt.empty() && has_float(p.type))) types.push_back(p.type);
  }
  if (!fn.wrt.empty()) {  // in the order of wrt
    types.clear();
    for (const ast::Name& w : fn.wrt) {
      for (const EntryParam& p : params) {
        if (p.name == w.text) {
          types.push_back(p.type);
          break;
        }
      }
    }
  }
  if (types.size() != extra.size()) {
    error(cx, Code::wrt_required, span, fmt::format("{} has several parameters of float type", shown(cx, *fn.inner)))
        .note("`wrt` is required where more than one parameter is of float type")
        .hint("`wrt: x`, or several: `wrt: (x, y)`");
    return false;
  }
  for (std::size_t i = 0; i < extra.size(); ++i) params.push_back({extra[i], types[i]});
  return true;
}

void build_entry(Context& cx, ir::Function& f, const ast::Expr& expr) {
  cx.frame = new_frame(cx, f, nullptr);
  builder(cx).set_span(expr.span);
  Value v = eval(cx, expr, root_scope(cx, cx.main));
  if (v.is_error()) return;
  if (v.kind == Value::Kind::function) {
    std::vector<EntryParam> params;
    FnDecl decl;
    const FnValue fn = *v.fn;
    if (!entry_params(cx, fn, params, decl, expr.span)) return;
    f.size_names = decl.sizes;
    cx.frame->substitution.clear();
    for (std::uint32_t i = 0; i < decl.sizes.size(); ++i) cx.frame->substitution.push_back(Dim::size(i));
    Args args;
    for (const EntryParam& p : params) {
      f.signature.params.push_back(param_tree(cx, p.type, p.name));
      args.emplace_back();
      args.back().value = param_value(cx, p.type, p.name, expr.span);
    }
    v = apply(cx, fn, std::move(args), expr.span);
  }
  v = default_typed(cx, v);
  if (v.is_error()) return;
  f.signature.result = tree_of(cx, v, "");
  builder(cx).set_yields(leaf_ids(cx, v));
}

}  // namespace rg::dsl
