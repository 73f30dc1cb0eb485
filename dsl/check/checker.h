// The checker's state and its parts, a file each: program, scope, types, unify, expr, arithmetic, index, comprehension,
// loop, call, derive, builtin families, test. Each turns syntax into Values and emits IR at the current context's end.
#pragma once

#include <deque>
#include <functional>
#include <set>

#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/check.h"
#include "dsl/check/value.h"
#include "dsl/parse/parse.h"

namespace rg::dsl {

/// Nesting of expressions and of calls expanded in place, taken together: a bound on the stack.
inline constexpr int max_depth = 1000;

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
  Checker& c;
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

class Checker {
 public:
  Checker(SourceMap& sources, Diagnostics& diagnostics, FileLoader loader);
  ~Checker();

  // ---- program.cpp
  bool load(const std::string& path, const std::string& text);
  const ir::Function* expression(const std::string& text, const std::string& name);
  ModuleScope* load_module(const std::string& path, const std::string& text, bool is_prelude);
  void import_file(ModuleScope& into, const ast::ImportItem& item);
  void declare_items(ModuleScope& module);
  void declare_struct(StructDecl& decl);
  void declare_function(FnDecl& decl);
  void collect_sizes(const ast::TypeExpr& type, FnDecl& decl);
  void collect_size_names(const ast::Expr& expr, FnDecl& decl);
  void build_function(FnDecl& decl);
  void build_callees_first();
  void prune();
  void build_entry(ir::Function& f, const ast::Expr& expr);
  struct EntryParam {
    std::string name;
    Ty type;
  };
  bool entry_params(const FnValue& fn, std::vector<EntryParam>& params, FnDecl& decl, Span span);

  // ---- scope.cpp: contexts, names, values
  Context& ctx() { return *context_; }
  ir::Builder& b() { return *context_->builder; }
  std::span<const std::string> names() const {
    return context_ ? std::span<const std::string>(context_->function->size_names) : std::span<const std::string>{};
  }
  Context* new_context(ir::Function& f, Context* parent);
  Diagnostic& error(Code code, Span span, std::string message);
  static ScopePtr bind(ScopePtr scope, std::string name, Value value, Span span, bool is_size = false);
  ScopePtr bind_checked(ScopePtr scope, const ast::Name& name, Value value);
  const Scope* find(const ScopePtr& scope, const std::string& name) const;
  static const Scope& root(const ScopePtr& scope);
  ScopePtr root_scope(ModuleScope* module) const;
  void unknown_name(const ScopePtr& scope, const std::string& name, Span span);

  Value make_tensor(ValueId id, Span span);
  Value make_int(const Dim& value, Span span);
  Value make_number(double value, Span span);
  Value make_flex(Flex flex, Span span);
  Value make_tuple(std::vector<Value> fields, Span span, std::vector<std::string> labels = {});
  Value make_function(FnValue fn, Span span);
  static Value error_value(Span span);
  /// The value in the current function: captured where it is an outer function's, with extents as asserted.
  ValueId use(const Value& v);
  ValueId use_in(const Value& v, Context& c);
  ir::Type type_of(const Value& v);
  /// A number or array as a tensor of the element type, the default one where none is given.
  Value materialize(const Value& v, std::optional<Elem> elem = {});
  Value tensor(const Value& v, const char* what = nullptr);  // reports what is no tensor
  void flatten(const Value& v, std::vector<Value>& leaves);
  std::vector<ValueId> leaf_ids(const Value& v);
  Value rebuild(const Value& shape, std::span<const ValueId> ids, std::size_t& at);
  ir::Tree tree_of(const Value& v, const std::string& name);
  std::string describe(const Value& v);
  std::string str(const Dim& d) const { return d.str(names()); }
  std::string str(const ir::Type& t) const { return t.str(names()); }
  std::string text_of(Span span) const { return std::string(sources_.text(span)); }
  Value default_typed(const Value& v);  // numbers within get their default types
  /// Runs `f` without a trace: no code, no diagnostics. Whether it went without an error.
  bool probe(const std::function<void()>& f);

  // ---- facts
  Dim normal(const Dim& d) const;
  ir::Type normal(const ir::Type& t) const;
  bool proven_nonnegative(const Dim& d) const;
  bool same(const Dim& a, const Dim& b) const;
  bool different(const Dim& a, const Dim& b) const;
  bool affine_nonnegative(Affine a) const;
  std::optional<std::pair<Affine, Affine>> range_of(const Value& v) const;  // low, high
  void add_fact(const Value& condition_source, const ast::Expr& condition, const ScopePtr& scope, bool holds);
  void learn_equal(const Dim& a, const Dim& b);
  /// Checks at run time that `d` >= 0 unless it is proven; false where it is proven not to be.
  bool require_nonnegative(const Dim& d, const std::string& message, std::vector<Dim> subscript = {});
  /// `subscript`: what a check of a subscript says of it (ir/subscript.h).
  void emit_assert(ValueId condition, const std::string& message, std::vector<Dim> subscript = {});
  struct Facts {
    std::vector<Dim> substitution, nonnegative;
    std::vector<std::pair<Dim, Dim>> equal;
  };
  Facts save_facts() const { return {context_->substitution, context_->nonnegative, context_->equal}; }
  void restore_facts(Facts f);

