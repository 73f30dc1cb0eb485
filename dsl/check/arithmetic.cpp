// Operators and elementwise operations: element types, broadcasting, numbers of open type, index arithmetic, `@`,
// einsum.
#include "dsl/check/arithmetic.h"

#include <fmt/format.h>

#include <cmath>

#include "dsl/check/context.h"
#include "dsl/check/facts.h"
#include "dsl/check/identities.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"
#include "dsl/check/unify.h"

namespace rg::dsl {

static Value power(Context& cx, const Value& a, const Value& c, Span span);
static Value integer_power(Context& cx, const Value& a, const Value& c, Span span);
static Value matrix_product(Context& cx, const Value& a0, const Value& c0, Span span);
static Value struct_arithmetic(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span);
static std::optional<Value> flex_arithmetic(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span);

std::optional<Elem> common_elem(Context& cx, std::span<const Value> operands, Span span, std::string_view shown) {
  const Value* first = nullptr;
  for (const Value& v : operands) {
    if (!v.is_tensor()) continue;
    if (first != nullptr && v.type.elem != first->type.elem) {
      error(cx, Code::type_mismatch, span,
            fmt::format("{} of {} and {}", shown, ir::name(first->type.elem), ir::name(v.type.elem)))
          .label(first->span, describe(cx, *first))
          .label(v.span, describe(cx, v))
          .note("element types are never converted silently")
          .hint(fmt::format("convert one of them, for example with `{}(…)`",
                            ir::is_float(v.type.elem) ? ir::name(v.type.elem) : ir::name(first->type.elem)));
      return std::nullopt;
    }
    if (first == nullptr) first = &v;
  }
  bool floating = false;
  for (const Value& v : operands) {
    if (!v.is_flex()) continue;
    floating = floating || v.flex->floating;
    if (first == nullptr) continue;
    if (first->type.elem == Elem::boolean || (v.flex->floating && !ir::is_float(first->type.elem))) {
      error(cx, Code::type_mismatch, span,
            fmt::format("{} of {} and {}", shown, ir::name(first->type.elem),
                        v.flex->floating ? "a floating-point number" : "a number"))
          .label(first->span, describe(cx, *first))
          .label(v.span, v.flex->floating ? "a floating-point number" : "a number")
          .note("element types are never converted silently")
          .hint(first->type.elem == Elem::boolean ? "choose by `where(c, 1, 0)`" : "convert the integer with `f64(…)`");
      return std::nullopt;
    }
  }
  if (first != nullptr) return first->type.elem;
  return floating ? Elem::f64 : Elem::i64;
}

std::optional<std::vector<Dim>> broadcast_dims(Context& cx, std::span<const Value> operands, Span span,
                                               std::string_view shown) {
  std::vector<Dim> out;
  for (const Value& v : operands) out = v.dims().size() > out.size() ? v.dims() : out;
  for (Dim& d : out) d = Dim(1);
  for (const Value& v : operands) {
    const std::vector<Dim>& dims = v.dims();
    const std::size_t lead = out.size() - dims.size();
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const Dim d = normal(cx, dims[i]);
      Dim& o = out[lead + i];
      if (d == Dim(1) || same(cx, o, d)) continue;
      if (o == Dim(1)) {
        o = d;
        continue;
      }
      const Value* other = &operands[0];
      for (const Value& w : operands) {
        if (w.dims().size() > out.size() - lead - i - 1 && &w != &v &&
            normal(cx, w.dims()[w.dims().size() - (dims.size() - i)]) == o)
          other = &w;
      }
      const bool never = different(cx, o, d);
      Diagnostic& e = error(cx, never ? Code::shape_mismatch : Code::shape_unknown, span,
                            never ? fmt::format("{} of unlike shapes: {} and {} differ", shown, str(cx, o), str(cx, d))
                                  : fmt::format("{} of unlike shapes: {} and {} are not known to be equal", shown,
                                                str(cx, o), str(cx, d)));
      e.label(other->span, describe(cx, *other)).label(v.span, describe(cx, v));
      e.note("extents are equal, or literally 1; leading dimensions may be missing");
      if (!never) e.hint(fmt::format("if they are equal, say so before: `assert {} == {};`", str(cx, o), str(cx, d)));
      return std::nullopt;
    }
  }
  return out;
}

