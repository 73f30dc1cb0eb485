// Subscripts: slices and positions by size expressions (views), by run-time integers and integer arrays (gathers), with
// every position proven in range or checked.
#include "dsl/check/index.h"

#include <fmt/format.h>

#include "compiler/ops/all.h"
#include "dsl/check/arithmetic.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/expr.h"
#include "dsl/check/facts.h"
#include "dsl/check/types.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

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
  if (const auto range = range_of(index)) {
    low = affine_nonnegative(cx, range->first);
    high = affine_nonnegative(cx, Affine{n - Dim(1), {}} + range->second * Dim(-1));
  }
  if (low && high) return;
  const ValueId i = use(cx, index);
  if (const ValueId exact = exactness(cx, i); exact.valid())
    emit_assert(cx, exact,
                fmt::format("subscript `{}` of `{}` leaves the range of its integers", text_of(cx, span), base));
  const std::vector<Dim> dims = cx.b().dims(i);
  ValueId ok;
  if (!low) ok = cx.b().compare("ge", i, cx.b().integer(Elem::i64, 0, dims));
  if (!high) {
    const ValueId below = cx.b().compare("lt", i, cx.b().broadcast(cx.b().size(n), dims, {}));
    ok = ok.valid() ? cx.b().logical_and(ok, below) : below;
  }
  std::vector<std::int64_t> axes;
  for (std::size_t k = 0; k < dims.size(); ++k) axes.push_back(static_cast<std::int64_t>(k));
  emit_assert(cx, cx.b().reduce("all", ok, axes),
              fmt::format("subscript `{}` of `{}` is out of range", text_of(cx, span), base), {n});
}

/// A subscript under evaluation, of an axis of the extent.
struct Position {
  Context& cx;
  Span span;
  Dim extent;
  const ScopePtr& scope;
  const std::string& base;  // the array's text
};

// A position by a size expression: a view.
bool fixed_position(const Position& p, const ast::Bound& at, const Dim& value, Axis& out) {
  Context& cx = p.cx;
  const Dim position = normal(cx, at.from_end ? p.extent - value : value);
  out.kind = Axis::Kind::at;
  out.start = position;
  const std::string shown = fmt::format("subscript `{}` of `{}` is out of range", text_of(cx, p.span), p.base);
  if (require_nonnegative(cx, position, shown, {p.extent, position}) &&
      require_nonnegative(cx, p.extent - position - Dim(1), shown, {p.extent, position}))
    return true;
  error(cx, Code::index_range, p.span,
        fmt::format("position {} is out of range for the extent {}",
                    at.from_end ? text_of(cx, p.span) : str(cx, position), str(cx, p.extent)))
      .note("positions count from 0; only a minus that stands first counts from the end");
  return false;
}

// A position, or many, known at run time: a gather.
bool moving_position(const Position& p, const ast::Bound& at, Value v, Axis& out) {
  Context& cx = p.cx;
  v = tensor(cx, v, "a position");
  if (v.is_error()) return false;
  if (!ir::is_integer(v.type.elem)) {
    error(cx, Code::index_type, p.span, fmt::format("a subscript is an integer, this is {}", describe(cx, v)))
        .hint(v.type.elem == Elem::boolean ? "choose by `where(mask, a, b)`"
                                           : "the integer quotient is `div`; convert with `i64(…)`");
    return false;
  }
  if (v.type.elem == Elem::i32) {
    Value wide = make_tensor(cx, cx.b().convert(use(cx, v), Elem::i64), v.span);
    wide.affine = v.affine, wide.low = v.low, wide.high = v.high;
    v = wide;
  }
  if (at.from_end) {
    v = binary(cx, ast::BinaryOp::sub, make_int(cx, p.extent, p.span), v, p.span, p.span);
    if (v.is_error()) return false;
  }
  check_index(cx, v, p.extent, p.span, p.base);
  out.kind = type_of(cx, v).is_scalar() ? Axis::Kind::at : Axis::Kind::array;
  out.index = v;
  return true;
}

