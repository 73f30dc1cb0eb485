// Arrays from nothing and arrays rearranged.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/builtins.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/literal.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

Value failed(BuiltinCall& call) { return error_value(call.span); }

// An array whose element type follows from its use.
Value open_array(BuiltinCall& call, const std::vector<Dim>& dims, bool floating,
                 std::function<ValueId(Elem, const std::vector<Dim>&)> make) {
  Flex f;
  f.floating = floating;
  f.literal = true;
  f.dims = dims;
  Context& cx = call.cx;
  f.make = [&cx, dims, make = std::move(make)](Elem e) {
    std::vector<Dim> now;
    for (const Dim& d : dims) now.push_back(normal(cx, d));
    return make(e, now);
  };
  return make_flex(std::move(f), call.span);
}

Value filled(BuiltinCall& call, double value) {
  const std::string usage = call.name + "([n, m])";
  if (!only_options(call, {}) || !expect_args(call, 1, 1, usage.c_str())) return failed(call);
  const auto dims = shape_list(call, call.arg(0));
  if (!dims) return failed(call);
  Context& cx = call.cx;
  return open_array(call, *dims, true,
                    [&cx, value](Elem e, std::vector<Dim> d) { return cx.b().constant(e, value, std::move(d)); });
}
Value zeros_builtin(BuiltinCall& call) { return filled(call, 0); }
Value ones_builtin(BuiltinCall& call) { return filled(call, 1); }

Value full_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 2, 2, "full([n, m], value)")) return failed(call);
  const auto dims = shape_list(call, call.arg(0));
  const Value& v = call.arg(1);
  if (!dims) return failed(call);
  if (!v.is_array() || !v.dims().empty()) {
    error(call.cx, Code::shape_mismatch, v.span, "`full` takes one number");
    return failed(call);
  }
  Context& cx = call.cx;
  if (v.is_tensor()) return make_tensor(cx, cx.b().broadcast(use(cx, v), *dims, {}), call.span);
  return open_array(call, *dims, v.flex->floating, [&cx, v](Elem e, std::vector<Dim> d) {
    const Value x = materialize(cx, v, e);
    return x.is_error() ? ValueId{} : cx.b().broadcast(use(cx, x), std::move(d), {});
  });
}

Value iota_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 1, "iota(n)")) return failed(call);
  const auto dims = shape_list(call, call.arg(0));
  if (!dims) return failed(call);
  if (dims->size() != 1) {
    error(call.cx, Code::shape_mismatch, call.arg(0).span, "`iota` counts along one dimension");
    return failed(call);
  }
  Context& cx = call.cx;
  Value v = make_tensor(cx, cx.b().iota(Elem::i64, *dims, 0), call.span);
  v.low = Affine{Dim(0), {}};
  v.high = Affine{(*dims)[0] - Dim(1), {}};
  return v;
}

Value eye_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 2, "eye(n)")) return failed(call);
  auto rows = shape_list(call, call.arg(0));
  if (!rows) return failed(call);
  if (call.args.size() == 2) {
    const auto columns = shape_list(call, call.arg(1));
    if (!columns) return failed(call);
    rows->insert(rows->end(), columns->begin(), columns->end());
  }
  if (rows->size() == 1) rows->push_back((*rows)[0]);
  if (rows->size() != 2) {
    error(call.cx, Code::shape_mismatch, call.span, "`eye` is a matrix").hint("`eye(n)` or `eye(n, m)`");
    return failed(call);
  }
  Context& cx = call.cx;
  return open_array(call, *rows, true, [&cx](Elem e, const std::vector<Dim>& d) {
    ir::Builder& b = cx.b();
    return b.convert(b.compare("eq", b.iota(Elem::i64, d, 0), b.iota(Elem::i64, d, 1)), e);
  });
}

std::optional<std::int64_t> one_axis(BuiltinCall& call, const char* name, std::int64_t rank, std::int64_t fallback) {
  const ArgValue* a = option(call, name);
  if (a == nullptr) return fallback;
  const auto list = integer_list(call, a->value, "the axis");
  if (!list) return std::nullopt;
  const std::int64_t at = list->size() == 1 ? ((*list)[0] < 0 ? (*list)[0] + rank : (*list)[0]) : -1;
  if (at < 0 || at >= rank) {
    error(call.cx, Code::bad_option, a->value.span,
          fmt::format("the axis of `{}` is one of 0 to {}", call.name, rank - 1));
    return std::nullopt;
  }
  return at;
}

