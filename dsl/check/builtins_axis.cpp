// Operations along one axis that keep its extent: softmax, log_softmax, cumsum, sort, argsort, with `axis:`.
#include <fmt/format.h>

#include "compiler/ops/all.h"
#include "dsl/check/builtins.h"
#include "dsl/check/facts.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

struct Along {
  ValueId x;
  std::int64_t axis = 0;
};

bool is_number(ir::Elem e) { return e != ir::Elem::boolean; }

/// The operand, of an element type that the operation takes, and the axis; the last one where it is not named and
/// `last` is set or there is no other.
std::optional<Along> operand_along(BuiltinCall& call, bool last, bool (*takes)(ir::Elem) = ir::is_float) {
  Context& cx = call.cx;
  if (!only_options(call, {"axis"})) return std::nullopt;
  const std::string usage = fmt::format("{}(x, axis: 0)", call.name);
  if (!expect_args(call, 1, 1, usage.c_str())) return std::nullopt;
  const Value x = tensor(cx, call.arg(0), "an array");
  if (x.is_error()) return std::nullopt;
  const ir::Type t = type_of(cx, x);
  const auto rank = static_cast<std::int64_t>(t.rank());
  if (rank == 0 || !takes(t.elem)) {
    const char* const what = takes(ir::Elem::i64) ? "numbers" : "f32 or f64";
    error(cx, Code::type_mismatch, call.span,
          fmt::format("`{}` takes arrays of {}, this is {}", call.name, what, describe(cx, x)))
        .label(x.span, describe(cx, x));
    return std::nullopt;
  }
  std::int64_t at = rank - 1;
  if (const ArgValue* axis = option(call, "axis")) {
    const auto list = integer_list(call, axis->value, "the axis");
    if (!list) return std::nullopt;
    const std::int64_t a = list->size() == 1 ? (*list)[0] : rank;
    at = a < 0 ? a + rank : a;
    if (at < 0 || at >= rank) {
      error(cx, Code::bad_option, axis->value.span,
            list->size() == 1
                ? fmt::format("axis {} of {}, which has {} dimension{}", a, str(cx, t), rank, rank == 1 ? "" : "s")
                : fmt::format("`{}` goes along one axis", call.name));
      return std::nullopt;
    }
  } else if (!last && rank > 1) {
    error(cx, Code::bad_option, call.span, fmt::format("`{}` goes along one axis", call.name))
        .hint("name it: `axis: 0`");
    return std::nullopt;
  }
  return Along{use(cx, x), at};
}

// Nothing has no greatest element.
bool has_elements(BuiltinCall& call, const Along& a) {
  const Dim d = call.cx.b().dims(a.x)[static_cast<std::size_t>(a.axis)];
  if (require_nonnegative(call.cx, d - Dim(1),
                          fmt::format("`{}` of nothing: the extent {} is 0", call.name, str(call.cx, d))))
    return true;
  error(call.cx, Code::shape_mismatch, call.span, fmt::format("`{}` of nothing", call.name));
  return false;
}

/// `v`, which lacks the axis, repeated along it.
ValueId repeated(ir::Builder& b, ValueId v, const Along& a) {
  return b.broadcast(v, b.dims(a.x), ops::other_axes(b.dims(a.x).size(), {a.axis}));
}

/// x less its greatest element along the axis, on which no result depends.
ValueId less_greatest(ir::Builder& b, const Along& a) {
  return b.sub(a.x, repeated(b, b.op<ops::StopGradient>(b.reduce("max", a.x, {a.axis})), a));
}

// exp(x - max) / sum(exp(x - max))
Value softmax_builtin(BuiltinCall& call) {
  const auto a = operand_along(call, true);
  if (!a || !has_elements(call, *a)) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const ValueId e = b.op<ops::Exp>(less_greatest(b, *a));
  return make_tensor(call.cx, b.div(e, repeated(b, b.sum(e, {a->axis}), *a)), call.span);
}

