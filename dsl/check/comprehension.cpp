// Index comprehensions: `[i: n => e]` is a `map`; `sum[k => e]` a `map` and a reduction over its axes. An extent that
// depends on outer indices becomes the rectangle that holds it, with an `if` that gives the identity outside.
#include "dsl/check/comprehension.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/ops/all.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/branch.h"
#include "dsl/check/builtins.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/values.h"
#include "dsl/check/walk.h"

namespace rg::dsl {

namespace {

/// An index of a comprehension.
struct IndexAxis {
  Dim extent;           // of the rectangle
  bool ragged = false;  // the extent proper depends on outer indices
};

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

/// The element of an array that its indices make, and the indices themselves.
struct Comprehension {
  Context& cx;
  const std::vector<ast::IndexVar>& vars;
  const ast::Expr& body;
  Span span;
  const std::function<Value(const Value&)>* identity;  // of a reduction, for an element like the given one
  std::vector<IndexAxis> axes{};
  ValueId guard{};  // a bool: inside of all ragged extents
};

/// The extent of an index, and its greatest value over those around.
struct IndexExtent {
  IndexAxis axis;
  Affine high;
};

// An extent that depends on outer indices: the rectangle's, with a guard for the rest.
std::optional<IndexExtent> ragged_extent(Comprehension& c, const ast::Expr& written, const Value& e, ValueId index) {
  Context& cx = c.cx;
  const auto whole = e.affine && e.is_tensor() ? rectangle(cx, *e.affine) : std::nullopt;
  if (!whole) {
    error(cx, Code::not_a_size, written.span, "the extent of an index is a size expression")
        .note("in a reduction it may depend on outer indices")
        .hint("a number known only at run time becomes a parameter: `n: size`");
    return std::nullopt;
  }
  if (c.identity == nullptr) {
    error(cx, Code::ragged_build, written.span, "the extent of an index that builds an array depends on another index")
        .note("arrays are rectangular; only a reduction may have a ragged extent")
        .hint("fill the rectangle: `[i: n, j: n => if j < i { … } else { 0.0 }]`");
    return std::nullopt;
  }
  const Dim extent = Dim::max(normal(cx, *whole), Dim(0));
  const ValueId inside = cx.b().compare("lt", index, use(cx, e));
  c.guard = c.guard.valid() ? cx.b().logical_and(c.guard, inside) : inside;
  return IndexExtent{{extent, true}, *e.affine + Affine{Dim(-1), {}}};
}

std::optional<IndexExtent> written_extent(Comprehension& c, const ast::IndexVar& var, const ScopePtr& scope,
                                          ValueId index) {
  Context& cx = c.cx;
  const Value e = eval(cx, *var.extent, scope);
  if (e.is_error()) return std::nullopt;
  if (!e.is_flex() || !e.flex->dim) return ragged_extent(c, *var.extent, e, index);
  const Dim extent = normal(cx, *e.flex->dim);
  if (!require_nonnegative(cx, extent,
                           fmt::format("the extent {} of `{}` is negative", str(cx, extent), var.name.text))) {
    error(cx, Code::not_a_size, var.extent->span, "this extent is negative");
    return std::nullopt;
  }
  return IndexExtent{{extent, false}, Affine{extent - Dim(1), {}}};
}

// Binds the indices to `p`. Extents are found inside, where outer indices of the same comprehension are bound. Null
// after a report.
ScopePtr bind_indices(Comprehension& c, ScopePtr scope, std::span<const ValueId> p) {
  Context& cx = c.cx;
  for (std::size_t i = 0; i < c.vars.size(); ++i) {
    const ast::IndexVar& var = c.vars[i];
    std::optional<IndexExtent> extent;
    if (var.extent != nullptr) {
      extent = written_extent(c, var, scope, p[i]);
    } else {
      ScopePtr inner = scope;  // later variables are in scope of the subscripts too
      for (std::size_t j = i; j < c.vars.size(); ++j) {
        const ast::Name& name = c.vars[j].name;
        inner = extend(inner, name.text, make_tensor(cx, p[j], name.span), name.span);
      }
      const auto found = infer_extent(cx, var.name, c.body, inner);
      if (found) extent = IndexExtent{{*found, false}, Affine{*found - Dim(1), {}}};
    }
    if (!extent) return nullptr;
    c.axes.push_back(extent->axis);
    cx.frame->around.push_back(extent->axis.extent);
    scope = bind_checked(cx, scope, var.name, index_value(cx, p[i], Affine{Dim(0), {}}, extent->high, var.name.span));
  }
  return scope;
}

// The element, or the identity outside of a ragged extent.
Value element(Comprehension& c, const ScopePtr& scope) {
  Context& cx = c.cx;
  if (!c.guard.valid()) return default_typed(cx, eval(cx, c.body, scope));
  Value type;  // first, by a probe: the identity is of it
  probe(cx, [&] { type = default_typed(cx, eval(cx, c.body, scope)); });
  if (type.is_error() || !type.is_tensor()) {
    const Value v = tensor(cx, eval(cx, c.body, scope));
    if (!v.is_error()) error(cx, Code::type_mismatch, c.body.span, "a reduction takes numbers");
    return error_value(c.span);
  }
  return emit_if(
      cx, c.guard, c.span, [&] { return materialize(cx, eval(cx, c.body, scope)); },
      [&] { return (*c.identity)(type); });
}

// The array of the elements, as a `map`.
Value map_over(Comprehension& c, const ScopePtr& scope) {
  Context& cx = c.cx;
  Value result = error_value(c.span);
  const Facts facts = save_facts(cx);
  const std::size_t around = cx.frame->around.size();
  const std::vector<ir::Type> params(c.vars.size(), ir::Type{Elem::i64, {}});
  const ir::BlockId block = cx.b().in_block(params, [&](std::span<const ValueId> p) -> std::vector<ValueId> {
    const ScopePtr inner = bind_indices(c, scope, p);
    if (inner) result = element(c, inner);
    return result.is_error() ? std::vector<ValueId>{} : leaf_ids(cx, result);
  });
  restore_facts(cx, facts);
  cx.frame->around.resize(around);
  if (result.is_error()) return error_value(c.span);
  std::vector<Value> leaves;
  flatten(result, leaves);
  for (const Value& leaf : leaves) {  // extents of the element do not depend on the indices: they are sizes
    if (!leaf.is_tensor()) return error_value(c.span);
  }
  std::vector<Dim> extents;
  for (const IndexAxis& a : c.axes) extents.push_back(a.extent);
  const auto ids = cx.b().emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{extents}, {block});
  std::size_t at = 0;
  return rebuild(cx, result, ids, at);
}

}  // namespace