  // ---- types.cpp, unify.cpp
  std::optional<Dim> eval_dim(const ast::Expr& expr, const ScopePtr& scope);
  Ty resolve(const ast::TypeExpr& type, const ScopePtr& scope);
  Ty substitute(const Ty& t, std::span<const Dim> sizes) const;
  std::string describe(const Ty& t, std::span<const std::string> size_names) const;
  /// The value as the type says, or an error value after a report.
  Value coerce(const Value& v, const Ty& t, const std::string& what);
  Value coerce_tensor(const Value& v, const ir::Type& t, const std::string& what);
  Value recast(const Value& v, const ir::Type& t);
  bool unify(const Ty& param, Value& arg, Unifier& u, const std::string& what, bool flex_pass, const FnDecl& decl);
  bool solve(Unifier& u, const FnDecl& decl, Span span);
  Value param_value(const Ty& t, const std::string& name, Span span);
  ir::Tree param_tree(const Ty& t, const std::string& name);
  /// Reports that two extents differ, or are not known to be equal.
  void report_extents(const Dim& a, const Dim& b, Span span, const std::string& fact);

  // ---- expr.cpp
  bool too_deep() const;
  Value eval(const ast::Expr& expr, const ScopePtr& scope);
  Value eval_node(const ast::Expr& expr, const ScopePtr& scope);
  Value eval_name(const ast::NameExpr& node, Span span, const ScopePtr& scope);
  Value eval_block(const ast::Block& block, Span span, ScopePtr scope);
  ScopePtr eval_statement(const ast::Stmt& stmt, ScopePtr scope);
  ScopePtr bind_pattern(const ast::Pattern& pattern, const Value& value, ScopePtr scope);
  void eval_assert(const ast::Assert& node, Span span, const ScopePtr& scope);
  Value eval_if(const ast::If& node, Span span, const ScopePtr& scope);
  Value emit_if(ValueId condition, Span span, const std::function<Value()>& then_arm,
                const std::function<Value()>& else_arm);
  Value eval_array(const ast::ArrayLit& node, Span span, const ScopePtr& scope);
  Value stack_values(std::vector<Value> items, std::int64_t axis, Span span);
  Value eval_struct(const ast::StructLit& node, Span span, const ScopePtr& scope);
  Value eval_field(const ast::Field& node, Span span, const ScopePtr& scope);
  Value eval_project(const ast::Project& node, Span span, const ScopePtr& scope);
  std::optional<bool> constant_condition(const Value& v);

  // ---- arithmetic.cpp
  Value unary(ast::UnaryOp op, const Value& x, Span span);
  Value binary(ast::BinaryOp op, const Value& a, const Value& b, Span span, Span op_span);
  Value elementwise(std::string_view op, std::vector<Value> operands, Span span, std::string_view shown);
  Value power(const Value& a, const Value& b, Span span);
  Value integer_power(const Value& a, const Value& b, Span span);
  Value matmul(const Value& a, const Value& b, Span span);
  Value struct_arithmetic(ast::BinaryOp op, const Value& a, const Value& b, Span span);
  std::optional<Value> flex_arithmetic(ast::BinaryOp op, const Value& a, const Value& b, Span span);
  std::optional<Elem> common_elem(std::span<const Value> operands, Span span, std::string_view shown);
  std::optional<std::vector<Dim>> broadcast_dims(std::span<const Value> operands, Span span, std::string_view shown);
  ValueId stretch(ValueId v, const std::vector<Dim>& to);
  Value einsum(const std::vector<Value>& operands, const std::vector<std::string>& inputs, const std::string& output,
               Span span);

  // ---- index.cpp
  Value eval_index(const ast::Index& node, Span span, const ScopePtr& scope);
  struct Axis {
    enum class Kind { whole, slice, at, array } kind = Kind::whole;
    Dim start, length;
    std::int64_t step = 1;
    Value index;
    Span span;
  };
  bool axis_of(const ast::Subscript& s, const Dim& extent, const ScopePtr& scope, Axis& out, const std::string& base);
  std::optional<Dim> bound(const ast::Bound& bound, const Dim& extent, const ScopePtr& scope);
  void check_index(const Value& index, const Dim& extent, Span span, const std::string& base);
  Value take(const Value& base, std::vector<Axis> axes, Span span);
  ValueId exactness(ValueId index);  // exact.cpp: that no arithmetic of a subscript wraps; invalid where it cannot

