// Reductions over axes: sum prod mean var max min any all argmax argmin logsumexp, with `axis:` and `keep:`.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/branch.h"
#include "dsl/check/builtins.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

struct Reduced {
  Value x;
  std::vector<std::int64_t> axes;
  std::vector<Dim> kept_dims;  // of the result, ones for the reduced axes where they are kept
  Dim count = 1;
};

std::optional<Reduced> prepare(BuiltinCall& call, std::size_t max_axes = SIZE_MAX) {
  Context& cx = call.cx;
  if (!only_options(call, {"axis", "keep"})) return std::nullopt;
  const std::string usage = fmt::format("{}(x, axis: 0, keep: true)", call.name);
  if (!expect_args(call, 1, 1, usage.c_str())) return std::nullopt;
  Reduced r;
  r.x = tensor(cx, call.arg(0), "an array");
  if (r.x.is_error()) return std::nullopt;
  const ir::Type t = type_of(cx, r.x);
  const auto rank = static_cast<std::int64_t>(t.rank());
  if (const ArgValue* axis = option(call, "axis")) {
    const auto list = integer_list(call, axis->value, "the axis");
    if (!list) return std::nullopt;
    for (const std::int64_t a : *list) {
      const std::int64_t at = a < 0 ? a + rank : a;
      if (at < 0 || at >= rank || std::ranges::find(r.axes, at) != r.axes.end()) {
        error(cx, Code::bad_option, axis->value.span,
              at < 0 || at >= rank
                  ? fmt::format("axis {} of {}, which has {} dimension{}", a, str(cx, t), rank, rank == 1 ? "" : "s")
                  : fmt::format("axis {} stands twice", a));
        return std::nullopt;
      }
      r.axes.push_back(at);
    }
    std::ranges::sort(r.axes);
  } else {
    for (std::int64_t a = 0; a < rank; ++a) r.axes.push_back(a);
  }
  if (r.axes.size() > max_axes) {
    error(cx, Code::bad_option, call.span, fmt::format("`{}` reduces one axis", call.name)).hint("name it: `axis: 0`");
    return std::nullopt;
  }
  bool keep = false;
  if (const ArgValue* k = option(call, "keep")) {
    const auto known = k->value.is_tensor() ? constant_condition(cx, k->value) : std::nullopt;
    if (!known) {
      error(cx, Code::bad_option, k->value.span, "`keep` is `true` or `false`");
      return std::nullopt;
    }
    keep = *known;
  }
  for (std::int64_t a = 0; a < rank; ++a) {
    const bool reduced = std::ranges::find(r.axes, a) != r.axes.end();
    const Dim& d = t.dims[static_cast<std::size_t>(a)];
    if (reduced) r.count = r.count * d;
    if (!reduced || keep) r.kept_dims.push_back(reduced ? Dim(1) : d);
  }
  return r;
}

bool need(BuiltinCall& call, const Reduced& r, bool fits, const char* what) {
  if (fits) return true;
  error(call.cx, Code::type_mismatch, call.span,
        fmt::format("`{}` takes {}, this is {}", call.name, what, describe(call.cx, r.x)))
      .label(r.x.span, describe(call.cx, r.x));
  return false;
}

// Nothing has no least or greatest element.
bool nonempty(BuiltinCall& call, const Reduced& r) {
  for (const std::int64_t a : r.axes) {
    const Dim d = type_of(call.cx, r.x).dims[static_cast<std::size_t>(a)];
    if (!require_nonnegative(call.cx, d - Dim(1),
                             fmt::format("`{}` of nothing: the extent {} is 0", call.name, str(call.cx, d)))) {
      error(call.cx, Code::shape_mismatch, call.span, fmt::format("`{}` of nothing", call.name));
      return false;
    }
  }
  return true;
}

Value finish(BuiltinCall& call, const Reduced& r, ValueId id) {
  return make_tensor(call.cx, call.cx.b().reshape(id, r.kept_dims), call.span);
}

Value simple(BuiltinCall& call, std::string_view kind, bool logical) {
  const auto r = prepare(call);
  if (!r || !need(call, *r, (r->x.type.elem == Elem::boolean) == logical, logical ? "bools" : "numbers"))
    return error_value(call.span);
  return finish(call, *r, call.cx.b().reduce(kind, use(call.cx, r->x), r->axes));
}
// The sum of truth values is how many of them are true.
Value sum_builtin(BuiltinCall& call) {
  const auto r = prepare(call);
  if (!r) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const ValueId x = use(call.cx, r->x);
  return finish(call, *r, b.reduce("sum", r->x.type.elem == Elem::boolean ? b.convert(x, Elem::i64) : x, r->axes));
}
Value prod_builtin(BuiltinCall& call) { return simple(call, "prod", false); }
Value any_builtin(BuiltinCall& call) { return simple(call, "any", true); }
Value all_builtin(BuiltinCall& call) { return simple(call, "all", true); }