Value reshape_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 2, 2, "reshape(x, [n * m])")) return failed(call);
  Context& cx = call.cx;
  const Value x = tensor(cx, call.arg(0), "an array");
  const auto dims = shape_list(call, call.arg(1));
  if (x.is_error() || !dims) return failed(call);
  const ir::Type have = type_of(cx, x), want{have.elem, *dims};
  if (normal(cx, have.count()) != normal(cx, want.count())) {
    report_extents(cx, have.count(), want.count(), call.span,
                   fmt::format("`reshape` of {} to {} changes the number of elements", str(cx, have), str(cx, want)));
    return failed(call);
  }
  return make_tensor(cx, cx.b().reshape(use(cx, x), *dims), call.span);
}

Value transpose_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 2, "transpose(a, [1, 0, 2])")) return failed(call);
  Context& cx = call.cx;
  Value x = tensor(cx, call.arg(0), "an array");
  if (x.is_error()) return x;
  const std::size_t rank = type_of(cx, x).rank();
  std::vector<std::int64_t> axes;
  for (std::size_t i = rank; i > 0; --i) axes.push_back(static_cast<std::int64_t>(i - 1));
  if (call.args.size() == 2) {
    const auto list = integer_list(call, call.arg(1), "the order of axes");
    if (!list) return failed(call);
    axes = *list;
    for (std::int64_t& a : axes) a += a < 0 ? static_cast<std::int64_t>(rank) : 0;
    std::vector<std::int64_t> sorted = axes;
    std::ranges::sort(sorted);
    if (sorted != ops::iota_axes(rank)) {
      error(cx, Code::bad_option, call.arg(1).span,
            fmt::format("the axes of `transpose` are the numbers from 0 to {}, each once", rank - 1));
      return failed(call);
    }
  }
  Value v = make_tensor(cx, cx.b().transpose(use(cx, x), axes), call.span);
  v.low = x.low, v.high = x.high;
  return v;
}

Value broadcast_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 2, 2, "broadcast(x, [n, m])")) return failed(call);
  Context& cx = call.cx;
  const auto dims = shape_list(call, call.arg(1));
  if (!dims || !call.arg(0).is_array()) return dims ? tensor(cx, call.arg(0)) : failed(call);
  Value like = call.arg(0);
  const Value target = open_array(call, *dims, false, [](Elem, const std::vector<Dim>&) { return ValueId{}; });
  const auto whole = broadcast_dims(cx, std::vector{like, target}, call.span, "`broadcast`");
  if (!whole) return failed(call);
  for (std::size_t i = 0; i < whole->size(); ++i) {
    if (whole->size() != dims->size() || !same(cx, (*whole)[i], (*dims)[i])) {
      error(cx, Code::shape_mismatch, call.span,
            fmt::format("{} does not stretch to the shape given", describe(cx, like)));
      return failed(call);
    }
  }
  if (like.is_flex()) {
    return open_array(call, *dims, like.flex->floating, [&cx, like](Elem e, const std::vector<Dim>& d) {
      const Value x = materialize(cx, like, e);
      return x.is_error() ? ValueId{} : stretch(cx, use(cx, x), d);
    });
  }
  return make_tensor(cx, stretch(cx, use(cx, like), *dims), call.span);
}