bool slice_step(const Position& p, const ast::Slice& slice, Axis& out) {
  if (slice.step == nullptr) return true;
  const auto step = eval_dim(p.cx, *slice.step, p.scope);
  if (!step) return false;
  if (!step->is_constant() || step->constant() == 0 || std::abs(step->constant()) > INT32_MAX) {
    error(p.cx, Code::not_a_size, slice.step->span, "a slice's step is an integer other than 0");
    return false;
  }
  out.step = step->constant();
  return true;
}

// A moving window: the start is known at run time, the length at entry. Nothing where the slice is none; false after a
// report.
std::optional<bool> window(const Position& p, const ast::Slice& slice, Axis& out) {
  Context& cx = p.cx;
  if (!slice.begin || !slice.end || out.step != 1 || slice.begin.from_end || slice.end.from_end) return std::nullopt;
  Value lo = eval(cx, *slice.begin.value, p.scope);
  const Value hi = eval(cx, *slice.end.value, p.scope);
  if (lo.is_error() || hi.is_error()) return false;
  if (!lo.affine || !hi.affine || (!lo.is_tensor() && !hi.is_tensor())) return std::nullopt;
  const Affine length = *hi.affine + *lo.affine * Dim(-1);
  if (!length.terms.empty()) return std::nullopt;
  const Dim n = normal(cx, length.constant);
  if (!require_nonnegative(cx, n,
                           fmt::format("the slice `{}` of `{}` ends before it begins", text_of(cx, p.span), p.base))) {
    error(cx, Code::index_range, p.span, "this slice ends before it begins");
    return false;
  }
  lo = materialize(cx, lo, Elem::i64);
  Value index =
      make_tensor(cx, cx.b().add(cx.b().broadcast(use(cx, lo), {n}, {}), cx.b().iota(Elem::i64, {n}, 0)), p.span);
  index.low = *lo.affine;
  index.high = *lo.affine + Affine{n - Dim(1), {}};
  check_index(cx, index, p.extent, p.span, p.base);
  out.kind = Axis::Kind::array;
  out.step = 0;  // on its own: not zipped with other arrays
  out.index = index;
  return true;
}

// A slice by size expressions: a view.
bool fixed_slice(const Position& p, const ast::Slice& slice, Axis& out) {
  Context& cx = p.cx;
  const bool forward = out.step > 0;
  Dim begin = forward ? Dim(0) : p.extent - Dim(1), end = forward ? p.extent : Dim(-1);
  if (slice.begin) {
    const auto d = bound(cx, slice.begin, p.extent, p.scope);
    if (!d) return false;
    begin = *d;
  }
  if (slice.end) {
    const auto d = bound(cx, slice.end, p.extent, p.scope);
    if (!d) return false;
    end = *d;
  }
  const std::string shown = fmt::format("the slice `{}` of `{}` is out of range", text_of(cx, p.span), p.base);
  const Dim count = forward ? end - begin : begin - end;
  const std::vector<Dim> said{p.extent, begin, end};
  if (!require_nonnegative(cx, forward ? begin : end + Dim(1), shown, said) ||
      !require_nonnegative(cx, forward ? p.extent - end : p.extent - Dim(1) - begin, shown, said) ||
      !require_nonnegative(cx, count, shown, said)) {
    error(
        cx, Code::index_range, p.span,
        fmt::format("this slice, from {} to {}, leaves the extent {}", str(cx, begin), str(cx, end), str(cx, p.extent)))
        .note("bounds are not clamped");
    return false;
  }
  const std::int64_t stride = std::abs(out.step);
  out.start = begin;
  out.length = stride == 1 ? count : normal(cx, Dim::div(count + Dim(stride - 1), Dim(stride)));
  return true;
}

// What the subscript takes of an axis. False after a report.
bool axis_of(Context& cx, const ast::Subscript& s, const Dim& extent, const ScopePtr& scope, Axis& out,
             const std::string& base) {
  const Position p{cx, s.span, normal(cx, extent), scope, base};
  out.span = s.span;
  if (const auto* at = std::get_if<ast::At>(&s.node)) {
    const Value v = eval(cx, *at->position.value, scope);
    if (v.is_error()) return false;
    return v.is_flex() && v.flex->dim ? fixed_position(p, at->position, *v.flex->dim, out)
                                      : moving_position(p, at->position, v, out);
  }
  const auto& slice = std::get<ast::Slice>(s.node);
  out.kind = Axis::Kind::slice;
  if (!slice_step(p, slice, out)) return false;
  if (const auto done = window(p, slice, out)) return *done;
  return fixed_slice(p, slice, out);
}

}  // namespace

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

