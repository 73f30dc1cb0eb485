// Collects diagnostics and holds the table of their codes.
#include "compiler/support/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <tuple>

namespace rg {

const std::vector<CodeInfo>& all_codes() {
  static const std::vector<CodeInfo> table = {
#define RG_DIAGNOSTIC(code, name, title, explanation) {Code::name, #name, title, explanation},
#include "compiler/support/diagnostic_codes.def"
#undef RG_DIAGNOSTIC
  };
  return table;
}

const CodeInfo& info(Code code) {
  const auto& table = all_codes();
  const auto row = std::lower_bound(table.begin(), table.end(), code,
                                    [](const CodeInfo& entry, Code wanted) { return entry.code < wanted; });
  assert(row != table.end() && row->code == code && "every code has a row, in ascending order");
  return *row;
}

std::string code_string(Code code) { return fmt::format("RG{:04}", static_cast<unsigned>(code)); }

Diagnostic& Diagnostics::error(Code code, Span span, std::string message) {
  return add(Diagnostic{code, span, std::move(message)});
}

Diagnostic& Diagnostics::warning(Code code, Span span, std::string message) {
  Diagnostic diagnostic{code, span, std::move(message)};
  diagnostic.severity = Severity::warning;
  return add(std::move(diagnostic));
}

Diagnostic& Diagnostics::add(Diagnostic diagnostic) {
  const bool known = std::any_of(items_.begin(), items_.end(), [&](const Diagnostic& other) {
    return other.code == diagnostic.code && other.span == diagnostic.span;
  });
  const bool is_error = diagnostic.severity == Severity::error;
  if (!known) {
    ++total_;
    if (is_error) ++errors_;
  }
  // Phases report in different orders, so more is kept than shown; garbage must not fill the memory.
  if (known || items_.size() >= 50 * limit_) {
    scratch_ = std::move(diagnostic);
    return scratch_;
  }
  return items_.emplace_back(std::move(diagnostic));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> result(items_.begin(), items_.end());
  std::stable_sort(result.begin(), result.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(a.span.file, a.span.begin) < std::tuple(b.span.file, b.span.begin);
  });
  // No warning takes the place of an error.
  for (std::size_t k = result.size(); k-- > 0 && result.size() > limit_;) {
    if (result[k].severity == Severity::warning) result.erase(result.begin() + static_cast<std::ptrdiff_t>(k));
  }
  if (result.size() > limit_) result.erase(result.begin() + static_cast<std::ptrdiff_t>(limit_), result.end());
  return result;
}

}  // namespace rg
