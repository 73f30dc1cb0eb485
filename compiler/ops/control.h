// Structured control flow, calls, assertions and derivatives to be expanded. The regions' types are checked here; what
// they mean is in the interpreter, how they are differentiated in ad/, how they are batched in opt/lift.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/views.h"

namespace rg::ops {

struct Control : OpBase {
  static constexpr int operands = -1;
  static constexpr Derivative derivative = Derivative::control;
};

struct If : Control {
  static constexpr std::string_view name = "if";
  static constexpr std::string_view doc =
      "The yields of the first region where the condition holds, of the second otherwise.";
  static constexpr int operands = 1;
  static constexpr int regions = 2;
  static Inferred infer(const InferInput& in) {
    if (in.operands[0] != Type{Elem::boolean, {}}) return Failure{"an if's condition is one truth value"};
    if (in.regions.size() != 2 || !in.regions[0].params.empty() || !in.regions[1].params.empty())
      return Failure{"an if has two regions without parameters"};
    if (in.regions[0].yields != in.regions[1].yields) return Failure{"an if's arms have different types"};
    return in.regions[0].yields;
  }
};

struct For : Control {
  static constexpr std::string_view name = "for";
  static constexpr std::string_view doc =
      "A loop of `dims`[0] steps: operands are `integers`[0] initial states, then arrays read one slice a step; the "
      "region has the counter, states and slices, and yields states, then values to be stacked; `integers`[1] = 1 runs "
      "from the last step to the first.";
  static constexpr int regions = 1;
  static Inferred infer(const InferInput& in) {
    const Attrs& a = in.attrs;
    if (a.dims.size() != 1 || a.integers.size() != 2 || in.regions.size() != 1)
      return Failure{"a for needs a trip count, its number of states and one region"};
    const auto carried = static_cast<std::size_t>(a.integers[0]);
    const RegionTypes& body = in.regions[0];
    if (a.integers[0] < 0 || carried > in.operands.size() || body.params.size() != in.operands.size() + 1)
      return Failure{"a for's region does not fit its operands"};
    if (body.params[0] != Type{Elem::i64, {}}) return Failure{"a for's counter is an i64"};
    if (body.yields.size() < carried) return Failure{"a for's region yields too few states"};
    std::vector<Type> results;
    for (std::size_t k = 0; k < carried; ++k) {
      if (body.params[k + 1] != in.operands[k] || body.yields[k] != in.operands[k])
        return Failure{fmt::format("state {} of a for changes its type", k)};
      results.push_back(in.operands[k]);
    }
    for (std::size_t k = carried; k < in.operands.size(); ++k) {
      const Type& x = in.operands[k];
      if (x.is_scalar() || x.dims[0] != a.dims[0])
        return Failure{"an array read by a for has another leading extent than its trip count"};
      if (body.params[k + 1] != Type{x.elem, {x.dims.begin() + 1, x.dims.end()}})
        return Failure{"a slice of a for has the wrong type"};
    }
    for (std::size_t k = carried; k < body.yields.size(); ++k)
      results.push_back({body.yields[k].elem, prepended(a.dims[0], body.yields[k].dims)});
    return results;
  }
};

struct Map : Control {
  static constexpr std::string_view name = "map";
  static constexpr std::string_view doc =
      "The yields of the region at every index below `dims`, stacked along those leading axes.";
  static constexpr int operands = 0;
  static constexpr int regions = 1;
  static Inferred infer(const InferInput& in) {
    if (in.regions.size() != 1 || in.regions[0].params != std::vector<Type>(in.attrs.dims.size(), Type{Elem::i64, {}}))
      return Failure{"a map's region takes one i64 an extent"};
    std::vector<Type> results;
    for (const Type& y : in.regions[0].yields) {
      Type t{y.elem, in.attrs.dims};
      t.dims.insert(t.dims.end(), y.dims.begin(), y.dims.end());
      results.push_back(t);
    }
    return results;
  }
};

/// Base of what refers to a function of the module: its result types are given, since a rule sees no module.
struct Reference : Control {};

struct Call : Reference {
  static constexpr std::string_view name = "call";
  static constexpr std::string_view doc = "The results of the function `callee` with the sizes `dims`.";
};

struct Derive : Reference {
  static constexpr std::string_view name = "derive";
  static constexpr std::string_view doc =
      "The function `callee` with the sizes `dims` and its derivative in the mode `text` (jvp, vjp, jacobian) with "
      "respect to the parameters `axes`.";
};

struct Assert : OpBase {
  static constexpr std::string_view name = "assert";
  static constexpr std::string_view doc = "Fails the whole call with the message `text` where the condition is false.";
  static constexpr int operands = 1;
  static constexpr bool effect = true;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "an assertion has no value";
  static Inferred infer(const InferInput& in) {
    if (in.operands[0] != Type{Elem::boolean, {}}) return Failure{"an assertion takes one truth value"};
    return std::vector<Type>{};
  }
  static void eval(EvalSite& s) {
    if (s.operands[0]->integers[0] == 0) s.error = s.attrs.text;
  }
  // One assertion of all.
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B>& s, std::span<const bool>, const Dim&) {
    s.b.emit(s.b.named("assert"), {s.b.reduce("all", s.x(0), {0})}, Attrs{.text = s.attrs.text});
    return {};
  }
};

}  // namespace rg::ops
