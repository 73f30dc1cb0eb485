// The C++ interface: programs from text or files, their functions and derivatives as native code of this process.
//
//   auto program = runegrad::Program::from_file("rosenbrock.rg");
//   if (!program) { std::cerr << program.error(); return 1; }
//   auto gradient = program->function("grad(rosenbrock)");
//   std::vector<double> x{1, 2}, g(2);
//   if (auto status = gradient->call({runegrad::in(x)}, {runegrad::out(g)}); !status) std::cerr << status.error();
//
// Errors are values; nothing is thrown. Several threads may ask one Program for functions, one after the other inside,
// and call one Function at once, each with its own Context.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

struct rg_context;

namespace runegrad {

/// A value, or a message for the user (several lines, with source excerpts, where a program is at fault).
template <class T>
class Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: a value is a result
  static Expected failure(std::string message) { return Expected(Tag{}, std::move(message)); }
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const std::string& error() const { return std::get<1>(state_); }

 private:
  struct Tag {};
  Expected(Tag, std::string message) : state_(std::in_place_index<1>, std::move(message)) {}
  std::variant<T, std::string> state_;
};

enum class Elem : std::uint8_t { f32, f64, i32, i64, boolean };

/// Row-major memory of the caller with its shape; a scalar has no extents.
struct TensorRef {
  Elem elem = Elem::f64;
  void* data = nullptr;
  std::vector<std::int64_t> shape;
  std::int64_t count = -1;  ///< of the memory's elements, which a call compares with the shape; -1: not known
};

/// The element type of float, double, std::int32_t, std::int64_t and bool.
template <class T>
inline constexpr Elem elem_of_v = [] {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int32_t> ||
                    std::is_same_v<T, std::int64_t> || std::is_same_v<T, bool>,
                "an element is float, double, std::int32_t, std::int64_t or bool");
  return std::is_same_v<T, float>          ? Elem::f32
         : std::is_same_v<T, double>       ? Elem::f64
         : std::is_same_v<T, std::int32_t> ? Elem::i32
         : std::is_same_v<T, std::int64_t> ? Elem::i64
                                           : Elem::boolean;
}();

/// An input: a scalar, an array, or memory with a shape that has as many elements. The memory is only read.
template <class T>
TensorRef in(const T& scalar)
  requires std::is_arithmetic_v<T>
{
  return {elem_of_v<T>, const_cast<T*>(&scalar), {}, 1};
}
template <class T>
TensorRef in(const std::vector<T>& v) {
  const auto n = static_cast<std::int64_t>(v.size());
  return {elem_of_v<T>, const_cast<T*>(v.data()), {n}, n};
}
template <class T>
TensorRef in(std::span<const T> v, std::vector<std::int64_t> shape) {
  return {elem_of_v<T>, const_cast<T*>(v.data()), std::move(shape), static_cast<std::int64_t>(v.size())};
}
template <class T>
TensorRef in(const std::vector<T>& v, std::vector<std::int64_t> shape) {
  return {elem_of_v<T>, const_cast<T*>(v.data()), std::move(shape), static_cast<std::int64_t>(v.size())};
}

/// An output: memory of the result's shape, all of it written.
template <class T>
TensorRef out(T& scalar)
  requires std::is_arithmetic_v<T>
{
  return {elem_of_v<T>, &scalar, {}, 1};
}
template <class T>
TensorRef out(std::vector<T>& v) {
  const auto n = static_cast<std::int64_t>(v.size());
  return {elem_of_v<T>, v.data(), {n}, n};
}
template <class T>
TensorRef out(std::vector<T>& v, std::vector<std::int64_t> shape) {
  return {elem_of_v<T>, v.data(), std::move(shape), static_cast<std::int64_t>(v.size())};
}
template <class T>
TensorRef out(std::span<T> v, std::vector<std::int64_t> shape) {
  return {elem_of_v<T>, v.data(), std::move(shape), static_cast<std::int64_t>(v.size())};
}

/// Threads and workspace of calls, one call at a time.
class Context {
 public:
  explicit Context(int threads = 1);
  rg_context* get() const { return context_.get(); }

 private:
  struct Destroy {
    void operator()(rg_context* c) const;
  };
  std::unique_ptr<rg_context, Destroy> context_;
};

struct Options {
  int opt_level = 2;                          ///< 0 compiles fastest, 2 runs fastest
  bool strict = false;                        ///< operations as written, in that order, each rounded
  bool fast = false;                          ///< all rewritings of dsl/arithmetic.md; strict wins
  std::map<std::string, std::int64_t> sizes;  ///< sizes by name that are known now; a call with others fails
};

/// What an argument or a result is: name and type as the language writes it, "f32[n, 2*d]".
struct Slot {
  std::string name;
  std::string type;
};

/// One compiled function. Copies share the code, which lives as long as the last of them.
class Function {
 public:
  /// Structs and tuples are flattened into their tensors, in order.
  const std::vector<Slot>& inputs() const;
  const std::vector<Slot>& outputs() const;
  /// Names of the sizes, in the order of the C function's first parameters.
  const std::vector<std::string>& sizes() const;

  /// Calls with shapes and element types checked; sizes are found from the inputs' shapes, `sizes` gives those that no
  /// shape determines. Fails where memory is null, not aligned to its elements or of another number of elements than
  /// its shape, and where an output overlaps an input or another output. Null context: one thread.
  Expected<bool> call(const std::vector<TensorRef>& inputs, const std::vector<TensorRef>& outputs,
                      Context* context = nullptr, const std::map<std::string, std::int64_t>& sizes = {}) const;
  /// Sizes for the inputs' shapes, in the order of `sizes()`.
  Expected<std::vector<std::int64_t>> infer_sizes(const std::vector<TensorRef>& inputs,
                                                  const std::map<std::string, std::int64_t>& sizes = {}) const;
  /// Shape of each output for sizes in the order of `sizes()`.
  std::vector<std::vector<std::int64_t>> output_shapes(const std::vector<std::int64_t>& sizes) const;

  /// The C function: `int (sizes as int64_t…, inputs…, outputs…, rg_context*)`, scalar inputs by value, all else by
  /// pointer. Shapes are not known there, so that they are not checked.
  template <class Signature>
  Signature* as() const {
    return reinterpret_cast<Signature*>(address());
  }
  void* address() const;

  struct State;
  explicit Function(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

/// A checked program.
class Program {
 public:
  static Expected<Program> from_string(const std::string& text, const std::string& name = "program.rg");
  static Expected<Program> from_file(const std::string& path);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// Compiles a function of the program or an expression that denotes one: "f", "grad(f)", "jvp(grad(f, wrt: x), wrt:
  /// x)".
  Expected<Function> function(const std::string& expression, const Options& options = {});
  /// The program's own functions, in source order.
  std::vector<std::string> functions() const;

  struct State;

 private:
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace runegrad
