// Memory that a call is given: its length, null, alignment, overlap.
#include <doctest/doctest.h>

#include <runegrad/runegrad.hpp>
#include <string>
#include <vector>

using namespace runegrad;

namespace {

Function compiled() {
  auto program = Program::from_string("fn f(x: f64[n, m], s: f64) -> (f64[n], f64) { (sum(x, axis: 1) * s, s) }");
  REQUIRE(program);
  auto f = program->function("f");
  REQUIRE(f);
  return *f;
}

std::string why(const std::vector<TensorRef>& inputs, const std::vector<TensorRef>& outputs) {
  const auto done = compiled().call(inputs, outputs);
  return done ? "" : done.error();
}

}  // namespace

TEST_CASE("a shape has as many elements as the memory") {
  std::vector<double> x{1, 2, 3, 4, 5, 6}, y(2);
  double s = 2, t = 0;
  CHECK(why({in(x, {2, 3}), in(s)}, {out(y), out(t)}).empty());
  CHECK(y == std::vector<double>{12, 30});
  CHECK(why({in(x, {2, 4}), in(s)}, {out(y), out(t)}) ==
        "input `x` has the shape 2x4, and its memory holds 6 elements");
  CHECK(why({in(std::span<const double>(x).first(5), {2, 3}), in(s)}, {out(y), out(t)}) ==
        "input `x` has the shape 2x3, and its memory holds 5 elements");
  std::vector<double> short_one(1);
  CHECK(why({in(x, {2, 3}), in(s)}, {out(short_one, {2}), out(t)}) ==
        "output `0` has the shape 2, and its memory holds 1 element");
}

TEST_CASE("memory that is null, not aligned or shared is refused") {
  std::vector<double> x{1, 2, 3, 4, 5, 6}, y(2);
  double s = 2, t = 0;
  CHECK(why({{Elem::f64, nullptr, {2, 3}}, in(s)}, {out(y), out(t)}) == "input `x` is null");
  CHECK(why({in(x, {2, 3}), in(s)}, {{Elem::f64, nullptr, {2}}, out(t)}) == "output `0` is null");
  CHECK(why({{Elem::f64, nullptr, {0, 3}}, in(s)}, {{Elem::f64, nullptr, {0}}, out(t)}).empty());
  auto* odd = reinterpret_cast<char*>(x.data()) + 4;
  CHECK(why({{Elem::f64, odd, {2, 2}}, in(s)}, {out(y), out(t)}) == "input `x` is not aligned to its elements");
  CHECK(why({in(x, {2, 3}), in(s)}, {{Elem::f64, x.data() + 5, {2}}, out(t)}) == "output `0` overlaps input `x`");
  CHECK(why({in(x, {2, 3}), in(s)}, {out(y), out(y[1])}) == "output `1` overlaps output `0`");
  CHECK(why({in(x, {2, 3}), in(s)}, {out(y), out(s)}).empty());
}
