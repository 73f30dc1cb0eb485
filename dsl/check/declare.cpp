// Structs and functions of a file: their types, and the IR of their bodies.
#include "dsl/check/declare.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/support/internal_error.h"
#include "dsl/check/expr.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

void declare_struct(Context& cx, StructDecl& d) {
  if (d.resolved) return;
  if (d.resolving) {
    error(cx, Code::recursion, d.item->name.span, fmt::format("the struct `{}` contains itself", d.item->name.text));
    return;
  }
  d.resolving = true;
  ScopePtr scope = root_scope(d.module);
  for (const ast::Name& s : d.item->sizes) {
    if (std::ranges::find(d.sizes, s.text) != d.sizes.end())
      error(cx, Code::duplicate_name, s.span, fmt::format("the size `{}` stands twice", s.text));
    scope = extend(scope, s.text, make_int(cx, Dim::size(static_cast<std::uint32_t>(d.sizes.size())), s.span), s.span,
                   true);
    d.sizes.push_back(s.text);
  }
  Frame* const outer = std::exchange(cx.frame, nullptr);
  std::map<std::string_view, Span> fields;
  for (const ast::StructField& f : d.item->fields) {
    if (const auto [first, fresh] = fields.emplace(f.name.text, f.name.span); !fresh)
      error(cx, Code::duplicate_name, f.name.span, fmt::format("the field `{}` stands twice", f.name.text))
          .label(first->second, "first here");
    Ty t = resolve(cx, *f.type, scope);
    if (t.kind == Ty::Kind::function || t.kind == Ty::Kind::size || t.any_float || t.pack) {
      error(cx, Code::function_value, f.type->span, "a field is a tensor, a tuple or a struct")
          .note("functions are values of compile time and are not stored");
      t = {};
    }
    d.fields.push_back(std::move(t));
  }
  cx.frame = outer;
  d.resolved = true;
}

namespace {

void collect_size_names(const ast::Expr& e, FnDecl& d) {
  if (const std::string* name = as_name(e)) {
    if (std::ranges::find(d.sizes, *name) == d.sizes.end()) d.sizes.push_back(*name);
  } else if (const auto* u = ast::as<ast::Unary>(e)) {
    collect_size_names(*u->operand, d);
  } else if (const auto* n = ast::as<ast::Binary>(e)) {
    collect_size_names(*n->lhs, d);
    collect_size_names(*n->rhs, d);
  } else if (const auto* c = ast::as<ast::Call>(e)) {
    for (const ast::Arg& a : c->args) collect_size_names(*a.value, d);
  }
}

}  // namespace

void collect_sizes(const ast::TypeExpr& type, FnDecl& d) {
  if (const auto* tuple = std::get_if<ast::TupleType>(&type.node)) {
    for (const auto& e : tuple->elements) collect_sizes(*e, d);
  } else if (const auto* named = std::get_if<ast::NamedType>(&type.node)) {
    for (const ast::Dim& dim : named->dims) {
      if (dim.value) collect_size_names(*dim.value, d);
    }
  }
}

