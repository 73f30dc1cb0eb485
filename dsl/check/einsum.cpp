// `einsum("ij,jk->ik", a, b)`: products summed over the letters that the result lacks.
#include <fmt/format.h>

#include "dsl/check/arithmetic.h"
#include "dsl/check/builtins.h"
#include "dsl/check/context.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/unify.h"

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

Value einsum_builtin(BuiltinCall& call) {
  Context& c = call.c;
  Value failed = error_value(call.span);
  if (!only_options(call, {}) || !expect_args(call, 2, 100, "einsum(\"ij,jk->ik\", a, b)")) return failed;
  const auto bad = [&](const std::string& why) {
    error(c, Code::bad_einsum, call.arg(0).span, why)
        .note("one letter a dimension, operands separated by commas, then `->` and the letters of the result");
    return failed;
  };
  if (call.arg(0).kind != Value::Kind::text) return bad("the first argument of `einsum` is a string");
  std::vector<std::vector<std::int64_t>> labels(1);
  bool result = false;
  const std::string& text = call.arg(0).text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char ch = text[i];
    if (ch == ' ') continue;
    if (ch == ',' && !result) {
      labels.emplace_back();
    } else if (ch == '-' && !result && i + 1 < text.size() && text[i + 1] == '>') {
      labels.emplace_back();
      result = true;
      ++i;
    } else if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')) {
      labels.back().push_back(ch);
    } else {
      return bad(fmt::format("`{}` cannot stand in the subscripts of `einsum`", ch));
    }
  }
  if (!result) {  // as NumPy: the letters that occur once, in alphabetical order
    std::map<std::int64_t, int> count;
    for (const auto& l : labels) {
      for (const std::int64_t x : l) ++count[x];
    }
    labels.emplace_back();
    for (const auto& [l, n] : count) {
      if (n == 1) labels.back().push_back(l);
    }
  }
  std::vector<Value> operands;
  for (std::size_t i = 1; i < call.args.size(); ++i) operands.push_back(call.arg(i));
  if (labels.size() != operands.size() + 1)
    return bad(
        fmt::format("`einsum` has subscripts for {} operands, {} are given", labels.size() - 1, operands.size()));
  for (const Value& v : operands) {
    if (!v.is_array()) return tensor(c, v);
  }
  const auto elem = common_elem(c, operands, call.span, "`einsum`");
  if (!elem) return failed;
  if (*elem == Elem::boolean) return bad("`einsum` multiplies numbers");
  std::map<std::int64_t, Dim> extents;
  std::vector<ValueId> ids;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Value t = materialize(c, operands[k], elem);
    if (t.is_error()) return failed;
    ir::Type type = type_of(c, t);
    if (type.rank() != labels[k].size())
      return bad(
          fmt::format("operand {} of `einsum` is {}, its subscripts are {}", k + 1, str(c, type), labels[k].size()));
    for (std::size_t d = 0; d < type.rank(); ++d) {
      const auto [at, fresh] = extents.emplace(labels[k][d], type.dims[d]);
      if (!fresh && !same(c, at->second, type.dims[d])) {
        report_extents(c, at->second, type.dims[d], operands[k].span,
                       fmt::format("`{}` stands for {} and for {} in `einsum`", static_cast<char>(labels[k][d]),
                                   str(c, at->second), str(c, type.dims[d])));
        return failed;
      }
      type.dims[d] = at->second;
    }
    ids.push_back(diagonal(builder(c), use(c, recast(c, t, type)), labels[k]));
  }
  std::vector<std::int64_t> seen;
  for (const std::int64_t l : labels.back()) {
    if (!extents.contains(l)) return bad(fmt::format("`{}` of the result is on no operand", static_cast<char>(l)));
    if (std::ranges::find(seen, l) != seen.end())
      return bad(fmt::format("`{}` stands twice in the result", static_cast<char>(l)));
    seen.push_back(l);
  }
  return make_tensor(c, builder(c).contract(ids, labels), call.span);
}

constexpr BuiltinRow kRows[] = {{"einsum", einsum_builtin}};

}  // namespace

std::span<const BuiltinRow> array_builtins() { return kRows; }

}  // namespace rg::dsl
