// Expressions: precedence, every construct's tree, and the way back to text.
#include "tests/dsl/parse_helpers.h"

using namespace rg;
using namespace rg::dsl;
using namespace rg::dsl::testing;

namespace {

struct Row {
  const char* text;
  const char* tree;
};

void check_rows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(dump_of(row.text) == row.tree);
  }
}

}  // namespace

TEST_CASE("precedence") {
  check_rows({
      {"a + b * c", "(add a (mul b c))"},
      {"a * b + c", "(add (mul a b) c)"},
      {"a - b - c", "(sub (sub a b) c)"},
      {"a / b * c", "(mul (div a b) c)"},
      {"a @ b @ c", "(matmul (matmul a b) c)"},
      {"a @ b + c", "(add (matmul a b) c)"},
      {"a div b mod c", "(int_mod (int_div a b) c)"},
      {"-x^2", "(neg (pow x 2))"},
      {"(-x)^2", "(pow (neg x) 2)"},
      {"2^-1", "(pow 2 (neg 1))"},
      {"a^b^c", "(pow a (pow b c))"},
      {"a^-b^c", "(pow a (neg (pow b c)))"},
      {"-a * b", "(mul (neg a) b)"},
      {"a * -b", "(mul a (neg b))"},
      {"--a", "(neg (neg a))"},
      {"!a && b", "(and (not a) b)"},
      {"!a == b", "(eq (not a) b)"},
      {"a < b && c >= d || e", "(or (and (lt a b) (ge c d)) e)"},
      {"a || b && c", "(or a (and b c))"},
      {"a + 1 == b * 2", "(eq (add a 1) (mul b 2))"},
      {"x[0]^2", "(pow (index x [0]) 2)"},
      {"f(x)^g(y).a", "(pow (call f [x]) (field (call g [y]) a))"},
  });
}

TEST_CASE("lambdas reach as far right as they can") {
  check_rows({
      {"x => x + 1", "(lambda [(param x -)] (add x 1))"},
      {"x => y => x || y", "(lambda [(param x -)] (lambda [(param y -)] (or x y)))"},
      {"(x, y: f64[n]) => x", "(lambda [(param x -) (param y (type f64 [n]))] x)"},
      {"() => 1", "(lambda [] 1)"},
      {"f((x) => x, 1)", "(call f [(lambda [(param x -)] x) 1])"},
      {"(x => x)(3)", "(call (lambda [(param x -)] x) [3])"},
  });
}

TEST_CASE("literals") {
  check_rows({
      {"1_000", "1000"},
      {"9223372036854775807", "9223372036854775807"},
      {"1.5e-3", "f0.0015"},
      {"1e2", "f100"},
      {"true", "true"},
      {"\"a\\n\\\"b\"", "\"a\\n\\\"b\""},
  });
}

TEST_CASE("postfix forms") {
  check_rows({
      {"f()", "(call f [])"},
      {"grad(f, wrt: (a, b))(a, b)", "(call (call grad [f wrt:(tuple [a b])]) [a b])"},
      {"sum(x, axis: 1, keep: true,)", "(call sum [x axis:1 keep:true])"},
      {"t.0.1.w", "(field (project (project t 0) 1) w)"},
      {"x[i, :, j]", "(index x [i (slice - - -) j])"},
      {"x[1:]", "(index x [(slice 1 - -)])"},
      {"x[:-1]", "(index x [(slice - end-1 -)])"},
      {"x[a:b:s]", "(index x [(slice a b s)])"},
      {"x[::2]", "(index x [(slice - - 2)])"},
      {"x[-1]", "(index x [end-1])"},
      {"x[-i + 1]", "(index x [(add (neg i) 1)])"},
      {"x[(-1)]", "(index x [(neg 1)])"},
      {"x[-k^2]", "(index x [end-(pow k 2)])"},
      {"x[..., 0]", "(index x [... 0])"},
      {"f(x)[0](y)", "(call (index (call f [x]) [0]) [y])"},
  });
}

TEST_CASE("comprehensions, brackets and structs") {
  check_rows({
      {"[i: n, j: m + 1 => x[i] * j]", "(build [(index i n) (index j (add m 1))] (mul (index x [i]) j))"},
      {"[i => x[i]]", "(build [(index i -)] (index x [i]))"},
      {"[i: n => [j: m => i]]", "(build [(index i n)] (build [(index j m)] i))"},
      {"sum[k => a[k]]", "(reduce sum [(index k -)] (index a [k]))"},
      {"max[i, j: i => l[i, j]] + 1", "(add (reduce max [(index i -) (index j i)] (index l [i j])) 1)"},
      {"sum[k: m => g(x => x)]", "(reduce sum [(index k m)] (call g [(lambda [(param x -)] x)]))"},
      {"[]", "(array [])"},
      {"[[1, 2], [3, 4],]", "(array [(array [1 2]) (array [3 4])])"},
      {"(a)", "a"},
      {"(a,)", "(tuple [a])"},
      {"(a, b,)", "(tuple [a b])"},
      {"Line { slope: 1.0, offset: -2 }", "(new Line [(set slope f1) (set offset (neg 2))])"},
  });
}

