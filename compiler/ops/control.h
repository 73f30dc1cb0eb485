// Structured control flow, calls, assertions and derivatives to be expanded. The regions' types are checked here; what
// they mean is in oracle/, how they are differentiated in ad/, how they are batched in opt/lift.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/gather.h"

namespace rg::ops {

struct Control : OpBase {
  static constexpr int operands = -1;
  static constexpr Derivative derivative = Derivative::control;
};

/// x sin x + c: an operand's own function in the examples' regions, not linear and with every derivative.
template <class B, class V = typename B::Val>
V example_step(B& b, V x, double c) {
  return b.add(b.mul(x, b.call("sin", {x})), b.like(x, c));
}

struct If : Control {
  static constexpr std::string_view name = "if";
  static constexpr std::string_view doc =
      "The yields of the first region where the condition holds, of the second otherwise.";
  static constexpr int operands = 1;
  static constexpr int regions = 2;
  static Inferred infer(const Input<Attrs>& in) {
    if (in.operands[0] != Type{Elem::boolean, {}}) return Failure{"an if's condition is one truth value"};
    if (in.regions.size() != 2 || !in.regions[0].params.empty() || !in.regions[1].params.empty())
      return Failure{"an if has two regions without parameters"};
    if (in.regions[0].yields != in.regions[1].yields) return Failure{"an if's arms have different types"};
    return in.regions[0].yields;
  }
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (!ir::is_float(elem)) return {};
    const Dim n = example_n();
    const auto body = [](B& b, std::span<const V> x) {
      const auto then = b.in_block({}, [&](std::span<const V>) {
        return std::vector<V>{b.mul(x[1], x[2]), b.sum(example_step(b, x[1], 0.5), {0})};
      });
      const auto otherwise = b.in_block(
          {}, [&](std::span<const V>) { return std::vector<V>{example_step(b, x[1], 1), b.sum(x[2], {0})}; });
      return b.emit(b.named("if"), {x[0]}, {}, {then, otherwise});
    };
    const Type vector{elem, {n}};
    return {{.about = "two results",
             .operands = {{{Elem::boolean, {}}}, {vector}, {vector}},
             .body = body,
             .epsilons = 64}};
  }
};

struct For : Control {
  struct Attrs {
    Dim trip;
    std::size_t states = 0;
    bool reversed = false;
    static constexpr std::tuple fields{field("trip", &Attrs::trip), field("states", &Attrs::states),
                                       field("reversed", &Attrs::reversed)};
  };
  static constexpr std::string_view name = "for";
  static constexpr std::string_view doc =
      "A loop of `trip` steps: operands are the initial `states`, then arrays read one slice a step; the "
      "region has the counter, states and slices, and yields states, then values to be stacked; one that is `reversed` "
      "runs from the last step to the first.";
  static constexpr int regions = 1;
  static Inferred infer(const Input<Attrs>& in) {
    const Attrs& a = in.attrs;
    if (in.regions.size() != 1) return Failure{"a for has one region"};
    const std::size_t carried = a.states;
    const RegionTypes& body = in.regions[0];
    if (carried > in.operands.size() || body.params.size() != in.operands.size() + 1)
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
      if (x.is_scalar() || x.dims[0] != a.trip)
        return Failure{"an array read by a for has another leading extent than its trip count"};
      if (body.params[k + 1] != Type{x.elem, {x.dims.begin() + 1, x.dims.end()}})
        return Failure{"a slice of a for has the wrong type"};
    }
    for (std::size_t k = carried; k < body.yields.size(); ++k)
      results.push_back({body.yields[k].elem, prepended(a.trip, body.yields[k].dims)});
    return results;
  }
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const Dim n = example_n(), m = example_m();
    const Type scalar{elem, {}}, vector{elem, {m}}, rows{elem, {n, m}};
    std::vector<Example> out;
    for (const bool reversed : {false, true}) {
      const auto sums = [n, reversed](B& b, std::span<const V> x) {
        return b.scan(
            n, {x[0]}, {x[1]},
            [&](V i, std::span<const V> state, std::span<const V> slice) {
              const V next = b.add(state[0], b.mul(slice[0], b.convert(i, b.type(x[0]).elem)));
              return std::pair{std::vector<V>{next}, std::vector<V>{next}};
            },
            reversed);
      };
      out.push_back({.about = reversed ? "sums, reversed" : "sums",
                     .operands = {{scalar}, {{elem, {n}}}},
                     .body = sums,
                     .epsilons = 1024});
      if (!ir::is_float(elem)) continue;
      const auto states = [n, reversed](B& b, std::span<const V> x) {
        return b.scan(
            n, {x[0], x[1]}, {x[2]},
            [&](V, std::span<const V> s, std::span<const V> slice) {
              const V next = b.call("tanh", {b.add(b.mul(s[0], x[3]), slice[0])});
              const V total = b.add(b.mul(b.like(s[1], 0.5), s[1]), b.sum(b.mul(next, slice[0]), {0}));
              return std::pair{std::vector<V>{next, total}, std::vector<V>{b.mul(next, s[0])}};
            },
            reversed);
      };
      out.push_back({.about = reversed ? "two states, reversed" : "two states",
                     .operands = {{vector}, {scalar}, {rows}, {vector}},
                     .body = states,
                     .epsilons = 1024});
    }
    return out;
  }
};

