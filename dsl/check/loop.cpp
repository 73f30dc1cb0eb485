// `loop … for`: carried state, a counter and what is collected, as the IR's `for`.
#include "dsl/check/loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/arithmetic.h"
#include "dsl/check/branch.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

/// What a loop runs over.
struct LoopBounds {
  Value begin, end;
  Affine low, count;
  bool ragged = false;  // the count depends on the counters around
  Dim trip;             // the greatest count
};

using Elems = std::vector<std::optional<Elem>>;  // of each state, where it is chosen

/// A loop under translation.
struct LoopCode {
  Context& cx;
  const ast::Loop& node;
  const ast::Block& body;
  Span span;
  const ScopePtr& scope;
  LoopBounds bounds;
  std::vector<Value> inits{};
  std::vector<bool> open{};          // of each state: it starts as a number of open element type
  std::optional<Value> collected{};  // by the last step that was evaluated
};

std::optional<Value> loop_limit(Context& cx, const ast::Expr& e, const ScopePtr& scope) {
  Value v = eval(cx, e, scope);
  if (v.is_error()) return std::nullopt;
  if (v.is_flex() && v.flex->dim) return v;
  if (v.is_tensor() && v.affine && rectangle(cx, *v.affine)) return v;
  error(cx, Code::loop_bound, e.span, fmt::format("a loop's bound is a size expression, this is {}", describe(cx, v)))
      .note("the number of steps is known at entry")
      .hint("a number known only at run time becomes a parameter: `steps: size`");
  return std::nullopt;
}

std::optional<LoopBounds> loop_bounds(Context& cx, const ast::Loop& node, const ScopePtr& scope) {
  const auto begin = loop_limit(cx, *node.range->begin, scope), end = loop_limit(cx, *node.range->end, scope);
  if (!begin || !end) return std::nullopt;
  const Affine low = *begin->affine, count = *end->affine + low * Dim(-1);
  const auto most = rectangle(cx, count);
  if (!most) {
    error(cx, Code::loop_bound, node.range->end->span, "the number of steps of this loop is not known at entry");
    return std::nullopt;
  }
  Dim trip = normal(cx, *most);
  if (!proven_nonnegative(cx, trip)) trip = Dim::max(trip, Dim(0));
  return LoopBounds{*begin, *end, low, count, !count.terms.empty(), trip};
}

bool eval_inits(LoopCode& l) {
  for (const ast::LoopVar& v : l.node.state) {
    Value init = eval(l.cx, *v.init, l.scope);
    if (v.type != nullptr)
      init = coerce(l.cx, init, resolve(l.cx, *v.type, l.scope), fmt::format("the state `{}`", v.name.text));
    if (init.is_error()) return false;
    l.open.push_back(init.is_flex());
    l.inits.push_back(std::move(init));
  }
  return true;
}

// The body's value, where the counter is `i` and the states are `now`.
Value eval_step(LoopCode& l, ValueId i, const std::vector<Value>& now) {
  Context& cx = l.cx;
  const ast::Name& name = l.node.range->index;
  ScopePtr inner = l.scope;
  for (std::size_t k = 0; k < now.size(); ++k) inner = bind_checked(cx, inner, l.node.state[k].name, now[k]);
  const Affine &low = l.bounds.low, last = l.bounds.count + Affine{Dim(-1), {}};
  const Value counter = index_value(cx, i, Affine{Dim(0), {}}, last, name.span);
  Value index = counter;
  if (!(low.terms.empty() && low.constant == Dim(0)))
    index = binary(cx, ast::BinaryOp::add, l.bounds.begin, counter, name.span, l.span);
  inner = bind_checked(cx, inner, name, index);
  for (const ast::Stmt& s : l.body.stmts) {
    const auto* collect = std::get_if<ast::Collect>(&s.node);
    if (collect == nullptr) {
      inner = eval_statement(cx, s, inner);
      continue;
    }
    if (l.bounds.ragged) {
      error(cx, Code::loop_bound, s.span, "`collect` in a loop whose bound depends on an outer counter")
          .note("what is collected is an array, arrays are rectangular");
      return error_value(l.span);
    }
    l.collected = default_typed(cx, eval(cx, *collect->value, inner));
    if (l.collected->is_error()) return error_value(l.span);
  }
  return eval(cx, *l.body.result, inner);
}

