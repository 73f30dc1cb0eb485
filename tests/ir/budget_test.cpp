// What ends a pass that does not end by itself, and what an internal error leaves behind.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/code/clone.h"
#include "compiler/code/reproducer.h"
#include "tests/ir/helpers.h"

using namespace rg;
using namespace rg::ir;

namespace {

Function one_sum() {
  Function f;
  f.name = "one sum";
  Builder b(f);
  const ValueId x = b.add_param({Elem::f64, {}}, "x");
  b.set_yields({b.add(x, x)});
  return f;
}

}  // namespace

TEST_CASE("a pass that makes instructions without end is ended by an internal error") {
  const Function f = one_sum();
  const auto endless = [](const Instr&, Cloner& c) -> bool {
    for (ValueId v = c.to().constant(Elem::f64, 1);;) v = c.to().emit1(Builder::named("neg"), {v});
  };
  CHECK_THROWS_AS(rebuild(f, endless), InternalError);
}

TEST_CASE("a budget grows with what is allowed") {
  Function f = one_sum();
  Builder b(f);
  b.limit(2);
  b.constant(Elem::f64, 1);
  b.constant(Elem::f64, 2);
  CHECK_THROWS_AS(b.constant(Elem::f64, 3), InternalError);
  b.allow(1);
  b.constant(Elem::f64, 3);
  CHECK_THROWS_AS(b.constant(Elem::f64, 4), InternalError);
}

TEST_CASE("an internal error names the innermost phase and the file with what it read") {
  const Function f = one_sum();
  std::string message;
  try {
    reproducible("outer", f, [&] { reproducible("inner", f, [] { internal_error("no reason"); }); });
  } catch (const InternalError& e) {
    message = e.what();
  }
  const auto path = std::filesystem::temp_directory_path() / "one_sum.inner.ir";
  CHECK(message == "in inner: no reason\nThe IR before that is in " + path.string());
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  CHECK(text.str() == print(f));
  std::filesystem::remove(path);
}
