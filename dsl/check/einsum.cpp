// `einsum("ij,jk->ik", a, b)`: products summed over the letters that the result lacks.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/builtins.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/facts.h"
#include "dsl/check/unify.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

// Repeated letters of one operand read its diagonal.
ValueId diagonal(ir::Builder& b, ValueId v, std::vector<std::int64_t>& labels) {
  std::vector<std::int64_t> unique, axes_labels = labels;
  for (const std::int64_t l : labels) {
    if (std::ranges::find(unique, l) == unique.end()) unique.push_back(l);
  }
  if (unique.size() == labels.size()) return v;
  std::vector<ValueId> operands{v};
  ops::Gather::Attrs attrs{.labels = {{}}};
  for (std::size_t k = 0; k < labels.size(); ++k) {
    if (std::ranges::count(labels, labels[k]) == 1) {
      attrs.labels[0].push_back(labels[k]);
      continue;
    }
    operands.push_back(b.iota(Elem::i64, {b.dims(v)[k]}, 0));
    attrs.labels[0].push_back(-static_cast<std::int64_t>(operands.size() - 1));
    attrs.labels.push_back({labels[k]});
  }
  attrs.labels.push_back(unique);
  labels = unique;
  return b.emit_op<ops::Gather>(operands, std::move(attrs));
}

/// `einsum` under evaluation: the letters of each operand, the result's last.
struct Einsum {
  BuiltinCall& call;
  Context& cx;
  std::vector<std::vector<std::int64_t>> labels{{}};
  std::map<std::int64_t, Dim> extents{};

  /// Reports what is wrong with the subscripts.
  bool bad(const std::string& why) const {
    error(cx, Code::bad_einsum, call.arg(0).span, why)
        .note("one letter a dimension, operands separated by commas, then `->` and the letters of the result");
    return false;
  }
};

// As NumPy: the letters that occur once, in alphabetical order.
void implied_result(Einsum& e) {
  std::map<std::int64_t, int> count;
  for (const auto& l : e.labels) {
    for (const std::int64_t x : l) ++count[x];
  }
  e.labels.emplace_back();
  for (const auto& [l, n] : count) {
    if (n == 1) e.labels.back().push_back(l);
  }
}

bool read_subscripts(Einsum& e, const std::string& text) {
  bool result = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char ch = text[i];
    if (ch == ' ') continue;
    if (ch == ',' && !result) {
      e.labels.emplace_back();
    } else if (ch == '-' && !result && i + 1 < text.size() && text[i + 1] == '>') {
      e.labels.emplace_back();
      result = true;
      ++i;
    } else if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')) {
      e.labels.back().push_back(ch);
    } else {
      return e.bad(fmt::format("`{}` cannot stand in the subscripts of `einsum`", ch));
    }
  }
  if (!result) implied_result(e);
  return true;
}

// The operand with the extents that its letters have; invalid after a report.
ValueId einsum_operand(Einsum& e, std::size_t k, const Value& given, Elem elem) {
  Context& cx = e.cx;
  const Value t = materialize(cx, given, elem);
  if (t.is_error()) return {};
  std::vector<std::int64_t>& labels = e.labels[k];
  ir::Type type = type_of(cx, t);
  if (type.rank() != labels.size()) {
    e.bad(fmt::format("operand {} of `einsum` is {}, its subscripts are {}", k + 1, str(cx, type), labels.size()));
    return {};
  }
  for (std::size_t d = 0; d < type.rank(); ++d) {
    const auto [at, fresh] = e.extents.emplace(labels[d], type.dims[d]);
    if (!fresh && !same(cx, at->second, type.dims[d])) {
      report_extents(cx, at->second, type.dims[d], given.span,
                     fmt::format("`{}` stands for {} and for {} in `einsum`", static_cast<char>(labels[d]),
                                 str(cx, at->second), str(cx, type.dims[d])));
      return {};
    }
    type.dims[d] = at->second;
  }
  return diagonal(cx.b(), use(cx, recast(cx, t, type)), labels);
}

bool result_is_known(const Einsum& e) {
  std::vector<std::int64_t> seen;
  for (const std::int64_t l : e.labels.back()) {
    if (!e.extents.contains(l)) return e.bad(fmt::format("`{}` of the result is on no operand", static_cast<char>(l)));
    if (std::ranges::find(seen, l) != seen.end())
      return e.bad(fmt::format("`{}` stands twice in the result", static_cast<char>(l)));
    seen.push_back(l);
  }
  return true;
}

Value einsum_builtin(BuiltinCall& call) {
  Context& cx = call.cx;
  const Value failed = error_value(call.span);
  if (!only_options(call, {}) || !expect_args(call, 2, 100, "einsum(\"ij,jk->ik\", a, b)")) return failed;
  Einsum e{call, cx};
  if (call.arg(0).kind != Value::Kind::text) return e.bad("the first argument of `einsum` is a string"), failed;
  if (!read_subscripts(e, call.arg(0).text)) return failed;
  std::vector<Value> operands;
  for (std::size_t i = 1; i < call.args.size(); ++i) operands.push_back(call.arg(i));
  if (e.labels.size() != operands.size() + 1) {
    e.bad(fmt::format("`einsum` has subscripts for {} operands, {} are given", e.labels.size() - 1, operands.size()));
    return failed;
  }
  for (const Value& v : operands) {
    if (!v.is_array()) return tensor(cx, v);
  }
  const auto elem = common_elem(cx, operands, call.span, "`einsum`");
  if (!elem) return failed;
  if (*elem == Elem::boolean) return e.bad("`einsum` multiplies numbers"), failed;
  std::vector<ValueId> ids;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    ids.push_back(einsum_operand(e, k, operands[k], *elem));
    if (!ids.back().valid()) return failed;
  }
  return result_is_known(e) ? make_tensor(cx, cx.b().contract(ids, e.labels), call.span) : failed;
}

constexpr BuiltinRow kRows[] = {{"einsum", einsum_builtin}};

}  // namespace

std::span<const BuiltinRow> array_builtins() { return kRows; }

}  // namespace rg::dsl
