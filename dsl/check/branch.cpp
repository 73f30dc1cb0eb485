// `if`: arms in blocks of their own, of one type.
#include "dsl/check/branch.h"

#include <fmt/format.h>

#include "compiler/ops/all.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

/// The arms of an `if`: what they give, and the blocks that they are in.
struct Arms {
  Context& cx;
  Span span;
  Value values[2]{};
  ir::BlockId blocks[2]{};
  std::vector<Value> leaves[2]{};
};

bool report_branches(const Arms& a) {
  error(a.cx, Code::branch_types, a.span, "the branches of this `if` have different types")
      .label(a.values[0].span, describe(a.cx, a.values[0]))
      .label(a.values[1].span, describe(a.cx, a.values[1]))
      .note("an `if` has one type, extents included");
  return false;
}

// The part of an arm as a tensor; numbers of open type are of the other arm's. False after a report.
bool type_leaf(Arms& a, int k, std::size_t i) {
  Context& cx = a.cx;
  const Value& other = a.leaves[1 - k][i];
  Value& v = a.leaves[k][i];
  const ir::BlockId back = cx.b().enter(a.blocks[k]);
  const bool array = v.is_array();
  if (!array) {
    default_typed(cx, v);
  } else if (v.is_flex()) {
    const bool take_other = other.is_tensor() && other.type.elem != Elem::boolean;
    const bool wider = other.is_flex() && other.flex->floating;
    v = materialize(cx, v,
                    take_other ? std::optional(other.type.elem)
                    : wider    ? std::optional(Elem::f64)
                               : std::nullopt);
  }
  cx.b().enter(back);
  return array && !v.is_error();
}

// Whether the arms give values of one type. False after a report.
bool match_arms(Arms& a) {
  for (int k = 0; k < 2; ++k) flatten(a.values[k], a.leaves[k]);
  const bool structures = a.values[0].kind == Value::Kind::structure || a.values[1].kind == Value::Kind::structure;
  if (a.leaves[0].size() != a.leaves[1].size() || (structures && a.values[0].decl != a.values[1].decl))
    return report_branches(a);
  for (std::size_t i = 0; i < a.leaves[0].size(); ++i) {
    if (!type_leaf(a, 0, i) || !type_leaf(a, 1, i)) return false;
    const ir::Type x = type_of(a.cx, a.leaves[0][i]), y = type_of(a.cx, a.leaves[1][i]);
    bool equal = x.elem == y.elem && x.rank() == y.rank();
    for (std::size_t d = 0; equal && d < x.rank(); ++d) equal = same(a.cx, x.dims[d], y.dims[d]);
    if (!equal) return report_branches(a);
  }
  return true;
}

}  // namespace

Value emit_if(Context& cx, ValueId condition, Span span, const std::function<Value()>& then_arm,
              const std::function<Value()>& else_arm) {
  Arms a{cx, span};
  for (int k = 0; k < 2; ++k) {
    const Facts facts = save_facts(cx);
    a.blocks[k] = cx.b().in_block({}, [&](std::span<const ValueId>) {
      a.values[k] = k == 0 ? then_arm() : else_arm();
      return std::vector<ValueId>{};
    });
    restore_facts(cx, facts);
  }
  if (a.values[0].is_error() || a.values[1].is_error() || !match_arms(a)) return error_value(span);
  for (int k = 0; k < 2; ++k) {
    const ir::BlockId back = cx.b().enter(a.blocks[k]);
    std::vector<ValueId> yields;
    for (std::size_t i = 0; i < a.leaves[k].size(); ++i)
      yields.push_back(recast(cx, a.leaves[k][i], type_of(cx, a.leaves[0][i])).id);
    cx.b().set_yields(std::move(yields));
    cx.b().enter(back);
  }
  const auto ids = cx.b().emit(ops::opcode<ops::If>(), {condition}, {}, {a.blocks[0], a.blocks[1]});
  std::size_t at = 0;
  return rebuild(cx, a.values[0], ids, at);
}

std::optional<bool> constant_condition(Context& cx, const Value& v) {
  const auto s = cx.b().splat(use(cx, v));
  return s ? std::optional(*s != 0) : std::nullopt;
}

Value eval_if(Context& cx, const ast::If& node, Span span, const ScopePtr& scope) {
  const Value c = tensor(cx, eval(cx, *node.condition, scope), "a condition");
  if (c.is_error()) {
    return error_value(span);
  }
  if (type_of(cx, c) != ir::Type{Elem::boolean, {}}) {
    error(cx, Code::condition, node.condition->span,
          fmt::format("the condition of an `if` is one bool, this is {}", describe(cx, c)))
        .hint("for arrays there is `where(c, a, b)`");
    return error_value(span);
  }
  if (const auto known = constant_condition(cx, c))
    return eval(cx, *known ? *node.then_value : *node.else_value, scope);
  const auto arm = [&](const ast::Expr& e, bool holds) {
    return [&, holds] {
      add_fact(cx, *node.condition, scope, holds);
      return eval(cx, e, scope);
    };
  };
  return emit_if(cx, use(cx, c), span, arm(*node.then_value, true), arm(*node.else_value, false));
}

}  // namespace rg::dsl
