// Index comprehensions: `[i: n => e]` is a `map`; `sum[k => e]` a `map` and a reduction over its axes. An extent that
// depends on outer indices becomes the rectangle that holds it, with an `if` that gives the identity outside.
#include "dsl/check/comprehension.h"

#include <fmt/format.h>

#include "dsl/check/builtins.h"
#include "dsl/check/context.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/walk.h"

namespace rg::dsl {

namespace {

struct IndexAxis {
  Dim extent;           // of the rectangle
  bool ragged = false;  // the extent proper depends on outer indices
};

}  // namespace

static std::optional<Dim> infer_extent(Context& cx, const ast::Name& var, const ast::Expr& body, const ScopePtr& scope);
// Not inlined: evaluation is recursive, and the frames of all kinds of expressions would be one.
[[gnu::noinline]] static Value map_over(Context& cx, const std::vector<ast::IndexVar>& vars,
                                        std::vector<IndexAxis>& axes, const ast::Expr& body, const ScopePtr& scope0,
                                        Span span, const std::function<Value(const Value&)>* identity);

Value index_value(Context& cx, ValueId id, const Affine& low, const Affine& high, Span span) {
  Value v = make_tensor(cx, id, span);
  const auto var = static_cast<std::uint32_t>(cx.index_vars.size());
  cx.index_vars.push_back({low, high});
  v.affine = Affine{Dim(0), {{var, Dim(1)}}};
  cx.frame->counters.emplace(id, high.constant + Dim(1));
  return v;
}

std::optional<Dim> rectangle(const Context& cx, const Affine& a0) {
  Affine a = a0;
  while (!a.terms.empty()) {
    const auto [var, k] = *a.terms.rbegin();
    a.terms.erase(var);
    const IndexVar& v = cx.index_vars[var];
    if (k.proven_nonnegative()) {
      a = a + v.high * k;
    } else if ((Dim(0) - k).proven_nonnegative()) {
      a = a + v.low * k;
    } else {
      return std::nullopt;
    }
  }
  return a.constant;
}

// The extents of the axes in whose subscripts the variable stands bare; they agree.
std::optional<Dim> infer_extent(Context& cx, const ast::Name& var, const ast::Expr& body, const ScopePtr& scope) {
  std::optional<Dim> extent;
  Span from;
  bool ok = true;
  for_each_subscript(body, var.text, [&](const ast::Index& index, std::size_t position) {
    if (!ok) return;
    std::optional<Dim> found;
    std::optional<Value> base;
    probe(cx, [&] {
      const Value v = eval(cx, *index.base, scope);
      if (v.is_array()) base = v;
    });
    if (!base) return;
    const std::vector<Dim>& dims = base->dims();
    std::size_t axis = position;
    for (std::size_t k = 0; k < position; ++k) {
      if (std::holds_alternative<ast::Ellipsis>(index.subscripts[k].node))
        axis = dims.size() - (index.subscripts.size() - position);
    }
    if (axis >= dims.size()) return;
    found = normal(cx, dims[axis]);
    if (extent && !same(cx, *extent, *found)) {
      error(cx, Code::index_extent, var.span,
            fmt::format("the extent of `{}` is not clear: {} by one subscript, {} by another", var.text,
                        str(cx, *extent), str(cx, *found)))
          .label(from, str(cx, *extent))
          .label(index.base->span, str(cx, *found))
          .hint(fmt::format("write it: `{}: {}`", var.text, str(cx, *extent)));
      ok = false;
      return;
    }
    if (!extent) {
      extent = found;
      from = index.base->span;
    }
  });
  if (!ok) return std::nullopt;
  if (!extent) {
    error(cx, Code::index_extent, var.span,
          fmt::format("the extent of `{}` does not follow from a subscript", var.text))
        .note("it follows from an array that has the index alone as a subscript")
        .hint(fmt::format("write it: `{}: n`", var.text));
  }
  return extent;
}

Value map_over(Context& cx, const std::vector<ast::IndexVar>& vars, std::vector<IndexAxis>& axes, const ast::Expr& body,
               const ScopePtr& scope0, Span span, const std::function<Value(const Value&)>* identity) {
  std::vector<Dim> extents;
  Value result = error_value(span);
  const Facts facts = save_facts(cx);
  const std::size_t around = cx.frame->around.size();
  // Extents are found inside, where outer indices of the same comprehension are bound: types first, by a probe.
  ir::BlockId block;
  const std::vector<ir::Type> params(vars.size(), ir::Type{Elem::i64, {}});
  bool ok = true;
  block = builder(cx).in_block(params, [&](std::span<const ValueId> p) -> std::vector<ValueId> {
    ScopePtr scope = scope0;
    ValueId guard;
    for (std::size_t i = 0; i < vars.size() && ok; ++i) {
      Dim extent;
      Affine high;
      bool ragged = false;
      if (vars[i].extent == nullptr) {
        ScopePtr inner = scope;  // later variables are in scope of the subscripts too
        for (std::size_t j = i; j < vars.size(); ++j)
          inner = bind(inner, vars[j].name.text, make_tensor(cx, p[j], vars[j].name.span), vars[j].name.span);
        const auto found = infer_extent(cx, vars[i].name, body, inner);
        if (!found) {
          ok = false;
          break;
        }
        extent = *found;
        high = Affine{extent - Dim(1), {}};
      } else {
        const Value e = eval(cx, *vars[i].extent, scope);
        if (e.is_error()) {
          ok = false;
          break;
        }
        if (e.is_flex() && e.flex->dim) {
          extent = normal(cx, *e.flex->dim);
          if (!require_nonnegative(
                  cx, extent, fmt::format("the extent {} of `{}` is negative", str(cx, extent), vars[i].name.text))) {
            error(cx, Code::not_a_size, vars[i].extent->span, "this extent is negative");
            ok = false;
            break;
          }
          high = Affine{extent - Dim(1), {}};
        } else {
          const auto whole = e.affine && e.is_tensor() ? rectangle(cx, *e.affine) : std::nullopt;
          if (!whole) {
            error(cx, Code::not_a_size, vars[i].extent->span, "the extent of an index is a size expression")
                .note("in a reduction it may depend on outer indices")
                .hint("a number known only at run time becomes a parameter: `n: size`");
            ok = false;
            break;
          }
          if (identity == nullptr) {
            error(cx, Code::ragged_build, vars[i].extent->span,
                  "the extent of an index that builds an array depends on another index")
                .note("arrays are rectangular; only a reduction may have a ragged extent")
                .hint("fill the rectangle: `[i: n, j: n => if j < i { … } else { 0.0 }]`");
            ok = false;
            break;
          }
          ragged = true;
          extent = Dim::max(normal(cx, *whole), Dim(0));
          high = *e.affine + Affine{Dim(-1), {}};
          const ValueId inside = builder(cx).compare("lt", p[i], use(cx, e));
          guard = guard.valid() ? builder(cx).logical_and(guard, inside) : inside;
        }
      }
      extents.push_back(extent);
      axes.push_back({extent, ragged});
      cx.frame->around.push_back(extent);
      scope = bind_checked(cx, scope, vars[i].name, index_value(cx, p[i], Affine{Dim(0), {}}, high, vars[i].name.span));
    }
    if (!ok) return {};
    if (!guard.valid()) {
      result = default_typed(cx, eval(cx, body, scope));
    } else {
      Value type;
      probe(cx, [&] { type = default_typed(cx, eval(cx, body, scope)); });
      if (type.is_error() || !type.is_tensor()) {
        result = tensor(cx, eval(cx, body, scope));
        if (!result.is_error()) error(cx, Code::type_mismatch, body.span, "a reduction takes numbers");
        result = error_value(span);
        return {};
      }
      const auto arm = [&] { return materialize(cx, eval(cx, body, scope)); };
      const auto other = [&] { return (*identity)(type); };
      result = emit_if(cx, guard, span, arm, other);
    }
    return result.is_error() ? std::vector<ValueId>{} : leaf_ids(cx, result);
  });
  restore_facts(cx, facts);
  cx.frame->around.resize(around);
  if (!ok || result.is_error()) return error_value(span);
  std::vector<Value> leaves;
  flatten(cx, result, leaves);
  for (const Value& leaf : leaves) {  // extents of the element do not depend on the indices: they are sizes
    if (!leaf.is_tensor()) return error_value(span);
  }
  const auto ids = builder(cx).emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{extents}, {block});
  std::size_t at = 0;
  return rebuild(cx, result, ids, at);
}

