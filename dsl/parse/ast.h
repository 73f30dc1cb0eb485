// The syntax tree of a `.rg` file: what was written, with a span on every part, before any name is resolved.
//
// Output of the parser, input of the checker and the formatter. Nodes are values in a tree of unique pointers; an
// expression, a statement, a type and an item is each a variant over plain structs. Invariants: pointers documented as
// required are not null; the tree is no deeper than `max_tree_depth`, so that a recursive walk is safe; an `ErrorExpr`
// stands only in trees whose parse reported an error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/support/source.h"
#include "dsl/parse/operators.h"

namespace rg::dsl::ast {

/// Bound on the height of every tree that the parser returns.
inline constexpr int max_tree_depth = 512;

struct Expr;
struct TypeExpr;
using ExprPtr = std::unique_ptr<Expr>;
using TypePtr = std::unique_ptr<TypeExpr>;

/// An identifier where it stands. `_` is an ordinary name here; the checker lets it bind nothing.
struct Name {
  std::string text;
  Span span;
};

/// Comments that go with a construct, as written, slashes included: on the lines before it, those inside of it that no
/// smaller construct has, and the one behind it on its last line. Doc comments of items and fields are not among them.
struct Comments {
  std::vector<std::string> before;
  std::string behind;
  bool empty() const { return before.empty() && behind.empty(); }
};

// ---- Types -------------------------------------------------------------------------------------------------------

/// One entry of a dimension list: an integer expression over sizes, or a rank pack `...` / `...name`.
struct Dim {
  ExprPtr value;          // null for a pack
  bool is_pack = false;   // `...`: any number of leading dimensions
  std::string pack_name;  // empty for the plain `...`
  Span span;
};

/// `f64`, `f32[n, d]`, `f64[..., n]`, `size`, `Mlp[d, h, c]`. Element types and structs look alike.
struct NamedType {
  Name name;
  std::vector<Dim> dims;  // empty for a scalar
};

/// `(f64, f32[n])`; `(f64,)` is a one-tuple.
struct TupleType {
  std::vector<TypePtr> elements;
};

/// `fn(f64[n]) -> f64`.
struct FnType {
  std::vector<TypePtr> params;
  TypePtr result;
};

struct TypeExpr {
  Span span;
  std::variant<NamedType, TupleType, FnType> node;
};

// ---- Patterns, statements ------------------------------------------------------------------------------------------

/// The left side of a `let`: one name, or a tuple of patterns `(a, (b, _))`; `(a,)` takes a one-tuple apart.
struct Pattern {
  Span span;
  std::variant<Name, std::vector<Pattern>> node;
};

/// `let (l, g): (f64, f64[n]) = e;`
struct Let {
  Pattern pattern;
  TypePtr type;  // null where not written
  ExprPtr value;
};

/// `assert n == m;` or `assert n > 0, "the batch is empty";`
struct Assert {
  ExprPtr condition;
  std::optional<std::string> message;
};

/// `collect e;`, directly in the body of a loop: `e` becomes this step's slice of the stacked result.
struct Collect {
  ExprPtr value;
};

/// `e;`, in `test` blocks only.
struct ExprStmt {
  ExprPtr value;
};

struct Stmt {
  Span span;  // with the semicolon
  std::variant<Let, Assert, Collect, ExprStmt> node;
  Comments comments = {};
};

// ---- Expressions ---------------------------------------------------------------------------------------------------

/// `3`, `1_000`. Never negative: a sign is a Unary.
struct IntLit {
  std::int64_t value;
};
/// `0.5`, `1e-3`. Finite.
struct FloatLit {
  double value;
};
struct BoolLit {
  bool value;
};
/// `"ij,jk->ik"`, escapes resolved. An argument of builtins such as einsum; not a run-time value.
struct StringLit {
  std::string value;
};

/// A variable, size, function, element type (`f64(i)`) or builtin.
struct NameExpr {
  std::string name;
};

struct Unary {
  UnaryOp op;
  ExprPtr operand;
};

struct Binary {
  BinaryOp op;
  Span op_span;
  ExprPtr lhs, rhs;
};

/// `axis: 1` or `x`. After a named argument only named ones follow.
struct Arg {
  std::optional<Name> name;
  ExprPtr value;
};

/// `f(x)`, `grad(loss, wrt: (mu, sigma))(mu, sigma)`: the callee is any expression.
struct Call {
  ExprPtr callee;
  std::vector<Arg> args;
};

/// One bound or position in a subscript. A leading minus counts from the end and is not part of `value`:
/// `x[-1]` has value 1 and `from_end`; `x[(-1)]` has the value -1.
struct Bound {
  ExprPtr value;  // null where left out
  bool from_end = false;
  Span span;  // with the minus
  explicit operator bool() const { return value != nullptr; }
};

/// `x[i]`, `x[-1]`.
struct At {
  Bound position;  // present
};
/// `x[:]`, `x[1:]`, `x[a:b:s]`; the end is excluded.
struct Slice {
  Bound begin, end;
  ExprPtr step;  // null where left out
};
/// `x[..., 0]`: as many full dimensions as are left over.
struct Ellipsis {};

struct Subscript {
  Span span;
  std::variant<At, Slice, Ellipsis> node;
};

struct Index {
  ExprPtr base;
  std::vector<Subscript> subscripts;  // at least one
};

/// `p.w1`
struct Field {
  ExprPtr base;
  Name field;
};

/// `t.0`
struct Project {
  ExprPtr base;
  std::int64_t index;
  Span index_span;
};

struct LambdaParam {
  Name name;
  TypePtr type;  // null where left to inference
};

/// `x => e`, `(x, y: f64[n]) => e`, `() => e`.
struct Lambda {
  std::vector<LambdaParam> params;
  ExprPtr body;
};

/// `{ let a = x; a * a }`
struct Block {
  std::vector<Stmt> stmts;
  ExprPtr result;                     // required
  Comments comments = {};             // of the result
  std::vector<std::string> end = {};  // comments before the closing brace
};

/// `if c { a } else { b }`; `else if` nests.
struct If {
  ExprPtr condition;
  ExprPtr then_value;  // a Block
  ExprPtr else_value;  // a Block or an If
};

/// `i: n` or, where the extent follows from the subscripts, `i`.
struct IndexVar {
  Name name;
  ExprPtr extent;  // null where left out
};

/// `[i: n, j: m => e]`: an array, one leading dimension an index.
struct Build {
  std::vector<IndexVar> indices;
  ExprPtr body;
};

/// `sum[k => e]`, `max[i: n, j: i => e]`: the reduction named `op` over all indices.
struct Reduce {
  Name op;
  std::vector<IndexVar> indices;
  ExprPtr body;
};

/// `[a, b]`; may be empty.
struct ArrayLit {
  std::vector<ExprPtr> elements;
};

/// `(a, b)`, `(a,)`. Parentheses around one expression leave no trace.
struct Tuple {
  std::vector<ExprPtr> elements;
};

struct FieldInit {
  Name name;
  ExprPtr value;
};

/// `Line { slope: 1.0, offset: 2.0 }`
struct StructLit {
  Name name;
  std::vector<FieldInit> fields;
};

/// One carried variable of a loop: `x = a`, `s: f64[n] = zeros([n])`.
struct LoopVar {
  Name name;
  TypePtr type;  // null where not written
  ExprPtr init;
};

/// `for i in a..b`, the end excluded.
struct ForClause {
  Name index;
  ExprPtr begin, end;
};

/// `loop (x = a, y = b) for i in 0..n while c { collect e; next }`. The result of the body is the next state: a value
/// for one variable, a tuple for several. `Collect` stands at most once, directly in the body.
struct Loop {
  std::vector<LoopVar> state;      // at least one
  std::optional<ForClause> range;  // this or `condition` is present, or both
  ExprPtr condition;               // of `while`; null where absent
  ExprPtr body;                    // a Block
};

/// Stands where a syntax error was reported.
struct ErrorExpr {};

struct Expr {
  Span span;       // without surrounding parentheses
  int height = 1;  // of the tree below and with this node
  std::variant<IntLit, FloatLit, BoolLit, StringLit, NameExpr, Unary, Binary, Call, Index, Field, Project, Lambda,
               Block, If, Build, Reduce, ArrayLit, Tuple, StructLit, Loop, ErrorExpr>
      node;
};

/// The node as `T`, or null: `if (const auto* call = as<ast::Call>(*expr)) …`.
template <class T>
const T* as(const Expr& expr) {
  return std::get_if<T>(&expr.node);
}

// ---- Items -------------------------------------------------------------------------------------------------------

struct Param {
  Name name;
  TypePtr type;  // required
};

/// `/// doc` lines, joined by newlines, without the slashes and one space after them; then
/// `export fn newton(x: f64[n]) -> f64[n] { … }`. Sizes are not declared: they are the free names in the dimensions of
/// the parameter types, and parameters of type `size`.
struct FnItem {
  std::string doc;
  bool exported = false;
  Name name;
  std::vector<Param> params;
  TypePtr result;  // required
  ExprPtr body;    // a Block
};

struct StructField {
  std::string doc;
  Name name;
  TypePtr type;
  Comments comments = {};
};

/// `struct Mlp[d, h] { w1: f32[d, h], b1: f32[h] }`
struct StructItem {
  std::string doc;
  Name name;
  std::vector<Name> sizes;
  std::vector<StructField> fields;    // at least one
  std::vector<std::string> end = {};  // comments before the closing brace
};

/// `test "name" { assert_close(f(1.0), 2.0); }`
struct TestItem {
  std::string doc;
  std::string name;
  Span name_span;
  std::vector<Stmt> body;
  std::vector<std::string> end = {};  // comments before the closing brace
};

/// `import "other.rg";`, the path relative to the importing file.
struct ImportItem {
  std::string path;
  Span path_span;
};

struct Item {
  Span span;
  std::variant<FnItem, StructItem, TestItem, ImportItem> node;
  Comments comments = {};
};

struct Module {
  std::uint32_t file = 0;
  std::vector<Item> items;            // in source order
  std::vector<std::string> end = {};  // comments behind the last item
};

}  // namespace rg::dsl::ast
