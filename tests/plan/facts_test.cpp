// What is known of subscripts from assertions.
#include "compiler/plan/build/facts.h"

#include <doctest/doctest.h>

#include "compiler/code/builder.h"

using namespace rg;
using ir::Builder;
using ir::Dim;
using ir::Elem;
using Val = ir::ValueId;

TEST_CASE("an assertion on both sides of all elements makes a subscript valid for that extent, until it is forgotten") {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n", "m"};
  Builder b(f);
  const Dim n = Dim::size(0), m = Dim::size(1);
  const Val given = b.add_param({Elem::i32, {m}}), other = b.add_param({Elem::i32, {m}});
  const Val k = b.convert(given, Elem::i64);
  const Val low = b.compare("ge", k, b.integer(Elem::i64, 0, {m})),
            high = b.compare("lt", k, b.broadcast(b.size(n), {m}, {}));
  const Val above = b.compare("ge", k, b.integer(Elem::i64, -1, {m}));
  plan::Facts facts(f);

  facts.assume(b.reduce("all", b.logical_and(above, high), {0}));
  CHECK(!facts.valid_subscript(k, n));
  const std::size_t half = facts.mark();
  facts.assume(b.reduce("all", low, {0}));
  CHECK(facts.valid_subscript(k, n));
  CHECK(facts.valid_subscript(given, n));
  CHECK(!facts.valid_subscript(k, m));
  CHECK(!facts.valid_subscript(other, n));
  facts.forget(half);
  CHECK(!facts.valid_subscript(k, n));

  facts.assume(b.reduce("any", b.logical_and(low, high), {0}));
  facts.assume(b.reduce("all", b.logical_or(low, high), {0}));
  CHECK(!facts.valid_subscript(k, n));
}

TEST_CASE("what an assertion says unless an extent is 0 holds along an axis of that extent") {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n", "m"};
  Builder b(f);
  const Dim n = Dim::size(0), m = Dim::size(1);
  const Val k = b.add_param({Elem::i64, {}});
  const Val inside = b.logical_and(b.compare("ge", k, b.integer(Elem::i64, 0)), b.compare("lt", k, b.size(n)));
  plan::Facts facts(f);
  facts.assume(b.logical_or(inside, b.compare("eq", b.size(m), b.integer(Elem::i64, 0))));
  CHECK(!facts.valid_subscript(k, n));
  CHECK(!facts.valid_subscript(k, n, std::vector{n}));
  CHECK(facts.valid_subscript(k, n, std::vector{n, m}));
}

TEST_CASE("what is read of a subscript as a number in another type is not known of it") {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n", "m"};
  Builder b(f);
  const Dim n = Dim::size(0);
  const Val x = b.add_param({Elem::f64, {}});
  const Val k = b.convert(x, Elem::i64);
  plan::Facts facts(f);
  // A real number's integer part: x itself is no subscript.
  facts.assume(b.logical_and(b.compare("ge", k, b.integer(Elem::i64, 0)), b.compare("lt", k, b.size(n))));
  CHECK(facts.valid_subscript(k, n));
  CHECK(!facts.valid_subscript(b.convert(b.call("floor", {x}), Elem::i64), n));
}