ValueId stretch(Context& cx, ValueId v, const std::vector<Dim>& to) {
  const std::vector<Dim> dims = builder(cx).dims(v);
  if (dims == to) return v;
  const std::size_t lead = to.size() - dims.size();
  std::vector<Dim> kept;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == Dim(1) && to[lead + i] != Dim(1)) continue;
    kept.push_back(dims[i]);
    axes.push_back(static_cast<std::int64_t>(lead + i));
  }
  ValueId x = builder(cx).reshape(v, kept);
  std::vector<Dim> own;
  for (const std::int64_t a : axes) own.push_back(to[static_cast<std::size_t>(a)]);
  if (builder(cx).dims(x) != own) x = builder(cx).emit_op<ops::Recast>({x}, {own});
  return builder(cx).broadcast(x, to, axes);
}

namespace {

ops::ElemRule rule_of(std::string_view op) { return ops::info(*ops::opcode_named(op)).rule; }

ValueId emit_folded(ir::Builder& b, std::string_view op, const std::vector<ValueId>& x) {
  if (op == "add") return b.add(x[0], x[1]);
  if (op == "sub") return b.sub(x[0], x[1]);
  if (op == "mul") {
    const auto s = x[0] == x[1] ? square_of_norm(b, x[0]) : std::nullopt;
    return s ? *s : b.mul(x[0], x[1]);
  }
  if (op == "log") {
    if (const auto tail = log_of_erfc(b, x[0])) return *tail;
  }
  if (op == "div") return b.div(x[0], x[1]);
  if (op == "neg") return b.neg(x[0]);
  if (op == "select") return b.select(x[0], x[1], x[2]);
  if (op == "and") return b.logical_and(x[0], x[1]);
  if (op == "or") return b.logical_or(x[0], x[1]);
  if (op == "not") return b.logical_not(x[0]);
  return b.emit1(ir::Builder::named(op), x);
}

}  // namespace

Value elementwise(Context& cx, std::string_view op, std::vector<Value> operands, Span span, std::string_view shown) {
  for (Value& v : operands) {
    if (v.is_error()) return error_value(span);
    if (!v.is_array()) {
      error(cx, Code::type_mismatch, v.span,
            fmt::format("{} takes numbers and arrays, this is {}", shown, describe(cx, v)));
      return error_value(span);
    }
  }
  const ops::ElemRule rule = rule_of(op);
  using enum ops::ElemRule;
  const auto dims = broadcast_dims(cx, operands, span, shown);
  if (!dims) return error_value(span);
  const std::string name(op);
  if ((rule == floating || rule == number) && std::ranges::all_of(operands, &Value::is_flex)) {
    Flex f;
    f.floating = rule == floating;
    f.literal = true;
    for (const Value& v : operands) {
      f.floating = f.floating || v.flex->floating;
      f.literal = f.literal && v.flex->literal;
    }
    f.dims = *dims;
    f.make = [&cx, name, operands, dims = *dims](Elem e) -> ValueId {
      std::vector<Dim> to;
      for (const Dim& d : dims) to.push_back(normal(cx, d));
      std::vector<ValueId> x;
      for (const Value& v : operands) {
        const Value t = materialize(cx, v, e);
        if (t.is_error()) return {};
        x.push_back(stretch(cx, use(cx, t), to));
      }
      return emit_folded(builder(cx), name, x);
    };
    return make_flex(cx, std::move(f), span);
  }
  std::span<Value> typed(operands);
  if (ops::has_condition(rule)) {
    operands[0] = tensor(cx, operands[0]);
    if (operands[0].is_error() || operands[0].type.elem != Elem::boolean) {
      error(cx, Code::condition, operands[0].span,
            fmt::format("the condition of {} is a bool, this is {}", shown, describe(cx, operands[0])));
      return error_value(span);
    }
    typed = typed.subspan(1);
    if (rule == select && std::ranges::all_of(typed, &Value::is_flex)) {  // the type stays open
      Flex f;
      f.floating = typed[0].flex->floating || typed[1].flex->floating;
      f.literal = typed[0].flex->literal && typed[1].flex->literal;
      f.dims = *dims;
      f.make = [&cx, operands, dims = *dims](Elem e) -> ValueId {
        std::vector<Dim> to;
        for (const Dim& d : dims) to.push_back(normal(cx, d));
        const Value x = materialize(cx, operands[1], e), y = materialize(cx, operands[2], e);
        if (x.is_error() || y.is_error()) return {};
        return builder(cx).select(stretch(cx, use(cx, operands[0]), to), stretch(cx, use(cx, x), to),
                                  stretch(cx, use(cx, y), to));
      };
      return make_flex(cx, std::move(f), span);
    }
  }
  const auto elem = common_elem(cx, typed, span, shown);
  if (!elem) return error_value(span);
  const bool fits = rule == floating || rule == test ? ir::is_float(*elem)
                    : rule == number                 ? *elem != Elem::boolean
                    : rule == integer                ? ir::is_integer(*elem)
                    : rule == boolean                ? *elem == Elem::boolean
                                                     : true;
  if (!fits) {
    const bool wants_float = rule == floating || rule == test;
    Diagnostic& d = error(cx, Code::type_mismatch, span,
                          fmt::format("{} takes {}, this is {}", shown,
                                      wants_float       ? "f32 or f64"
                                      : rule == boolean ? "bools"
                                      : rule == integer ? "integers"
                                                        : "numbers",
                                      ir::name(*elem)));
    for (const Value& v : typed) d.label(v.span, describe(cx, v));
    if (wants_float && ir::is_integer(*elem))
      d.hint(op == "div" ? "the integer quotient is `a div b`, the remainder `a mod b`; or convert with `f64(…)`"
                         : "convert with `f64(…)`");
    return error_value(span);
  }
  std::vector<ValueId> x;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Value t = materialize(cx, operands[i], ops::has_condition(rule) && i == 0 ? Elem::boolean : *elem);
    if (t.is_error()) return t;
    x.push_back(stretch(cx, use(cx, t), *dims));
  }
  return make_tensor(cx, emit_folded(builder(cx), op, x), span);
}

