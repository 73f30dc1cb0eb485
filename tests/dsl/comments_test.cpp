// Comments stay in the tree: where they stood, or before the smallest construct that has them inside.
#include "tests/dsl/parse_helpers.h"

using namespace rg;
using namespace rg::dsl;
using namespace rg::dsl::testing;

namespace {

std::string reprinted(std::string_view text) {
  const Parsed parsed(text);
  REQUIRE_MESSAGE(parsed.result.ok, parsed.errors());
  return print(parsed.result.module);
}

}  // namespace

TEST_CASE("comments that stand at constructs are printed there") {
  constexpr std::string_view text = R"(// A file of its own.
import "other.rg";  // for the norm

// Not documentation.
/// A line.
struct Line {
  // in units of y
  slope: f64,  // per x
  offset: f64,
  // no more
}

/// At x.
export fn at(l: Line, x: f64) -> f64 {
  // first the rise
  let rise = l.slope * x;  // may be negative
  // then the sum
  rise + l.offset  // the value
  // the end
}  // of at

test "at" {
  // one point
  assert at(Line { slope: 1.0, offset: 2.0 }, 1.0) == 3.0;  // exactly
  // no more points
}
// The last line.
)";
  CHECK(reprinted(text) == text);
}

TEST_CASE("comments inside of expressions move before the statement") {
  CHECK(reprinted("fn f(x: f64) -> f64 {\n  let a = x + // one\n    1.0;\n  max(a, // two\n      x)\n}\n") ==
        "fn f(x: f64) -> f64 {\n  // one\n  let a = x + 1.0;\n  // two\n  max(a, x)\n}\n");
}

TEST_CASE("a block with a comment is broken") {
  CHECK(reprinted("fn f(x: f64) -> f64 {\n  if x > 0.0 { // up\n x } else { -x }\n}\n") ==
        "fn f(x: f64) -> f64 {\n  if x > 0.0 {\n    // up\n    x\n  } else { -x }\n}\n");
}
