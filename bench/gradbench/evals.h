// The evals: which program and function stand for each, how a message's input becomes arguments, and how results become
// the message's output. The mathematics is in the .rg files beside this one, which are part of the executable.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <runegrad/runegrad.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rg::gradbench {

/// Row-major numbers; `integers` is used where the element type is i32 or i64 (scalars).
struct Array {
  runegrad::Elem elem = runegrad::Elem::f64;
  std::vector<std::int64_t> shape;
  std::vector<double> reals;
  std::vector<std::int32_t> integers;
  std::vector<std::int64_t> longs;

  static Array scalar(double v) { return {runegrad::Elem::f64, {}, {v}, {}, {}}; }
  static Array integer(std::int64_t v) { return {runegrad::Elem::i64, {}, {}, {}, {v}}; }
  /// Uninitialised results of the type that a slot names ("f64[n]", "i32[3 * p]").
  static Array for_slot(const runegrad::Slot& slot, std::vector<std::int64_t> shape);
  runegrad::TensorRef ref();
};

/// Uninitialised results of the function at sizes in the order of its own.
std::vector<Array> results_for(const runegrad::Function& f, const std::vector<std::int64_t>& sizes);
std::vector<runegrad::TensorRef> refs(std::vector<Array>& arrays);

using Json = nlohmann::json;

/// The arguments of one call: arrays in the order of the function's inputs, and the sizes that no array determines.
struct Arguments {
  std::vector<Array> inputs;
  std::map<std::string, std::int64_t> sizes;
};

struct Function {
  std::string_view name;      // in messages
  std::string_view compiled;  // in the program
  Json (*output)(const std::vector<Array>& results, const Json& input);
};

struct Eval {
  std::string_view name;
  std::string_view source;
  /// Throws std::exception with a reason where the input is not as it should be.
  Arguments (*arguments)(const Json& input);
  std::vector<Function> functions;

  const Function* function(std::string_view wanted) const;
};

std::span<const Eval> evals();
const Eval* find_eval(std::string_view name);

}  // namespace rg::gradbench
