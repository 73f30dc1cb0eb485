// What elementwise ops share: the type rule of each ElemRule, the loop of the reference evaluation, and batching.
#pragma once

#include <fmt/format.h>

#include "compiler/ops/op.h"

namespace rg::ops {

inline bool accepts(ElemRule rule, Elem e) {
  switch (rule) {
    case ElemRule::floating:
    case ElemRule::test:
    case ElemRule::guarded:
      return ir::is_float(e);
    case ElemRule::number:
      return e != Elem::boolean;
    case ElemRule::integer:
      return ir::is_integer(e);
    case ElemRule::boolean:
      return e == Elem::boolean;
    case ElemRule::compare:
    case ElemRule::select:
    case ElemRule::convert:
      return true;
  }
  return false;
}

inline std::string_view wanted(ElemRule rule) {
  switch (rule) {
    case ElemRule::floating:
    case ElemRule::test:
    case ElemRule::guarded:
      return "floating values";
    case ElemRule::number:
      return "numbers";
    case ElemRule::integer:
      return "integers";
    case ElemRule::boolean:
      return "booleans";
    default:
      return "values";
  }
}

/// The type rule of elementwise ops: equal dims, element types as the rule says.
inline Inferred infer_elementwise(std::string_view name, ElemRule rule, const InferInput& in) {
  const std::size_t first = has_condition(rule) ? 1 : 0;
  const Type& lead = in.operands[first];
  for (std::size_t i = 0; i < in.operands.size(); ++i) {
    const Type& t = in.operands[i];
    if (t.dims != lead.dims) {
      return Failure{
          fmt::format("{} of unequal shapes {} and {}", name, lead.str(in.size_names), t.str(in.size_names))};
    }
    const bool is_condition = has_condition(rule) && i == 0;
    if (is_condition ? t.elem != Elem::boolean : t.elem != lead.elem) {
      return Failure{fmt::format("{} of {} and {}", name, ir::name(lead.elem), ir::name(t.elem))};
    }
  }
  if (!accepts(rule, lead.elem))
    return Failure{fmt::format("{} takes {}, not {}", name, wanted(rule), ir::name(lead.elem))};
  Type result = lead;
  if (rule == ElemRule::compare || rule == ElemRule::test) result.elem = Elem::boolean;
  return std::vector<Type>{result};
}

/// Calls Op::eval with N operands of one element; `args` gives operand k. An op's eval on floating values is a template
/// over their type T and finds its functions by argument-dependent lookup (`using std::exp; return exp(x);`), so that
/// one text serves double and multiprecision.
template <class Op, std::size_t N, class Args>
auto eval_element(const typename Op::Attrs& attrs, const Args& args) {
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    if constexpr (requires { Op::eval(attrs, args(K)...); }) {
      return Op::eval(attrs, args(K)...);
    } else {
      return Op::eval(args(K)...);
    }
  }(std::make_index_sequence<N>{});
}

/// The reference evaluation of an elementwise op, element by element.
template <class Op, class S>
void eval_elementwise(S& s) {
  constexpr std::size_t n = Op::operands;
  auto& out = s.results[0];
  const auto count = static_cast<std::size_t>(out.count());
  for (std::size_t at = 0; at < count; ++at) {
    const auto integer = [&](std::size_t k) { return s.operands[k]->integers[at]; };
    if constexpr (Op::rule == ElemRule::floating) {
      out.reals[at] = s.template number<Op>(at);
    } else if constexpr (Op::rule == ElemRule::number) {
      if (out.is_real())
        out.reals[at] = s.template number<Op>(at);
      else
        out.integers[at] = ir::wrap(out.elem, eval_element<Op, n>(s.attrs, integer));
    } else if constexpr (Op::rule == ElemRule::integer) {
      out.integers[at] = ir::wrap(out.elem, eval_element<Op, n>(s.attrs, integer));
    } else if constexpr (Op::rule == ElemRule::boolean) {
      out.integers[at] = eval_element<Op, n>(s.attrs, integer) & 1;
    } else if constexpr (Op::rule == ElemRule::compare) {
      out.integers[at] =
          s.operands[0]->is_real() ? s.template number<Op>(at).value != 0 : eval_element<Op, n>(s.attrs, integer);
    } else if constexpr (Op::rule == ElemRule::test) {
      out.integers[at] = s.template number<Op>(at).value != 0;
    } else {
      Op::eval_at(s, at);
    }
  }
}

