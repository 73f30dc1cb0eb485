// What an expression denotes while it is checked: a tensor of the function being built, a number whose element type is
// still open, a tuple, a struct, or a function of compile time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/code/builder.h"
#include "dsl/check/names.h"
#include "dsl/parse/ast.h"

namespace rg::dsl {

using ir::Dim;
using ir::Elem;
using ir::ValueId;

struct Frame;
struct Value;
struct ModuleScope;
struct FnDecl;
struct StructDecl;

/// constant + the sum of coefficient * index variable: what is known of an integer to prove subscripts in range. The
/// variables are rows of Context::index_vars.
struct Affine {
  Dim constant;
  std::map<std::uint32_t, Dim> terms;
  friend Affine operator+(Affine a, const Affine& b);
  friend Affine operator*(Affine a, const Dim& k);
};

/// Bounds of an index variable, inclusive, over variables with smaller numbers.
struct IndexVar {
  Affine low, high;
};

/// A number or array whose element type follows from its use: literals, sizes, and elementwise expressions of them.
struct Flex {
  bool floating = false;         // f64 where nothing says, else i64
  std::optional<Dim> dim;        // the value of an integer scalar
  std::optional<double> number;  // the value of a literal
  bool literal = false;          // made of literals alone: any numeric type may be taken
  std::vector<Dim> dims;         // shape
  std::function<ValueId(Elem)> make;
};

/// A function of compile time.
struct FnValue {
  enum class Kind { item, lambda, builtin, derived, vmap };
  Kind kind = Kind::builtin;
  const FnDecl* item = nullptr;
  const ast::Lambda* lambda = nullptr;
  std::shared_ptr<const struct Scope> env;  // of a lambda
  std::string name;                         // of a builtin; the operator of a derived function
  std::vector<ast::Name> wrt;               // empty: the only parameter of float type
  std::shared_ptr<const FnValue> inner;     // derived, vmap
  std::vector<std::optional<std::int64_t>> in_axes;
  Span span;
};

struct Value {
  enum class Kind { error, tensor, flex, tuple, structure, function, text };
  Kind kind = Kind::error;
  Span span;
  ir::Type type;  // tensor
  ValueId id;     // tensor: a value of `owner`
  Frame* owner = nullptr;
  std::shared_ptr<const Flex> flex;
  std::optional<Affine> affine;     // integers (also of every element): equal to this …
  std::optional<Affine> low, high;  // … or between these, inclusive
  std::vector<Value> fields;        // tuple, structure
  std::vector<std::string> labels;  // of a tuple that a derivative gives: what its fields are
  const StructDecl* decl = nullptr;
  std::vector<Dim> sizes;  // structure: its size arguments
  std::shared_ptr<const FnValue> fn;
  std::string text;

  bool is_error() const { return kind == Kind::error; }
  bool is_tensor() const { return kind == Kind::tensor; }
  bool is_flex() const { return kind == Kind::flex; }
  bool is_array() const { return is_tensor() || is_flex(); }
  const std::vector<Dim>& dims() const { return is_flex() ? flex->dims : type.dims; }
};

/// A type as the user writes it.
struct Ty {
  enum class Kind { error, tensor, size, tuple, structure, function };
  Kind kind = Kind::error;
  ir::Type tensor;
  bool any_float = false;  // `float`: f32 or f64, the same throughout a signature
  bool pack = false;       // leading dimensions that the call gives
  std::string pack_name;
  std::vector<Ty> fields;
  const StructDecl* decl = nullptr;
  std::vector<Dim> sizes;
  std::size_t arity = 0;  // function
  Dim size;               // size parameter
};

struct StructDecl {
  const ast::StructItem* item = nullptr;
  ModuleScope* module = nullptr;
  std::vector<std::string> sizes;
  std::vector<Ty> fields;  // over the struct's own sizes
  bool resolved = false, resolving = false;
};

struct FnDecl {
  const ast::FnItem* item = nullptr;
  ModuleScope* module = nullptr;
  std::vector<std::string> sizes;
  std::vector<Ty> params;  // over the function's own sizes
  Ty result;
  bool generic = false;  // packs, open element types or function parameters: elaborated in place at each call
  bool declared = false, broken = false;
  std::string ir_name;
  enum class State { fresh, building, done } state = State::fresh;
};

/// Names of one file: its own items, then those of the files that it imports, then the prelude's.
struct ModuleScope {
  std::string path;
  ast::Module ast;
  std::map<std::string, FnDecl*> functions;
  std::map<std::string, StructDecl*> structs;
  std::vector<FnDecl*> own_functions;
  bool is_prelude = false;
};

/// A persistent list of bindings; the last one ends in a root that knows the file and what a generic call has fixed.
struct Scope {
  Scope() = default;
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  std::shared_ptr<const Scope> parent;
  const Scope* root = this;
  Names names;  // of this scope and those around it
  std::string name;
  Value value;
  Span span;
  bool is_size = false;
  // root only
  ModuleScope* module = nullptr;
  std::map<std::string, std::vector<Dim>> packs;
  std::optional<Elem> open_elem;
};
using ScopePtr = std::shared_ptr<const Scope>;

/// One IR function under construction.
struct Frame {
  ir::Function* function = nullptr;
  std::unique_ptr<ir::Builder> builder;
  Frame* parent = nullptr;                 // whose values a derived function's body may capture
  std::map<ValueId, ValueId> captured;     // the parent's value -> parameter
  std::vector<ValueId> captures;           // the parent's values, in parameter order, after the declared parameters
  std::vector<Dim> substitution;           // what `assert` says of sizes, by size
  std::vector<Dim> nonnegative;            // what is known to be at least 0
  std::vector<std::pair<Dim, Dim>> equal;  // equalities that no substitution expresses
  std::map<ValueId, Dim> counters;         // indices of comprehensions and loops with what they stay below
  std::vector<Dim> around;                 // extents of the comprehensions around
};

}  // namespace rg::dsl
