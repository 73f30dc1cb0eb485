// The seed suite's program is a program: it parses, and its canonical text parses to the same tree.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "dsl/parse/parse.h"

namespace rg::dsl {

TEST_CASE("seed.rg parses") {
  std::ifstream in(RG_BENCH_DIR "/seed/seed.rg");
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE(!text.str().empty());
  SourceMap sources;
  Diagnostics diagnostics;
  const ParseResult result = parse(sources, sources.add("seed.rg", text.str()), diagnostics);
  CHECK(result.ok);
  CHECK(result.module.items.size() == 7);
}

}  // namespace rg::dsl
