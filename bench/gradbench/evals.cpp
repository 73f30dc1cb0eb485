#include "bench/gradbench/evals.h"

#include <algorithm>
#include <stdexcept>

#include "bench/gradbench/programs.h"

namespace rg::gradbench {

Array Array::for_slot(const runegrad::Slot& slot, std::vector<std::int64_t> shape) {
  Array a;
  a.shape = std::move(shape);
  std::size_t count = 1;
  for (const std::int64_t e : a.shape) count *= static_cast<std::size_t>(e);
  if (slot.type.starts_with("i32")) {
    a.elem = runegrad::Elem::i32;
    a.integers.resize(count);
  } else {
    a.reals.resize(count);
  }
  return a;
}

std::vector<Array> results_for(const runegrad::Function& f, const std::vector<std::int64_t>& sizes) {
  std::vector<Array> results;
  const auto shapes = f.output_shapes(sizes);
  for (std::size_t k = 0; k < shapes.size(); ++k) results.push_back(Array::for_slot(f.outputs()[k], shapes[k]));
  return results;
}

std::vector<runegrad::TensorRef> refs(std::vector<Array>& arrays) {
  std::vector<runegrad::TensorRef> refs;
  for (Array& a : arrays) refs.push_back(a.ref());
  return refs;
}

runegrad::TensorRef Array::ref() {
  void* data = elem == runegrad::Elem::f64   ? static_cast<void*>(reals.data())
               : elem == runegrad::Elem::i32 ? static_cast<void*>(integers.data())
                                             : static_cast<void*>(longs.data());
  return {elem, data, shape};
}

namespace {

void append(const Json& j, std::size_t depth, Array& to) {
  if (!j.is_array()) {
    if (depth != to.shape.size()) throw std::invalid_argument("lists of unequal depth");
    to.reals.push_back(j.get<double>());
    return;
  }
  const auto length = static_cast<std::int64_t>(j.size());
  if (depth == to.shape.size()) {
    if (!to.reals.empty()) throw std::invalid_argument("lists of unequal depth");
    to.shape.push_back(length);
  }
  if (to.shape[depth] != length) throw std::invalid_argument("lists of unequal length");
  for (const Json& e : j) append(e, depth + 1, to);
}

/// A nested list as an array of the rank given (an empty list has no inner ones to show it).
Array array(const Json& input, const char* field, std::size_t rank) {
  Array a;
  const Json& j = input.at(field);
  try {
    append(j, 0, a);
  } catch (const std::exception& e) {
    throw std::invalid_argument(std::string("`") + field + "`: " + e.what());
  }
  if (a.reals.empty()) a.shape.resize(rank, 0);
  if (a.shape.size() != rank)
    throw std::invalid_argument(std::string("`") + field + "` has " + std::to_string(a.shape.size()) + " dimensions, " +
                                std::to_string(rank) + " are expected");
  return a;
}

Json nested(const Array& a, std::size_t axis, std::size_t& next) {
  if (axis == a.shape.size()) return a.reals[next++];
  Json list = Json::array();
  for (std::int64_t i = 0; i < a.shape[axis]; ++i) list.push_back(nested(a, axis + 1, next));
  return list;
}
Json nested(const Array& a) {
  std::size_t next = 0;
  return nested(a, 0, next);
}

Json only_result(const std::vector<Array>& results, const Json&) { return nested(results[0]); }

Arguments scalar_argument(const Json& input) { return {{Array::scalar(input.get<double>())}, {}}; }
Arguments lse_arguments(const Json& input) { return {{array(input, "x", 1)}, {}}; }
Arguments llsq_arguments(const Json& input) {
  return {{array(input, "x", 1)}, {{"n", input.at("n").get<std::int64_t>()}}};
}
Arguments ode_arguments(const Json& input) {
  return {{array(input, "x", 1)}, {{"s", input.at("s").get<std::int64_t>()}}};
}
Arguments kmeans_arguments(const Json& input) {
  return {{array(input, "points", 2), array(input, "centroids", 2)}, {}};
}

Arguments gmm_arguments(const Json& input) {
  return {{array(input, "alpha", 1), array(input, "mu", 2), array(input, "q", 2), array(input, "l", 2),
           array(input, "x", 2), Array::scalar(input.at("gamma").get<double>()),
           Array::integer(input.at("m").get<std::int64_t>())},
          {}};
}
Json gmm_gradient(const std::vector<Array>& results, const Json&) {
  return {
      {"alpha", nested(results[0])}, {"mu", nested(results[1])}, {"q", nested(results[2])}, {"l", nested(results[3])}};
}

Arguments lstm_arguments(const Json& input) {
  return {{array(input, "main_params", 2), array(input, "extra_params", 2), array(input, "state", 2),
           array(input, "sequence", 2)},
          {}};
}
Json lstm_gradient(const std::vector<Array>& results, const Json&) {
  Json flat = results[0].reals;
  for (const double v : results[1].reals) flat.push_back(v);
  return flat;
}

Array repeated(const Array& one, std::int64_t times) {
  Array a;
  a.shape = one.shape;
  a.shape.insert(a.shape.begin(), times);
  a.reals.reserve(one.reals.size() * static_cast<std::size_t>(times));
  for (std::int64_t i = 0; i < times; ++i) a.reals.insert(a.reals.end(), one.reals.begin(), one.reals.end());
  return a;
}
// Observation i is of camera i mod n and point i mod m.
Array cyclic(std::int64_t count, std::int64_t period) {
  Array a;
  a.elem = runegrad::Elem::i32;
  a.shape = {count};
  for (std::int64_t i = 0; i < count; ++i) a.integers.push_back(static_cast<std::int32_t>(i % period));
  return a;
}
// The message has one camera, point, weight and feature, to be repeated; the program does not know that.
Arguments ba_arguments(const Json& input) {
  const auto n = input.at("n").get<std::int64_t>(), m = input.at("m").get<std::int64_t>(),
             p = input.at("p").get<std::int64_t>();
  if (n < 1 || m < 1 || p < 0) throw std::invalid_argument("`n` and `m` are at least 1, `p` at least 0");
  return {{repeated(array(input, "cam", 1), n), repeated(array(input, "x", 1), m),
           repeated(Array::scalar(input.at("w").get<double>()), p), repeated(array(input, "feat", 1), p), cyclic(p, n),
           cyclic(p, m)},
          {}};
}
Json ba_objective(const std::vector<Array>& results, const Json& input) {
  const auto& e = results[0].reals;
  if (e.size() < 2) throw std::invalid_argument("no observations");
  return {{"reproj_error", {{"elements", {e[0], e[1]}}, {"repeated", input.at("p")}}},
          {"w_err", {{"element", results[1].reals[0]}, {"repeated", input.at("p")}}}};
}
// The first thirty and the last of each array.
template <class T>
Json excerpt(const std::vector<T>& v) {
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(30, v.size()); ++i) list.push_back(v[i]);
  if (!v.empty()) list.push_back(v.back());
  return list;
}
Json ba_jacobian(const std::vector<Array>& results, const Json&) {
  return {{"rows", excerpt(results[0].integers)},
          {"cols", excerpt(results[1].integers)},
          {"vals", excerpt(results[2].reals)}};
}

}  // namespace