Value eval_build(Context& cx, const ast::Build& node, Span span, const ScopePtr& scope) {
  std::vector<IndexAxis> axes;
  return map_over(cx, node.indices, axes, *node.body, scope, span, nullptr);
}

Value eval_reduce(Context& cx, const ast::Reduce& node, Span span, const ScopePtr& scope) {
  const std::string& op = node.op.text;
  static constexpr std::string_view known[] = {"sum", "prod",   "min",    "max",  "any",
                                               "all", "argmin", "argmax", "mean", "logsumexp"};
  if (std::ranges::find(known, op) == std::end(known)) {
    std::vector<std::string> candidates(std::begin(known), std::end(known));
    Diagnostic& d = error(cx, Code::unknown_name, node.op.span, fmt::format("`{}` is no reduction", op));
    d.note("a comprehension is reduced by sum, prod, min, max, any, all, argmin, argmax, mean or logsumexp");
    if (const std::string hint = suggestion(op, candidates); !hint.empty()) d.hint(hint);
    return error_value(span);
  }
  const std::function<Value(const Value&)> identity = [&](const Value& like) {
    const ir::Type t = type_of(cx, like);
    const bool integer = ir::is_integer(t.elem);
    double value = 0;
    if (op == "prod" || op == "all") value = 1;
    const double inf = std::numeric_limits<double>::infinity();
    if (op == "min" || op == "argmin") value = inf;
    if (op == "max" || op == "argmax" || op == "logsumexp") value = -inf;
    if (integer && std::isinf(value)) {
      const bool narrow = t.elem == Elem::i32;
      const std::int64_t limit = value > 0 ? (narrow ? INT32_MAX : INT64_MAX) : (narrow ? INT32_MIN : INT64_MIN);
      return make_tensor(cx, builder(cx).integer(t.elem, limit, t.dims), span);
    }
    return make_tensor(cx, builder(cx).constant(t.elem, value, t.dims), span);
  };
  std::vector<IndexAxis> axes;
  // Nothing has no least or greatest element: an extent that outer indices give is checked.
  const bool needs_element = op == "min" || op == "max" || op == "argmin" || op == "argmax";
  for (std::size_t i = 0; needs_element && i < node.indices.size(); ++i) {
    if (node.indices[i].extent == nullptr) continue;
    Value e;
    if (!probe(cx, [&] { e = eval(cx, *node.indices[i].extent, scope); }) || !e.is_tensor() || !e.affine) continue;
    if (affine_nonnegative(cx, *e.affine + Affine{Dim(-1), {}})) continue;
    const ValueId count = use(cx, materialize(cx, eval(cx, *node.indices[i].extent, scope), Elem::i64));
    emit_assert(cx, builder(cx).compare("gt", count, builder(cx).integer(Elem::i64, 0)),
                fmt::format("`{}` of nothing: `{}` is 0", op, text_of(cx, node.indices[i].extent->span)));
  }
  Value array = map_over(cx, node.indices, axes, *node.body, scope, span, &identity);
  if (array.is_error()) return array;
  if (!array.is_tensor()) {
    error(cx, Code::type_mismatch, node.body->span,
          fmt::format("`{}` reduces numbers, this is {}", op, describe(cx, array)));
    return error_value(span);
  }
  for (std::size_t i = 0; op == "mean" && i < axes.size(); ++i) {
    if (!axes[i].ragged) continue;
    error(cx, Code::ragged_build, node.indices[i].extent->span, "the mean over an extent that depends on an index")
        .note("the number of elements differs from index to index")
        .hint("write the sum and divide by the number: `sum[…] / f64(i)`");
    return error_value(span);
  }
  if ((op == "argmin" || op == "argmax") && node.indices.size() != 1) {
    error(cx, Code::wrong_arguments, node.op.span, fmt::format("`{}` takes one index", op));
    return error_value(span);
  }
  BuiltinCall call{cx, op, span, node.op.span, {}, {}};
  call.args.emplace_back();
  call.args[0].value = array;
  call.args[0].value.span = node.body->span;
  ArgValue axis;
  axis.name = "axis";
  std::vector<Value> list;
  for (std::size_t i = 0; i < node.indices.size(); ++i)
    list.push_back(make_int(cx, Dim(static_cast<std::int64_t>(i)), span));
  axis.value = list.size() == 1 ? list[0] : make_tuple(cx, std::move(list), span);
  call.options.push_back(std::move(axis));
  return find_builtin(op)(call);
}

}  // namespace rg::dsl
