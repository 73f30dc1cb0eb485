// Short ways to parse in tests.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "dsl/parse/parse.h"

namespace rg::dsl::testing {

/// The dump of an expression, or the rendered errors.
inline std::string dump_of(std::string_view text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const auto file = sources.add("t", std::string(text));
  const auto expr = parse_expression(sources, file, diagnostics);
  return expr ? dump(*expr) : render(sources, diagnostics);
}

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  ParseResult result;
  explicit Parsed(std::string_view text, std::size_t limit = 20) : diagnostics(limit) {
    const auto file = sources.add("t.rg", std::string(text));
    result = parse(sources, file, diagnostics);
  }
  std::string errors() const { return render(sources, diagnostics); }
};

}  // namespace rg::dsl::testing