namespace {

/// The labels of a gather (ops/contract.h): of the array's axes, of each index array, of the result.
struct GatherLabels {
  std::vector<std::int64_t> base, result;
  std::vector<std::vector<std::int64_t>> indices;
};
// Labels of their own for the axes of index arrays: of those that run together, of those that stand alone.
constexpr std::int64_t kZipped = 1000, kAlone = 2000;

bool is_view(const Axis& a) { return a.kind == Axis::Kind::slice || (a.kind == Axis::Kind::at && a.index.is_error()); }

// What slices and positions by size expressions leave of the array.
ValueId take_views(ir::Builder& b, ValueId x, const std::vector<Axis>& axes) {
  const std::vector<Dim> dims = b.dims(x);
  std::vector<Dim> starts, lengths, kept;
  std::vector<std::int64_t> steps;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const Axis& a = axes[k];
    const bool view = is_view(a);
    starts.push_back(view ? a.start : Dim(0));
    steps.push_back(a.kind == Axis::Kind::slice ? a.step : 1);
    lengths.push_back(a.kind == Axis::Kind::slice ? a.length : view ? Dim(1) : dims[k]);
    if (!(view && a.kind == Axis::Kind::at)) kept.push_back(lengths.back());
  }
  return b.reshape(b.slice(x, starts, steps, lengths), kept);
}

// One gather for all index arrays; those that run together have the shape.
GatherLabels gather_labels(Context& cx, const std::vector<Axis>& axes, const std::vector<Dim>& shape,
                           std::vector<ValueId>& operands) {
  GatherLabels out;
  bool zip_placed = false;
  std::int64_t next = 0, alone = kAlone;
  for (const Axis& a : axes) {
    if (a.kind == Axis::Kind::at && a.index.is_error()) continue;
    if (a.kind == Axis::Kind::whole || a.kind == Axis::Kind::slice) {
      out.base.push_back(next);
      out.result.push_back(next++);
      continue;
    }
    ValueId index = use(cx, a.index);
    std::vector<std::int64_t> own;
    if (a.kind == Axis::Kind::array && a.step == 0) {
      own.push_back(alone);
      out.result.push_back(alone++);
    } else if (a.kind == Axis::Kind::array) {
      index = stretch(cx, index, shape);
      for (std::size_t k = 0; k < shape.size(); ++k) {
        own.push_back(kZipped + static_cast<std::int64_t>(k));
        if (!zip_placed) out.result.push_back(own.back());
      }
      zip_placed = true;
    }
    operands.push_back(index);
    out.indices.push_back(std::move(own));
    out.base.push_back(-static_cast<std::int64_t>(out.indices.size()));
  }
  return out;
}

}  // namespace

Value take(Context& cx, const Value& base, std::vector<Axis> axes, Span span) {
  const ValueId x = take_views(cx.b(), use(cx, base), axes);
  std::vector<Value> zipped;
  for (const Axis& a : axes) {
    if (a.kind == Axis::Kind::array && a.step != 0) zipped.push_back(a.index);
  }
  const auto shape =
      zipped.empty() ? std::optional(std::vector<Dim>{}) : broadcast_dims(cx, zipped, span, "subscripts");
  if (!shape) return error_value(span);
  std::vector<ValueId> operands{x};
  GatherLabels labels = gather_labels(cx, axes, *shape, operands);
  if (labels.indices.empty()) {
    Value v = make_tensor(cx, x, span);
    v.low = base.low ? base.low : base.affine;
    v.high = base.high ? base.high : base.affine;
    return v;
  }
  ops::Gather::Attrs attrs;
  attrs.labels.push_back(std::move(labels.base));
  for (auto& l : labels.indices) attrs.labels.push_back(std::move(l));
  attrs.labels.push_back(std::move(labels.result));
  Value v = make_tensor(cx, cx.b().emit_op<ops::Gather>(operands, std::move(attrs)), span);
  v.low = base.low;
  v.high = base.high;
  return v;
}

}  // namespace rg::dsl
