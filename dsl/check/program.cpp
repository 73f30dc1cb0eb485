// Files and items: loading with imports and the prelude, declaring structs and functions, building each function's IR.
#include "dsl/check/program.h"

#include <fmt/format.h>

#include "dsl/check/builtins.h"
#include "dsl/check/context.h"
#include "dsl/check/derive.h"
#include "dsl/check/entry.h"
#include "dsl/check/expr.h"
#include "dsl/check/scope.h"
#include "dsl/check/test.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/unused.h"
#include "dsl/check/walk.h"
#include "dsl/prelude/prelude.h"

namespace rg::dsl {

static bool load(Context& cx, const std::string& path, const std::string& text);
static const ir::Function* expression(Context& cx, const std::string& text, const std::string& name);
static ModuleScope* load_module(Context& cx, const std::string& path, const std::string& text, bool is_prelude);
static void import_file(Context& cx, ModuleScope& into, const ast::ImportItem& item);
static void declare_items(Context& cx, ModuleScope& m);
static void collect_size_names(Context& cx, const ast::Expr& e, FnDecl& d);
static void build_callees_first(Context& cx);
static void prune(Context& cx);

Program::Program(SourceMap& sources, Diagnostics& diagnostics, FileLoader loader)
    : context_(new Context{sources, &diagnostics, std::move(loader)}) {}
Program::~Program() = default;
bool Program::load(const std::string& path, const std::string& text) { return dsl::load(*context_, path, text); }
const ir::Module& Program::module() const { return context_->module; }
const std::vector<TestCase>& Program::tests() const { return context_->tests; }
const ir::Function* Program::expression(const std::string& text, const std::string& name) {
  return dsl::expression(*context_, text, name);
}
std::vector<std::string> Program::functions() const {
  std::vector<std::string> names;
  if (context_->main == nullptr) return names;
  for (const FnDecl* f : context_->main->own_functions) {
    if (!f->generic) names.push_back(f->item->name.text);
  }
  return names;
}

namespace {
std::string relative_to(const std::string& base, const std::string& path) {
  if (path.starts_with("/")) return path;
  const auto slash = base.rfind('/');
  return slash == std::string::npos ? path : base.substr(0, slash + 1) + path;
}
}  // namespace

bool load(Context& cx, const std::string& path, const std::string& text) {
  const std::size_t before = cx.diagnostics->error_count();
  cx.prelude = load_module(cx, "prelude.rg", std::string(prelude_text()), true);
  cx.main = load_module(cx, path, text, false);
  if (cx.blocked) return false;
  for (const auto& m : cx.modules) {
    if (!m->is_prelude) warn_of_unused(m->ast, *cx.diagnostics);
  }
  for (StructDecl& d : cx.struct_decls) declare_struct(cx, d);
  for (const auto& m : cx.modules) {
    for (FnDecl* f : m->own_functions) declare_function(cx, *f);
  }
  build_callees_first(cx);
  for (const auto& m : cx.modules) {
    if (m->is_prelude) continue;
    for (FnDecl* f : m->own_functions) {
      if (!f->generic && !f->broken) build_function(cx, *f);
    }
  }
  for (const ast::Item& item : cx.main->ast.items) {
    if (const auto* test = std::get_if<ast::TestItem>(&item.node)) build_test(cx, *test, *cx.main);
  }
  for (FnDecl* f : cx.main->own_functions) {
    if (!f->item->exported || !f->generic || f->broken) continue;
    error(cx, Code::generic_export, f->item->name.span,
          fmt::format("`{}` is generic and cannot be exported", f->item->name.text))
        .note("an exported function has no rank packs, open element types or function parameters")
        .hint("export a function that calls it with concrete types");
  }
  prune(cx);
  return cx.diagnostics->error_count() == before;
}

// A function is built when the first call of it is checked, one inside of the other. Where calls lead far down, every
// `far`-th function of the way is built before, so that it ends there.
void build_callees_first(Context& cx) {
  constexpr std::size_t far = 16;
  struct Open {
    FnDecl* f;
    std::vector<FnDecl*> callees;
    std::size_t height = 0;  // of the longest way down from it
  };
  const auto opened = [](FnDecl* f) {
    Open o{f, {}};
    for_each_name(*f->item->body, [&](const std::string& name) {
      const auto at = f->module->functions.find(name);
      if (at != f->module->functions.end()) o.callees.push_back(at->second);
    });
    return o;
  };
  std::map<const FnDecl*, std::size_t> heights;  // 0 while it is open
  for (const auto& m : cx.modules) {
    if (m->is_prelude) continue;
    for (FnDecl* f : m->own_functions) {
      if (!heights.emplace(f, 0).second) continue;
      std::vector<Open> open;
      open.push_back(opened(f));
      while (!open.empty()) {
        Open& top = open.back();
        if (!top.callees.empty()) {
          FnDecl* const next = top.callees.back();
          top.callees.pop_back();
          const auto [at, fresh] = heights.emplace(next, 0);
          top.height = std::max(top.height, at->second);
          if (fresh) open.push_back(opened(next));
          continue;
        }
        const std::size_t height = heights[top.f] = top.height + 1;
        if (height % far == 0 && !top.f->generic && !top.f->broken) build_function(cx, *top.f);
        open.pop_back();
        if (!open.empty()) open.back().height = std::max(open.back().height, height);
      }
    }
  }
}

// Removes what only probes made: functions that nothing of the program refers to.
void prune(Context& cx) {
  std::set<std::string> used;
  std::vector<std::string> open;
  const auto use_function = [&](const std::string& name) {
    if (!name.empty() && used.insert(name).second) open.push_back(name);
  };
  for (const auto& m : cx.modules) {
    for (const FnDecl* f : m->own_functions) {
      if (!m->is_prelude) use_function(f->ir_name);
    }
  }
  for (const TestCase& t : cx.tests) use_function(t.function);
  while (!open.empty()) {
    const ir::Function* f = cx.module.find(open.back());
    open.pop_back();
    if (f == nullptr) continue;
    for (const ir::Instr& i : f->instrs) {
      if (const std::string* name = ir::callee(i)) use_function(*name);
    }
  }
  for (FnDecl& d : cx.fn_decls) {
    if (d.state == FnDecl::State::done && !used.contains(d.ir_name)) d.state = FnDecl::State::fresh;
  }
  std::erase_if(cx.module.functions, [&](const ir::Function& f) { return !used.contains(f.name); });
  cx.frames.clear();
}

ModuleScope* load_module(Context& cx, const std::string& path, const std::string& text, bool is_prelude) {
  auto owned = std::make_unique<ModuleScope>();
  ModuleScope& m = *owned;
  cx.modules.push_back(std::move(owned));
  cx.loaded[path] = &m;
  cx.loading.insert(path);
  m.path = path;
  m.is_prelude = is_prelude;
  const std::uint32_t file = cx.sources.add(path, text);
  ParseResult parsed = parse(cx.sources, file, *cx.diagnostics);
  m.ast = std::move(parsed.module);
  if (parsed.ok) {
    for (const ast::Item& item : m.ast.items) {
      if (const auto* import = std::get_if<ast::ImportItem>(&item.node)) import_file(cx, m, *import);
    }
    declare_items(cx, m);
  }
  cx.blocked = cx.blocked || !parsed.ok;
  cx.loading.erase(path);
  return &m;
}

void import_file(Context& cx, ModuleScope& into, const ast::ImportItem& item) {
  const std::string path = relative_to(into.path, item.path);
  const std::size_t before = cx.diagnostics->error_count();
  const auto failed = [&] { cx.blocked = cx.blocked || cx.diagnostics->error_count() > before; };
  if (cx.loading.contains(path)) {
    error(cx, Code::import_failed, item.path_span,
          fmt::format("`{}` imports itself, directly or through others", item.path));
    return failed();
  }
  auto known = cx.loaded.find(path);
  if (known == cx.loaded.end()) {
    if (!cx.loader) {
      error(cx, Code::import_failed, item.path_span, "this program is not read from a file: it cannot import");
      return failed();
    }
    const Result<std::string> text = cx.loader(path);
    if (!text) {
      error(cx, Code::import_failed, item.path_span, fmt::format("cannot import `{}`: {}", item.path, text.error()));
      return failed();
    }
    load_module(cx, path, *text, false);
    known = cx.loaded.find(path);
  }
  for (FnDecl* f : known->second->own_functions) into.functions.emplace(f->item->name.text, f);
  for (const auto& [name, s] : known->second->structs) {
    if (s->module == known->second) into.structs.emplace(name, s);
  }
}

void declare_items(Context& cx, ModuleScope& m) {
  std::map<std::string, Span> seen;
  const auto fresh = [&](const ast::Name& name) {
    const auto [at, inserted] = seen.emplace(name.text, name.span);
    if (!inserted) {
      error(cx, Code::duplicate_name, name.span, fmt::format("`{}` is defined twice", name.text))
          .label(at->second, "first here")
          .note("functions are not overloaded");
      return false;
    }
    if (((find_builtin(name.text) != nullptr && !may_be_hidden(name.text)) || is_operator(cx, name.text) ||
         ir::elem_named(name.text) || name.text == "size" || name.text == "float") &&
        !m.is_prelude) {
      error(cx, Code::name_taken, name.span, fmt::format("`{}` is a builtin operation, its name is taken", name.text))
          .hint("choose another name");
      return false;
    }
    return true;
  };
  for (const ast::Item& item : m.ast.items) {
    if (const auto* s = std::get_if<ast::StructItem>(&item.node)) {
      if (!fresh(s->name)) continue;
      StructDecl& d = cx.struct_decls.emplace_back();
      d.item = s;
      d.module = &m;
      m.structs[s->name.text] = &d;
    } else if (const auto* f = std::get_if<ast::FnItem>(&item.node)) {
      if (!fresh(f->name)) continue;
      FnDecl& d = cx.fn_decls.emplace_back();
      d.item = f;
      d.module = &m;
      m.functions[f->name.text] = &d;
      m.own_functions.push_back(&d);
    }
  }
}

void declare_struct(Context& cx, StructDecl& d) {
  if (d.resolved) return;
  if (d.resolving) {
    error(cx, Code::recursion, d.item->name.span, fmt::format("the struct `{}` contains itself", d.item->name.text));
    return;
  }
  d.resolving = true;
  ScopePtr scope = root_scope(cx, d.module);
  for (const ast::Name& s : d.item->sizes) {
    if (std::ranges::find(d.sizes, s.text) != d.sizes.end())
      error(cx, Code::duplicate_name, s.span, fmt::format("the size `{}` stands twice", s.text));
    scope =
        bind(scope, s.text, make_int(cx, Dim::size(static_cast<std::uint32_t>(d.sizes.size())), s.span), s.span, true);
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

void collect_size_names(Context& cx, const ast::Expr& e, FnDecl& d) {
  if (const std::string* name = as_name(e)) {
    if (std::ranges::find(d.sizes, *name) == d.sizes.end()) d.sizes.push_back(*name);
  } else if (const auto* u = ast::as<ast::Unary>(e)) {
    collect_size_names(cx, *u->operand, d);
  } else if (const auto* n = ast::as<ast::Binary>(e)) {
    collect_size_names(cx, *n->lhs, d);
    collect_size_names(cx, *n->rhs, d);
  } else if (const auto* c = ast::as<ast::Call>(e)) {
    for (const ast::Arg& a : c->args) collect_size_names(cx, *a.value, d);
  }
}

void collect_sizes(Context& cx, const ast::TypeExpr& type, FnDecl& d) {
  if (const auto* tuple = std::get_if<ast::TupleType>(&type.node)) {
    for (const auto& e : tuple->elements) collect_sizes(cx, *e, d);
  } else if (const auto* named = std::get_if<ast::NamedType>(&type.node)) {
    for (const ast::Dim& dim : named->dims) {
      if (dim.value) collect_size_names(cx, *dim.value, d);
    }
  }
}

void declare_function(Context& cx, FnDecl& d) {
  if (d.declared) return;
  d.declared = true;
  for (const ast::Param& p : d.item->params) {
    const auto* named = std::get_if<ast::NamedType>(&p.type->node);
    if (named != nullptr && named->name.text == "size") {
      if (std::ranges::find(d.sizes, p.name.text) == d.sizes.end()) d.sizes.push_back(p.name.text);
    } else {
      collect_sizes(cx, *p.type, d);
    }
  }
  ScopePtr scope = root_scope(cx, d.module);
  for (std::size_t i = 0; i < d.sizes.size(); ++i)
    scope = bind(scope, d.sizes[i], make_int(cx, Dim::size(static_cast<std::uint32_t>(i)), d.item->name.span),
                 d.item->name.span, true);
  Frame* const outer = std::exchange(cx.frame, nullptr);
  std::set<std::string> seen;
  const auto has = [](const Ty& t, const auto& self, auto test) -> bool {
    if (test(t)) return true;
    return std::ranges::any_of(t.fields, [&](const Ty& f) { return self(f, self, test); });
  };
  for (const ast::Param& p : d.item->params) {
    if (!seen.insert(p.name.text).second) {
      error(cx, Code::duplicate_name, p.name.span, fmt::format("the parameter `{}` stands twice", p.name.text));
      d.broken = true;
    }
    Ty t = resolve(cx, *p.type, scope);
    if (t.kind == Ty::Kind::size) {
      t.size = Dim::size(static_cast<std::uint32_t>(std::ranges::find(d.sizes, p.name.text) - d.sizes.begin()));
    } else if (std::ranges::find(d.sizes, p.name.text) != d.sizes.end()) {
      error(cx, Code::shadowed_size, p.name.span,
            fmt::format("`{}` is a size of this function and cannot name a parameter", p.name.text))
          .hint(fmt::format("to pass it, declare `{}: size`", p.name.text));
      d.broken = true;
    }
    d.broken = d.broken || has(t, has, [](const Ty& x) { return x.kind == Ty::Kind::error; });
    d.generic =
        d.generic || has(t, has, [](const Ty& x) { return x.kind == Ty::Kind::function || x.pack || x.any_float; });
    d.params.push_back(std::move(t));
  }
  d.result = resolve(cx, *d.item->result, scope);
  d.broken = d.broken || has(d.result, has, [](const Ty& x) { return x.kind == Ty::Kind::error; });
  if (has(d.result, has, [](const Ty& x) { return x.kind == Ty::Kind::function || x.kind == Ty::Kind::size; })) {
    error(cx, Code::function_value, d.item->result->span, "a function's result is made of tensors, tuples and structs");
    d.broken = true;
  }
  // Every size follows from a parameter.
  std::set<std::uint32_t> known;
  std::vector<const Dim*> dims;
  const auto gather = [&](const Ty& t, const auto& self) -> void {
    for (const Dim& x : t.tensor.dims) dims.push_back(&x);
    for (const Dim& x : t.sizes) dims.push_back(&x);
    if (t.kind == Ty::Kind::size) dims.push_back(&t.size);
    for (const Ty& f : t.fields) self(f, self);
  };
  for (const Ty& t : d.params) gather(t, gather);
  for (bool progress = true; progress;) {
    progress = false;
    for (const Dim* x : dims) {
      std::set<std::uint32_t> open;
      x->for_each_size([&](std::uint32_t s) {
        if (!known.contains(s)) open.insert(s);
      });
      if (open.size() == 1 && x->solve_for(*open.begin(), 0)) progress = known.insert(*open.begin()).second || progress;
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
  builder(cx).set_span(d.item->name.span);
  ScopePtr scope = root_scope(cx, d.module);
  for (std::uint32_t i = 0; i < d.sizes.size(); ++i)
    scope = bind(scope, d.sizes[i], make_int(cx, Dim::size(i), d.item->name.span), d.item->name.span, true);
  for (std::size_t i = 0; i < d.params.size(); ++i) {
    const ast::Name& name = d.item->params[i].name;
    f.signature.params.push_back(param_tree(cx, d.params[i], name.text));
    const Value v = param_value(cx, d.params[i], name.text, name.span);
    if (d.params[i].kind != Ty::Kind::size) scope = bind(scope, name.text, v, name.span);
  }
  const std::size_t before = cx.diagnostics->error_count();
  const Value result = coerce(cx, eval(cx, *d.item->body, scope), d.result, "the result");
  if (result.is_error()) {
    d.broken = true;
    if (cx.diagnostics->error_count() == before && !cx.diagnostics->has_errors())
      internal_error("an error without a report in " + f.name);
  } else {
    f.signature.result = param_tree(cx, d.result, "");
    builder(cx).set_yields(leaf_ids(cx, result));
  }
  cx.frame = outer;
  cx.inlining = inlining;
  cx.depth = depth;
  cx.diagnostics = shown_to;
  d.state = FnDecl::State::done;
}

const ir::Function* expression(Context& cx, const std::string& text, const std::string& name) {
  if (cx.main == nullptr) return nullptr;
  const std::size_t before = cx.diagnostics->error_count();
  const std::uint32_t file = cx.sources.add("expression", text);
  ast::ExprPtr parsed = parse_expression(cx.sources, file, *cx.diagnostics);
  if (parsed == nullptr) return nullptr;
  cx.expressions.push_back(std::move(parsed));
  const ast::Expr& expr = *cx.expressions.back();
  ir::Function& f = cx.module.functions.emplace_back();
  f.name = cx.module.unique_name(name);
  f.span = expr.span;
  f.exported = true;
  build_entry(cx, f, expr);
  cx.frame = nullptr;
  if (cx.diagnostics->error_count() > before) {
    f.exported = false;
    std::erase_if(cx.module.functions, [&](const ir::Function& g) { return &g == &f; });
    return nullptr;
  }
  return &f;
}

}  // namespace rg::dsl
