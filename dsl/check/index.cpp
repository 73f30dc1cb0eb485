// Subscripts: slices and positions by size expressions (views), by run-time integers and integer arrays (gathers), with
// every position proven in range or checked.
#include "dsl/check/index.h"

#include <fmt/format.h>

#include "dsl/check/arithmetic.h"
#include "dsl/check/context.h"
#include "dsl/check/exact.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"

namespace rg::dsl {

static bool axis_of(Context& cx, const ast::Subscript& s, const Dim& extent0, const ScopePtr& scope, Axis& out,
                    const std::string& base);
static void check_index(Context& cx, const Value& index, const Dim& extent, Span span, const std::string& base);

std::optional<Dim> bound(Context& cx, const ast::Bound& bound, const Dim& extent, const ScopePtr& scope) {
  const Value v = eval(cx, *bound.value, scope);
  if (v.is_error()) return std::nullopt;
  if (v.is_flex() && v.flex->dim) return normal(cx, bound.from_end ? extent - *v.flex->dim : *v.flex->dim);
  error(cx, Code::not_a_size, bound.span,
        fmt::format("a slice's bound is a size expression, this is {}", describe(cx, v)))
      .note("the length of a slice is known at entry")
      .hint("a window that moves has a start and a length: `x[i:i+3]`; to select at run time, index by an array");
  return std::nullopt;
}

void check_index(Context& cx, const Value& index, const Dim& extent, Span span, const std::string& base) {
  const Dim n = normal(cx, extent);
  bool low = false, high = false;
  if (const auto range = range_of(cx, index)) {
    low = affine_nonnegative(cx, range->first);
    high = affine_nonnegative(cx, Affine{n - Dim(1), {}} + range->second * Dim(-1));
  }
  if (low && high) return;
  const ValueId i = use(cx, index);
  if (const ValueId exact = exactness(cx, i); exact.valid())
    emit_assert(cx, exact,
                fmt::format("subscript `{}` of `{}` leaves the range of its integers", text_of(cx, span), base));
  const std::vector<Dim> dims = builder(cx).dims(i);
  ValueId ok;
  if (!low) ok = builder(cx).compare("ge", i, builder(cx).integer(Elem::i64, 0, dims));
  if (!high) {
    const ValueId below = builder(cx).compare("lt", i, builder(cx).broadcast(builder(cx).size(n), dims, {}));
    ok = ok.valid() ? builder(cx).logical_and(ok, below) : below;
  }
  std::vector<std::int64_t> axes;
  for (std::size_t k = 0; k < dims.size(); ++k) axes.push_back(static_cast<std::int64_t>(k));
  emit_assert(cx, builder(cx).reduce("all", ok, axes),
              fmt::format("subscript `{}` of `{}` is out of range", text_of(cx, span), base), {n});
}

bool axis_of(Context& cx, const ast::Subscript& s, const Dim& extent0, const ScopePtr& scope, Axis& out,
             const std::string& base) {
  const Dim extent = normal(cx, extent0);
  out.span = s.span;
  if (const auto* at = std::get_if<ast::At>(&s.node)) {
    Value v = eval(cx, *at->position.value, scope);
    if (v.is_error()) return false;
    if (v.is_flex() && v.flex->dim) {
      const Dim position = normal(cx, at->position.from_end ? extent - *v.flex->dim : *v.flex->dim);
      out.kind = Axis::Kind::at;
      out.start = position;
      const std::string shown = fmt::format("subscript `{}` of `{}` is out of range", text_of(cx, s.span), base);
      if (!require_nonnegative(cx, position, shown, {extent, position}) ||
          !require_nonnegative(cx, extent - position - Dim(1), shown, {extent, position})) {
        Diagnostic& d =
            error(cx, Code::index_range, s.span,
                  fmt::format("position {} is out of range for the extent {}",
                              at->position.from_end ? text_of(cx, s.span) : str(cx, position), str(cx, extent)));
        d.note("positions count from 0; only a minus that stands first counts from the end");
        return false;
      }
      return true;
    }
    v = tensor(cx, v, "a position");
    if (v.is_error()) return false;
    if (!ir::is_integer(v.type.elem)) {
      error(cx, Code::index_type, s.span, fmt::format("a subscript is an integer, this is {}", describe(cx, v)))
          .hint(v.type.elem == Elem::boolean ? "choose by `where(mask, a, b)`"
                                             : "the integer quotient is `div`; convert with `i64(…)`");
      return false;
    }
    if (v.type.elem == Elem::i32) {
      Value wide = make_tensor(cx, builder(cx).convert(use(cx, v), Elem::i64), v.span);
      wide.affine = v.affine, wide.low = v.low, wide.high = v.high;
      v = wide;
    }
    if (at->position.from_end) {
      v = binary(cx, ast::BinaryOp::sub, make_int(cx, extent, s.span), v, s.span, s.span);
      if (v.is_error()) return false;
    }
    check_index(cx, v, extent, s.span, base);
    out.kind = type_of(cx, v).is_scalar() ? Axis::Kind::at : Axis::Kind::array;
    out.index = v;
    return true;
  }
  const auto& slice = std::get<ast::Slice>(s.node);
  out.kind = Axis::Kind::slice;
  if (slice.step != nullptr) {
    const auto step = eval_dim(cx, *slice.step, scope);
    if (!step) return false;
    if (!step->is_constant() || step->constant() == 0 || std::abs(step->constant()) > INT32_MAX) {
      error(cx, Code::not_a_size, slice.step->span, "a slice's step is an integer other than 0");
      return false;
    }
    out.step = step->constant();
  }
  // A moving window: the start is known at run time, the length at entry.
  if (slice.begin && slice.end && out.step == 1 && !slice.begin.from_end && !slice.end.from_end) {
    Value lo = eval(cx, *slice.begin.value, scope), hi = eval(cx, *slice.end.value, scope);
    if (lo.is_error() || hi.is_error()) return false;
    if (lo.affine && hi.affine && (lo.is_tensor() || hi.is_tensor())) {
      const Affine length = *hi.affine + *lo.affine * Dim(-1);
      if (length.terms.empty()) {
        const Dim n = normal(cx, length.constant);
        if (!require_nonnegative(
                cx, n, fmt::format("the slice `{}` of `{}` ends before it begins", text_of(cx, s.span), base))) {
          error(cx, Code::index_range, s.span, "this slice ends before it begins");
          return false;
        }
        lo = materialize(cx, lo, Elem::i64);
        Value index = make_tensor(
            cx, builder(cx).add(builder(cx).broadcast(use(cx, lo), {n}, {}), builder(cx).iota(Elem::i64, {n}, 0)),
            s.span);
        index.low = *lo.affine;
        index.high = *lo.affine + Affine{n - Dim(1), {}};
        check_index(cx, index, extent, s.span, base);
        out.kind = Axis::Kind::array;
        out.step = 0;  // on its own: not zipped with other arrays
        out.index = index;
        return true;
      }
    }
  }
  Dim begin = out.step > 0 ? Dim(0) : extent - Dim(1), end = out.step > 0 ? extent : Dim(-1);
  if (slice.begin) {
    const auto d = bound(cx, slice.begin, extent, scope);
    if (!d) return false;
    begin = *d;
  }
  if (slice.end) {
    const auto d = bound(cx, slice.end, extent, scope);
    if (!d) return false;
    end = *d;
  }
  const std::string shown = fmt::format("the slice `{}` of `{}` is out of range", text_of(cx, s.span), base);
  const bool forward = out.step > 0;
  const Dim count = forward ? end - begin : begin - end;
  const std::vector<Dim> said{extent, begin, end};
  if (!require_nonnegative(cx, forward ? begin : end + Dim(1), shown, said) ||
      !require_nonnegative(cx, forward ? extent - end : extent - Dim(1) - begin, shown, said) ||
      !require_nonnegative(cx, count, shown, said)) {
    error(cx, Code::index_range, s.span,
          fmt::format("this slice, from {} to {}, leaves the extent {}", str(cx, begin), str(cx, end), str(cx, extent)))
        .note("bounds are not clamped");
    return false;
  }
  const std::int64_t stride = std::abs(out.step);
  out.start = begin;
  out.length = stride == 1 ? count : normal(cx, Dim::div(count + Dim(stride - 1), Dim(stride)));
  return true;
}

Value eval_index(Context& cx, const ast::Index& node, Span span, const ScopePtr& scope) {
  Value base = tensor(cx, eval(cx, *node.base, scope), "an array");
  if (base.is_error()) return base;
  const ir::Type type = type_of(cx, base);
  std::size_t fixed = 0;
  bool ellipsis = false;
  for (const ast::Subscript& s : node.subscripts) {
    if (std::holds_alternative<ast::Ellipsis>(s.node)) {
      if (ellipsis) {
        error(cx, Code::index_rank, s.span, "`...` stands at most once among subscripts");
        return error_value(span);
      }
      ellipsis = true;
    } else {
      ++fixed;
    }
  }
  if (fixed > type.rank()) {
    error(cx, Code::index_rank, span,
          fmt::format("{} subscript{} on {}, which has {} dimension{}", fixed, fixed == 1 ? "" : "s", str(cx, type),
                      type.rank(), type.rank() == 1 ? "" : "s"))
        .label(node.base->span, str(cx, type));
    return error_value(span);
  }
  std::vector<Axis> axes;
  const std::string name = text_of(cx, node.base->span);
  for (const ast::Subscript& s : node.subscripts) {
    if (std::holds_alternative<ast::Ellipsis>(s.node)) {
      for (std::size_t k = fixed; k < type.rank(); ++k) {
        axes.emplace_back();
        axes.back().length = type.dims[axes.size() - 1];
      }
      continue;
    }
    Axis a;
    if (!axis_of(cx, s, type.dims[axes.size()], scope, a, name)) return error_value(span);
    axes.push_back(std::move(a));
  }
  while (axes.size() < type.rank()) {
    axes.emplace_back();
    axes.back().length = type.dims[axes.size() - 1];
  }
  return take(cx, base, std::move(axes), span);
}

Value take(Context& cx, const Value& base, std::vector<Axis> axes, Span span) {
  ValueId x = use(cx, base);
  const std::vector<Dim> dims = builder(cx).dims(x);
  // Views first.
  std::vector<Dim> starts, lengths, kept;
  std::vector<std::int64_t> steps;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    Axis& a = axes[k];
    const bool view = a.kind == Axis::Kind::slice || (a.kind == Axis::Kind::at && a.index.is_error());
    starts.push_back(view ? a.start : Dim(0));
    steps.push_back(a.kind == Axis::Kind::slice ? a.step : 1);
    lengths.push_back(a.kind == Axis::Kind::slice ? a.length : view ? Dim(1) : dims[k]);
    if (!(view && a.kind == Axis::Kind::at)) kept.push_back(lengths.back());
  }
  x = builder(cx).reshape(builder(cx).slice(x, starts, steps, lengths), kept);
  // Then one gather.
  std::vector<std::int64_t> labels, result;
  std::vector<ValueId> operands{x};
  std::vector<std::vector<std::int64_t>> index_labels;
  std::vector<Value> zipped;
  for (const Axis& a : axes) {
    if (a.kind == Axis::Kind::array && a.step != 0) zipped.push_back(a.index);
  }
  const auto shape =
      zipped.empty() ? std::optional(std::vector<Dim>{}) : broadcast_dims(cx, zipped, span, "subscripts");
  if (!shape) return error_value(span);
  bool zip_placed = false;
  std::int64_t next = 0, own = 2000;
  for (const Axis& a : axes) {
    if (a.kind == Axis::Kind::at && a.index.is_error()) continue;
    if (a.kind == Axis::Kind::whole || a.kind == Axis::Kind::slice) {
      labels.push_back(next);
      result.push_back(next++);
      continue;
    }
    ValueId index = use(cx, a.index);
    std::vector<std::int64_t> own_labels;
    if (a.kind == Axis::Kind::array && a.step == 0) {
      own_labels.push_back(own);
      result.push_back(own++);
    } else if (a.kind == Axis::Kind::array) {
      index = stretch(cx, index, *shape);
      for (std::size_t k = 0; k < shape->size(); ++k) {
        own_labels.push_back(1000 + static_cast<std::int64_t>(k));
        if (!zip_placed) result.push_back(own_labels.back());
      }
      zip_placed = true;
    }
    operands.push_back(index);
    index_labels.push_back(std::move(own_labels));
    labels.push_back(-static_cast<std::int64_t>(index_labels.size()));
  }
  if (index_labels.empty()) {
    Value v = make_tensor(cx, x, span);
    v.low = base.low ? base.low : base.affine;
    v.high = base.high ? base.high : base.affine;
    return v;
  }
  ops::Gather::Attrs attrs;
  attrs.labels.push_back(labels);
  for (auto& l : index_labels) attrs.labels.push_back(std::move(l));
  attrs.labels.push_back(result);
  Value v = make_tensor(cx, builder(cx).emit_op<ops::Gather>(operands, std::move(attrs)), span);
  v.low = base.low;
  v.high = base.high;
  return v;
}

}  // namespace rg::dsl