struct Map : Control {
  using Attrs = ExtentAttrs;
  static constexpr std::string_view name = "map";
  static constexpr std::string_view doc =
      "The yields of the region at every index below `dims`, stacked along those leading axes.";
  static constexpr int operands = 0;
  static constexpr int regions = 1;
  static Inferred infer(const Input<Attrs>& in) {
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
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (!ir::is_float(elem)) return {};
    const Dim n = example_n(), m = example_m();
    const auto body = [n, m](B& b, std::span<const V> x) {
      const std::vector<Type> indices(2, Type{Elem::i64, {}});
      const auto region = b.in_block(indices, [&](std::span<const V> i) {
        const V u = b.emit1(b.named("gather"), {x[0], i[0]}, GatherAttrs{.labels = {{-1}, {}, {}}});
        const V row = b.emit1(b.named("gather"), {x[1], i[1]}, GatherAttrs{.labels = {{-1, 0}, {}, {0}}});
        return std::vector<V>{b.mul(example_step(b, u, 0.5), b.sum(row, {0})), row};
      });
      return b.emit(b.named("map"), {}, Attrs{.dims = {n, m}}, {region});
    };
    const auto nothing = [](B& b, std::span<const V> x) {
      const auto region =
          b.in_block({}, [&](std::span<const V>) { return std::vector<V>{example_step(b, x[0], 0.5)}; });
      return b.emit(b.named("map"), {}, Attrs{}, {region});
    };
    return {{.about = "two axes", .operands = {{{elem, {n}}}, {{elem, {m, 2}}}}, .body = body, .epsilons = 64},
            {.about = "no axis", .operands = {{{elem, {n}}}}, .body = nothing, .epsilons = 64}};
  }
};

/// Base of what refers to a function of the module: its result types are given, since a rule sees no module.
struct Reference : Control {};

/// The function that the examples of a reference name: (x, y) -> (Σ x sin x y, x y).
template <class B, class V = typename B::Val>
Example example_callee(Elem elem) {
  const Type vector{elem, {example_n()}};
  return {.about = "callee", .operands = {{vector}, {vector}}, .body = [](B& b, std::span<const V> x) {
            return std::vector<V>{b.sum(b.mul(example_step(b, x[0], 0.5), x[1]), {0}), b.mul(x[0], x[1])};
          }};
}

struct Call : Reference {
  struct Attrs {
    ir::Symbol callee;
    std::vector<Dim> sizes;
    static constexpr std::tuple fields{field("callee", &Attrs::callee), field("sizes", &Attrs::sizes)};
  };
  static constexpr std::string_view name = "call";
  static constexpr std::string_view doc = "The results of the function `callee` with the `sizes`.";
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (!ir::is_float(elem)) return {};
    const Dim n = example_n(), m = example_m();
    const Type scalar{elem, {}}, vector{elem, {n}};
    const auto body = [=](B& b, std::span<const V> x) {
      return b.emit_typed(b.named("call"), {x[1], x[0]}, Attrs{.callee = {"callee0"}, .sizes = {n, m}}, {},
                          {scalar, vector});
    };
    return {{.about = "operands exchanged",
             .operands = {{vector}, {vector}},
             .body = body,
             .epsilons = 64,
             .callees = {example_callee<B>(elem)}}};
  }
};

