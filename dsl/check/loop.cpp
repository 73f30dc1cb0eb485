// `loop … for`: carried state, a counter and what is collected, as the IR's `for`.
#include "dsl/check/loop.h"

#include <fmt/format.h>

#include "dsl/check/arithmetic.h"
#include "dsl/check/comprehension.h"
#include "dsl/check/context.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"

namespace rg::dsl {

Value eval_loop(Context& cx, const ast::Loop& node, Span span, const ScopePtr& scope) {
  if (node.condition != nullptr) {
    error(cx, Code::while_unsupported, node.condition->span, "`while` is not supported yet")
        .note("a loop runs `for i in a..b`, a count known at entry")
        .hint("bound the count: `loop (…) for i in 0..100 { if done { state } else { next } }`");
    return error_value(span);
  }
  const auto limit = [&](const ast::Expr& e) -> std::optional<Value> {
    Value v = eval(cx, e, scope);
    if (v.is_error()) return std::nullopt;
    if (v.is_flex() && v.flex->dim) return v;
    if (v.is_tensor() && v.affine && rectangle(cx, *v.affine)) return v;
    error(cx, Code::loop_bound, e.span, fmt::format("a loop's bound is a size expression, this is {}", describe(cx, v)))
        .note("the number of steps is known at entry")
        .hint("a number known only at run time becomes a parameter: `steps: size`");
    return std::nullopt;
  };
  const auto begin = limit(*node.range->begin), end = limit(*node.range->end);
  if (!begin || !end) return error_value(span);
  const Affine low = *begin->affine, high = *end->affine;
  const Affine count = high + low * Dim(-1);
  const bool ragged = !count.terms.empty();
  const auto most = rectangle(cx, count);
  if (!most) {
    error(cx, Code::loop_bound, node.range->end->span, "the number of steps of this loop is not known at entry");
    return error_value(span);
  }
  Dim trip = normal(cx, *most);
  if (!proven_nonnegative(cx, trip)) trip = Dim::max(trip, Dim(0));

  std::vector<Value> state;
  std::vector<bool> open;  // a number of open element type
  for (const ast::LoopVar& v : node.state) {
    Value init = eval(cx, *v.init, scope);
    if (v.type != nullptr)
      init = coerce(cx, init, resolve(cx, *v.type, scope), fmt::format("the state `{}`", v.name.text));
    if (init.is_error()) return error_value(span);
    open.push_back(init.is_flex());
    state.push_back(std::move(init));
  }
  const ast::Block& body = *ast::as<ast::Block>(*node.body);
  std::optional<Value> collected;
  const auto step = [&](ValueId i, std::vector<Value> now) -> Value {
    ScopePtr inner = scope;
    for (std::size_t k = 0; k < node.state.size(); ++k) inner = bind_checked(cx, inner, node.state[k].name, now[k]);
    const Value counter = index_value(cx, i, Affine{Dim(0), {}}, count + Affine{Dim(-1), {}}, node.range->index.span);
    Value index = counter;
    if (!(low.terms.empty() && low.constant == Dim(0)))
      index = binary(cx, ast::BinaryOp::add, *begin, counter, node.range->index.span, span);
    inner = bind_checked(cx, inner, node.range->index, index);
    for (const ast::Stmt& s : body.stmts) {
      if (const auto* c = std::get_if<ast::Collect>(&s.node)) {
        if (ragged) {
          error(cx, Code::loop_bound, s.span, "`collect` in a loop whose bound depends on an outer counter")
              .note("what is collected is an array, arrays are rectangular");
          return error_value(span);
        }
        collected = default_typed(cx, eval(cx, *c->value, inner));
        if (collected->is_error()) return error_value(span);
      } else {
        inner = eval_statement(cx, s, inner);
      }
    }
    return eval(cx, *body.result, inner);
  };
  // The element type of a state that starts as a bare number is the one that the body keeps.
  const auto typed_state = [&](std::span<const std::optional<Elem>> elems) {
    std::vector<Value> out;
    for (std::size_t k = 0; k < state.size(); ++k)
      out.push_back(open[k] ? materialize(cx, state[k], elems[k]) : default_typed(cx, state[k]));
    return out;
  };
  std::vector<std::optional<Elem>> elems(state.size());
  if (std::ranges::find(open, true) != open.end()) {
    for (int round = 0; round < 2; ++round) {
      std::vector<std::optional<Elem>> next = elems;
      probe(cx, [&] {
        std::vector<Value> now;
        for (std::size_t k = 0; k < state.size(); ++k)
          now.push_back(open[k] ? materialize(cx, state[k], elems[k]) : default_typed(cx, state[k]));
        const std::vector<ir::Type> params{{Elem::i64, {}}};
        builder(cx).in_block(params, [&](std::span<const ValueId> p) {
          const Value r = step(p[0], now);
          const std::vector<Value> parts = state.size() == 1 ? std::vector<Value>{r} : r.fields;
          for (std::size_t k = 0; k < parts.size() && k < next.size(); ++k) {
            if (open[k] && parts[k].is_tensor()) next[k] = parts[k].type.elem;
          }
          return std::vector<ValueId>{};
        });
      });
      if (next == elems) {
        // An error inside may come from the wrong first guess: the other float type.
        bool ok = probe(cx, [&] {
          const auto now = typed_state(elems);
          builder(cx).in_block(std::vector<ir::Type>{{Elem::i64, {}}}, [&](std::span<const ValueId> p) {
            step(p[0], now);
            return std::vector<ValueId>{};
          });
        });
        if (ok) break;
        for (const Elem guess : {Elem::f32, Elem::f64, Elem::i32}) {
          std::vector<std::optional<Elem>> other = elems;
          bool possible = true;
          for (std::size_t k = 0; k < state.size(); ++k) {
            if (!open[k]) continue;
            possible = possible && (!state[k].flex->floating || ir::is_float(guess)) &&
                       !(guess == Elem::i32 && !state[k].flex->literal);
            other[k] = guess;
          }
          ok = possible && probe(cx, [&] {
                 const auto now = typed_state(other);
                 builder(cx).in_block(std::vector<ir::Type>{{Elem::i64, {}}}, [&](std::span<const ValueId> p) {
                   step(p[0], now);
                   return std::vector<ValueId>{};
                 });
               });
          if (ok) {
            elems = other;
            break;
          }
        }
        break;
      }
      elems = next;
    }
    for (std::size_t k = 0; k < state.size(); ++k) {
      if (open[k] && elems[k] && state[k].flex->floating && !ir::is_float(*elems[k])) elems[k].reset();
      if (open[k] && elems[k] == Elem::boolean) elems[k].reset();
    }
  }
  std::vector<ValueId> inits;
  std::vector<ir::Type> params{{Elem::i64, {}}};
  std::vector<Value> shapes = typed_state(elems);
  for (const Value& v : shapes) {
    if (v.is_error()) return error_value(span);
    for (const ValueId id : leaf_ids(cx, v)) {
      inits.push_back(id);
      params.push_back(builder(cx).type(id));
    }
  }
  collected.reset();
  bool ok = true;
  const Facts facts = save_facts(cx);
  const ir::BlockId block = builder(cx).in_block(params, [&](std::span<const ValueId> p) -> std::vector<ValueId> {
    std::vector<Value> now;
    std::size_t at = 1;
    for (const Value& v : shapes) now.push_back(rebuild(cx, v, p, at));
    const auto next = [&]() -> Value {
      Value r = step(p[0], now);
      if (r.is_error()) return r;
      std::vector<Value> parts{r};
      if (now.size() > 1) {
        if (r.kind != Value::Kind::tuple || r.fields.size() != now.size()) {
          error(cx, Code::loop_state, body.result->span,
                fmt::format("the loop carries {} states, its body gives {}", now.size(), describe(cx, r)))
              .hint("the body's value is a tuple of the next states");
          return error_value(span);
        }
        parts = r.fields;
      }
      std::vector<Value> checked;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        const std::function<bool(const Value&, const Value&, Value&)> fit = [&](const Value& have, const Value& want,
                                                                                Value& out) -> bool {
          if (want.is_tensor()) {
            Value v = have.is_flex() && want.type.elem != Elem::boolean ? materialize(cx, have, want.type.elem)
                                                                        : materialize(cx, have);
            if (v.is_error()) return false;
            bool same_type = v.is_tensor() && v.type.elem == want.type.elem && v.type.rank() == want.type.rank();
            for (std::size_t d = 0; same_type && d < want.type.rank(); ++d)
              same_type = same(cx, v.type.dims[d], want.type.dims[d]);
            if (!same_type) {
              error(cx, Code::loop_state, body.result->span,
                    fmt::format("the state `{}` is {} and becomes {}", node.state[k].name.text, describe(cx, want),
                                describe(cx, v)))
                  .label(node.state[k].name.span, describe(cx, want))
                  .note("the types and extents of a loop's state do not change");
              return false;
            }
            out = recast(cx, v, builder(cx).type(use(cx, want)));
            return true;
          }
          if (have.kind != want.kind || have.fields.size() != want.fields.size() || have.decl != want.decl) {
            error(cx, Code::loop_state, body.result->span,
                  fmt::format("the state `{}` is {} and becomes {}", node.state[k].name.text, describe(cx, want),
                              describe(cx, have)))
                .label(node.state[k].name.span, describe(cx, want));
            return false;
          }
          out = want;
          for (std::size_t f = 0; f < want.fields.size(); ++f) {
            if (!fit(have.fields[f], want.fields[f], out.fields[f])) return false;
          }
          return true;
        };
        checked.emplace_back();
        if (!fit(parts[k], now[k], checked.back())) return error_value(span);
      }
      return make_tuple(cx, std::move(checked), span);
    };
    Value r;
    if (ragged) {
      const Value n = binary(cx, ast::BinaryOp::sub, *end, *begin, span, span);
      const Value trips = materialize(cx, n, Elem::i64);
      r = emit_if(cx, builder(cx).compare("lt", p[0], use(cx, trips)), span, next,
                  [&] { return make_tuple(cx, now, span); });
    } else {
      r = next();
    }
    if (r.is_error()) {
      ok = false;
      return {};
    }
    std::vector<ValueId> yields = leaf_ids(cx, r);
    if (collected) {
      for (const ValueId id : leaf_ids(cx, *collected)) yields.push_back(id);
    }
    return yields;
  });
  restore_facts(cx, facts);
  if (!ok) return error_value(span);
  const ops::For::Attrs attrs{.trip = trip, .states = inits.size()};
  const auto ids = builder(cx).emit(ops::opcode<ops::For>(), inits, attrs, {block});
  std::size_t at = 0;
  std::vector<Value> final_state;
  for (const Value& v : shapes) final_state.push_back(rebuild(cx, v, ids, at));
  Value result = final_state.size() == 1 ? final_state[0] : make_tuple(cx, std::move(final_state), span);
  if (!collected) return result;
  const Value stacked = rebuild(cx, *collected, ids, at);
  return make_tuple(cx, {std::move(result), stacked}, span);
}

}  // namespace rg::dsl