Value concat_builtin(BuiltinCall& call) {
  if (!only_options(call, {"axis"}) || !expect_args(call, 1, 1000, "concat(a, b, axis: 0)")) return failed(call);
  Context& cx = call.cx;
  std::vector<Value> parts;
  for (const ArgValue& a : call.args) {
    if (!a.value.is_array() || a.value.dims().empty()) {
      error(cx, Code::shape_mismatch, a.value.span,
            fmt::format("`concat` joins arrays, this is {}", describe(cx, a.value)))
          .hint("`[a, b]` makes an array of numbers");
      return failed(call);
    }
    parts.push_back(a.value);
  }
  const auto rank = static_cast<std::int64_t>(parts[0].dims().size());
  const auto axis = one_axis(call, "axis", rank, 0);
  const auto elem = common_elem(cx, parts, call.span, "`concat`");
  if (!axis || !elem) return failed(call);
  std::vector<ValueId> ids;
  ir::Type first;
  for (const Value& p : parts) {
    Value t = materialize(cx, p, elem);
    if (t.is_error()) return t;
    const ir::Type type = type_of(cx, t);
    if (ids.empty()) first = type;
    bool fits = type.rank() == first.rank();
    ir::Type want = type;
    for (std::size_t d = 0; fits && d < type.rank(); ++d) {
      if (static_cast<std::int64_t>(d) == *axis) continue;
      if (!same(cx, type.dims[d], first.dims[d])) {
        report_extents(
            cx, type.dims[d], first.dims[d], p.span,
            fmt::format("`concat` of {} and {}: they differ outside of axis {}", str(cx, first), str(cx, type), *axis));
        return failed(call);
      }
      want.dims[d] = first.dims[d];
    }
    if (!fits) {
      error(cx, Code::shape_mismatch, p.span, fmt::format("`concat` of {} and {}", str(cx, first), str(cx, type)))
          .note("its operands have the same number of dimensions");
      return failed(call);
    }
    ids.push_back(use(cx, recast(cx, t, want)));
  }
  if (ids.size() == 1) return make_tensor(cx, ids[0], call.span);
  return make_tensor(cx, cx.b().emit_op<ops::Concat>(ids, {.axis = *axis}), call.span);
}

Value stack_builtin(BuiltinCall& call) {
  if (!only_options(call, {"axis"}) || !expect_args(call, 1, 1000, "stack(a, b, axis: 0)")) return failed(call);
  std::vector<Value> parts;
  for (const ArgValue& a : call.args) {
    if (!a.value.is_array()) return tensor(call.cx, a.value);
    parts.push_back(a.value);
  }
  const auto axis = one_axis(call, "axis", static_cast<std::int64_t>(parts[0].dims().size()) + 1, 0);
  return axis ? stack_values(call.cx, std::move(parts), *axis, call.span) : failed(call);
}

// pad(x, before, after): zeros around, one number or a list with one an axis.
Value pad_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 3, 3, "pad(x, before, after)")) return failed(call);
  Context& cx = call.cx;
  const Value x = tensor(cx, call.arg(0), "an array");
  auto before = shape_list(call, call.arg(1)), after = shape_list(call, call.arg(2));
  if (x.is_error() || !before || !after) return failed(call);
  const ir::Type t = type_of(cx, x);
  for (auto* list : {&*before, &*after}) {
    if (list->size() == 1 && t.rank() != 1) list->resize(t.rank(), (*list)[0]);
    if (list->size() != t.rank() || t.is_scalar() || t.elem == Elem::boolean) {
      error(cx, Code::shape_mismatch, call.span,
            fmt::format("`pad` of {} takes one number before and after, or one an axis", str(cx, t)));
      return failed(call);
    }
  }
  std::vector<Dim> dims;
  for (std::size_t i = 0; i < t.rank(); ++i) dims.push_back(t.dims[i] + (*before)[i] + (*after)[i]);
  return make_tensor(cx, cx.b().place(use(cx, x), *before, std::vector<std::int64_t>(t.rank(), 1), dims), call.span);
}

Value reverse_builtin(BuiltinCall& call) {
  if (!only_options(call, {"axis"}) || !expect_args(call, 1, 1, "reverse(x, axis: 0)")) return failed(call);
  Context& cx = call.cx;
  Value x = tensor(cx, call.arg(0), "an array");
  if (x.is_error()) return x;
  const ir::Type t = type_of(cx, x);
  std::vector<std::int64_t> axes = ops::iota_axes(t.rank());
  if (option(call, "axis") != nullptr) {
    const auto axis = one_axis(call, "axis", static_cast<std::int64_t>(t.rank()), 0);
    if (!axis) return failed(call);
    axes = {*axis};
  }
  std::vector<Dim> starts(t.rank(), Dim(0));
  std::vector<std::int64_t> steps(t.rank(), 1);
  for (const std::int64_t a : axes) {
    starts[static_cast<std::size_t>(a)] = t.dims[static_cast<std::size_t>(a)] - Dim(1);
    steps[static_cast<std::size_t>(a)] = -1;
  }
  return make_tensor(cx, cx.b().slice(use(cx, x), starts, steps, t.dims), call.span);
}

