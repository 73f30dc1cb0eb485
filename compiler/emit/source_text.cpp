#include "compiler/emit/source_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cmath>
#include <limits>

#include "compiler/code/registry.h"

namespace rg::emit {

using namespace ir;

namespace {

constexpr std::string_view kTaken[] = {"assert",
                                       "collect",
                                       "div",
                                       "else",
                                       "export",
                                       "false",
                                       "fn",
                                       "for",
                                       "if",
                                       "import",
                                       "in",
                                       "let",
                                       "loop",
                                       "mod",
                                       "struct",
                                       "true",
                                       "while",
                                       "size",
                                       "bool",
                                       "f32",
                                       "f64",
                                       "i32",
                                       "i64",
                                       "float",
                                       "pi",
                                       "inf",
                                       "nan",
                                       "sum",
                                       "prod",
                                       "any",
                                       "all",
                                       "mean",
                                       "var",
                                       "len",
                                       "shape",
                                       "logsumexp",
                                       "where",
                                       "clamp",
                                       "einsum",
                                       "full",
                                       "zeros",
                                       "ones",
                                       "eye",
                                       "diag",
                                       "tril",
                                       "triu",
                                       "pad",
                                       "reverse",
                                       "stack",
                                       "grad",
                                       "vmap",
                                       "jvp",
                                       "vjp",
                                       "hvp",
                                       "hessian",
                                       "jacobian",
                                       "value_and_grad",
                                       "value_and_hvp",
                                       "checkpoint",
                                       "erfcx_derivative",
                                       "sinc_derivative"};

}  // namespace

Names::Names() {
  for (const std::string_view word : kTaken) used_.emplace(word);
  for (const ops::OpInfo& op : ops::all_ops()) used_.emplace(op.name);
}

std::string Names::fresh(std::string_view wanted) {
  std::string stem;
  for (const char c : wanted) stem += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (stem.empty() || std::isdigit(static_cast<unsigned char>(stem[0])) != 0 || stem == "_") stem = "t" + stem;
  std::string name = stem;
  for (int& k = next_[stem]; !used_.insert(name).second;) name = fmt::format("{}_{}", stem, ++k);
  return name;
}

Text real_literal(Elem elem, double v, bool typed) {
  Text t;
  if (std::isnan(v)) {
    t = {"nan"};
  } else if (std::isinf(v)) {
    t = v > 0 ? Text{"inf"} : Text{"-inf", Binds::unary};
  } else {
    std::string digits =
        elem == Elem::f32 ? fmt::format("{}", std::abs(static_cast<float>(v))) : fmt::format("{}", std::abs(v));
    if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
    t = std::signbit(v) ? Text{"-" + digits, Binds::unary} : Text{digits};
  }
  return typed ? Text{fmt::format("{}({})", name(elem), t.text)} : t;
}

Text integer_literal(Elem elem, std::int64_t v, bool typed) {
  if (elem == Elem::boolean) return {v != 0 ? "true" : "false"};
  Text t;
  if (v == std::numeric_limits<std::int64_t>::min()) {
    t = {fmt::format("-{} - 1", std::numeric_limits<std::int64_t>::max()), Binds::sum};
  } else {
    t = v < 0 ? Text{std::to_string(v), Binds::unary} : Text{std::to_string(v)};
  }
  return typed ? Text{fmt::format("{}({})", name(elem), t.text)} : t;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string shape_list(const std::vector<Dim>& dims, const std::vector<std::string>& sizes) {
  std::vector<std::string> parts;
  for (const Dim& d : dims) parts.push_back(d.str(sizes));
  return "[" + joined(parts) + "]";
}

Text extent(const Dim& dim, const std::vector<std::string>& sizes) {
  const bool simple = dim.as_size().has_value() || (dim.is_constant() && dim.constant() >= 0);
  return {dim.str(sizes), simple ? Binds::postfix : Binds::sum};
}

}  // namespace rg::emit