TEST_CASE("blocks, if, loop") {
  check_rows({
      {"{ let (a, (b, _)): f64 = x; assert a == b, \"m\"; a }",
       "(block [(let [a [b _]] (type f64 []) x) (assert (eq a b) \"m\")] a)"},
      {"if a { 1 } else if b { 2 } else { 3 } + 1", "(add (if a (block [] 1) (if b (block [] 2) (block [] 3))) 1)"},
      {"if n { x } else { y }", "(if n (block [] x) (block [] y))"},
      {"if p == P { a: 1 } { x } else { y }", "(if (eq p (new P [(set a 1)])) (block [] x) (block [] y))"},
      {"loop (x = a) while abs(x) > 1e-12 { x / 2 }",
       "(loop [(var x - a)] - (gt (call abs [x]) f1e-12) (block [] (div x 2)))"},
      {"loop (s: f64 = 0, v = y) for i in a..b + 1 while s < 9 { collect s; (s + i, v) }",
       "(loop [(var s (type f64 []) 0) (var v - y)] (for i a (add b 1)) (lt s 9) (block [(collect s)] (tuple [(add s "
       "i) v])))"},
      {"(if a { x } else { y })[0]", "(index (if a (block [] x) (block [] y)) [0])"},
  });
}

TEST_CASE("types") {
  const Parsed parsed(
      "fn f(a: f64, b: f32[n, 2 * d + 1], c: f64[..., n], d: f64[...b], e: size, g: (f64,), h: fn(f64[n], (i32, i64)) "
      "-> f64) -> (bool, Mlp[d, h]) { a }");
  REQUIRE_MESSAGE(parsed.result.ok, parsed.errors());
  CHECK(dump(parsed.result.module) ==
        "(fn \"\" f [(param a (type f64 [])) (param b (type f32 [n (add (mul 2 d) 1)])) (param c (type f64 [... n])) "
        "(param d (type f64 [...b])) (param e (type size [])) (param g (tuple-type [(type f64 [])])) (param h (fn-type "
        "[(type f64 [n]) (tuple-type [(type i32 []) (type i64 [])])] (type f64 [])))] (tuple-type [(type bool []) "
        "(type Mlp [d h])]) (block [] a))\n");
}

TEST_CASE("the fewest parentheses come back") {
  for (const char* text : {
           "a + b * c",
           "(a + b) * c",
           "a - (b - c)",
           "-x^2",
           "(-x)^2",
           "2^-1",
           "(a^b)^c",
           "a^b^c",
           "-(a + b)",
           "!(a == b)",
           "(a < b) == c",
           "(x => x)(3)",
           "(x => x) + 1",
           "f(x => x, (a, b: f64) => a)",
           "x[(-1)]",
           "x[-1]",
           "x[-(a + b):]",
           "x[--a]",
           "x[-i + 1]",
           "(1).w",
           "(1, 2).0",
           "(a,)",
           "[(x => x)]",
           "[i: n => x => x]",
           "sum[k => a[k] * b]",
           "(if a { 1 } else { 2 })[0]",
           "if a { 1 } else { 2 }^2",
           "a + if b { 1 } else { 2 }",
           "1e+300",
           "1.0",
           "{ a }",
           "x[..., ::2, a:b:c]",
           "(() => 1)()",
           "a div b mod c",
           "a div (b mod c)",
           "(a || b) && c",
           "(a@b)(c)",
           "loop (x = a, y: f64[n] = b) for i in 0..n while c { (x, y) }",
           "P { a: 1, b: (2,) }.a",
           "(-a)[0]",
           "(x^2)[0]",
       }) {
    CAPTURE(text);
    SourceMap sources;
    Diagnostics diagnostics;
    const auto expr = parse_expression(sources, sources.add("t", text), diagnostics);
    REQUIRE_MESSAGE(expr, render(sources, diagnostics));
    const std::string printed = print(*expr);
    if (std::string_view(text) != "(a@b)(c)") CHECK(printed == text);
    CHECK(dump_of(printed) == dump(*expr));
  }
}