Value unary(Context& cx, ast::UnaryOp op, const Value& x, Span span) {
  if (x.is_error()) return x;
  if (op == ast::UnaryOp::logical_not) return elementwise(cx, "not", {x}, span, "`!`");
  if (x.kind == Value::Kind::structure) {
    Value v = x;
    for (Value& f : v.fields) f = unary(cx, op, f, span);
    return v;
  }
  if (x.is_flex() && x.flex->dim) return make_int(cx, Dim(0) - *x.flex->dim, span);
  if (x.is_flex() && x.flex->number) return make_number(cx, -*x.flex->number, span);
  Value v = elementwise(cx, "neg", {x}, span, "`-`");
  if (x.affine) v.affine = *x.affine * Dim(-1);
  if (x.low && x.high) {
    v.low = *x.high * Dim(-1);
    v.high = *x.low * Dim(-1);
  }
  return v;
}

std::optional<Value> flex_arithmetic(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span) {
  using enum ast::BinaryOp;
  if (a.flex->dim && c.flex->dim) {
    const Dim x = normal(cx, *a.flex->dim), y = normal(cx, *c.flex->dim);
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
    std::optional<bool> known;
    if (op == eq || op == ne) {
      if (same(cx, x, y)) known = op == eq;
      if (different(cx, x, y)) known = op == ne;
    }
    const auto below = [&](const Dim& p, const Dim& q) -> std::optional<bool> {  // p < q
      if (proven_nonnegative(cx, q - p - Dim(1))) return true;
      if (proven_nonnegative(cx, p - q)) return false;
      return std::nullopt;
    };
    if (op == lt) known = below(x, y);
    if (op == gt) known = below(y, x);
    if (op == le && below(y, x)) known = !*below(y, x);
    if (op == ge && below(x, y)) known = !*below(x, y);
    if (known) return make_tensor(cx, builder(cx).boolean(*known), span);
  }
  if (a.flex->number && c.flex->number && a.flex->literal && c.flex->literal &&
      (a.flex->floating || c.flex->floating || op == div)) {
    const double x = *a.flex->number, y = *c.flex->number;
    if (op == add) return make_number(cx, x + y, span);
    if (op == sub) return make_number(cx, x - y, span);
    if (op == mul) return make_number(cx, x * y, span);
    if (op == div) return make_number(cx, x / y, span);
  }
  if (op == div) {
    // Sizes and literals become floating-point numbers under `/`.
    Flex f;
    f.floating = true;
    f.literal = a.flex->literal && c.flex->literal;
    const auto dims = broadcast_dims(cx, std::vector{a, c}, span, "`/`");
    if (!dims) return error_value(span);
    f.dims = *dims;
    f.make = [&cx, a, c, dims = *dims](Elem e) {
      std::vector<Dim> to;
      for (const Dim& d : dims) to.push_back(normal(cx, d));
      const Value x = materialize(cx, a, e), y = materialize(cx, c, e);
      if (x.is_error() || y.is_error()) return ValueId{};
      return builder(cx).div(stretch(cx, use(cx, x), to), stretch(cx, use(cx, y), to));
    };
    return make_flex(cx, std::move(f), span);
  }
  return std::nullopt;
}

