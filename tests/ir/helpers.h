// IR text to modules, for the tests of this folder.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "compiler/code/text.h"

namespace rg::test {

struct Reading {
  std::optional<ir::Module> module;
  std::string problems;
};

inline Reading read_text(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  Reading r;
  const auto file = sources.add("test.ir", text);
  r.module = ir::read(sources, file, diagnostics);
  CHECK(r.module.has_value() != diagnostics.has_errors());
  r.problems = render(sources, diagnostics);
  return r;
}

inline ir::Module module_of(const std::string& text) {
  Reading r = read_text(text);
  REQUIRE_MESSAGE(r.module, r.problems);
  return std::move(*r.module);
}

}  // namespace rg::test
