// The checker's state, which the functions of dsl/check share: each is in the header of its topic, takes the state
// first, and turns syntax into Values and IR at the end of the current frame.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/check.h"
#include "dsl/check/value.h"
#include "dsl/parse/parse.h"

namespace rg::dsl {

/// Nesting of expressions and of calls expanded in place, taken together: a bound on the stack.
inline constexpr int max_depth = 1000;

/// What is known and what has been made so far, of one program. Not thread safe.
struct Context {
  SourceMap& sources;
  Diagnostics* diagnostics;
  FileLoader loader;
  ir::Module module = {};
  std::deque<std::unique_ptr<ModuleScope>> modules = {};
  std::map<std::string, ModuleScope*> loaded = {};
  std::set<std::string> loading = {};
  ModuleScope* prelude = nullptr;
  ModuleScope* main = nullptr;
  std::deque<FnDecl> fn_decls = {};
  std::deque<StructDecl> struct_decls = {};
  std::deque<std::unique_ptr<Frame>> frames = {};
  std::deque<ast::ExprPtr> expressions = {};
  Frame* frame = nullptr;  // of the function under construction
  std::vector<IndexVar> index_vars = {};
  std::vector<TestCase> tests = {};
  std::vector<const FnDecl*> inlining = {};
  bool blocked = false;  // a file could not be read or parsed: what is checked then means little
  int depth = 0;
  int probing = 0;
  std::vector<Diagnostics*> probed = {};  // of the probes under way, the outermost first
};

/// An argument after evaluation.
struct ArgValue {
  std::string name;  // empty for a positional one
  Span name_span;
  Value value;
  const ast::Expr* expr = nullptr;
};
using Args = std::vector<ArgValue>;

/// What a call of a builtin is given.
struct BuiltinCall {
  Context& c;
  std::string name;
  Span span;  // of the call
  Span callee_span;
  Args args;     // positional ones
  Args options;  // named ones
  const Value& arg(std::size_t i) const { return args[i].value; }
};
using Builtin = Value (*)(BuiltinCall&);

/// Binds the sizes, packs and open element type of a declaration to those of a call.
struct Unifier {
  std::vector<std::optional<Dim>> sizes;
  std::map<std::string, std::vector<Dim>> packs;
  std::optional<Elem> elem;
  struct Pending {
    Dim param, arg;
    Span span;
    std::string what;
  };
  std::vector<Pending> pending;
};

/// The function under construction, and the end of its code.
inline Frame& frame(Context& cx) { return *cx.frame; }
inline ir::Builder& builder(Context& cx) { return *cx.frame->builder; }
/// The names of its sizes.
inline std::span<const std::string> names(const Context& cx) {
  return cx.frame ? std::span<const std::string>(cx.frame->function->size_names) : std::span<const std::string>{};
}
inline std::string str(const Context& cx, const Dim& d) { return d.str(names(cx)); }
inline std::string str(const Context& cx, const ir::Type& t) { return t.str(names(cx)); }
inline std::string text_of(const Context& cx, Span span) { return std::string(cx.sources.text(span)); }

/// What is known of extents, to be put back where it no longer holds.
struct Facts {
  std::vector<Dim> substitution, nonnegative;
  std::vector<std::pair<Dim, Dim>> equal;
};
inline Facts save_facts(const Context& cx) { return {cx.frame->substitution, cx.frame->nonnegative, cx.frame->equal}; }
void restore_facts(Context& cx, Facts facts);

/// "`a`, `b`".
std::string join(const std::vector<std::string>& names);
/// Whether the expression is a name, and which.
const std::string* as_name(const ast::Expr& e);

}  // namespace rg::dsl