Value binary(Context& cx, ast::BinaryOp op, const Value& a, const Value& c, Span span, Span op_span) {
  using enum ast::BinaryOp;
  if (a.is_error() || c.is_error()) return error_value(span);
  const std::string shown = fmt::format("`{}`", ast::info(op).spelling);
  if (a.kind == Value::Kind::structure || c.kind == Value::Kind::structure)
    return struct_arithmetic(cx, op, a, c, span);
  for (const Value* v : {&a, &c}) {
    if (v->is_array()) continue;
    error(cx, Code::type_mismatch, op_span,
          fmt::format("{} takes numbers and arrays, this is {}", shown, describe(cx, *v)))
        .label(v->span, describe(cx, *v));
    return error_value(span);
  }
  if (op == matmul) return matrix_product(cx, a, c, span);
  if (a.is_flex() && c.is_flex()) {
    if (const auto r = flex_arithmetic(cx, op, a, c, span)) return *r;
  }
  if (op == ast::BinaryOp::pow) return power(cx, a, c, span);
  static constexpr std::string_view names[] = {"add", "sub", "mul", "div", "",   "idiv", "imod", "",
                                               "eq",  "ne",  "lt",  "le",  "gt", "ge",   "and",  "or"};
  const auto floating = [](const Value& x) { return x.is_flex() ? x.flex->floating : ir::is_float(x.type.elem); };
  const bool real_mod = op == int_mod && (floating(a) || floating(c));
  Value v = elementwise(cx, real_mod ? "floor_mod" : names[static_cast<std::size_t>(op)], {a, c}, span, shown);
  if (v.is_error() || v.is_flex() || !ir::is_integer(v.type.elem)) return v;
  // What is known of integers, for subscripts.
  const auto constant = [](const Value& x) {
    return x.affine && x.affine->terms.empty() ? std::optional(x.affine->constant) : std::nullopt;
  };
  const auto ra = range_of(cx, a), rc = range_of(cx, c);
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
  return v;
}

