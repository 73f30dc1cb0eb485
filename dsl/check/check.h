// From text to tensor IR: resolves names and imports, checks types, shapes and derivatives, and emits one IR function
// for every function of the file. Input: source texts. Output: an ir::Module in which `map`, `call` and `derive` stand
// as written, and diagnostics.
//
// Invariants: a module is only given where no error was reported; every instruction carries a span; structs and tuples
// are flattened, lambdas are gone (what they capture is a trailing parameter of the IR function made of them).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/module.h"
#include "compiler/support/diagnostic.h"
#include "compiler/support/result.h"

namespace rg::dsl {

/// The text of the file at `path`, or the reason why it cannot be read.
using FileLoader = std::function<Result<std::string>(const std::string& path)>;

/// One assertion of a `test` block. Its values are results of the test's IR function.
struct TestAssertion {
  enum class Kind {
    close,     // results [first, first + count) against [first + count, first + 2 * count), within `tolerance`
    gradient,  // three scalars: derivative along a direction by reverse mode, by forward mode, by central differences;
               // the first two agree to 1e-10 (f32: 1e-4) relative, the third to `tolerance` relative
    truth,     // one bool
  };
  Kind kind = Kind::truth;
  Span span;
  std::string text;  // as written
  std::size_t first = 0;
  std::size_t count = 1;
  double tolerance = 0;  // |a - b| <= tolerance * max(1, |a|, |b|)
};

/// A `test` block: an IR function without parameters.
struct TestCase {
  std::string name;
  Span span;
  std::string function;
  std::vector<TestAssertion> assertions;
};

struct Context;

/// A file, what it imports, the prelude, and the IR of it all. Not thread safe.
class Program {
 public:
  /// Both are kept by reference and outlive the program.
  Program(SourceMap& sources, Diagnostics& diagnostics, FileLoader loader = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Parses and checks `text` and, through the loader, what it imports; `path` is its name in diagnostics and the base
  /// of relative imports. Called once. False: errors were reported.
  bool load(const std::string& path, const std::string& text);

  /// The IR of all functions that are not generic; functions named by `export fn` are marked exported.
  const ir::Module& module() const;
  /// Names of the file's own functions that are not generic, in source order.
  std::vector<std::string> functions() const;
  const std::vector<TestCase>& tests() const;

  /// Checks an expression that denotes a function (`grad(f)`, `jvp(f, wrt: x)`, a name, a lambda with parameter types)
  /// and adds an IR function `name` to the module, with the function's parameters; an expression that denotes a value
  /// becomes a function without parameters. A derivative's extra parameters are called d_<name> (tangents), ybar
  /// (adjoint of the result) and v_<name> (the vector of hvp). Null: errors were reported.
  const ir::Function* expression(const std::string& text, const std::string& name = "main");

 private:
  std::unique_ptr<Context> context_;
};

}  // namespace rg::dsl
