// The state of a checked program: files, declarations, the IR made so far and the function under construction. The
// topics (a header each) are functions over it; they turn syntax into Values and emit IR at the end of the frame.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <span>

#include "compiler/code/builder.h"
#include "compiler/support/diagnostic.h"
#include "dsl/check/check.h"
#include "dsl/check/value.h"

namespace rg::dsl {

/// What the functions of the checker share. `sources` and `diagnostics` outlive it; closures refer to it: not copied.
struct Context {
  SourceMap& sources;
  Diagnostics* diagnostics;
  FileLoader loader;
  ir::Module module{};
  std::deque<std::unique_ptr<ModuleScope>> modules{};
  std::map<std::string, ModuleScope*> loaded{};  // by path
  std::set<std::string> loading{};               // paths of the files that are open
  ModuleScope* prelude = nullptr;
  ModuleScope* main = nullptr;
  std::deque<FnDecl> fn_decls{};
  std::deque<StructDecl> struct_decls{};
  std::deque<std::unique_ptr<Frame>> frames{};
  std::deque<ast::ExprPtr> expressions{};  // of the command, which values refer to
  Frame* frame = nullptr;                  // of the function under construction
  std::vector<IndexVar> index_vars{};
  std::vector<TestCase> tests{};
  std::vector<const FnDecl*> inlining{};  // generic functions under expansion, the innermost last
  bool blocked = false;                   // a file could not be read or parsed: what is checked then means little
  int depth = 0;                          // of expressions and calls under way
  std::vector<Diagnostics*> probed{};     // of the probes under way, the outermost first

  /// At the end of the function under construction.
  ir::Builder& b() { return *frame->builder; }
  /// Of the sizes of the function under construction.
  std::span<const std::string> names() const {
    return frame != nullptr ? std::span<const std::string>(frame->function->size_names)
                            : std::span<const std::string>{};
  }
};

/// A frame for `f`, inside of `parent`, whose values it may capture, or null.
Frame* new_frame(Context& cx, ir::Function& f, Frame* parent);

/// Reports an error; inside of the prelude's functions it says so.
Diagnostic& error(Context& cx, Code code, Span span, std::string message);

/// Runs `f` without a trace: no code, no diagnostics. Whether it went without an error.
bool probe(Context& cx, const std::function<void()>& f);

/// In the sizes' names of the function under construction.
std::string str(const Context& cx, const Dim& d);
std::string str(const Context& cx, const ir::Type& t);

/// The program's text at `span`.
std::string text_of(const Context& cx, Span span);

/// "`a`, `b`".
std::string join(const std::vector<std::string>& names);

}  // namespace rg::dsl
