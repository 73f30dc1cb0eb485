// Text to syntax tree: recursive descent, operators by precedence climbing, with recovery at `;`, `}` and items.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/support/diagnostic.h"
#include "dsl/parse/ast.h"

namespace rg::dsl {

struct ParseResult {
  ast::Module module;
  bool ok = false;  // no error in this text; a tree that is not ok holds ErrorExpr and is only good for showing
};

/// Parses a whole file. Any bytes are accepted: what is no program is reported.
ParseResult parse(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics);

/// Parses a text that is one expression, as in `run f.rg EXPR`. Null where an error was reported.
ast::ExprPtr parse_expression(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics);

/// The tree as `.rg` text: two spaces of indent, lines of at most 100 columns where they can be broken, the fewest
/// parentheses. Parsing it gives the same tree.
std::string print(const ast::Module& module);
std::string print(const ast::Expr& expr);
std::string print(const ast::TypeExpr& type);

/// The tree as one S-expression without spans, for tests and debugging: equal trees have equal dumps.
std::string dump(const ast::Module& module);
std::string dump(const ast::Expr& expr);

}  // namespace rg::dsl
