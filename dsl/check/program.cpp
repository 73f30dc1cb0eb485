// Files and items: loading with imports and the prelude, declaring structs and functions, building each function's IR.
#include <fmt/format.h>

#include "dsl/check/declare.h"
#include "dsl/check/entry.h"
#include "dsl/check/test.h"
#include "dsl/check/unused.h"
#include "dsl/check/vocabulary.h"
#include "dsl/check/walk.h"
#include "dsl/parse/parse.h"
#include "dsl/prelude/prelude.h"

namespace rg::dsl {

namespace {

std::string relative_to(const std::string& base, const std::string& path) {
  if (path.starts_with("/")) return path;
  const auto slash = base.rfind('/');
  return slash == std::string::npos ? path : base.substr(0, slash + 1) + path;
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

ModuleScope* load_module(Context& cx, const std::string& path, const std::string& text, bool is_prelude);

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
    if (is_taken(name.text) && !m.is_prelude) {
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

}  // namespace

namespace {

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

}  // namespace

Program::Program(SourceMap& sources, Diagnostics& diagnostics, FileLoader loader)
    : context_(new Context{sources, &diagnostics, std::move(loader)}) {}
Program::~Program() = default;
bool Program::load(const std::string& path, const std::string& text) { return rg::dsl::load(*context_, path, text); }
const ir::Module& Program::module() const { return context_->module; }
const std::vector<TestCase>& Program::tests() const { return context_->tests; }
const ir::Function* Program::expression(const std::string& text, const std::string& name) {
  return rg::dsl::expression(*context_, text, name);
}
std::vector<std::string> Program::functions() const {
  std::vector<std::string> names;
  if (context_->main == nullptr) return names;
  for (const FnDecl* f : context_->main->own_functions) {
    if (!f->generic) names.push_back(f->item->name.text);
  }
  return names;
}

}  // namespace rg::dsl
