// Draws typed programs in which branches, loops, maps, closures and derivative operators stand inside one another, with
// values that are captured or do not vary, conditions that depend on the item or do not, guards around infinite partial
// derivatives, and huge and tiny constants.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rg::test {

/// A program with `fn f(x: F[n], y: F[m], w: F[n, m], s: F) -> F` (F is f64 or f32), and others that it calls.
struct DrawnProgram {
  std::string text;
  bool single = false;  // F is f32
};

class ProgramGenerator {
 public:
  explicit ProgramGenerator(unsigned seed) : random_(seed) {}
  DrawnProgram program();

 private:
  /// Extents of a value: of "n" and "m", at most two.
  using Shape = std::string;
  struct Name {
    std::string name;
    Shape shape;
  };
  struct Index {
    std::string name;
    char extent;
  };

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool chance(unsigned percent) { return pick(100) < percent; }
  std::string fresh(const char* stem) { return stem + std::to_string(++names_); }
  template <class Body>
  std::string within(std::vector<Name> names, std::vector<Index> indices, const Body& body);

  std::string expression(const Shape& shape, int depth);
  std::string leaf(const Shape& shape);
  std::string constant();
  std::string element();
  std::string condition(int depth);
  std::string smooth(const std::string& e);
  std::string joined(const Shape& shape, int depth);
  std::string guard(const Shape& shape, int depth);
  std::string scaled(const Shape& shape, int depth);
  std::string choice(const Shape& shape, int depth);
  std::string loop(const Shape& shape, int depth);
  std::string collected(const Shape& shape, int depth);
  std::string build(const Shape& shape, int depth);
  std::string mapped(const Shape& shape, int depth);
  std::string reduced(const Shape& shape, int depth);
  std::string closure(const Shape& shape, int depth);
  std::string library(const Shape& shape, int depth);
  std::string derivative(const Shape& shape, int depth);
  std::string lambda(const std::string& name, const Shape& parameter, const Shape& result, int depth);
  std::string next_state(const Name& state, int depth);
  std::string states(const std::vector<Name>& open, const std::vector<Name>& names, int depth);
  Shape any_shape();

  std::mt19937 random_;
  std::vector<Name> scope_;
  std::vector<Index> indices_;
  bool single_ = false;
  int names_ = 0;
  int nodes_ = 0;        // drawn
  int derivatives_ = 0;  // around
};

}  // namespace rg::test
