// Programs checked and run by the reference interpreter: what each construct means.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/check/helpers.h"

using namespace rg;
using Values = std::vector<double>;

namespace {

void check_value(const std::string& program, const std::string& expr, const Values& expected) {
  INFO(program << "\n" << expr);
  const test::Ran r = test::run(program, expr);
  CHECK(r.problems == "");
  REQUIRE(r.values.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(r.values[i] == doctest::Approx(expected[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("arithmetic, literals and precedence") {
  check_value("", "1 + 2 * 3", {7});
  check_value("", "-2.0^2", {-4});
  check_value("", "2^-1", {0.5});
  check_value("", "7 div 2 + (-7) mod 4", {4});
  check_value("", "1 / 4", {0.25});
  check_value("", "[1.0, 2.0] * 3 - 1", {2, 5});
  check_value("", "sqrt(16.0) + exp(0)", {5});
  check_value("", "max([1, 5, 2])", {5});
  check_value("", "min(3, 2)", {2});
  check_value("", "f64(3) / 2", {1.5});
  check_value("", "if 1 < 2 && !(3 < 2) { 1 } else { 0 }", {1});
  check_value("", "where([1.0, -1.0] > 0, 1, 0)", {1, 0});
}

TEST_CASE("functions, sizes and calls") {
  const std::string program = R"(
fn rosenbrock(x: f64[n]) -> f64 {
  let a = x[1:] - x[:-1]^2;
  sum(100 * a^2 + (1 - x[:-1])^2)
}
fn average(x: f64[n]) -> f64 { sum(x) / n }
fn twice(f: fn(f64) -> f64, x: f64) -> f64 { f(f(x)) }
fn steps(k: size) -> f64[k] { [i: k => f64(i)] }
fn half(x: f64[2 * n]) -> f64[n] { x[:n] + x[n:] }
)";
  check_value(program, "rosenbrock([1.0, 1.0, 1.0])", {0});
  check_value(program, "rosenbrock([0.0, 2.0])", {401});
  check_value(program, "average([1, 2, 6])", {3});
  check_value(program, "twice(x => x * x, 3)", {81});
  check_value(program, "steps(3)", {0, 1, 2});
  check_value(program, "half([1, 2, 3, 4])", {4, 6});
}

TEST_CASE("subscripts") {
  const std::string x = "{ let x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]; ";
  check_value("", x + "x[1] }", {4, 5, 6});
  check_value("", x + "x[-1, 0] }", {4});
  check_value("", x + "x[:, 1] }", {2, 5});
  check_value("", x + "x[:, ::-1] }", {3, 2, 1, 6, 5, 4});
  check_value("", x + "x[:, ::2] }", {1, 3, 4, 6});
  check_value("", x + "x[..., 2] }", {3, 6});
  check_value("", x + "x[[1, 0]] }", {4, 5, 6, 1, 2, 3});
  check_value("", x + "x[[1, 0], [2, 1]] }", {6, 2});
  check_value("fn at(x: f64[n], i: i64) -> f64 { x[i] }", "at([1, 2, 3], 2)", {3});
  check_value("fn window(x: f64[n]) -> f64[n - 2] { [i: n - 2 => sum(x[i:i+3])] }", "window([1, 2, 3, 4])", {6, 9});
  CHECK(test::run("fn at(x: f64[n], i: i64) -> f64 { x[i] }", "at([1, 2, 3], 3)").problems.find("out of range") !=
        std::string::npos);
}

TEST_CASE("comprehensions") {
  check_value("", "[i: 2, j: 3 => 10 * i + j]", {0, 1, 2, 10, 11, 12});
  check_value("", "{ let x = [1.0, 2.0]; sum[k => x[k]^2] }", {5});
  check_value("fn mm(a: f64[n, k], b: f64[k, m]) -> f64[n, m] { [i: n, j: m => sum[l => a[i, l] * b[l, j]]] }",
              "mm([[1, 2], [3, 4]], [[1, 0], [1, 1]])", {3, 2, 7, 4});
  check_value("fn tri(a: f64[n, n]) -> f64[n] { [i: n => sum[j: i => a[i, j]]] }", "tri([[1, 2], [3, 4]])", {0, 3});
  check_value("fn t(a: f64[n]) -> f64 { sum[i: n, j: i => a[i] * a[j]] }", "t([1, 2, 3])", {11});
  check_value("", "max[i: 3 => f64(i) * 2]", {4});
  check_value("", "argmin[i: 3 => (f64(i) - 1)^2]", {1});
  check_value("", "mean[i: 4 => f64(i)]", {1.5});
  check_value("", "[i: 3 => if i > 0 { 1.0 / f64(i) } else { 0 }]", {0, 1, 0.5});
  check_value("fn conv(x: f64[n], w: f64[k]) -> f64[n - k + 1] { [i: n - k + 1 => sum[j => x[i + j] * w[j]]] }",
              "conv([1, 2, 3], [1, 1])", {3, 5});
}

TEST_CASE("loops") {
  check_value("", "loop (s = 1.0) for i in 0..5 { s * 2 }", {32});
  check_value("", "loop (a = 0, b = 1) for i in 0..10 { (b, a + b) }", {55, 89});
  check_value("fn cs(x: f32[n]) -> f32[n] { (loop (s = 0) for i in 0..n { let t = s + x[i]; collect t; t }).1 }",
              "cs([1, 2, 3])", {1, 3, 6});
  check_value("", "loop (s = 0) for i in 2..5 { s + i }", {9});
  check_value("", "loop (s = 0) for i in 0..4 { loop (t = s) for j in 0..i { t + j } }", {4});
  check_value("", "cumsum([1.0, 2.0, 3.0])", {1, 3, 6});
}

TEST_CASE("structs and tuples") {
  const std::string program = R"(
struct Line { slope: f64, offset: f64[2] }
struct Net[d, h] { w: f64[d, h], b: f64[h] }
fn flip(l: Line) -> Line { l - 3 * l }
fn apply(p: Net[d, h], x: f64[n, d]) -> f64[n, h] { x @ p.w + p.b }
fn both(x: f64) -> (f64, f64) { (x, -x) }
)";
  check_value(program, "flip(Line { slope: 1, offset: [2, 3] })", {-2, -4, -6});
  check_value(program, "apply(Net { w: [[1.0], [2.0]], b: [0.5] }, [[1.0, 1.0]])", {3.5});
  check_value(program, "both(2).1", {-2});
  check_value(program, "{ let (a, (b, _)) = (1, (2, 3)); a + b }", {3});
}

TEST_CASE("whole arrays") {
  check_value("", "sum([[1, 2], [3, 4]], axis: 0)", {4, 6});
  check_value("", "sum([[1, 2], [3, 4]], axis: 1, keep: true)", {3, 7});
  check_value("", "var([1.0, 3.0])", {1});
  check_value("", "einsum(\"ij,kj->ik\", [[1, 2]], [[3, 4], [5, 6]])", {11, 17});
  check_value("", "einsum(\"ii->\", [[1, 2], [3, 4]])", {5});
  check_value("", "[[1, 2], [3, 4]] @ [1, 1]", {3, 7});
  check_value("", "reshape(iota(4), [2, 2]) + [[10], [20]]", {10, 11, 22, 23});
  check_value("", "concat([1.0], zeros([2]))", {1, 0, 0});
  check_value("", "stack([1, 2], [3, 4], axis: 1)", {1, 3, 2, 4});
  check_value("", "pad([1.0, 2.0], 1, 0)", {0, 1, 2});
  check_value("", "reverse([1, 2, 3])", {3, 2, 1});
  check_value("", "diag([1.0, 2.0])", {1, 0, 0, 2});
  check_value("", "diag([[1, 2], [3, 4]])", {1, 4});
  check_value("", "tril([[1, 2], [3, 4]])", {1, 0, 3, 4});
  check_value("", "eye(2) * 3.0", {3, 0, 0, 3});
  check_value("", "clamp([-1.0, 0.5, 9], 0, 1)", {0, 0.5, 1});
  check_value("", "transpose([[1, 2], [3, 4]])", {1, 3, 2, 4});
  check_value("", "broadcast([1, 2], [2, 2])", {1, 2, 1, 2});
  check_value("", "argmax([[1, 5], [7, 2]], axis: 1)", {1, 0});
}

TEST_CASE("the prelude") {
  check_value("", "softmax([0.0, 0.0])", {0.5, 0.5});
  check_value("", "softmax([[1000.0, 1000.0], [0.0, 0.0]])", {0.5, 0.5, 0.5, 0.5});
  check_value("", "logsumexp([0.0, 0.0])", {std::log(2)});
  check_value("", "dot([1.0, 2.0], [3.0, 4.0])", {11});
  check_value("", "outer([1.0, 2.0], [3.0, 4.0])", {3, 4, 6, 8});
  check_value("", "trace([[1.0, 2.0], [3.0, 4.0]])", {5});
  check_value("", "norm([3.0, 4.0])", {5});
  check_value("", "gelu(0.0)", {0});
  check_value("fn f(z: f64[n, c], y: i32[n]) -> f64 { cross_entropy(z, y) }", "f([[0, 0]], [1])", {std::log(2)});
  check_value("fn softmax(x: f64[n]) -> f64[n] { x }", "softmax([1, 2])", {1, 2});  // hidden by the program's own
}

TEST_CASE("vmap and closures") {
  check_value("fn f(x: f64[n]) -> f64 { sum(x) }", "vmap(f)([[1, 2], [3, 4]])", {3, 7});
  check_value("fn f(x: f64[n], a: f64) -> f64[n] { vmap(y => a * y)(x) }", "f([1, 2], 3)", {3, 6});
}

TEST_CASE("assertions on sizes are facts") {
  const std::string program = "fn f(x: f64[n], y: f64[m]) -> f64 { assert n == m; sum(x * y) }";
  check_value(program, "f([1, 2], [3, 4])", {11});
  CHECK(test::run(program, "f([1, 2], [3])").problems.find("n == m") != std::string::npos);
}

TEST_CASE("what is wrong has a code") {
  CHECK(test::codes("fn f(x: f64) -> f64 { squrt(x) }") == "RG0201");
  CHECK(test::codes("fn f(x: f64) -> f64 { x } fn f(x: f64) -> f64 { x }") == "RG0202");
  CHECK(test::codes("fn exp(x: f64) -> f64 { x }") == "RG0203");
  CHECK(test::codes("import \"a.rg\";") == "RG0204");
  CHECK(test::codes("struct P { a: f64 } fn f(p: P) -> f64 { p.b }") == "RG0205");
  CHECK(test::codes("fn f(x: f64[n]) -> f64 { let n = 1.0; n }") == "RG0206");
  CHECK(test::codes("fn f(x: f64) -> f64 { f(x) }") == "RG0207");
  CHECK(test::codes("fn f(x: f64, i: i64) -> f64 { x * i }") == "RG0301");
  CHECK(test::codes("fn f(i: i64) -> i64 { i / 2 }") == "RG0301");
  CHECK(test::codes("fn f(x: f64[n]) -> f64[n - 1] { x[1:] + x }") == "RG0302");
  CHECK(test::codes("fn f(x: f64[n], y: f64[m]) -> f64[n] { x + y }") == "RG0303");
  CHECK(test::codes("fn f(x: f64) -> f64 { atan2(x) }") == "RG0304");
  CHECK(test::codes("fn f(x: f64) -> f64 { x(2) }") == "RG0305");
  CHECK(test::codes("export fn f(x: float[n]) -> float { sum(x) }") == "RG0306");
  CHECK(test::codes("fn f(x: f64[3]) -> f64 { x[3] }") == "RG0307");
  CHECK(test::codes("fn f(x: f64[n]) -> f64 { x[0, 0] }") == "RG0308");
  CHECK(test::codes("fn f(x: f64[n], y: f64) -> f64 { x[y] }") == "RG0309");
  CHECK(test::codes("fn f(x: f64[n]) -> f64 { sum[k => x[k + 1]] }") == "RG0310");
  CHECK(test::codes("fn f(x: f64[n, n]) -> f64[n, n] { [i: n, j: i => x[i, j]] }") == "RG0311");
  CHECK(test::codes("fn f(k: i64) -> f64 { sum(zeros([k])) }") == "RG0312");
  CHECK(test::codes("fn f(x: f64[n * m]) -> f64 { sum(x) }") == "RG0313");
  CHECK(test::codes("fn f(x: f64[n]) -> f64 { if x > 0 { 1.0 } else { 0.0 } }") == "RG0314");
  CHECK(test::codes("fn f(x: f64[n], c: bool) -> f64 { sum(if c { x } else { x[1:] }) }") == "RG0315");
  CHECK(test::codes("fn f(x: f64) -> f64 { let t = (y => y); [t] }") == "RG0301");
  CHECK(test::codes("fn f(x: f64[n]) -> f64 { sum(x, axis: 3) }") == "RG0317");
  CHECK(test::codes("fn f(x: f64[n, n]) -> f64[n, n] { einsum(\"ij,jk\", x) }") == "RG0318");
  CHECK(test::codes("fn f(x: f64[n]) -> f64[n] { loop (s = x) for i in 0..3 { s[1:] } }") == "RG0319");
  CHECK(test::codes("fn f(k: i64) -> f64 { loop (s = 0.0) for i in 0..k { s } }") == "RG0320");
  CHECK(test::codes("fn f(x: f64) -> f64 { loop (s = x) while s > 1 { s / 2 } }") == "RG0321");
  CHECK(test::codes("fn f(x: f64) -> f64 { x }", "y => y") == "RG0323");
  CHECK(test::codes("test \"t\" { 1 + 1; }") == "RG0324");
  CHECK(test::codes("fn f(x: f64, y: f64) -> f64 { x * y }", "grad(f)") == "RG0401");
  CHECK(test::codes("fn f(x: f64, y: f64) -> f64 { x * y }", "grad(f, wrt: z)") == "RG0402");
  CHECK(test::codes("fn f(x: i64) -> i64 { x }", "grad(f)") == "RG0403");
  CHECK(test::codes("fn f(x: f64[n]) -> f64[n] { x }", "grad(f)") == "RG0404");
  CHECK(test::codes("fn f(x: f64) -> f64 { x }", "grad(f, 2)") == "RG0405");
}
