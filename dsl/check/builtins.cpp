// The table of builtin operations, and the elementwise ones: a row of the registry that is `builtin` needs nothing
// here.
#include "dsl/check/builtins.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/support/suggestion.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/values.h"

namespace rg::dsl {

const ArgValue* option(const BuiltinCall& call, std::string_view name) {
  for (const ArgValue& a : call.options) {
    if (a.name == name) return &a;
  }
  return nullptr;
}

bool only_options(BuiltinCall& call, std::initializer_list<std::string_view> allowed) {
  for (const ArgValue& a : call.options) {
    if (std::ranges::find(allowed, std::string_view(a.name)) != allowed.end()) continue;
    Diagnostic& d =
        error(call.cx, Code::wrong_arguments, a.name_span, fmt::format("`{}` has no option `{}`", call.name, a.name));
    if (allowed.size() > 0) {
      std::vector<std::string> names(allowed.begin(), allowed.end());
      if (const std::string hint = suggestion(a.name, names); !hint.empty()) d.hint(hint);
    }
    return false;
  }
  return true;
}

bool expect_args(BuiltinCall& call, std::size_t low, std::size_t high, const char* usage) {
  if (call.args.size() >= low && call.args.size() <= high) return true;
  error(call.cx, Code::wrong_arguments, call.span,
        fmt::format("`{}` with {} argument{}", call.name, call.args.size(), call.args.size() == 1 ? "" : "s"))
      .hint(fmt::format("it is used as `{}`", usage));
  return false;
}

namespace {

const std::vector<Value>* items(const Value& v) {
  return v.kind == Value::Kind::tuple || (v.is_array() && v.dims().size() == 1 && !v.fields.empty()) ? &v.fields
                                                                                                     : nullptr;
}

}  // namespace

std::optional<std::vector<std::int64_t>> integer_list(BuiltinCall& call, const Value& v, const char* what) {
  const auto bad = [&](Span at) {
    error(call.cx, Code::bad_option, at,
          fmt::format("{} of `{}` is an integer or a list of integers", what, call.name));
    return std::nullopt;
  };
  std::vector<Value> list{v};
  if (const auto* many = items(v)) list = *many;
  std::vector<std::int64_t> out;
  for (const Value& item : list) {
    if (!item.is_flex() || !item.flex->dim || !item.flex->dim->is_constant()) return bad(item.span);
    out.push_back(item.flex->dim->constant());
  }
  return out;
}

std::optional<std::vector<Dim>> shape_list(BuiltinCall& call, const Value& v) {
  std::vector<Value> list{v};
  if (const auto* many = items(v)) list = *many;
  if (v.is_array() && v.dims().size() == 1 && v.dims()[0] == Dim(0)) list.clear();
  std::vector<Dim> out;
  for (const Value& item : list) {
    if (!item.is_flex() || !item.flex->dim) {
      Diagnostic& d = error(call.cx, Code::not_a_size, item.span,
                            fmt::format("a shape is a list of size expressions, this is {}", describe(call.cx, item)))
                          .hint(fmt::format("for example `{}([n, m])`", call.name));
      if (item.is_tensor() && ir::is_integer(item.type.elem))
        d.hint("a number known only at run time becomes a parameter: `n: size`");
      return std::nullopt;
    }
    const Dim d = normal(call.cx, *item.flex->dim);
    if (!require_nonnegative(call.cx, d, fmt::format("the extent {} is negative", str(call.cx, d)))) {
      error(call.cx, Code::not_a_size, item.span, fmt::format("the extent {} is negative", str(call.cx, d)));
      return std::nullopt;
    }
    out.push_back(d);
  }
  return out;
}

namespace {

// Elementwise ops that take part by their registry row.
Value registry_builtin(BuiltinCall& call) {
  const ops::OpInfo& row = ops::info(*ops::opcode_named(call.name));
  if (!only_options(call, {})) return error_value(call.span);
  const auto count = static_cast<std::size_t>(row.operands);
  const std::string usage = call.name + (count == 1 ? "(x)" : count == 2 ? "(a, b)" : "(a, b, c)");
  if (!expect_args(call, count, count, usage.c_str())) return error_value(call.span);
  std::vector<Value> operands;
  for (const ArgValue& a : call.args) {
    // Sizes are numbers of a float context in functions of floats.
    operands.push_back(a.value);
  }
  return elementwise(call.cx, call.name, operands, call.span, "`" + call.name + "`");
}

// Kernel ops by their registry row: the result, or a tuple of several.
Value kernel_builtin(BuiltinCall& call) {
  const ops::OpInfo& row = ops::info(*ops::opcode_named(call.name));
  const auto count = static_cast<std::size_t>(row.operands);
  const std::string usage = call.name + (count == 1 ? "(x)" : "(a, b)");
  if (!only_options(call, {}) || !expect_args(call, count, count, usage.c_str())) return error_value(call.span);
  std::vector<ValueId> operands;
  std::vector<ir::Type> types;
  for (const ArgValue& a : call.args) {
    const Value x = tensor(call.cx, a.value, "an array");
    if (x.is_error()) return error_value(call.span);
    operands.push_back(use(call.cx, x));
    types.push_back(call.cx.b().type(operands.back()));
  }
  if (const auto inferred = row.infer({types, ir::initial_attributes(*row.attrs), {}, call.cx.names()}); !inferred) {
    error(call.cx, Code::type_mismatch, call.span, inferred.error());
    return error_value(call.span);
  }
  std::vector<Value> results;
  for (const ValueId v : call.cx.b().emit(row.code, operands)) results.push_back(make_tensor(call.cx, v, call.span));
  return results.size() == 1 ? results[0] : make_tuple(std::move(results), call.span);
}

Value where_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 3, 3, "where(condition, a, b)")) return error_value(call.span);
  return elementwise(call.cx, "select", {call.arg(0), call.arg(1), call.arg(2)}, call.span, "`where`");
}