std::vector<Value> typed_state(LoopCode& l, const Elems& elems) {
  std::vector<Value> out;
  for (std::size_t k = 0; k < l.inits.size(); ++k)
    out.push_back(l.open[k] ? materialize(l.cx, l.inits[k], elems[k]) : default_typed(l.cx, l.inits[k]));
  return out;
}

// Evaluates a step without a trace, and hands its value to `look`. Whether it went without an error.
bool try_step(LoopCode& l, const Elems& elems, const std::function<void(const Value&)>& look) {
  return probe(l.cx, [&] {
    const std::vector<Value> now = typed_state(l, elems);
    const std::vector<ir::Type> params{{Elem::i64, {}}};
    l.cx.b().in_block(params, [&](std::span<const ValueId> p) {
      look(eval_step(l, p[0], now));
      return std::vector<ValueId>{};
    });
  });
}

// An error inside may come from the wrong first guess: another type where the body goes through with it.
Elems other_guess(LoopCode& l, const Elems& elems) {
  for (const Elem guess : {Elem::f32, Elem::f64, Elem::i32}) {
    Elems other = elems;
    bool possible = true;
    for (std::size_t k = 0; k < l.inits.size(); ++k) {
      if (!l.open[k]) continue;
      const Flex& number = *l.inits[k].flex;
      possible = possible && (!number.floating || ir::is_float(guess)) && !(guess == Elem::i32 && !number.literal);
      other[k] = guess;
    }
    if (possible && try_step(l, other, [](const Value&) {})) return other;
  }
  return elems;
}

// The element type of a state that starts as a bare number is the one that the body keeps.
Elems kept_elems(LoopCode& l) {
  const std::size_t count = l.inits.size();
  Elems elems(count);
  if (std::ranges::find(l.open, true) == l.open.end()) return elems;
  for (int round = 0; round < 2; ++round) {
    Elems next = elems;
    try_step(l, elems, [&](const Value& r) {
      const std::vector<Value> parts = count == 1 ? std::vector<Value>{r} : r.fields;
      for (std::size_t k = 0; k < parts.size() && k < count; ++k) {
        if (l.open[k] && parts[k].is_tensor()) next[k] = parts[k].type.elem;
      }
    });
    if (next == elems) {
      if (!try_step(l, elems, [](const Value&) {})) elems = other_guess(l, elems);
      break;
    }
    elems = next;
  }
  for (std::size_t k = 0; k < count; ++k) {
    if (l.open[k] && elems[k] && l.inits[k].flex->floating && !ir::is_float(*elems[k])) elems[k].reset();
    if (l.open[k] && elems[k] == Elem::boolean) elems[k].reset();
  }
  return elems;
}

// What a step makes of a state, as the state is: none after a report.
std::optional<Value> fit_state(LoopCode& l, const ast::Name& name, const Value& have, const Value& want) {
  Context& cx = l.cx;
  const auto mismatch = [&](const Value& becomes) -> Diagnostic& {
    return error(
               cx, Code::loop_state, l.body.result->span,
               fmt::format("the state `{}` is {} and becomes {}", name.text, describe(cx, want), describe(cx, becomes)))
        .label(name.span, describe(cx, want));
  };
  if (want.is_tensor()) {
    const bool number = have.is_flex() && want.type.elem != Elem::boolean;
    const Value v = number ? materialize(cx, have, want.type.elem) : materialize(cx, have);
    if (v.is_error()) return std::nullopt;
    bool same_type = v.is_tensor() && v.type.elem == want.type.elem && v.type.rank() == want.type.rank();
    for (std::size_t d = 0; same_type && d < want.type.rank(); ++d)
      same_type = same(cx, v.type.dims[d], want.type.dims[d]);
    if (!same_type) {
      mismatch(v).note("the types and extents of a loop's state do not change");
      return std::nullopt;
    }
    return recast(cx, v, cx.b().type(use(cx, want)));
  }
  if (have.kind != want.kind || have.fields.size() != want.fields.size() || have.decl != want.decl) {
    mismatch(have);
    return std::nullopt;
  }
  Value out = want;
  for (std::size_t f = 0; f < want.fields.size(); ++f) {
    const auto field = fit_state(l, name, have.fields[f], want.fields[f]);
    if (!field) return std::nullopt;
    out.fields[f] = *field;
  }
  return out;
}

