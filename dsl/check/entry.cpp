// Expressions of the command and the API as IR functions: `grad(f)` gets f's parameters, in f's words.
#include "dsl/check/entry.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/check/declare.h"
#include "dsl/check/derive.h"
#include "dsl/check/expr.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

struct EntryParam {
  std::string name;
  Ty type;
};

/// The parameters of a function value, with their types over the sizes of `decl`.
struct Entry {
  Context& cx;
  Span span;
  FnDecl decl{};
  std::vector<EntryParam> params{};
};

bool entry_params(Entry& e, const FnValue& fn);

bool item_params(Entry& e, FnDecl& item) {
  declare_function(e.cx, item);
  if (item.broken) return false;
  const std::string& name = item.item->name.text;
  if (item.generic) {
    error(e.cx, Code::generic_export, e.span,
          fmt::format("`{}` is generic: its parameters' types follow from a call", name))
        .hint(fmt::format("give them by a lambda: `(x: f64[n]) => {}(x)`", name));
    return false;
  }
  e.decl.sizes = item.sizes;
  for (std::size_t i = 0; i < item.params.size(); ++i)
    e.params.push_back({item.item->params[i].name.text, item.params[i]});
  return true;
}

bool lambda_params(Entry& e, const ast::Lambda& lambda) {
  Context& cx = e.cx;
  for (const auto& p : lambda.params) {
    if (p.type == nullptr) {
      error(cx, Code::untyped_parameter, p.name.span, fmt::format("the type of `{}` is not known here", p.name.text))
          .hint(fmt::format("write it: `{}: f64[n]`", p.name.text));
      return false;
    }
    collect_sizes(*p.type, e.decl);
  }
  ScopePtr scope = root_scope(cx.main);
  for (std::uint32_t i = 0; i < e.decl.sizes.size(); ++i)
    scope = extend(scope, e.decl.sizes[i], make_int(cx, Dim::size(i), e.span), e.span, true);
  Frame* const outer = std::exchange(cx.frame, nullptr);
  for (const auto& p : lambda.params) e.params.push_back({p.name.text, resolve(cx, *p.type, scope)});
  cx.frame = outer;
  return std::ranges::none_of(e.params, [](const EntryParam& p) { return p.type.kind == Ty::Kind::error; });
}

bool builtin_params(Entry& e, const FnValue& fn) {
  for (const std::string& name : param_names(e.cx, fn)) {
    Ty t;
    t.kind = Ty::Kind::tensor;
    e.params.push_back({name, t});
  }
  return true;
}

void add_leading(Ty& t, const Dim& n) {
  if (t.kind == Ty::Kind::tensor) t.tensor.dims.insert(t.tensor.dims.begin(), n);
  if (t.kind == Ty::Kind::structure) t.kind = Ty::Kind::error;
  for (Ty& f : t.fields) add_leading(f, n);
}

// Those of the inner function, with a leading dimension more.
bool vmap_params(Entry& e, const FnValue& inner) {
  if (!entry_params(e, inner)) return false;
  std::vector<std::string>& sizes = e.decl.sizes;
  std::string name = "batch";
  while (std::ranges::find(sizes, name) != sizes.end()) name += "_";
  const Dim n = Dim::size(static_cast<std::uint32_t>(sizes.size()));
  sizes.push_back(name);
  for (EntryParam& p : e.params) add_leading(p.type, n);
  return true;
}

// The types of the parameters that are differentiated by, in the order of `wrt`.
std::vector<Ty> wrt_types(const Entry& e, const FnValue& fn) {
  std::vector<Ty> types;
  for (const ast::Name& w : fn.wrt) {
    const auto p = std::ranges::find(e.params, w.text, &EntryParam::name);
    if (p != e.params.end()) types.push_back(p->type);
  }
  for (const EntryParam& p : e.params) {
    if (fn.wrt.empty() && has_float(p.type)) types.push_back(p.type);
  }
  return types;
}

// Those of the inner function, then tangents or the adjoint.
bool derived_params(Entry& e, const FnValue& fn) {
  if (!entry_params(e, *fn.inner)) return false;
  const std::vector<std::string> extra = extra_params(e.cx, fn);
  if (extra.empty()) return true;
  if (extra[0] == "ybar") {
    if (fn.inner->kind != FnValue::Kind::item) {
      error(e.cx, Code::derivative_arguments, e.span, "`vjp` is applied to functions of the file here")
          .hint("define the function in the file");
      return false;
    }
    e.params.push_back({extra[0], fn.inner->item->result});
    return true;
  }
  const std::vector<Ty> types = wrt_types(e, fn);
  if (types.size() != extra.size()) {
    error(e.cx, Code::wrt_required, e.span, fmt::format("{} has several parameters of float type", shown(*fn.inner)))
        .note("`wrt` is required where more than one parameter is of float type")
        .hint("`wrt: x`, or several: `wrt: (x, y)`");
    return false;
  }
  for (std::size_t i = 0; i < extra.size(); ++i) e.params.push_back({extra[i], types[i]});
  return true;
}

// False after a report.
bool entry_params(Entry& e, const FnValue& fn) {
  switch (fn.kind) {
    case FnValue::Kind::item:
      return item_params(e, const_cast<FnDecl&>(*fn.item));
    case FnValue::Kind::lambda:
      return lambda_params(e, *fn.lambda);
    case FnValue::Kind::builtin:
      return builtin_params(e, fn);
    case FnValue::Kind::vmap:
      return vmap_params(e, *fn.inner);
    case FnValue::Kind::derived:
      return derived_params(e, fn);
  }
  return false;
}

}  // namespace

void build_entry(Context& cx, ir::Function& f, const ast::Expr& expr) {
  cx.frame = new_frame(cx, f, nullptr);
  cx.b().set_span(expr.span);
  Value v = eval(cx, expr, root_scope(cx.main));
  if (v.is_error()) return;
  if (v.kind == Value::Kind::function) {
    Entry e{cx, expr.span};
    const FnValue fn = *v.fn;
    if (!entry_params(e, fn)) return;
    f.size_names = e.decl.sizes;
    cx.frame->substitution.clear();
    for (std::uint32_t i = 0; i < e.decl.sizes.size(); ++i) cx.frame->substitution.push_back(Dim::size(i));
    Args args;
    for (const EntryParam& p : e.params) {
      f.signature.params.push_back(param_tree(p.type, p.name));
      args.emplace_back();
      args.back().value = param_value(cx, p.type, p.name, expr.span);
    }
    v = apply(cx, fn, std::move(args), expr.span);
  }
  v = default_typed(cx, v);
  if (v.is_error()) return;
  f.signature.result = tree_of(v, "");
  cx.b().set_yields(leaf_ids(cx, v));
}

}  // namespace rg::dsl
