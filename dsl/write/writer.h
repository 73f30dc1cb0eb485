// The writer of one function: statements in writer.cpp, loops and branches in control.cpp, the expression of one
// instruction in expression.cpp, element by element in element.cpp. Internal to write/.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>

#include "compiler/code/clone.h"
#include "dsl/write/literal.h"
#include "dsl/write/names.h"

namespace rg::dsl {

/// What the language has no spelling for; caught by `write`.
struct Unspellable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes one function. What has no spelling is thrown as Unspellable.
class Writer {
 public:
  explicit Writer(const ir::Function& f) : f_(f), uses_(ir::use_counts(f)), sizes_(f.size_names) {
    for (const std::string& s : sizes_) names_.take(s);
  }

  ast::FnItem function();

 private:
  using ExprPtr = ast::ExprPtr;
  using Exprs = tree::Exprs;
  using Strings = std::vector<std::string>;

  // ---- values ----
  const std::vector<ir::Dim>& dims(ir::ValueId v) const { return f_.type(v).dims; }
  ExprPtr text(ir::ValueId v) const { return tree::clone(*text_.at(v)); }
  ExprPtr one(std::string_view function, ir::ValueId v) const { return tree::call(function, tree::list(text(v))); }
  /// The value, which has a name from now on.
  ExprPtr named(ir::ValueId v);
  std::string wanted_name(ir::ValueId v) const { return f_.value(v).name.empty() ? "t" : f_.value(v).name; }
  /// A fresh name for the value, from now on its text.
  std::string bind(ir::ValueId v, std::string_view wanted);
  std::string bind(ir::ValueId v) { return bind(v, wanted_name(v)); }
  Strings bind(std::span<const ir::ValueId> values);
  void let(ast::Pattern pattern, ExprPtr value) { stmts_.push_back(tree::let(std::move(pattern), std::move(value))); }
  /// The value's text: where it is used, or a name.
  void define(ir::ValueId v, ExprPtr e);
  ExprPtr tuple(std::span<const ir::ValueId> values) const;
  ExprPtr shape(const std::vector<ir::Dim>& d) const { return shape_list(d, sizes_); }
  ExprPtr extent_of(const ir::Dim& d) const { return extent(d, sizes_); }

  // ---- statements ----
  /// What `body` writes, and gives, as a block.
  ExprPtr in_block(const std::function<ExprPtr()>& body);
  void instructions(const ir::Block& b);
  void instruction(const ir::Instr& i);
  void assertion(const ir::Instr& i);
  void sort(const ir::Instr& i);
  void branch(const ir::Instr& i);
  void loop(const ir::Instr& i);
  std::vector<ast::LoopVar> loop_states(const ir::Instr& i);
  ExprPtr loop_body(const ir::Instr& i, const std::string& counter);
  void loop_results(const ir::Instr& i, ExprPtr value);

  // ---- expressions ----
  ExprPtr expression(const ir::Instr& i);
  ExprPtr elementwise(const ir::Instr& i) const;
  const ir::Instr* scalar_of(ir::ValueId v) const;
  Exprs elementwise_operands(const ir::Instr& i) const;
  ExprPtr constant(const ir::Instr& i) const;
  ExprPtr splat(const ir::Instr& i, bool typed) const;
  ExprPtr convert(const ir::Instr& i) const;
  ExprPtr iota(const ir::Instr& i);
  ExprPtr broadcast(const ir::Instr& i) const;
  ExprPtr transpose(const ir::Instr& i) const;
  ExprPtr reshape(const ir::Instr& i);
  ExprPtr concat(const ir::Instr& i) const;
  ExprPtr slice(const ir::Instr& i);
  ExprPtr place(const ir::Instr& i);
  ExprPtr reduction(const ir::Instr& i) const;
  ExprPtr contract(const ir::Instr& i) const;
  ExprPtr einsum(const ir::Instr& i) const;
  ExprPtr gather(const ir::Instr& i);
  ExprPtr scatter_add(const ir::Instr& i);

  // ---- element by element ----
  /// Index variables, one a dimension.
  Strings index_names(std::size_t count);
  tree::Indices indices(const Strings& names, std::span<const ir::Dim> extents) const;
  /// The named value at indices.
  ExprPtr element(ir::ValueId v, const Strings& at);

  const ir::Function& f_;
  std::vector<std::uint32_t> uses_;
  std::vector<std::string> sizes_;
  FreshNames names_;
  std::map<ir::ValueId, ExprPtr> text_;
  std::vector<ast::Stmt> stmts_;
};

}  // namespace rg::dsl
