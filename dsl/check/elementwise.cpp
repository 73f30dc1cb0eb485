// Elementwise operations: element types, broadcasting, numbers of open type.
#include "dsl/check/elementwise.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/facts.h"
#include "dsl/check/identities.h"
#include "dsl/check/values.h"

namespace rg::dsl {

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
  const std::vector<Dim> dims = cx.b().dims(v);
  if (dims == to) return v;
  const std::size_t lead = to.size() - dims.size();
  std::vector<Dim> kept;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == Dim(1) && to[lead + i] != Dim(1)) continue;
    kept.push_back(dims[i]);
    axes.push_back(static_cast<std::int64_t>(lead + i));
  }
  ValueId x = cx.b().reshape(v, kept);
  std::vector<Dim> own;
  for (const std::int64_t a : axes) own.push_back(to[static_cast<std::size_t>(a)]);
  if (cx.b().dims(x) != own) x = cx.b().emit_op<ops::Recast>({x}, {own});
  return cx.b().broadcast(x, to, axes);
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

// Whether all operands are numbers or arrays. False after a report.
bool are_arrays(Context& cx, std::span<const Value> operands, std::string_view shown) {
  for (const Value& v : operands) {
    if (v.is_error()) return false;
    if (v.is_array()) continue;
    error(cx, Code::type_mismatch, v.span,
          fmt::format("{} takes numbers and arrays, this is {}", shown, describe(cx, v)));
    return false;
  }
  return true;
}

// Whether the condition is one. False after a report.
bool is_condition(Context& cx, Value& condition, std::string_view shown) {
  condition = tensor(cx, condition);
  if (!condition.is_error() && condition.type.elem == Elem::boolean) return true;
  error(cx, Code::condition, condition.span,
        fmt::format("the condition of {} is a bool, this is {}", shown, describe(cx, condition)));
  return false;
}

// A number of open type made of the operands, which are of the shape `dims`.
Flex open_result(std::span<const Value> operands, bool floating, std::vector<Dim> dims) {
  Flex f;
  f.floating = floating;
  f.literal = true;
  for (const Value& v : operands) {
    f.floating = f.floating || v.flex->floating;
    f.literal = f.literal && v.flex->literal;
  }
  f.dims = std::move(dims);
  return f;
}

Value open_elementwise(Context& cx, std::string_view op, const std::vector<Value>& operands,
                       const std::vector<Dim>& dims, bool floating, Span span) {
  Flex f = open_result(operands, floating, dims);
  f.make = [&cx, name = std::string(op), operands, dims](Elem e) -> ValueId {
    const std::vector<Dim> to = normal(cx, dims);
    std::vector<ValueId> x;
    for (const Value& v : operands) {
      const Value t = materialize(cx, v, e);
      if (t.is_error()) return {};
      x.push_back(stretch(cx, use(cx, t), to));
    }
    return emit_folded(cx.b(), name, x);
  };
  return make_flex(std::move(f), span);
}

// A choice between numbers of open type is one.
Value open_select(Context& cx, const std::vector<Value>& operands, const std::vector<Dim>& dims, Span span) {
  Flex f = open_result(std::span(operands).subspan(1), false, dims);
  f.make = [&cx, operands, dims](Elem e) -> ValueId {
    const std::vector<Dim> to = normal(cx, dims);
    const Value x = materialize(cx, operands[1], e), y = materialize(cx, operands[2], e);
    if (x.is_error() || y.is_error()) return {};
    return cx.b().select(stretch(cx, use(cx, operands[0]), to), stretch(cx, use(cx, x), to),
                         stretch(cx, use(cx, y), to));
  };
  return make_flex(std::move(f), span);
}

/// What the operands of a rule may be, for messages.
struct Accepted {
  ops::ElemRule rule;
  std::string_view shown;
  bool (*fits)(Elem);
};
constexpr Accepted kAccepted[] = {
    {ops::ElemRule::floating, "f32 or f64", ir::is_float},
    {ops::ElemRule::test, "f32 or f64", ir::is_float},
    {ops::ElemRule::number, "numbers", [](Elem e) { return e != Elem::boolean; }},
    {ops::ElemRule::integer, "integers", ir::is_integer},
    {ops::ElemRule::boolean, "bools", [](Elem e) { return e == Elem::boolean; }},
};

// Whether the rule takes operands of the element type. False after a report.
bool fits_rule(Context& cx, std::string_view op, std::span<const Value> operands, Elem elem, Span span,
               std::string_view shown) {
  const auto* row = std::ranges::find(kAccepted, rule_of(op), &Accepted::rule);
  if (row == std::end(kAccepted) || row->fits(elem)) return true;
  Diagnostic& d =
      error(cx, Code::type_mismatch, span, fmt::format("{} takes {}, this is {}", shown, row->shown, ir::name(elem)));
  for (const Value& v : operands) d.label(v.span, describe(cx, v));
  if (row->fits == ir::is_float && ir::is_integer(elem))
    d.hint(op == "div" ? "the integer quotient is `a div b`, the remainder `a mod b`; or convert with `f64(…)`"
                       : "convert with `f64(…)`");
  return false;
}

}  // namespace

Value elementwise(Context& cx, std::string_view op, std::vector<Value> operands, Span span, std::string_view shown) {
  if (!are_arrays(cx, operands, shown)) return error_value(span);
  const ops::ElemRule rule = rule_of(op);
  const auto dims = broadcast_dims(cx, operands, span, shown);
  if (!dims) return error_value(span);
  const bool open_rule = rule == ops::ElemRule::floating || rule == ops::ElemRule::number;
  if (open_rule && std::ranges::all_of(operands, &Value::is_flex))
    return open_elementwise(cx, op, operands, *dims, rule == ops::ElemRule::floating, span);
  std::span<Value> typed(operands);
  if (ops::has_condition(rule)) {
    if (!is_condition(cx, operands[0], shown)) return error_value(span);
    typed = typed.subspan(1);
    if (rule == ops::ElemRule::select && std::ranges::all_of(typed, &Value::is_flex))
      return open_select(cx, operands, *dims, span);
  }
  const auto elem = common_elem(cx, typed, span, shown);
  if (!elem || !fits_rule(cx, op, typed, *elem, span, shown)) return error_value(span);
  std::vector<ValueId> x;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Value t = materialize(cx, operands[i], ops::has_condition(rule) && i == 0 ? Elem::boolean : *elem);
    if (t.is_error()) return t;
    x.push_back(stretch(cx, use(cx, t), *dims));
  }
  return make_tensor(cx, emit_folded(cx.b(), op, x), span);
}

}  // namespace rg::dsl