/// What a `derive` gives besides the function's results: the tangents of the results, the adjoints of the parameters,
/// or all partial derivatives, by columns (forward) or rows (reverse), of which there are fewer where neither is said.
enum class DeriveMode : std::uint8_t { jvp, vjp, jacobian, jacobian_forward, jacobian_reverse };
inline std::span<const std::string_view> names_of(DeriveMode) {
  static constexpr std::string_view names[] = {"jvp", "vjp", "jacobian", "jacobian_forward", "jacobian_reverse"};
  return names;
}

struct Derive : Reference {
  struct Attrs {
    DeriveMode mode = DeriveMode::jvp;
    ir::Symbol callee;
    std::vector<Dim> sizes;
    Integers wrt;
    static constexpr std::tuple fields{field("mode", &Attrs::mode), field("callee", &Attrs::callee),
                                       field("sizes", &Attrs::sizes), field("wrt", &Attrs::wrt)};
  };
  static constexpr std::string_view name = "derive";
  static constexpr std::string_view doc =
      "The function `callee` with the `sizes` and its derivative in the `mode` (jvp, vjp, jacobian) with respect to "
      "the "
      "parameters `wrt`.";
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (!ir::is_float(elem)) return {};
    const Dim n = example_n(), m = example_m();
    const Type scalar{elem, {}}, vector{elem, {n}}, matrix{elem, {n, n}};
    const auto of = [&](DeriveMode mode, const std::vector<ExampleOperand>& operands,
                        const std::vector<Type>& results) {
      const Attrs attrs{.mode = mode, .callee = {"callee0"}, .sizes = {n, m}, .wrt = {0}};
      const auto body = [=](B& b, std::span<const V> x) {
        return b.emit_typed(b.named("derive"), {x.begin(), x.end()}, attrs, {}, results);
      };
      const std::string about(names_of(mode)[static_cast<std::size_t>(mode)]);
      return Example{
          .about = about, .operands = operands, .body = body, .epsilons = 64, .callees = {example_callee<B>(elem)}};
    };
    return {of(DeriveMode::jvp, {{vector}, {vector}, {vector}}, {scalar, vector, scalar, vector}),
            of(DeriveMode::vjp, {{vector}, {vector}, {scalar}, {vector}}, {scalar, vector, vector}),
            of(DeriveMode::jacobian_forward, {{vector}, {vector}}, {scalar, vector, vector, matrix}),
            of(DeriveMode::jacobian_reverse, {{vector}, {vector}}, {scalar, vector, vector, matrix})};
  }
};

struct Assert : OpBase {
  /// `subscript`: of a check of a subscript, the extent and the position where they are sizes (code/subscript.h).
  struct Attrs {
    std::string message;
    std::vector<Dim> subscript;
    static constexpr std::tuple fields{field("message", &Attrs::message), field("subscript", &Attrs::subscript)};
  };
  static constexpr std::string_view name = "assert";
  static constexpr std::string_view doc = "Fails the whole call with the `message` where the condition is false.";
  static constexpr int operands = 1;
  static constexpr bool effect = true;
  static constexpr Derivative derivative = Derivative::not_differentiable;
  static constexpr std::string_view reason = "an assertion has no value";
  static Inferred infer(const Input<Attrs>& in) {
    if (in.operands[0] != Type{Elem::boolean, {}}) return Failure{"an assertion takes one truth value"};
    return std::vector<Type>{};
  }
  template <class B, class V = typename B::Val>
  static std::vector<Example> examples(Elem elem) {
    if (!ir::is_float(elem)) return {};
    const auto below = [](double bound) {
      return [bound](B& b, std::span<const V> x) {
        const V condition = b.reduce("all", b.compare("lt", x[0], b.like(x[0], bound)), {0});
        b.emit(b.named("assert"), {condition}, Attrs{.message = "too large"});
        return std::vector<V>{b.mul(x[0], x[0])};
      };
    };
    const ExampleOperand vector{.type = {elem, {example_n()}}};
    return {{.about = "holds", .operands = {vector}, .body = below(3), .epsilons = 1},
            {.about = "fails", .operands = {vector}, .body = below(-3), .sizes = nonempty_sizes(), .fails = true}};
  }
  template <class S>
  static void eval(S& s) {
    if (s.operands[0]->integers[0] == 0) s.error = s.attrs.message;
  }
  // One assertion of all.
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B, Attrs>& s, std::span<const bool>, const Dim&) {
    s.b.emit(s.b.named("assert"), {s.b.reduce("all", s.x(0), {0})}, Attrs{.message = s.attrs.message});
    return {};
  }
};

using ControlOps = OpList<If, For, Map, Call, Derive, Assert>;

}  // namespace rg::ops