  // ---- comprehension.cpp
  Value eval_build(const ast::Build& node, Span span, const ScopePtr& scope);
  Value eval_reduce(const ast::Reduce& node, Span span, const ScopePtr& scope);
  struct IndexAxis {
    Dim extent;           // of the rectangle
    bool ragged = false;  // the extent proper depends on outer indices
  };
  bool index_axes(const std::vector<ast::IndexVar>& vars, const ast::Expr& body, const ScopePtr& scope,
                  bool may_be_ragged, std::vector<IndexAxis>& axes);
  std::optional<Dim> infer_extent(const ast::Name& var, const ast::Expr& body, const ScopePtr& scope);
  Value map_over(const std::vector<ast::IndexVar>& vars, std::vector<IndexAxis>& axes, const ast::Expr& body,
                 const ScopePtr& scope, Span span, const std::function<Value(const Value&)>* identity);
  Value index_value(ValueId id, const Affine& low, const Affine& high, Span span);
  std::optional<Dim> rectangle(const Affine& a) const;  // the greatest value

  // ---- loop.cpp
  Value eval_loop(const ast::Loop& node, Span span, const ScopePtr& scope);

  // ---- call.cpp
  Value eval_call(const ast::Call& node, Span span, const ScopePtr& scope);
  Value apply(const FnValue& fn, Args args, Span span);
  Value apply_item(const FnDecl& decl, Args args, Span span);
  Value apply_lambda(const FnValue& fn, Args args, Span span);
  Value apply_vmap(const FnValue& fn, Args args, Span span);
  Value inline_item(const FnDecl& decl, std::vector<Value> args, Unifier& u, Span span);
  Value apply_builtin(const std::string& name, Args args, Span span, Span callee_span);
  bool order_args(Args& args, const std::vector<std::string>& params, Span span, const std::string& what);
  std::vector<std::string> param_names(const FnValue& fn);
  std::size_t arity(const FnValue& fn);
  std::string shown(const FnValue& fn);

  // ---- derive.cpp
  bool is_operator(const std::string& name) const;
  Value eval_operator(const std::string& name, const ast::Call& node, Span span, const ScopePtr& scope);
  Value apply_derived(const FnValue& fn, Args args, Span span);
  struct Lifted {
    std::string callee;
    std::vector<Dim> sizes;
    std::vector<ValueId> operands;
    std::vector<std::vector<std::int64_t>> param_leaves;  // flattened parameter numbers of each argument
    Value result;                                         // its shape, in the current context
    bool ok = false;
  };
  Lifted lift(const FnValue& fn, std::vector<Value>& args, Span span);
  std::optional<std::vector<std::size_t>> wrt_params(const FnValue& fn, const std::vector<Value>& args, Span span);
  bool check_floats(const Value& v, const std::string& what, Span span, const std::string& path = "");
  std::vector<std::string> extra_params(const FnValue& fn);

  // ---- test.cpp
  void build_test(const ast::TestItem& item, ModuleScope& module);
  void build_assertion(const ast::Expr& expr, TestCase& test, std::vector<ValueId>& results, const ScopePtr& scope);
  void assert_close(const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                    const ScopePtr& scope);
  void check_grad(const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                  const ScopePtr& scope);

  SourceMap& sources_;
  Diagnostics* diagnostics_;
  FileLoader loader_;
  ir::Module module_;
  std::deque<std::unique_ptr<ModuleScope>> modules_;
  std::map<std::string, ModuleScope*> loaded_;
  std::set<std::string> loading_;
  ModuleScope* prelude_ = nullptr;
  ModuleScope* main_ = nullptr;
  std::deque<FnDecl> fn_decls_;
  std::deque<StructDecl> struct_decls_;
  std::deque<std::unique_ptr<Context>> contexts_;
  std::deque<ast::ExprPtr> expressions_;
  Context* context_ = nullptr;
  std::vector<IndexVar> index_vars_;
  std::vector<TestCase> tests_;
  std::vector<const FnDecl*> inlining_;
  bool blocked_ = false;  // a file could not be read or parsed: what is checked then means little
  int depth_ = 0;
  int probing_ = 0;
  std::vector<Diagnostics*> probed_;  // of the probes under way, the outermost first
};

/// The handler of a builtin operation, or null. Elementwise ops of the registry are among them.
Builtin find_builtin(const std::string& name);
/// Whether a program's function may take the builtin's name: those that are functions of a library, not operations.
bool may_be_hidden(const std::string& name);
std::vector<std::string> builtin_names();
/// The tables of the families, which find_builtin joins.
struct BuiltinRow {
  std::string_view name;
  Builtin handler;
};
std::span<const BuiltinRow> shape_builtins();
std::span<const BuiltinRow> reduce_builtins();
std::span<const BuiltinRow> axis_builtins();
std::span<const BuiltinRow> array_builtins();
std::span<const BuiltinRow> elementwise_builtins();

/// "`a`, `b`".
std::string join(const std::vector<std::string>& names);
/// Whether the expression is a name, and which.
const std::string* as_name(const ast::Expr& e);
/// Options of a builtin.
const ArgValue* option(const BuiltinCall& call, std::string_view name);
bool only_options(BuiltinCall& call, std::initializer_list<std::string_view> allowed);
bool expect_args(BuiltinCall& call, std::size_t low, std::size_t high, const char* usage);
std::optional<std::vector<std::int64_t>> integer_list(BuiltinCall& call, const Value& v, const char* what);
std::optional<std::vector<Dim>> shape_list(BuiltinCall& call, const Value& v);

}  // namespace rg::dsl