// The lower (or upper) triangle of matrices, zeros elsewhere.
Value triangle(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 2, "tril(a, 0)")) return failed(call);
  Context& cx = call.cx;
  Value x = tensor(cx, call.arg(0), "a matrix");
  if (x.is_error()) return x;
  const ir::Type t = type_of(cx, x);
  std::int64_t k = 0;
  if (call.args.size() == 2) {
    const auto list = integer_list(call, call.arg(1), "the diagonal");
    if (!list || list->size() != 1) return failed(call);
    k = (*list)[0];
  }
  if (t.rank() < 2 || t.elem == Elem::boolean) {
    error(cx, Code::shape_mismatch, call.span,
          fmt::format("`{}` takes matrices of numbers, this is {}", call.name, str(cx, t)));
    return failed(call);
  }
  ir::Builder& b = cx.b();
  const auto last = static_cast<std::int64_t>(t.rank()) - 1;
  const ValueId row = b.iota(Elem::i64, t.dims, last - 1), column = b.iota(Elem::i64, t.dims, last);
  const ValueId shifted = k == 0 ? row : b.add(row, b.integer(Elem::i64, k, t.dims));
  const ValueId a = use(cx, x);
  return make_tensor(cx, b.select(b.compare(call.name == "tril" ? "le" : "ge", column, shifted), a, b.zero(a)),
                     call.span);
}

// As NumPy's: the diagonal of a matrix, or the matrix with a diagonal.
Value diag_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 1, "diag(x)")) return failed(call);
  Context& cx = call.cx;
  Value x = tensor(cx, call.arg(0), "a vector or a matrix");
  if (x.is_error()) return x;
  const ir::Type t = type_of(cx, x);
  ir::Builder& b = cx.b();
  const ValueId v = use(cx, x);
  if (t.rank() == 1 && t.elem != Elem::boolean) {
    const std::vector<Dim> dims{t.dims[0], t.dims[0]};
    const ValueId wide = b.broadcast(v, dims, {1});
    return make_tensor(
        cx, b.select(b.compare("eq", b.iota(Elem::i64, dims, 0), b.iota(Elem::i64, dims, 1)), wide, b.zero(wide)),
        call.span);
  }
  if (t.rank() == 2) {
    const Dim n = same(cx, t.dims[0], t.dims[1]) ? t.dims[0] : Dim::min(t.dims[0], t.dims[1]);
    const ValueId i = b.iota(Elem::i64, {n}, 0);
    ops::Gather::Attrs attrs{.labels = {{-1, -2}, {0}, {0}, {0}}};
    return make_tensor(cx, b.emit_op<ops::Gather>({v, i, i}, std::move(attrs)), call.span);
  }
  error(cx, Code::shape_mismatch, call.span, fmt::format("`diag` takes a vector or a matrix, this is {}", str(cx, t)));
  return failed(call);
}

Value len_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 1, "len(x)")) return failed(call);
  const Value& x = call.arg(0);
  if (!x.is_array() || x.dims().empty()) {
    error(call.cx, Code::shape_mismatch, call.span,
          fmt::format("`len` is the first extent of an array, this is {}", describe(call.cx, x)));
    return failed(call);
  }
  return make_int(call.cx, normal(call.cx, x.dims()[0]), call.span);
}

Value shape_builtin(BuiltinCall& call) {
  if (!only_options(call, {}) || !expect_args(call, 1, 1, "shape(x)")) return failed(call);
  const Value& x = call.arg(0);
  if (!x.is_array() || x.dims().empty()) {
    error(call.cx, Code::shape_mismatch, call.span,
          fmt::format("`shape` takes an array, this is {}", describe(call.cx, x)));
    return failed(call);
  }
  std::vector<Value> extents;
  for (const Dim& d : x.dims()) extents.push_back(make_int(call.cx, normal(call.cx, d), call.span));
  return stack_values(call.cx, std::move(extents), 0, call.span);
}

constexpr BuiltinRow kRows[] = {{"zeros", zeros_builtin},
                                {"ones", ones_builtin},
                                {"full", full_builtin},
                                {"iota", iota_builtin},
                                {"eye", eye_builtin},
                                {"reshape", reshape_builtin},
                                {"transpose", transpose_builtin},
                                {"broadcast", broadcast_builtin},
                                {"concat", concat_builtin},
                                {"stack", stack_builtin},
                                {"pad", pad_builtin},
                                {"reverse", reverse_builtin},
                                {"tril", triangle},
                                {"triu", triangle},
                                {"diag", diag_builtin},
                                {"len", len_builtin},
                                {"shape", shape_builtin}};

}  // namespace

std::span<const BuiltinRow> shape_builtins() { return kRows; }

}  // namespace rg::dsl
