// The language's operators: on tensors, on numbers of open type, on structs, and what is known of integers by them.
#include "dsl/check/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/ops/all.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/identities.h"
#include "dsl/check/matmul.h"
#include "dsl/check/values.h"

namespace rg::dsl {

Value unary(Context& cx, ast::UnaryOp op, const Value& x, Span span) {
  if (x.is_error()) return x;
  const ast::UnaryInfo& row = ast::info(op);
  const std::string shown = fmt::format("`{}`", spelling(row.token));
  if (op == ast::UnaryOp::logical_not) return elementwise(cx, row.elementwise, {x}, span, shown);
  if (x.kind == Value::Kind::structure) {
    Value v = x;
    for (Value& f : v.fields) f = unary(cx, op, f, span);
    return v;
  }
  if (x.is_flex() && x.flex->dim) return make_int(cx, Dim(0) - *x.flex->dim, span);
  if (x.is_flex() && x.flex->number) return make_number(cx, -*x.flex->number, span);
  Value v = elementwise(cx, row.elementwise, {x}, span, shown);
  if (x.affine) v.affine = *x.affine * Dim(-1);
  if (x.low && x.high) {
    v.low = *x.high * Dim(-1);
    v.high = *x.low * Dim(-1);
  }
  return v;
}

namespace {

// x^k for an integer k that is known at run time only, in f64, which holds every exponent that matters.
Value integer_power(Context& cx, const Value& a, const Value& c, Span span) {
  const Value x = materialize(cx, a);
  if (x.is_error()) return x;
  const auto as = [&](const Value& v, Elem e) { return make_tensor(cx, cx.b().convert(use(cx, v), e), v.span); };
  const Value y = elementwise(cx, "pow", {as(x, Elem::f64), as(c, Elem::f64)}, span, "`^`");
  return y.is_error() ? y : as(y, x.type.elem);
}

Value power(Context& cx, const Value& a, const Value& c, Span span) {
  if (c.is_flex() && c.flex->dim && c.flex->dim->is_constant() && c.flex->literal &&
      std::abs(c.flex->dim->constant()) <= 1024) {
    const std::int64_t k = c.flex->dim->constant();
    const auto emit = [&cx, k](ValueId x) {
      if (k == 1) return x;
      if (k == 2) {
        const auto s = square_of_norm(cx.b(), x);
        return s ? *s : cx.b().op<ops::Square>(x);
      }
      return cx.b().emit_op<ops::PowI>({x}, {.exponent = k});
    };
    if (a.is_flex()) {
      Flex f = *a.flex;
      f.floating = f.floating || k < 0;
      f.dim.reset();
      f.number.reset();
      f.make = [&cx, a, emit](Elem e) {
        const Value x = materialize(cx, a, e);
        return x.is_error() ? ValueId{} : emit(use(cx, x));
      };
      return make_flex(std::move(f), span);
    }
    if (a.type.elem == Elem::boolean || (k < 0 && !ir::is_float(a.type.elem))) {
      error(cx, Code::type_mismatch, span, k < 0 ? "a negative power of integers" : "`^` takes numbers")
          .label(a.span, describe(cx, a));
      return error_value(span);
    }
    if (!ir::is_float(a.type.elem) && k > 2) {  // by squaring
      std::optional<Value> r;
      Value square = a;
      for (std::int64_t rest = k; rest > 0; rest /= 2) {
        if (rest % 2 == 1) r = r ? elementwise(cx, "mul", {*r, square}, span, "`^`") : square;
        if (rest > 1) square = elementwise(cx, "mul", {square, square}, span, "`^`");
      }
      return *r;
    }
    if (k == 0) return make_tensor(cx, cx.b().constant(a.type.elem, 1, type_of(cx, a).dims), span);
    return make_tensor(cx, emit(use(cx, a)), span);
  }
  const bool real = a.is_tensor() ? ir::is_float(a.type.elem) : a.is_flex() && a.flex->floating;
  if (real && c.is_tensor() && ir::is_integer(c.type.elem)) return integer_power(cx, a, c, span);
  return elementwise(cx, "pow", {a, c}, span, "`^`");
}

Value struct_arithmetic(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span) {
  using enum ast::BinaryOp;
  const bool both = a.kind == c.kind;
  const bool vector_op = op == add || op == sub;
  const Value& s = a.kind == Value::Kind::structure ? a : c;
  const Value& other = a.kind == Value::Kind::structure ? c : a;
  const bool scaling = !both && other.is_array() && other.dims().empty() && (op == mul || (op == div && &s == &a));
  if (!(both && vector_op && a.decl == c.decl) && !scaling) {
    error(cx, Code::type_mismatch, span,
          fmt::format("`{}` of {} and {}", ast::info(op).spelling(), describe(cx, a), describe(cx, c)))
        .note("structs of tensors are vectors: two of one struct are added and subtracted, one is scaled by a number");
    return error_value(span);
  }
  Value v = s;
  for (std::size_t i = 0; i < v.fields.size(); ++i) {
    v.fields[i] = both       ? binary(cx, op, a.fields[i], c.fields[i], span, span)
                  : &s == &a ? binary(cx, op, s.fields[i], other, span, span)
                             : binary(cx, op, other, s.fields[i], span, span);
    if (v.fields[i].is_error()) return error_value(span);
  }
  return v;
}

std::optional<bool> known_below(const Context& cx, const Dim& p, const Dim& q) {  // p < q
  if (proven_nonnegative(cx, q - p - Dim(1))) return true;
  if (proven_nonnegative(cx, p - q)) return false;
  return std::nullopt;
}

// A comparison of sizes, where it is known.
std::optional<bool> known_comparison(const Context& cx, ast::BinaryOp op, const Dim& x, const Dim& y) {
  using enum ast::BinaryOp;
  const auto negated = [](std::optional<bool> b) { return b ? std::optional(!*b) : b; };
  if (op == eq || op == ne) {
    if (same(cx, x, y)) return op == eq;
    if (different(cx, x, y)) return op == ne;
  }
  if (op == lt) return known_below(cx, x, y);
  if (op == gt) return known_below(cx, y, x);
  if (op == le) return negated(known_below(cx, y, x));
  if (op == ge) return negated(known_below(cx, x, y));
  return std::nullopt;
}

// Size expressions stay such. None where the operator makes something else of them.
std::optional<Value> size_arithmetic(Context& cx, ast::BinaryOp op, const Dim& x, const Dim& y, Span span) {
  using enum ast::BinaryOp;
  std::optional<Dim> r;
  if (op == add) r = x + y;
  if (op == sub) r = x - y;
  if (op == mul) r = x * y;
  if (op == int_div || op == int_mod) {
    if (y == Dim(0)) {
      error(cx, Code::not_a_size, span, "division by 0");
      return error_value(span);
    }
    r = op == int_div ? Dim::div(x, y) : Dim::mod(x, y);
  }
  if (op == pow && y.is_constant() && y.constant() >= 0 && y.constant() <= 64) {
    r = Dim(1);
    for (std::int64_t i = 0; i < y.constant(); ++i) r = *r * x;
  }
  if (r) {
    if (r->valid()) return make_int(cx, *r, span);
    error(cx, Code::not_a_size, span, "this leaves the range of 64-bit integers");
    return error_value(span);
  }
  if (const auto known = known_comparison(cx, op, x, y)) return make_tensor(cx, cx.b().boolean(*known), span);
  return std::nullopt;
}

// Sizes and literals become floating-point numbers under `/`.
Value open_quotient(Context& cx, const Value& a, const Value& c, Span span) {
  Flex f;
  f.floating = true;
  f.literal = a.flex->literal && c.flex->literal;
  const auto dims = broadcast_dims(cx, std::vector{a, c}, span, "`/`");
  if (!dims) return error_value(span);
  f.dims = *dims;
  f.make = [&cx, a, c, dims = *dims](Elem e) {
    const std::vector<Dim> to = normal(cx, dims);
    const Value x = materialize(cx, a, e), y = materialize(cx, c, e);
    if (x.is_error() || y.is_error()) return ValueId{};
    return cx.b().div(stretch(cx, use(cx, x), to), stretch(cx, use(cx, y), to));
  };
  return make_flex(std::move(f), span);
}

// Of numbers of open type; none where the operator is an elementwise one on them.
std::optional<Value> flex_arithmetic(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span) {
  using enum ast::BinaryOp;
  if (a.flex->dim && c.flex->dim) {
    if (auto r = size_arithmetic(cx, op, normal(cx, *a.flex->dim), normal(cx, *c.flex->dim), span)) return r;
  }
  if (a.flex->number && c.flex->number && a.flex->literal && c.flex->literal &&
      (a.flex->floating || c.flex->floating || op == div)) {
    const double x = *a.flex->number, y = *c.flex->number;
    if (op == add) return make_number(cx, x + y, span);
    if (op == sub) return make_number(cx, x - y, span);
    if (op == mul) return make_number(cx, x * y, span);
    if (op == div) return make_number(cx, x / y, span);
  }
  if (op == div) return open_quotient(cx, a, c, span);
  return std::nullopt;
}

// What is known of the integers that an operator makes, for subscripts.
void learn_range(const Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Value& v) {
  using enum ast::BinaryOp;
  const auto constant = [](const Value& x) {
    return x.affine && x.affine->terms.empty() ? std::optional(x.affine->constant) : std::nullopt;
  };
  const auto ra = range_of(a), rc = range_of(c);
  if (a.affine && c.affine) {
    if (op == add) v.affine = *a.affine + *c.affine;
    if (op == sub) v.affine = *a.affine + *c.affine * Dim(-1);
    if (op == mul && constant(c)) v.affine = *a.affine * *constant(c);
    if (op == mul && constant(a)) v.affine = *c.affine * *constant(a);
  } else if (ra && rc) {
    if (op == add) v.low = ra->first + rc->first, v.high = ra->second + rc->second;
    if (op == sub) v.low = ra->first + rc->second * Dim(-1), v.high = ra->second + rc->first * Dim(-1);
    const Value& k = constant(c) ? c : a;
    const auto& r = constant(c) ? ra : rc;
    if (op == mul && constant(k) && constant(k)->proven_nonnegative())
      v.low = r->first * *constant(k), v.high = r->second * *constant(k);
  }
  if (op == int_mod && constant(c) && proven_nonnegative(cx, *constant(c) - Dim(1))) {
    v.low = Affine{Dim(0), {}};
    v.high = Affine{*constant(c) - Dim(1), {}};
  }
  if (op == int_div && constant(c) && constant(c)->is_constant() && constant(c)->constant() > 0 && ra &&
      ra->first.terms.empty() && ra->second.terms.empty()) {
    v.low = Affine{Dim::div(ra->first.constant, *constant(c)), {}};
    v.high = Affine{Dim::div(ra->second.constant, *constant(c)), {}};
  }
}

}  // namespace

Value binary(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span, Span op_span) {
  using enum ast::BinaryOp;
  if (a.is_error() || c.is_error()) return error_value(span);
  const std::string shown = fmt::format("`{}`", ast::info(op).spelling());
  if (a.kind == Value::Kind::structure || c.kind == Value::Kind::structure)
    return struct_arithmetic(cx, op, a, c, span);
  for (const Value* v : {&a, &c}) {
    if (v->is_array()) continue;
    error(cx, Code::type_mismatch, op_span,
          fmt::format("{} takes numbers and arrays, this is {}", shown, describe(cx, *v)))
        .label(v->span, describe(cx, *v));
    return error_value(span);
  }
  if (op == matmul) return product(cx, a, c, span);
  if (a.is_flex() && c.is_flex()) {
    if (const auto r = flex_arithmetic(cx, op, a, c, span)) return *r;
  }
  if (op == ast::BinaryOp::pow) return power(cx, a, c, span);
  const ast::BinaryInfo& row = ast::info(op);
  const auto floating = [](const Value& x) { return x.is_flex() ? x.flex->floating : ir::is_float(x.type.elem); };
  const bool other = !row.of_floats.empty() && (floating(a) || floating(c));
  Value v = elementwise(cx, other ? row.of_floats : row.elementwise, {a, c}, span, shown);
  if (v.is_error() || v.is_flex() || !ir::is_integer(v.type.elem)) return v;
  learn_range(cx, op, a, c, v);
  return v;
}

}  // namespace rg::dsl