Value power(Context& cx, const Value& a, const Value& c, Span span) {
  if (c.is_flex() && c.flex->dim && c.flex->dim->is_constant() && c.flex->literal &&
      std::abs(c.flex->dim->constant()) <= 1024) {
    const std::int64_t k = c.flex->dim->constant();
    const auto emit = [&cx, k](ValueId x) {
      if (k == 1) return x;
      if (k == 2) {
        const auto s = square_of_norm(builder(cx), x);
        return s ? *s : builder(cx).op<ops::Square>(x);
      }
      return builder(cx).emit_op<ops::PowI>({x}, {.exponent = k});
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
      return make_flex(cx, std::move(f), span);
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
    if (k == 0) return make_tensor(cx, builder(cx).constant(a.type.elem, 1, type_of(cx, a).dims), span);
    return make_tensor(cx, emit(use(cx, a)), span);
  }
  const bool real = a.is_tensor() ? ir::is_float(a.type.elem) : a.is_flex() && a.flex->floating;
  if (real && c.is_tensor() && ir::is_integer(c.type.elem)) return integer_power(cx, a, c, span);
  return elementwise(cx, "pow", {a, c}, span, "`^`");
}

// x^k for an integer k that is known at run time only, in f64, which holds every exponent that matters.
Value integer_power(Context& cx, const Value& a, const Value& c, Span span) {
  const Value x = materialize(cx, a);
  if (x.is_error()) return x;
  const auto as = [&](const Value& v, Elem e) { return make_tensor(cx, builder(cx).convert(use(cx, v), e), v.span); };
  const Value y = elementwise(cx, "pow", {as(x, Elem::f64), as(c, Elem::f64)}, span, "`^`");
  return y.is_error() ? y : as(y, x.type.elem);
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
          fmt::format("`{}` of {} and {}", ast::info(op).spelling, describe(cx, a), describe(cx, c)))
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

Value matrix_product(Context& cx, const Value& a0, const Value& c0, Span span) {
  const std::vector<Value> both{a0, c0};
  const auto elem = common_elem(cx, both, span, "`@`");
  if (!elem) return error_value(span);
  const Value a = materialize(cx, a0, elem), c = materialize(cx, c0, elem);
  if (a.is_error() || c.is_error()) return error_value(span);
  const ir::Type x = type_of(cx, a), y = type_of(cx, c);
  if (x.is_scalar() || y.is_scalar() || *elem == Elem::boolean) {
    error(cx, Code::shape_mismatch, span, fmt::format("`@` of {} and {}", str(cx, x), str(cx, y)))
        .note("`@` multiplies vectors, matrices and stacks of matrices")
        .hint("scale with `*`");
    return error_value(span);
  }
  const Dim k = x.dims.back(), l = y.rank() == 1 ? y.dims[0] : y.dims[y.rank() - 2];
  if (!same(cx, k, l)) {
    const bool never = different(cx, k, l);
    Diagnostic& d = error(cx, never ? Code::shape_mismatch : Code::shape_unknown, span,
                          fmt::format("`@` of {} and {}: the inner extents {} and {} {}", str(cx, x), str(cx, y),
                                      str(cx, k), str(cx, l), never ? "differ" : "are not known to be equal"));
    d.label(a.span, str(cx, x)).label(c.span, str(cx, y));
    if (never && y.rank() >= 2 && same(cx, k, y.dims.back())) d.hint("transpose the second operand: `transpose(b)`");
    if (!never) d.hint(fmt::format("if they are equal, say so before: `assert {} == {};`", str(cx, k), str(cx, l)));
    return error_value(span);
  }
  // Labels: batch axes from the right 100, 101, …; row 1, inner 2, column 3.
  std::vector<std::int64_t> lx, ly, lz;
  const std::size_t bx = x.rank() > 2 ? x.rank() - 2 : 0, by = y.rank() > 2 ? y.rank() - 2 : 0,
                    batch = std::max(bx, by);
  ValueId u = use(cx, a), v = use(cx, c);
  const auto batch_labels = [&](ValueId& id, std::size_t count, const std::vector<Dim>& dims, std::size_t other_count,
                                const std::vector<Dim>& other, std::vector<std::int64_t>& labels) {
    std::vector<Dim> kept;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t from_right = count - i;
      const bool stretched =
          dims[i] == Dim(1) && from_right <= other_count && other[other_count - from_right] != Dim(1);
      if (stretched) continue;
      labels.push_back(100 + static_cast<std::int64_t>(from_right));
      kept.push_back(dims[i]);
    }
    kept.insert(kept.end(), dims.begin() + static_cast<std::ptrdiff_t>(count), dims.end());
    id = builder(cx).reshape(id, kept);
  };
  batch_labels(u, bx, x.dims, by, y.dims, lx);
  batch_labels(v, by, y.dims, bx, x.dims, ly);
  for (std::size_t i = batch; i > 0; --i) {
    const std::int64_t label = 100 + static_cast<std::int64_t>(i);
    const bool in_x = std::ranges::find(lx, label) != lx.end(), in_y = std::ranges::find(ly, label) != ly.end();
    if (in_x && in_y && !same(cx, x.dims[bx - i], y.dims[by - i])) {
      report_extents(cx, x.dims[bx - i], y.dims[by - i], span,
                     fmt::format("`@` of {} and {}: their batch extents do not fit", str(cx, x), str(cx, y)));
      return error_value(span);
    }
    lz.push_back(label);
  }
  if (x.rank() > 1) lx.push_back(1), lz.push_back(1);
  lx.push_back(2);
  ly.push_back(2);
  if (y.rank() > 1) ly.push_back(3), lz.push_back(3);
  return make_tensor(cx, builder(cx).contract({u, v}, {lx, ly, lz}), span);
}

}  // namespace rg::dsl