Value eval_build(Context& cx, const ast::Build& node, Span span, const ScopePtr& scope) {
  Comprehension c{cx, node.indices, *node.body, span, nullptr};
  return map_over(c, scope);
}

namespace {

/// A reduction of a comprehension, and what it gives for nothing.
struct Reduction {
  std::string_view name;
  double identity;
  bool needs_element = false;  // nothing has no least or greatest element
  bool one_index = false;
  bool counts = false;  // the number of elements takes part: it is the same at every index
};
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr Reduction kReductions[] = {
    {"sum", 0},
    {"prod", 1},
    {"min", kInf, true},
    {"max", -kInf, true},
    {"any", 0},
    {"all", 1},
    {"argmin", kInf, true, true},
    {"argmax", -kInf, true, true},
    {"mean", 0, false, false, true},
    {"logsumexp", -kInf},
};

const Reduction* find_reduction(Context& cx, const ast::Name& op) {
  const auto* at = std::ranges::find(kReductions, op.text, &Reduction::name);
  if (at != std::end(kReductions)) return at;
  std::vector<std::string> candidates;
  for (const Reduction& r : kReductions) candidates.emplace_back(r.name);
  const auto last = candidates.end() - 1;
  Diagnostic& d = error(cx, Code::unknown_name, op.span, fmt::format("`{}` is no reduction", op.text));
  d.note(fmt::format("a comprehension is reduced by {} or {}", fmt::join(candidates.begin(), last, ", "), *last));
  if (const std::string hint = suggestion(op.text, candidates); !hint.empty()) d.hint(hint);
  return nullptr;
}

// The reduction's value for nothing, of the type of an element.
Value identity_like(Context& cx, const Reduction& r, const Value& like, Span span) {
  const ir::Type t = type_of(cx, like);
  if (!ir::is_integer(t.elem) || !std::isinf(r.identity))
    return make_tensor(cx, cx.b().constant(t.elem, r.identity, t.dims), span);
  const bool narrow = t.elem == Elem::i32;
  const std::int64_t limit = r.identity > 0 ? (narrow ? INT32_MAX : INT64_MAX) : (narrow ? INT32_MIN : INT64_MIN);
  return make_tensor(cx, cx.b().integer(t.elem, limit, t.dims), span);
}

// An extent that outer indices give is checked not to be 0.
void check_some_element(Context& cx, const ast::Reduce& node, const ScopePtr& scope) {
  for (const ast::IndexVar& var : node.indices) {
    if (var.extent == nullptr) continue;
    Value e;
    if (!probe(cx, [&] { e = eval(cx, *var.extent, scope); }) || !e.is_tensor() || !e.affine) continue;
    if (affine_nonnegative(cx, *e.affine + Affine{Dim(-1), {}})) continue;
    const ValueId count = use(cx, materialize(cx, eval(cx, *var.extent, scope), Elem::i64));
    emit_assert(cx, cx.b().compare("gt", count, cx.b().integer(Elem::i64, 0)),
                fmt::format("`{}` of nothing: `{}` is 0", node.op.text, text_of(cx, var.extent->span)));
  }
}

// Whether the array can be reduced over the indices. False after a report.
bool can_reduce(Context& cx, const ast::Reduce& node, const Reduction& r, const Value& array,
                const std::vector<IndexAxis>& axes) {
  if (array.is_error()) return false;
  if (!array.is_tensor()) {
    error(cx, Code::type_mismatch, node.body->span,
          fmt::format("`{}` reduces numbers, this is {}", r.name, describe(cx, array)));
    return false;
  }
  for (std::size_t i = 0; r.counts && i < axes.size(); ++i) {
    if (!axes[i].ragged) continue;
    error(cx, Code::ragged_build, node.indices[i].extent->span, "the mean over an extent that depends on an index")
        .note("the number of elements differs from index to index")
        .hint("write the sum and divide by the number: `sum[…] / f64(i)`");
    return false;
  }
  if (r.one_index && node.indices.size() != 1) {
    error(cx, Code::wrong_arguments, node.op.span, fmt::format("`{}` takes one index", r.name));
    return false;
  }
  return true;
}

}  // namespace

Value eval_reduce(Context& cx, const ast::Reduce& node, Span span, const ScopePtr& scope) {
  const Reduction* r = find_reduction(cx, node.op);
  if (r == nullptr) return error_value(span);
  const std::function<Value(const Value&)> identity = [&](const Value& like) {
    return identity_like(cx, *r, like, span);
  };
  if (r->needs_element) check_some_element(cx, node, scope);
  Comprehension c{cx, node.indices, *node.body, span, &identity};
  Value array = map_over(c, scope);
  if (!can_reduce(cx, node, *r, array, c.axes)) return error_value(span);
  array.span = node.body->span;
  BuiltinCall call{cx, node.op.text, span, node.op.span, {}, {}};
  call.args.emplace_back();
  call.args[0].value = std::move(array);
  std::vector<Value> list;
  for (std::size_t i = 0; i < node.indices.size(); ++i)
    list.push_back(make_int(cx, Dim(static_cast<std::int64_t>(i)), span));
  ArgValue axis;
  axis.name = "axis";
  axis.value = list.size() == 1 ? list[0] : make_tuple(std::move(list), span);
  call.options.push_back(std::move(axis));
  return find_builtin(node.op.text)(call);
}

}  // namespace rg::dsl