Value clamp_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 3, 3, "clamp(x, low, high)")) return error_value(call.span);
  Context& cx = call.cx;
  Value v =
      elementwise(cx, "min", {elementwise(cx, "max", {call.arg(0), call.arg(1)}, call.span, "`clamp`"), call.arg(2)},
                  call.span, "`clamp`");
  const auto low = range_of(call.arg(1)), high = range_of(call.arg(2));
  if (low && high && affine_nonnegative(cx, high->second + low->first * Dim(-1)))
    v.low = low->first, v.high = high->second;
  return v;
}

// The derivative of order `order` of a function: an op that has it in its attributes.
template <class Op>
Value derivative_builtin(BuiltinCall& call) {
  const std::string usage = call.name + "(order, x)";
  if (!only_options(call, {}) || !expect_args(call, 2, 2, usage.c_str())) return error_value(call.span);
  const auto order = integer_list(call, call.arg(0), "the order");
  const Value x = tensor(call.cx, call.arg(1));
  if (!order || x.is_error()) return error_value(call.span);
  constexpr std::int64_t highest = std::int64_t{1} << 31;
  if (order->size() != 1 || (*order)[0] < 0 || (*order)[0] > highest || !ir::is_float(x.type.elem)) {
    error(call.cx, Code::type_mismatch, call.span,
          fmt::format("`{}` takes an order from 0 to 2^31 and f32 or f64", usage));
    return error_value(call.span);
  }
  return make_tensor(call.cx, call.cx.b().emit_op<Op>({use(call.cx, x)}, {.order = (*order)[0]}), call.span);
}

constexpr BuiltinRow kElementwise[] = {{"where", where_builtin},
                                       {"clamp", clamp_builtin},
                                       {"polygamma", derivative_builtin<ops::Polygamma>},
                                       {"erfcx_derivative", derivative_builtin<ops::Erfcx>},
                                       {"sinc_derivative", derivative_builtin<ops::Sinc>}};

const std::map<std::string, Builtin>& table() {
  static const std::map<std::string, Builtin> all = [] {
    std::map<std::string, Builtin> t;
    for (const auto rows : {std::span<const BuiltinRow>(kElementwise), shape_builtins(), reduce_builtins(),
                            axis_builtins(), array_builtins()}) {
      for (const BuiltinRow& r : rows) t.emplace(r.name, r.handler);
    }
    for (const ops::OpInfo& op : ops::all_ops()) {
      if (op.builtin) t.emplace(op.name, op.elementwise ? registry_builtin : kernel_builtin);
    }
    return t;
  }();
  return all;
}

}  // namespace

Builtin find_builtin(const std::string& name) {
  const auto at = table().find(name);
  return at == table().end() ? nullptr : at->second;
}

bool may_be_hidden(const std::string& name) {
  return std::ranges::any_of(axis_builtins(), [&](const BuiltinRow& r) { return name == r.name; });
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const auto& [name, handler] : table()) names.push_back(name);
  return names;
}

}  // namespace rg::dsl
