// Files and items: loading with imports and the prelude, declaring structs and functions, building each function's IR.
#include <fmt/format.h>

#include "dsl/check/checker.h"
#include "dsl/check/unused.h"
#include "dsl/check/walk.h"
#include "dsl/prelude/prelude.h"

namespace rg::dsl {

Program::Program(SourceMap& sources, Diagnostics& diagnostics, FileLoader loader)
    : checker_(std::make_unique<Checker>(sources, diagnostics, std::move(loader))) {}
Program::~Program() = default;
bool Program::load(const std::string& path, const std::string& text) { return checker_->load(path, text); }
const ir::Module& Program::module() const { return checker_->module_; }
const std::vector<TestCase>& Program::tests() const { return checker_->tests_; }
const ir::Function* Program::expression(const std::string& text, const std::string& name) {
  return checker_->expression(text, name);
}
std::vector<std::string> Program::functions() const {
  std::vector<std::string> names;
  if (checker_->main_ == nullptr) return names;
  for (const FnDecl* f : checker_->main_->own_functions) {
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

bool Checker::load(const std::string& path, const std::string& text) {
  const std::size_t before = diagnostics_->error_count();
  prelude_ = load_module("prelude.rg", std::string(prelude_text()), true);
  main_ = load_module(path, text, false);
  if (blocked_) return false;
  for (const auto& m : modules_) {
    if (!m->is_prelude) warn_of_unused(m->ast, *diagnostics_);
  }
  for (StructDecl& d : struct_decls_) declare_struct(d);
  for (const auto& m : modules_) {
    for (FnDecl* f : m->own_functions) declare_function(*f);
  }
  build_callees_first();
  for (const auto& m : modules_) {
    if (m->is_prelude) continue;
    for (FnDecl* f : m->own_functions) {
      if (!f->generic && !f->broken) build_function(*f);
    }
  }
  for (const ast::Item& item : main_->ast.items) {
    if (const auto* test = std::get_if<ast::TestItem>(&item.node)) build_test(*test, *main_);
  }
  for (FnDecl* f : main_->own_functions) {
    if (!f->item->exported || !f->generic || f->broken) continue;
    error(Code::generic_export, f->item->name.span,
          fmt::format("`{}` is generic and cannot be exported", f->item->name.text))
        .note("an exported function has no rank packs, open element types or function parameters")
        .hint("export a function that calls it with concrete types");
  }
  prune();
  return diagnostics_->error_count() == before;
}

// A function is built when the first call of it is checked, one inside of the other. Where calls lead far down, every
// `far`-th function of the way is built before, so that it ends there.
void Checker::build_callees_first() {
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
  for (const auto& m : modules_) {
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
        if (height % far == 0 && !top.f->generic && !top.f->broken) build_function(*top.f);
        open.pop_back();
        if (!open.empty()) open.back().height = std::max(open.back().height, height);
      }
    }
  }
}

// Removes what only probes made: functions that nothing of the program refers to.
void Checker::prune() {
  std::set<std::string> used;
  std::vector<std::string> open;
  const auto use_function = [&](const std::string& name) {
    if (!name.empty() && used.insert(name).second) open.push_back(name);
  };
  for (const auto& m : modules_) {
    for (const FnDecl* f : m->own_functions) {
      if (!m->is_prelude) use_function(f->ir_name);
    }
  }
  for (const TestCase& t : tests_) use_function(t.function);
  while (!open.empty()) {
    const ir::Function* f = module_.find(open.back());
    open.pop_back();
    if (f == nullptr) continue;
    for (const ir::Instr& i : f->instrs) {
      if (const std::string* name = ir::callee(i)) use_function(*name);
    }
  }
  for (FnDecl& d : fn_decls_) {
    if (d.state == FnDecl::State::done && !used.contains(d.ir_name)) d.state = FnDecl::State::fresh;
  }
  std::erase_if(module_.functions, [&](const ir::Function& f) { return !used.contains(f.name); });
  contexts_.clear();
}

ModuleScope* Checker::load_module(const std::string& path, const std::string& text, bool is_prelude) {
  auto owned = std::make_unique<ModuleScope>();
  ModuleScope& m = *owned;
  modules_.push_back(std::move(owned));
  loaded_[path] = &m;
  loading_.insert(path);
  m.path = path;
  m.is_prelude = is_prelude;
  const std::uint32_t file = sources_.add(path, text);
  ParseResult parsed = parse(sources_, file, *diagnostics_);
  m.ast = std::move(parsed.module);
  if (parsed.ok) {
    for (const ast::Item& item : m.ast.items) {
      if (const auto* import = std::get_if<ast::ImportItem>(&item.node)) import_file(m, *import);
    }
    declare_items(m);
  }
  blocked_ = blocked_ || !parsed.ok;
  loading_.erase(path);
  return &m;
}

void Checker::import_file(ModuleScope& into, const ast::ImportItem& item) {
  const std::string path = relative_to(into.path, item.path);
  const std::size_t before = diagnostics_->error_count();
  const auto failed = [&] { blocked_ = blocked_ || diagnostics_->error_count() > before; };
  if (loading_.contains(path)) {
    error(Code::import_failed, item.path_span,
          fmt::format("`{}` imports itself, directly or through others", item.path));
    return failed();
  }
  auto known = loaded_.find(path);
  if (known == loaded_.end()) {
    if (!loader_) {
      error(Code::import_failed, item.path_span, "this program is not read from a file: it cannot import");
      return failed();
    }
    const Result<std::string> text = loader_(path);
    if (!text) {
      error(Code::import_failed, item.path_span, fmt::format("cannot import `{}`: {}", item.path, text.error()));
      return failed();
    }
    load_module(path, *text, false);
    known = loaded_.find(path);
  }
  for (FnDecl* f : known->second->own_functions) into.functions.emplace(f->item->name.text, f);
  for (const auto& [name, s] : known->second->structs) {
    if (s->module == known->second) into.structs.emplace(name, s);
  }
}

void Checker::declare_items(ModuleScope& m) {
  std::map<std::string, Span> seen;
  const auto fresh = [&](const ast::Name& name) {
    const auto [at, inserted] = seen.emplace(name.text, name.span);
    if (!inserted) {
      error(Code::duplicate_name, name.span, fmt::format("`{}` is defined twice", name.text))
          .label(at->second, "first here")
          .note("functions are not overloaded");
      return false;
    }
    if (((find_builtin(name.text) != nullptr && !may_be_hidden(name.text)) || is_operator(name.text) ||
         ir::elem_named(name.text) || name.text == "size" || name.text == "float") &&
        !m.is_prelude) {
      error(Code::name_taken, name.span, fmt::format("`{}` is a builtin operation, its name is taken", name.text))
          .hint("choose another name");
      return false;
    }
    return true;
  };
  for (const ast::Item& item : m.ast.items) {
    if (const auto* s = std::get_if<ast::StructItem>(&item.node)) {
      if (!fresh(s->name)) continue;
      StructDecl& d = struct_decls_.emplace_back();
      d.item = s;
      d.module = &m;
      m.structs[s->name.text] = &d;
    } else if (const auto* f = std::get_if<ast::FnItem>(&item.node)) {
      if (!fresh(f->name)) continue;
      FnDecl& d = fn_decls_.emplace_back();
      d.item = f;
      d.module = &m;
      m.functions[f->name.text] = &d;
      m.own_functions.push_back(&d);
    }
  }
}

void Checker::declare_struct(StructDecl& d) {
  if (d.resolved) return;
  if (d.resolving) {
    error(Code::recursion, d.item->name.span, fmt::format("the struct `{}` contains itself", d.item->name.text));
    return;
  }
  d.resolving = true;
  ScopePtr scope = root_scope(d.module);
  for (const ast::Name& s : d.item->sizes) {
    if (std::ranges::find(d.sizes, s.text) != d.sizes.end())
      error(Code::duplicate_name, s.span, fmt::format("the size `{}` stands twice", s.text));
    scope = bind(scope, s.text, make_int(Dim::size(static_cast<std::uint32_t>(d.sizes.size())), s.span), s.span, true);
    d.sizes.push_back(s.text);
  }
  Context* const outer = std::exchange(context_, nullptr);
  std::map<std::string_view, Span> fields;
  for (const ast::StructField& f : d.item->fields) {
    if (const auto [first, fresh] = fields.emplace(f.name.text, f.name.span); !fresh)
      error(Code::duplicate_name, f.name.span, fmt::format("the field `{}` stands twice", f.name.text))
          .label(first->second, "first here");
    Ty t = resolve(*f.type, scope);
    if (t.kind == Ty::Kind::function || t.kind == Ty::Kind::size || t.any_float || t.pack) {
      error(Code::function_value, f.type->span, "a field is a tensor, a tuple or a struct")
          .note("functions are values of compile time and are not stored");
      t = {};
    }
    d.fields.push_back(std::move(t));
  }
  context_ = outer;
  d.resolved = true;
}

void Checker::collect_size_names(const ast::Expr& e, FnDecl& d) {
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

void Checker::collect_sizes(const ast::TypeExpr& type, FnDecl& d) {
  if (const auto* tuple = std::get_if<ast::TupleType>(&type.node)) {
    for (const auto& e : tuple->elements) collect_sizes(*e, d);
  } else if (const auto* named = std::get_if<ast::NamedType>(&type.node)) {
    for (const ast::Dim& dim : named->dims) {
      if (dim.value) collect_size_names(*dim.value, d);
    }
  }
}

void Checker::declare_function(FnDecl& d) {
  if (d.declared) return;
  d.declared = true;
  for (const ast::Param& p : d.item->params) {
    const auto* named = std::get_if<ast::NamedType>(&p.type->node);
    if (named != nullptr && named->name.text == "size") {
      if (std::ranges::find(d.sizes, p.name.text) == d.sizes.end()) d.sizes.push_back(p.name.text);
    } else {
      collect_sizes(*p.type, d);
    }
  }
  ScopePtr scope = root_scope(d.module);
  for (std::size_t i = 0; i < d.sizes.size(); ++i)
    scope = bind(scope, d.sizes[i], make_int(Dim::size(static_cast<std::uint32_t>(i)), d.item->name.span),
                 d.item->name.span, true);
  Context* const outer = std::exchange(context_, nullptr);
  std::set<std::string> seen;
  const auto has = [](const Ty& t, const auto& self, auto test) -> bool {
    if (test(t)) return true;
    return std::ranges::any_of(t.fields, [&](const Ty& f) { return self(f, self, test); });
  };
  for (const ast::Param& p : d.item->params) {
    if (!seen.insert(p.name.text).second) {
      error(Code::duplicate_name, p.name.span, fmt::format("the parameter `{}` stands twice", p.name.text));
      d.broken = true;
    }
    Ty t = resolve(*p.type, scope);
    if (t.kind == Ty::Kind::size) {
      t.size = Dim::size(static_cast<std::uint32_t>(std::ranges::find(d.sizes, p.name.text) - d.sizes.begin()));
    } else if (std::ranges::find(d.sizes, p.name.text) != d.sizes.end()) {
      error(Code::shadowed_size, p.name.span,
            fmt::format("`{}` is a size of this function and cannot name a parameter", p.name.text))
          .hint(fmt::format("to pass it, declare `{}: size`", p.name.text));
      d.broken = true;
    }
    d.broken = d.broken || has(t, has, [](const Ty& x) { return x.kind == Ty::Kind::error; });
    d.generic =
        d.generic || has(t, has, [](const Ty& x) { return x.kind == Ty::Kind::function || x.pack || x.any_float; });
    d.params.push_back(std::move(t));
  }
  d.result = resolve(*d.item->result, scope);
  d.broken = d.broken || has(d.result, has, [](const Ty& x) { return x.kind == Ty::Kind::error; });
  if (has(d.result, has, [](const Ty& x) { return x.kind == Ty::Kind::function || x.kind == Ty::Kind::size; })) {
    error(Code::function_value, d.item->result->span, "a function's result is made of tensors, tuples and structs");
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
    error(Code::unsolved_size, d.item->name.span,
          fmt::format("the size `{}` of `{}` does not follow from the parameters", d.sizes[s], d.item->name.text))
        .note("a size stands alone as an extent of some parameter, is solvable from one linearly, or is a parameter")
        .hint(fmt::format("make it a parameter: `{}: size`", d.sizes[s]));
    d.broken = true;
  }
  context_ = outer;
}

void Checker::build_function(FnDecl& d) {
  if (d.state != FnDecl::State::fresh) return;
  d.state = FnDecl::State::building;
  // Built from within a probe or an expansion, it reports as if it were built on its own.
  Diagnostics* const shown_to = diagnostics_;
  if (!probed_.empty()) diagnostics_ = probed_.front();
  const auto inlining = std::exchange(inlining_, {});
  const int depth = std::exchange(depth_, 0);
  Context* const outer = context_;
  ir::Function& f = module_.functions.emplace_back();
  const std::string& own = d.item->name.text;
  const bool hidden = d.module != main_ && main_->functions.contains(own) && main_->functions.at(own)->module == main_;
  f.name = d.module == main_ ? own : module_.unique_name(hidden ? own + ".imported" : own);
  d.ir_name = f.name;
  f.doc = d.item->doc;
  f.exported = d.item->exported && d.module == main_;
  f.size_names = d.sizes;
  f.span = d.item->name.span;
  context_ = new_context(f, nullptr);
  b().set_span(d.item->name.span);
  ScopePtr scope = root_scope(d.module);
  for (std::uint32_t i = 0; i < d.sizes.size(); ++i)
    scope = bind(scope, d.sizes[i], make_int(Dim::size(i), d.item->name.span), d.item->name.span, true);
  for (std::size_t i = 0; i < d.params.size(); ++i) {
    const ast::Name& name = d.item->params[i].name;
    f.signature.params.push_back(param_tree(d.params[i], name.text));
    const Value v = param_value(d.params[i], name.text, name.span);
    if (d.params[i].kind != Ty::Kind::size) scope = bind(scope, name.text, v, name.span);
  }
  const std::size_t before = diagnostics_->error_count();
  const Value result = coerce(eval(*d.item->body, scope), d.result, "the result");
  if (result.is_error()) {
    d.broken = true;
    if (diagnostics_->error_count() == before && !diagnostics_->has_errors())
      internal_error("an error without a report in " + f.name);
  } else {
    f.signature.result = param_tree(d.result, "");
    b().set_yields(leaf_ids(result));
  }
  context_ = outer;
  inlining_ = inlining;
  depth_ = depth;
  diagnostics_ = shown_to;
  d.state = FnDecl::State::done;
}

const ir::Function* Checker::expression(const std::string& text, const std::string& name) {
  if (main_ == nullptr) return nullptr;
  const std::size_t before = diagnostics_->error_count();
  const std::uint32_t file = sources_.add("expression", text);
  ast::ExprPtr parsed = parse_expression(sources_, file, *diagnostics_);
  if (parsed == nullptr) return nullptr;
  expressions_.push_back(std::move(parsed));
  const ast::Expr& expr = *expressions_.back();
  ir::Function& f = module_.functions.emplace_back();
  f.name = module_.unique_name(name);
  f.span = expr.span;
  f.exported = true;
  build_entry(f, expr);
  context_ = nullptr;
  if (diagnostics_->error_count() > before) {
    f.exported = false;
    std::erase_if(module_.functions, [&](const ir::Function& g) { return &g == &f; });
    return nullptr;
  }
  return &f;
}

}  // namespace rg::dsl