const Function* Eval::function(std::string_view wanted) const {
  const auto at = std::ranges::find(functions, wanted, &Function::name);
  return at == functions.end() ? nullptr : &*at;
}

std::span<const Eval> evals() {
  static const std::vector<Eval> rows{
      {"hello",
       source_of("hello"),
       scalar_argument,
       {{"square", "squared", only_result}, {"double", "derivative", only_result}}},
      {"lse",
       source_of("lse"),
       lse_arguments,
       {{"primal", "primal", only_result}, {"gradient", "gradient", only_result}}},
      {"llsq",
       source_of("llsq"),
       llsq_arguments,
       {{"primal", "primal", only_result}, {"gradient", "gradient", only_result}}},
      {"ode",
       source_of("ode"),
       ode_arguments,
       {{"primal", "primal", only_result}, {"gradient", "gradient", only_result}}},
      {"kmeans", source_of("kmeans"), kmeans_arguments, {{"cost", "cost", only_result}, {"dir", "dir", only_result}}},
      {"gmm",
       source_of("gmm"),
       gmm_arguments,
       {{"objective", "objective", only_result}, {"jacobian", "jacobian_of", gmm_gradient}}},
      {"ba",
       source_of("ba"),
       ba_arguments,
       {{"objective", "objective", ba_objective}, {"jacobian", "sparse_jacobian", ba_jacobian}}},
      {"lstm",
       source_of("lstm"),
       lstm_arguments,
       {{"objective", "objective", only_result}, {"jacobian", "gradient", lstm_gradient}}},
  };
  return rows;
}

const Eval* find_eval(std::string_view name) {
  const auto all = evals();
  const auto at = std::ranges::find(all, name, &Eval::name);
  return at == all.end() ? nullptr : &*at;
}

}  // namespace rg::gradbench
