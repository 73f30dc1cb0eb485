// Making values, capturing them into derived functions, flattening and describing them.
#include "dsl/check/values.h"

#include <fmt/format.h>

#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"
#include "dsl/check/facts.h"
#include "dsl/check/types.h"

namespace rg::dsl {

Value error_value(Span span) {
  Value v;
  v.span = span;
  return v;
}

Value make_tensor(Context& cx, ValueId id, Span span) {
  Value v;
  v.kind = Value::Kind::tensor;
  v.span = span;
  v.id = id;
  v.owner = cx.frame;
  v.type = cx.b().type(id);
  return v;
}

Value make_flex(Flex flex, Span span) {
  Value v;
  v.kind = Value::Kind::flex;
  v.span = span;
  if (flex.dim) v.affine = Affine{*flex.dim, {}};
  v.flex = std::make_shared<const Flex>(std::move(flex));
  return v;
}

Value make_int(Context& cx, const Dim& value, Span span) {
  Flex f;
  f.dim = value;
  f.literal = value.is_constant();
  if (value.is_constant()) f.number = static_cast<double>(value.constant());
  f.make = [&cx, value](Elem e) {
    const Dim now = normal(cx, value);
    if (now.is_constant()) return cx.b().integer(e, now.constant());
    return cx.b().convert(cx.b().size(now), e);
  };
  return make_flex(std::move(f), span);
}

Value make_number(Context& cx, double value, Span span) {
  Flex f;
  f.floating = true;
  f.number = value;
  f.literal = true;
  f.make = [&cx, value](Elem e) { return cx.b().constant(e, value); };
  return make_flex(std::move(f), span);
}

Value make_tuple(std::vector<Value> fields, Span span, std::vector<std::string> labels) {
  Value v;
  v.labels = std::move(labels);
  v.kind = Value::Kind::tuple;
  v.span = span;
  v.fields = std::move(fields);
  return v;
}

Value make_function(FnValue fn, Span span) {
  Value v;
  v.kind = Value::Kind::function;
  v.span = span;
  fn.span = span;
  v.fn = std::make_shared<const FnValue>(std::move(fn));
  return v;
}

namespace {

ValueId use_in(const Value& v, Frame& c) {
  if (v.owner == &c) return v.id;
  if (c.parent == nullptr) internal_error("a value of another function is used");
  const ValueId outer = use_in(v, *c.parent);
  if (const auto known = c.captured.find(outer); known != c.captured.end()) return known->second;
  ir::Function& f = *c.function;
  const ValueId id(f.values.size());
  auto& params = f.block(f.body).params;
  const ir::Value& source = c.parent->function->value(outer);
  f.values.push_back({source.type, source.name, {}, f.body, static_cast<std::uint32_t>(params.size())});
  params.push_back(id);
  c.captured.emplace(outer, id);
  c.captures.push_back(outer);
  return id;
}

}  // namespace

ValueId use(Context& cx, const Value& v) {
  const ValueId id = use_in(v, *cx.frame);
  const ir::Type have = cx.b().type(id), want = normal(cx, have);
  if (have == want) return id;
  return cx.b().emit_op<ops::Recast>({id}, {want.dims});
}

ir::Type type_of(const Context& cx, const Value& v) {
  if (v.is_tensor()) return normal(cx, v.type);
  return {v.flex->floating ? Elem::f64 : Elem::i64, v.flex->dims};
}

Value materialize(Context& cx, const Value& v, std::optional<Elem> elem) {
  if (!v.is_flex()) return v;
  const Flex& f = *v.flex;
  const Elem e = elem.value_or(f.floating ? Elem::f64 : Elem::i64);
  if (e == Elem::boolean) {
    error(cx, Code::type_mismatch, v.span, "a bool is expected here, this is a number").hint("compare it: `x != 0`");
    return error_value(v.span);
  }
  if (f.floating && !ir::is_float(e)) {
    error(cx, Code::type_mismatch, v.span,
          fmt::format("{} is expected here, this is a floating-point number", ir::name(e)))
        .note("element types are never converted silently")
        .hint(fmt::format("convert with `{}(…)`", ir::name(e)));
    return error_value(v.span);
  }
  if (e == Elem::i32 && !f.literal) {
    error(cx, Code::type_mismatch, v.span, "i32 is expected here, a size is an i64")
        .note("element types are never converted silently")
        .hint("convert with `i32(…)`");
    return error_value(v.span);
  }
  if (e == Elem::i32 && f.dim && f.dim->is_constant() &&
      (f.dim->constant() > INT32_MAX || f.dim->constant() < INT32_MIN)) {
    error(cx, Code::type_mismatch, v.span, fmt::format("{} does not fit an i32", f.dim->constant()));
    return error_value(v.span);
  }
  const ValueId id = f.make(e);
  if (!id.valid()) return error_value(v.span);
  Value t = make_tensor(cx, id, v.span);
  t.affine = v.affine;
  t.low = v.low;
  t.high = v.high;
  t.fields = v.fields;
  return t;
}

Value tensor(Context& cx, const Value& v, const char* what) {
  if (v.is_error()) return v;
  if (v.is_flex()) return materialize(cx, v);
  if (!v.is_tensor()) {
    error(cx, Code::type_mismatch, v.span,
          fmt::format("{} is needed here, this is {}", what ? what : "a number or an array", describe(cx, v)));
    return error_value(v.span);
  }
  return v;
}

void flatten(const Value& v, std::vector<Value>& leaves) {
  if (v.kind == Value::Kind::tuple || v.kind == Value::Kind::structure) {
    for (const Value& f : v.fields) flatten(f, leaves);
  } else {
    leaves.push_back(v);
  }
}

std::vector<ValueId> leaf_ids(Context& cx, const Value& v) {
  std::vector<Value> leaves;
  flatten(v, leaves);
  std::vector<ValueId> ids;
  for (const Value& leaf : leaves) {
    const Value t = materialize(cx, leaf);
    if (t.is_tensor()) ids.push_back(use(cx, t));
  }
  return ids;
}

Value rebuild(Context& cx, const Value& shape, std::span<const ValueId> ids, std::size_t& at) {
  if (shape.kind == Value::Kind::tuple || shape.kind == Value::Kind::structure) {
    Value v = shape;
    for (Value& f : v.fields) f = rebuild(cx, f, ids, at);
    return v;
  }
  return make_tensor(cx, ids[at++], shape.span);
}

Value default_typed(Context& cx, const Value& v) {
  if (v.is_flex()) return materialize(cx, v);
  Value out = v;
  if (v.kind == Value::Kind::tuple || v.kind == Value::Kind::structure) {
    for (Value& f : out.fields) {
      f = default_typed(cx, f);
      if (f.is_error()) return error_value(v.span);
    }
  }
  if (v.kind == Value::Kind::function || v.kind == Value::Kind::text) {
    error(cx, Code::function_value, v.span, fmt::format("{} is no value of run time", describe(cx, v)))
        .note(
            "functions are values of compile time: they are called, passed and bound by `let`, but not stored or "
            "returned");
    return error_value(v.span);
  }
  return out;
}

ir::Tree tree_of(const Value& v, const std::string& name) {
  ir::Tree t;
  t.name = name;
  if (v.kind == Value::Kind::tuple) {
    t.kind = ir::Tree::Kind::tuple;
    for (std::size_t i = 0; i < v.fields.size(); ++i)
      t.fields.push_back(tree_of(v.fields[i], i < v.labels.size() ? v.labels[i] : ""));
  } else if (v.kind == Value::Kind::structure) {
    t.kind = ir::Tree::Kind::structure;
    t.type_name = v.decl->item->name.text;
    for (std::size_t i = 0; i < v.fields.size(); ++i)
      t.fields.push_back(tree_of(v.fields[i], v.decl->item->fields[i].name.text));
  }
  return t;
}

std::string describe(const Context& cx, const Value& v) {
  switch (v.kind) {
    case Value::Kind::error:
      return "an error";
    case Value::Kind::tensor:
      return str(cx, type_of(cx, v));
    case Value::Kind::flex:
      return str(cx, type_of(cx, v));
    case Value::Kind::function:
      return "a function";
    case Value::Kind::text:
      return "a string";
    case Value::Kind::tuple: {
      std::string s = "(";
      for (std::size_t i = 0; i < v.fields.size(); ++i) s += (i ? ", " : "") + describe(cx, v.fields[i]);
      return s + (v.fields.size() == 1 ? ",)" : ")");
    }
    case Value::Kind::structure: {
      std::string s = v.decl->item->name.text;
      for (std::size_t i = 0; i < v.sizes.size(); ++i) s += (i ? ", " : "[") + str(cx, normal(cx, v.sizes[i]));
      return v.sizes.empty() ? s : s + "]";
    }
  }
  return "";
}

}  // namespace rg::dsl