namespace {

template <class Test>
bool any_part(const Ty& t, const Test& test) {
  return test(t) || std::ranges::any_of(t.fields, [&](const Ty& f) { return any_part(f, test); });
}

bool is_broken(const Ty& t) {
  return any_part(t, [](const Ty& x) { return x.kind == Ty::Kind::error; });
}

// The names of sizes, in the order in which the parameters bring them in.
void declare_sizes(FnDecl& d) {
  for (const ast::Param& p : d.item->params) {
    const auto* named = std::get_if<ast::NamedType>(&p.type->node);
    if (named != nullptr && named->name.text == "size") {
      if (std::ranges::find(d.sizes, p.name.text) == d.sizes.end()) d.sizes.push_back(p.name.text);
    } else {
      collect_sizes(*p.type, d);
    }
  }
}

void declare_param(Context& cx, FnDecl& d, const ast::Param& p, const ScopePtr& scope) {
  Ty t = resolve(cx, *p.type, scope);
  const auto size = std::ranges::find(d.sizes, p.name.text);
  if (t.kind == Ty::Kind::size) {
    t.size = Dim::size(static_cast<std::uint32_t>(size - d.sizes.begin()));
  } else if (size != d.sizes.end()) {
    error(cx, Code::shadowed_size, p.name.span,
          fmt::format("`{}` is a size of this function and cannot name a parameter", p.name.text))
        .hint(fmt::format("to pass it, declare `{}: size`", p.name.text));
    d.broken = true;
  }
  d.broken = d.broken || is_broken(t);
  d.generic =
      d.generic || any_part(t, [](const Ty& x) { return x.kind == Ty::Kind::function || x.pack || x.any_float; });
  d.params.push_back(std::move(t));
}

void declare_result(Context& cx, FnDecl& d, const ScopePtr& scope) {
  d.result = resolve(cx, *d.item->result, scope);
  d.broken = d.broken || is_broken(d.result);
  if (any_part(d.result, [](const Ty& x) { return x.kind == Ty::Kind::function || x.kind == Ty::Kind::size; })) {
    error(cx, Code::function_value, d.item->result->span, "a function's result is made of tensors, tuples and structs");
    d.broken = true;
  }
}

void append_dims(const Ty& t, std::vector<Dim>& dims) {
  dims.insert(dims.end(), t.tensor.dims.begin(), t.tensor.dims.end());
  dims.insert(dims.end(), t.sizes.begin(), t.sizes.end());
  if (t.kind == Ty::Kind::size) dims.push_back(t.size);
  for (const Ty& f : t.fields) append_dims(f, dims);
}

// Every size follows from a parameter.
void check_sizes(Context& cx, FnDecl& d) {
  std::set<std::uint32_t> known;
  std::vector<Dim> dims;
  for (const Ty& t : d.params) append_dims(t, dims);
  for (bool progress = true; progress;) {
    progress = false;
    for (const Dim& x : dims) {
      std::set<std::uint32_t> open;
      x.for_each_size([&](std::uint32_t s) {
        if (!known.contains(s)) open.insert(s);
      });
      if (open.size() == 1 && x.solve_for(*open.begin(), 0)) progress = known.insert(*open.begin()).second || progress;
    }
  }
  for (std::uint32_t s = 0; s < d.sizes.size() && !d.broken; ++s) {
    if (known.contains(s)) continue;
    error(cx, Code::unsolved_size, d.item->name.span,
          fmt::format("the size `{}` of `{}` does not follow from the parameters", d.sizes[s], d.item->name.text))
        .note("a size stands alone as an extent of some parameter, is solvable from one linearly, or is a parameter")
        .hint(fmt::format("make it a parameter: `{}: size`", d.sizes[s]));
    d.broken = true;
  }
}

// `scope` and the function's sizes.
ScopePtr bind_sizes(Context& cx, const FnDecl& d, ScopePtr scope) {
  for (std::uint32_t i = 0; i < d.sizes.size(); ++i)
    scope = extend(scope, d.sizes[i], make_int(cx, Dim::size(i), d.item->name.span), d.item->name.span, true);
  return scope;
}

}  // namespace

void declare_function(Context& cx, FnDecl& d) {
  if (d.declared) return;
  d.declared = true;
  declare_sizes(d);
  const ScopePtr scope = bind_sizes(cx, d, root_scope(d.module));
  Frame* const outer = std::exchange(cx.frame, nullptr);
  std::set<std::string> seen;
  for (const ast::Param& p : d.item->params) {
    if (!seen.insert(p.name.text).second) {
      error(cx, Code::duplicate_name, p.name.span, fmt::format("the parameter `{}` stands twice", p.name.text));
      d.broken = true;
    }
    declare_param(cx, d, p, scope);
  }
  declare_result(cx, d, scope);
  check_sizes(cx, d);
  cx.frame = outer;
}

void build_function(Context& cx, FnDecl& d) {
  if (d.state != FnDecl::State::fresh) return;
  d.state = FnDecl::State::building;
  // Built from within a probe or an expansion, it reports as if it were built on its own.
  Diagnostics* const shown_to = cx.diagnostics;
  if (!cx.probed.empty()) cx.diagnostics = cx.probed.front();
  const auto inlining = std::exchange(cx.inlining, {});
  const int depth = std::exchange(cx.depth, 0);
  Frame* const outer = cx.frame;
  ir::Function& f = cx.module.functions.emplace_back();
  const std::string& own = d.item->name.text;
  const bool hidden =
      d.module != cx.main && cx.main->functions.contains(own) && cx.main->functions.at(own)->module == cx.main;
  f.name = d.module == cx.main ? own : cx.module.unique_name(hidden ? own + ".imported" : own);
  d.ir_name = f.name;
  f.doc = d.item->doc;
  f.exported = d.item->exported && d.module == cx.main;
  f.size_names = d.sizes;
  f.span = d.item->name.span;
  cx.frame = new_frame(cx, f, nullptr);
  cx.b().set_span(d.item->name.span);
  ScopePtr scope = bind_sizes(cx, d, root_scope(d.module));
  for (std::size_t i = 0; i < d.params.size(); ++i) {
    const ast::Name& name = d.item->params[i].name;
    f.signature.params.push_back(param_tree(d.params[i], name.text));
    const Value v = param_value(cx, d.params[i], name.text, name.span);
    if (d.params[i].kind != Ty::Kind::size) scope = extend(scope, name.text, v, name.span);
  }
  const std::size_t before = cx.diagnostics->error_count();
  const Value result = coerce(cx, eval(cx, *d.item->body, scope), d.result, "the result");
  if (result.is_error()) {
    d.broken = true;
    if (cx.diagnostics->error_count() == before && !cx.diagnostics->has_errors())
      internal_error("an error without a report in " + f.name);
  } else {
    f.signature.result = param_tree(d.result, "");
    cx.b().set_yields(leaf_ids(cx, result));
  }
  cx.frame = outer;
  cx.inlining = inlining;
  cx.depth = depth;
  cx.diagnostics = shown_to;
  d.state = FnDecl::State::done;
}

}  // namespace rg::dsl