/// Batching of elementwise ops: operands without the axis are broadcast along it.
template <class Op, class B>
std::vector<typename B::Val> batch_elementwise(Site<B, typename Op::Attrs>& s, std::span<const bool> batched,
                                               const Dim& extent) {
  std::vector<typename B::Val> operands;
  for (std::size_t k = 0; k < s.operands.size(); ++k) {
    auto v = s.operands[k];
    if (!batched[k]) {
      std::vector<Dim> to{extent};
      const auto& dims = s.b.type(v).dims;
      to.insert(to.end(), dims.begin(), dims.end());
      v = s.b.broadcast_leading(v, to);
    }
    operands.push_back(v);
  }
  return {s.b.template emit_op<Op>(std::move(operands), s.attrs)};
}

/// Whether an elementwise op reads attributes.
template <class Op>
constexpr bool takes_attrs() {
  return !std::is_same_v<typename Op::Attrs, NoAttrs>;
}

template <class Op>
std::vector<typename Op::Attrs> attrs_for_tests() {
  if constexpr (takes_attrs<Op>())
    return Op::sample_attrs();
  else
    return {{}};
}

/// Whether the op's last operand is a function of the others, which `consistent` adds to them.
template <class Op, class B, class V = typename B::Val>
constexpr bool kConsistent =
    requires(B& b, V x) { Op::consistent(b, x); } || requires(B& b, V x) { Op::consistent(b, x, x); };

/// The op on vectors and matrices of which the last operand is made by `consistent`.
template <class Op, class B>
std::vector<Example> consistent_examples(std::vector<ExampleOperand> operands) {
  using V = typename B::Val;
  operands.pop_back();
  std::vector<ExampleOperand> rows = operands;
  for (ExampleOperand& o : rows) o.type.dims.pop_back();
  std::vector<Example> out;
  for (const auto& attrs : attrs_for_tests<Op>()) {
    const auto body = [attrs](B& b, std::span<const V> x) {
      if constexpr (Op::operands == 2) {
        return std::vector<V>{b.template emit_op<Op>(Op::consistent(b, x[0]), attrs)};
      } else {
        return std::vector<V>{b.template emit_op<Op>(Op::consistent(b, x[0], x[1]), attrs)};
      }
    };
    out.push_back({.about = "vector", .operands = rows, .attrs = attrs, .body = body});
    out.push_back({.about = "matrix", .operands = operands, .attrs = attrs, .body = body});
  }
  return out;
}

/// The type rule of an elementwise op by its struct, which checks the attributes that it reads.
template <class Op>
Inferred infer_elementwise(const InferInput& in) {
  if constexpr (requires(const typename Op::Attrs& a) { Op::check(a); }) {
    const std::string_view why = Op::check(in.attrs.as<typename Op::Attrs>());
    if (!why.empty()) return Failure{std::string(why)};
  }
  Inferred out = infer_elementwise(Op::name, Op::rule, in);
  if constexpr (Op::rule == ElemRule::convert) {
    if (out) out->at(0).elem = in.attrs.as<typename Op::Attrs>().elem;
  }
  return out;
}

/// The op on scalars, vectors, matrices and broadcast operands.
template <class Op, class B>
std::vector<Example> elementwise_examples(Elem elem) {
  using V = typename B::Val;
  if (!accepts(Op::rule, elem)) return {};
  const Dim n = example_n(), m = example_m();
  const auto operands = [&](const std::vector<Dim>& first, const std::vector<Dim>& others) {
    std::vector<ExampleOperand> out;
    for (int k = 0; k < Op::operands; ++k) {
      const bool condition = has_condition(Op::rule) && k == 0;
      const bool own = k == 1 && Op::samples.low2 != Op::samples.high2;
      out.push_back({.type = {condition ? Elem::boolean : elem, k == 0 ? first : others},
                     .low = own ? Op::samples.low2 : Op::samples.low,
                     .high = own ? Op::samples.high2 : Op::samples.high});
    }
    return out;
  };
  if constexpr (kConsistent<Op, B>) return consistent_examples<Op, B>(operands({n, m}, {n, m}));
  std::vector<Example> out;
  for (const auto& attrs : attrs_for_tests<Op>()) {
    out.push_back({.about = "scalar", .operands = operands({}, {}), .attrs = attrs, .sizes = {{1, 1}}});
    out.push_back({.about = "vector", .operands = operands({n}, {n}), .attrs = attrs});
    out.push_back({.about = "matrix", .operands = operands({n, m}, {n, m}), .attrs = attrs});
    const auto axes_of = [](const Type& t) { return std::vector<std::int64_t>(t.rank(), 1); };
    const auto broadcast = [attrs, n, m, axes_of](B& b, std::span<const V> x) {
      std::vector<V> repeated;
      for (const V v : x) repeated.push_back(b.broadcast(v, {n, m}, axes_of(b.type(v))));
      return std::vector<V>{b.template emit_op<Op>(repeated, attrs)};
    };
    out.push_back({.about = "broadcast", .operands = operands({m}, {}), .attrs = attrs, .body = broadcast});
  }
  return out;
}

}  // namespace rg::ops
