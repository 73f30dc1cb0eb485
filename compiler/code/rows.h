// How a row of the table is made of an op's struct. A class of derivative whose functions a struct lacks does not
// compile. Included by the files that hold the rows of one family each, so that families are compiled apart.
#pragma once

#include "compiler/code/builder.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::ops {

namespace detail {

using Any = AnySite<Builder>;
using Values = std::vector<ValueId>;

template <class Op>
using SiteOf = Site<Builder, typename Op::Attrs>;

/// The place with the op's own attributes.
template <class Op>
SiteOf<Op> typed(Any& s) {
  return {s.b, s.attrs.template as<typename Op::Attrs>(), s.operands, s.results};
}

template <class Op>
Values partials_of(SiteOf<Op> s) {
  const auto list = [&]<std::size_t... K>(std::index_sequence<K...>) {
    if constexpr (requires { Op::partials(s.b, s.attrs, s.operands[K]..., s.results[0]); }) {
      return Op::partials(s.b, s.attrs, s.operands[K]..., s.results[0]);
    } else {
      return Op::partials(s.b, s.operands[K]..., s.results[0]);
    }
  }(std::make_index_sequence<static_cast<std::size_t>(Op::operands)>{});
  return Values(list.begin(), list.end());
}

/// The op on the predicates, of operands that are no numbers themselves.
template <class Op>
ValueId moved_predicates(SiteOf<Op> s, std::span<const ValueId> x_pred) {
  Values operands;
  for (std::size_t k = 0; k < x_pred.size(); ++k) {
    const Type& x = s.x_type(static_cast<int>(k));
    const bool given = x_pred[k].valid();
    operands.push_back(given ? x_pred[k] : ir::is_float(x.elem) ? s.b.boolean(false, x.dims) : s.operands[k]);
  }
  return s.b.emit1(opcode<Op>(), std::move(operands), s.attrs);
}

template <class Op>
void fill_predicates(OpInfo& row) {
  using S = SiteOf<Op>;
  constexpr bool linear = Op::derivative == Derivative::linear || Op::derivative == Derivative::multilinear;
  if constexpr (requires(S& s) { Op::guard(s, 0); }) {
    row.guard = [](Any& a, int k) {
      S s = typed<Op>(a);
      return Op::guard(s, k);
    };
  }
  if constexpr (requires(S& s, ValueId p) { Op::reach(s, 0, p); }) {
    row.reach = [](Any& a, int k, ValueId y_pred) {
      S s = typed<Op>(a);
      return Op::reach(s, k, y_pred);
    };
  } else if constexpr (Op::elementwise && (linear || Op::derivative == Derivative::by_partials)) {
    row.reach = [](Any&, int, ValueId y_pred) { return y_pred; };
  } else if constexpr (Op::moves_elements) {
    row.reach = [](Any& a, int k, ValueId y_pred) {
      S s = typed<Op>(a);
      return Op::transpose(s, k, y_pred);
    };
  } else {
    static_assert(!linear && Op::derivative != Derivative::custom, "say how a predicate reaches the operands");
  }
  if constexpr (requires(S& s, std::span<const ValueId> p) { Op::reached(s, p); }) {
    row.reached = [](Any& a, std::span<const ValueId> x_pred) {
      S s = typed<Op>(a);
      return Op::reached(s, x_pred);
    };
  } else if constexpr (Op::elementwise && (linear || Op::derivative == Derivative::by_partials)) {
    row.reached = [](Any& s, std::span<const ValueId> x_pred) { return any_of(s.b, x_pred); };
  } else if constexpr (Op::moves_elements) {
    row.reached = [](Any& a, std::span<const ValueId> x_pred) { return moved_predicates<Op>(typed<Op>(a), x_pred); };
  } else {
    static_assert(!linear && Op::derivative != Derivative::custom, "say how predicates reach the result");
  }
}

template <class Op>
void fill_derivative(OpInfo& row) {
  using S = SiteOf<Op>;
  if constexpr (Op::derivative == Derivative::by_partials) {
    row.partials = [](Any& a) { return partials_of<Op>(typed<Op>(a)); };
    if constexpr (requires(S& s, ValueId t) { Op::scaled(s.b, 0, t, t, t, t); }) {
      row.scaled = [](Any& s, int k, ValueId t) {
        return Op::scaled(s.b, k, t, s.operands[0], s.operands[1], s.results[0]);
      };
    }
  } else if constexpr (Op::derivative == Derivative::linear || Op::derivative == Derivative::multilinear) {
    row.transpose = [](Any& a, int k, ValueId y_adj) {
      S s = typed<Op>(a);
      return Op::transpose(s, k, y_adj);
    };
    if constexpr (Op::derivative == Derivative::multilinear) {
      row.guarded_term = [](Any& a, int k, ValueId t, ValueId t_pred) {
        S s = typed<Op>(a);
        return Op::guarded_term(s, k, t, t_pred);
      };
      row.guarded_transpose = [](Any& a, int k, ValueId y_adj, ValueId y_pred) {
        S s = typed<Op>(a);
        return Op::guarded_transpose(s, k, y_adj, y_pred);
      };
    }
  } else if constexpr (Op::derivative == Derivative::by_expansion) {
    row.expand = [](Any& a) {
      S s = typed<Op>(a);
      return Op::expand(s);
    };
  } else if constexpr (Op::derivative == Derivative::custom) {
    row.jvp = [](Any& a, std::span<const ValueId> x_tan) {
      S s = typed<Op>(a);
      return Op::jvp(s, x_tan);
    };
    row.vjp = [](Any& a, std::span<const ValueId> y_adj) {
      S s = typed<Op>(a);
      return Op::vjp(s, y_adj);
    };
  } else if constexpr (Op::derivative == Derivative::not_differentiable) {
    static_assert(!Op::reason.empty(), "say why the op has no derivative");
  }
}

template <class Op>
Inferred infer_of(const InferInput& in) {
  const Input<typename Op::Attrs> own{in.operands, in.attrs.template as<typename Op::Attrs>(), in.regions,
                                      in.size_names};
  return Op::infer(own);
}

template <class Op>
std::vector<Example> examples_of(Elem elem) {
  if constexpr (Op::elementwise) {
    return elementwise_examples<Op, Builder>(elem);
  } else if constexpr (requires { Op::template examples<Builder>(elem); }) {
    return Op::template examples<Builder>(elem);
  } else {
    return Op::examples(elem);
  }
}

template <class Op>
OpInfo row() {
  OpInfo r;
  r.code = opcode<Op>();
  r.name = Op::name;
  r.doc = Op::doc;
  r.elementwise = Op::elementwise;
  r.builtin = Op::builtin;
  r.commutative = Op::commutative;
  r.effect = Op::effect;
  r.moves_elements = Op::moves_elements;
  r.attrs = &ir::attrs_type<typename Op::Attrs>();
  r.reads_all = [](const Attributes& a) { return Op::reads_all(a.template as<typename Op::Attrs>()); };
  r.fills = [](const Attributes& a) { return Op::fills(a.template as<typename Op::Attrs>()); };
  r.smooth = Op::smooth;
  r.is_view = Op::is_view;
  r.in_pieces = Op::in_pieces;
  r.is_uneven = Op::is_uneven;
  r.shows_zeros = Op::shows_zeros;
  if constexpr (requires { Op::monoid; }) r.monoid = Op::monoid;
  if constexpr (std::is_base_of_v<KernelOp, Op>) {
    r.kernels = Op::kernels;
    r.workspace = [](std::span<const Type> operands, const Attributes& a) {
      return Op::workspace(operands, a.template as<typename Op::Attrs>());
    };
  }
  r.operands = Op::operands;
  r.cost = Op::elementwise ? Op::cost : 0;
  r.regions = Op::regions;
  r.derivative = Op::derivative;
  r.reason = Op::reason;
  r.examples = examples_of<Op>;
  if constexpr (Op::elementwise) {
    r.rule = Op::rule;
    r.samples = Op::samples;
    r.infer = [](const InferInput& in) { return infer_elementwise<Op>(in); };
    r.batch = [](Any& a, std::span<const bool> batched, const Dim& extent) {
      SiteOf<Op> s = typed<Op>(a);
      return batch_elementwise<Op>(s, batched, extent);
    };
  } else if constexpr (Op::derivative == Derivative::control) {
    if constexpr (!std::is_base_of_v<Reference, Op>) r.infer = infer_of<Op>;
  } else {
    r.infer = infer_of<Op>;
    r.batch = [](Any& a, std::span<const bool> batched, const Dim& extent) {
      SiteOf<Op> s = typed<Op>(a);
      return Op::batch(s, batched, extent);
    };
  }
  fill_derivative<Op>(r);
  fill_predicates<Op>(r);
  return r;
}

template <class... Ops>
std::vector<OpInfo> rows(OpList<Ops...>) {
  return {row<Ops>()...};
}

}  // namespace detail

/// The rows of one family, in its order; each instantiated in rows/FAMILY.cpp, so that families are compiled apart.
template <class Family>
std::vector<OpInfo> family_rows(Family family) {
  return detail::rows(family);
}

}  // namespace rg::ops