// The states after a step, as a tuple.
Value next_state(LoopCode& l, ValueId i, const std::vector<Value>& now) {
  const Value r = eval_step(l, i, now);
  if (r.is_error()) return r;
  std::vector<Value> parts{r};
  if (now.size() > 1) {
    if (r.kind != Value::Kind::tuple || r.fields.size() != now.size()) {
      error(l.cx, Code::loop_state, l.body.result->span,
            fmt::format("the loop carries {} states, its body gives {}", now.size(), describe(l.cx, r)))
          .hint("the body's value is a tuple of the next states");
      return error_value(l.span);
    }
    parts = r.fields;
  }
  std::vector<Value> checked;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    auto state = fit_state(l, l.node.state[k].name, parts[k], now[k]);
    if (!state) return error_value(l.span);
    checked.push_back(std::move(*state));
  }
  return make_tuple(std::move(checked), l.span);
}

// The states after a step, or as they are where the counter is past the end of a ragged loop.
Value guarded_state(LoopCode& l, ValueId i, const std::vector<Value>& now) {
  Context& cx = l.cx;
  if (!l.bounds.ragged) return next_state(l, i, now);
  const Value n = binary(cx, ast::BinaryOp::sub, l.bounds.end, l.bounds.begin, l.span, l.span);
  const Value trips = materialize(cx, n, Elem::i64);
  return emit_if(
      cx, cx.b().compare("lt", i, use(cx, trips)), l.span, [&] { return next_state(l, i, now); },
      [&] { return make_tuple(now, l.span); });
}

Value emit_loop(LoopCode& l, const std::vector<Value>& state) {
  Context& cx = l.cx;
  std::vector<ValueId> inits;
  std::vector<ir::Type> params{{Elem::i64, {}}};
  for (const Value& v : state) {
    if (v.is_error()) return error_value(l.span);
    for (const ValueId id : leaf_ids(cx, v)) {
      inits.push_back(id);
      params.push_back(cx.b().type(id));
    }
  }
  l.collected.reset();
  bool ok = true;
  const Facts facts = save_facts(cx);
  const ir::BlockId block = cx.b().in_block(params, [&](std::span<const ValueId> p) -> std::vector<ValueId> {
    std::vector<Value> now;
    std::size_t at = 1;
    for (const Value& v : state) now.push_back(rebuild(cx, v, p, at));
    const Value r = guarded_state(l, p[0], now);
    ok = !r.is_error();
    if (!ok) return {};
    std::vector<ValueId> yields = leaf_ids(cx, r);
    if (l.collected) {
      for (const ValueId id : leaf_ids(cx, *l.collected)) yields.push_back(id);
    }
    return yields;
  });
  restore_facts(cx, facts);
  if (!ok) return error_value(l.span);
  const ops::For::Attrs attrs{.trip = l.bounds.trip, .states = inits.size()};
  const auto ids = cx.b().emit(ops::opcode<ops::For>(), inits, attrs, {block});
  std::size_t at = 0;
  std::vector<Value> last;
  for (const Value& v : state) last.push_back(rebuild(cx, v, ids, at));
  Value result = last.size() == 1 ? last[0] : make_tuple(std::move(last), l.span);
  if (!l.collected) return result;
  const Value stacked = rebuild(cx, *l.collected, ids, at);
  return make_tuple({std::move(result), stacked}, l.span);
}

}  // namespace

Value eval_loop(Context& cx, const ast::Loop& node, Span span, const ScopePtr& scope) {
  if (node.condition != nullptr) {
    error(cx, Code::while_unsupported, node.condition->span, "`while` is not supported yet")
        .note("a loop runs `for i in a..b`, a count known at entry")
        .hint("bound the count: `loop (…) for i in 0..100 { if done { state } else { next } }`");
    return error_value(span);
  }
  const auto bounds = loop_bounds(cx, node, scope);
  if (!bounds) return error_value(span);
  LoopCode l{cx, node, *ast::as<ast::Block>(*node.body), span, scope, *bounds};
  if (!eval_inits(l)) return error_value(span);
  return emit_loop(l, typed_state(l, kept_elems(l)));
}

}  // namespace rg::dsl