Value extreme(BuiltinCall& call) {
  if (call.args.size() >= 2) {  // elementwise
    if (!only_options(call, {})) return error_value(call.span);
    Value v = call.arg(0);
    for (std::size_t i = 1; i < call.args.size(); ++i) {
      const Value& w = call.arg(i);
      if (v.is_flex() && w.is_flex() && v.flex->dim && w.flex->dim) {
        v = make_int(call.cx,
                     call.name == "min" ? Dim::min(*v.flex->dim, *w.flex->dim) : Dim::max(*v.flex->dim, *w.flex->dim),
                     call.span);
      } else {
        v = elementwise(call.cx, call.name, {v, w}, call.span, "`" + call.name + "`");
      }
    }
    return v;
  }
  const auto r = prepare(call);
  if (!r || !need(call, *r, r->x.type.elem != Elem::boolean, "numbers") || !nonempty(call, *r))
    return error_value(call.span);
  return finish(call, *r, call.cx.b().reduce(call.name, use(call.cx, r->x), r->axes));
}

Value arg_extreme(BuiltinCall& call) {
  const auto r = prepare(call, 1);
  if (!r || !need(call, *r, r->x.type.elem != Elem::boolean && !r->axes.empty(), "arrays of numbers") ||
      !nonempty(call, *r))
    return error_value(call.span);
  const ValueId id = call.cx.b().emit1(ir::Builder::named(call.name), {use(call.cx, r->x)}, ops::AxisAttrs{r->axes[0]});
  Value v = finish(call, *r, id);
  v.low = Affine{Dim(0), {}};
  v.high = Affine{r->count - Dim(1), {}};
  return v;
}

ValueId mean_of(BuiltinCall& call, const Reduced& r, ValueId x) {
  ir::Builder& b = call.cx.b();
  const ValueId total = b.sum(x, r.axes);
  const Elem e = b.type(x).elem;
  const Dim count = normal(call.cx, r.count);
  const ValueId n =
      count.is_constant() ? b.constant(e, static_cast<double>(count.constant())) : b.convert(b.size(count), e);
  return b.div(total, b.broadcast(n, b.dims(total), {}));
}

// Integers and truth values have a mean in f64: of truth values it is the share that is true.
Value mean_builtin(BuiltinCall& call) {
  const auto r = prepare(call);
  if (!r) return error_value(call.span);
  const ValueId x = use(call.cx, r->x);
  return finish(call, *r, mean_of(call, *r, ir::is_float(r->x.type.elem) ? x : call.cx.b().convert(x, Elem::f64)));
}

ValueId spread(BuiltinCall& call, const Reduced& r, ValueId v, ValueId like) {
  const std::vector<Dim> dims = call.cx.b().dims(like);
  return call.cx.b().broadcast(v, dims, ops::other_axes(dims.size(), r.axes));
}

// var(x) = mean((x - mean(x))^2), the divisor is n.
Value var_builtin(BuiltinCall& call) {
  const auto r = prepare(call);
  if (!r || !need(call, *r, ir::is_float(r->x.type.elem), "f32 or f64")) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const ValueId x = use(call.cx, r->x);
  const ValueId d = b.sub(x, spread(call, *r, mean_of(call, *r, x), x));
  return finish(call, *r, mean_of(call, *r, b.op<ops::Square>(d)));
}

// log(sum(exp(x))) = m + log(sum(exp(x - m))) with m = max(x), 0 where it is not finite (so that all -inf gives -inf).
// The result does not depend on m, so m counts as a constant in derivatives.
Value logsumexp_builtin(BuiltinCall& call) {
  const auto r = prepare(call);
  if (!r || !need(call, *r, ir::is_float(r->x.type.elem), "f32 or f64") || !nonempty(call, *r))
    return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const ValueId x = use(call.cx, r->x);
  const ValueId top = b.op<ops::StopGradient>(b.reduce("max", x, r->axes));
  const ValueId m = b.select(b.op<ops::IsFinite>(top), top, b.zero(top));
  const ValueId s = b.sum(b.op<ops::Exp>(b.sub(x, spread(call, *r, m, x))), r->axes);
  return finish(call, *r, b.add(m, b.op<ops::Log>(s)));
}

constexpr BuiltinRow kRows[] = {{"sum", sum_builtin},
                                {"prod", prod_builtin},
                                {"any", any_builtin},
                                {"all", all_builtin},
                                {"min", extreme},
                                {"max", extreme},
                                {"argmin", arg_extreme},
                                {"argmax", arg_extreme},
                                {"mean", mean_builtin},
                                {"var", var_builtin},
                                {"logsumexp", logsumexp_builtin}};

}  // namespace

std::span<const BuiltinRow> reduce_builtins() { return kRows; }

}  // namespace rg::dsl