// (x - max) - log(sum(exp(x - max))), so that a large maximum takes no digits from the result
Value log_softmax_builtin(BuiltinCall& call) {
  const auto a = operand_along(call, true);
  if (!a || !has_elements(call, *a)) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const ValueId d = less_greatest(b, *a);
  const ValueId s = b.op<ops::Log>(b.sum(b.op<ops::Exp>(d), {a->axis}));
  return make_tensor(call.cx, b.sub(d, repeated(b, s, *a)), call.span);
}

/// The sum with x and its rounding error (ops::add_with_error). The error has no derivative.
std::pair<ValueId, ValueId> add_with_error(ir::Builder& b, ValueId sum, ValueId error, ValueId x) {
  const ValueId y = b.add(x, error), t = b.add(sum, y), left = b.sub(y, b.sub(t, sum));
  return {t, b.op<ops::StopGradient>(b.select(b.op<ops::IsFinite>(t), left, b.zero(left)))};
}

// A loop over the axis that keeps each sum.
Value cumsum_builtin(BuiltinCall& call) {
  const auto a = operand_along(call, false);
  if (!a) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const auto rank = static_cast<std::int64_t>(b.dims(a->x).size());
  std::vector<std::int64_t> to{a->axis}, back(static_cast<std::size_t>(rank));
  for (std::int64_t d = 0; d < rank; ++d) {
    if (d != a->axis) to.push_back(d);
  }
  for (std::int64_t d = 0; d < rank; ++d) back[static_cast<std::size_t>(to[static_cast<std::size_t>(d)])] = d;
  const ValueId x = b.transpose(a->x, to);
  const ir::Type t = b.type(x);
  const ValueId start = b.zeros({t.elem, {t.dims.begin() + 1, t.dims.end()}});
  const auto sums = b.scan(t.dims[0], {start, start}, {x}, [&](ValueId, auto state, auto slice) {
    const auto [sum, error] = add_with_error(b, state[0], state[1], slice[0]);
    return std::pair{std::vector{sum, error}, std::vector{sum}};
  });
  return make_tensor(call.cx, b.transpose(sums[2], back), call.span);
}

/// The axes with `a` last, and back.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> last_axis(std::size_t rank, std::int64_t a) {
  std::vector<std::int64_t> to = ops::other_axes(rank, {a}), back(rank);
  to.push_back(a);
  for (std::size_t d = 0; d < rank; ++d) back[static_cast<std::size_t>(to[d])] = static_cast<std::int64_t>(d);
  return {to, back};
}

/// A result of the op that sorts along the last axis, with its axes in their places.
Value sorted(BuiltinCall& call, std::size_t result) {
  const auto a = operand_along(call, true, is_number);
  if (!a) return error_value(call.span);
  ir::Builder& b = call.cx.b();
  const auto [to, back] = last_axis(b.dims(a->x).size(), a->axis);
  const auto results = b.emit(ops::opcode<ops::Sort>(), {b.transpose(a->x, to)});
  return make_tensor(call.cx, b.transpose(results[result], back), call.span);
}
Value sort_builtin(BuiltinCall& call) { return sorted(call, 0); }

Value argsort_builtin(BuiltinCall& call) {
  Value v = sorted(call, 1);
  const auto a = v.is_error() ? std::nullopt : operand_along(call, true, is_number);
  if (!a) return v;
  // A position is one of the axis, so that a subscript by it needs no check.
  v.low = Affine{Dim(0), {}};
  v.high = Affine{call.cx.b().dims(a->x)[static_cast<std::size_t>(a->axis)] - Dim(1), {}};
  return v;
}

constexpr BuiltinRow kAxisRows[] = {{"softmax", softmax_builtin},
                                    {"log_softmax", log_softmax_builtin},
                                    {"cumsum", cumsum_builtin},
                                    {"sort", sort_builtin},
                                    {"argsort", argsort_builtin}};

}  // namespace

std::span<const BuiltinRow> axis_builtins() { return kAxisRows; }

}  // namespace rg::dsl
