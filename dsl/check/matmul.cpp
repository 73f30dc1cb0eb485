// `a @ b`: vectors, matrices and stacks of matrices, as one contraction.
#include "dsl/check/matmul.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

/// The operands of a product. Labels of the contraction: batch axes from the right 101, 102, …; row 1, inner 2,
/// column 3.
struct Factor {
  ValueId id;
  ir::Type type;
  std::size_t batch;  // axes before the last two
  std::vector<std::int64_t> labels{};
};
constexpr std::int64_t kBatch = 100, kRow = 1, kInner = 2, kColumn = 3;

// Whether the inner extents agree. False after a report.
bool inner_fits(Context& cx, const Value& a, const Value& c, Span span) {
  const ir::Type x = type_of(cx, a), y = type_of(cx, c);
  const Dim k = x.dims.back(), l = y.rank() == 1 ? y.dims[0] : y.dims[y.rank() - 2];
  if (same(cx, k, l)) return true;
  const bool never = different(cx, k, l);
  Diagnostic& d = error(cx, never ? Code::shape_mismatch : Code::shape_unknown, span,
                        fmt::format("`@` of {} and {}: the inner extents {} and {} {}", str(cx, x), str(cx, y),
                                    str(cx, k), str(cx, l), never ? "differ" : "are not known to be equal"));
  d.label(a.span, str(cx, x)).label(c.span, str(cx, y));
  if (never && y.rank() >= 2 && same(cx, k, y.dims.back())) d.hint("transpose the second operand: `transpose(b)`");
  if (!never) d.hint(fmt::format("if they are equal, say so before: `assert {} == {};`", str(cx, k), str(cx, l)));
  return false;
}

Factor factor(Context& cx, const Value& v) {
  const ir::Type t = type_of(cx, v);
  return {use(cx, v), t, t.rank() > 2 ? t.rank() - 2 : 0};
}

// Labels the batch axes; those that stretch to the other operand's go.
void label_batch(Context& cx, Factor& f, const Factor& other) {
  const std::vector<Dim>& dims = f.type.dims;
  std::vector<Dim> kept;
  for (std::size_t i = 0; i < f.batch; ++i) {
    const std::size_t from_right = f.batch - i;
    const bool stretched =
        dims[i] == Dim(1) && from_right <= other.batch && other.type.dims[other.batch - from_right] != Dim(1);
    if (stretched) continue;
    f.labels.push_back(kBatch + static_cast<std::int64_t>(from_right));
    kept.push_back(dims[i]);
  }
  kept.insert(kept.end(), dims.begin() + static_cast<std::ptrdiff_t>(f.batch), dims.end());
  f.id = cx.b().reshape(f.id, kept);
}

// The labels of the result's batch axes; none after a report.
std::optional<std::vector<std::int64_t>> result_batch(Context& cx, const Factor& x, const Factor& y, Span span) {
  std::vector<std::int64_t> out;
  for (std::size_t i = std::max(x.batch, y.batch); i > 0; --i) {
    const std::int64_t label = kBatch + static_cast<std::int64_t>(i);
    const auto has = [&](const Factor& f) { return std::ranges::find(f.labels, label) != f.labels.end(); };
    if (has(x) && has(y)) {
      const Dim &p = x.type.dims[x.batch - i], &q = y.type.dims[y.batch - i];
      if (!same(cx, p, q)) {
        report_extents(
            cx, p, q, span,
            fmt::format("`@` of {} and {}: their batch extents do not fit", str(cx, x.type), str(cx, y.type)));
        return std::nullopt;
      }
    }
    out.push_back(label);
  }
  return out;
}

}  // namespace

Value product(Context& cx, const Value& left, const Value& right, Span span) {
  const std::vector<Value> both{left, right};
  const auto elem = common_elem(cx, both, span, "`@`");
  if (!elem) return error_value(span);
  const Value a = materialize(cx, left, elem), c = materialize(cx, right, elem);
  if (a.is_error() || c.is_error()) return error_value(span);
  if (type_of(cx, a).is_scalar() || type_of(cx, c).is_scalar() || *elem == Elem::boolean) {
    error(cx, Code::shape_mismatch, span,
          fmt::format("`@` of {} and {}", str(cx, type_of(cx, a)), str(cx, type_of(cx, c))))
        .note("`@` multiplies vectors, matrices and stacks of matrices")
        .hint("scale with `*`");
    return error_value(span);
  }
  if (!inner_fits(cx, a, c, span)) return error_value(span);
  Factor x = factor(cx, a), y = factor(cx, c);
  label_batch(cx, x, y);
  label_batch(cx, y, x);
  auto result = result_batch(cx, x, y, span);
  if (!result) return error_value(span);
  if (x.type.rank() > 1) x.labels.push_back(kRow), result->push_back(kRow);
  x.labels.push_back(kInner);
  y.labels.push_back(kInner);
  if (y.type.rank() > 1) y.labels.push_back(kColumn), result->push_back(kColumn);
  return make_tensor(cx, cx.b().contract({x.id, y.id}, {x.labels, y.labels, *result}), span);
}

}  // namespace rg::dsl
