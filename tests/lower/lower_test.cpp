// Compiled code against the reference interpreter, one case a mechanism of the plan, at sizes around a vector's width.
#include <doctest/doctest.h>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/plan/pass/pipeline.h"
#include "runtime/runegrad.h"
#include "tests/lower/harness.h"

using namespace rg;
using ir::Builder;
using ir::Dim;
using ir::Elem;
using Val = ir::ValueId;

namespace {

struct Case {
  ir::Function f;
  Builder b;
  explicit Case(std::vector<std::string> sizes) : f(named(std::move(sizes))), b(f) {}
  static ir::Function named(std::vector<std::string> sizes) {
    ir::Function f;
    f.name = "f";
    f.size_names = std::move(sizes);
    return f;
  }
  Val input(Elem e, std::vector<Dim> dims) { return b.add_param({e, std::move(dims)}); }
  void check(std::vector<Val> results, std::vector<std::vector<std::int64_t>> sizes, double tolerance = 1e-12) {
    b.set_yields(std::move(results));
    for (const auto& s : sizes) {
      std::vector<ir::Tensor> arguments;
      unsigned seed = 1;
      for (const ir::Type& t : f.param_types()) arguments.push_back(test::sample(t, s, seed++));
      for (const int level : {0, 2}) {
        CAPTURE(s);
        CAPTURE(level);
        CHECK(test::compare(f, s, arguments, tolerance, level) == "");
      }
    }
  }
};

const Dim n = Dim::size(0), m = Dim::size(1), k = Dim::size(2);

}  // namespace

TEST_CASE("elementwise chains, scalars and empty arrays") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f32, {n, m}), s = c.input(Elem::f32, {});
  const Val y = c.b.call("exp", {c.b.call("tanh", {c.b.mul(x, x)})});
  c.check({c.b.mul(y, c.b.broadcast(s, {n, m}, {})), c.b.add(s, s)}, {{3, 17}, {1, 1}, {0, 5}, {4, 64}, {300, 801}},
          1e-5);
}

TEST_CASE("functions of two vectors at once, of one, and of what is left") {
  for (const Elem e : {Elem::f32, Elem::f64}) {
    Case c({"n", "m"});
    const Val x = c.input(e, {n, m});
    const Val y = c.b.call("tanh", {c.b.mul(x, x)});
    c.check({c.b.call("exp", {y}), c.b.call("expm1", {x}), c.b.call("sin", {x})},
            {{1, 0}, {1, 1}, {2, 15}, {1, 16}, {3, 31}, {1, 32}, {2, 33}, {1, 100}}, e == Elem::f32 ? 1e-6 : 1e-14);
    CHECK(plan::print(plan::make_plan(c.f)).find("vector 2 at once") != std::string::npos);
  }
}

TEST_CASE("reductions over each axis and over all") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m});
  c.check({c.b.sum(x, {0}), c.b.sum(x, {1}), c.b.sum(x, {0, 1}), c.b.reduce("max", x, {1}), c.b.reduce("min", x, {0}),
           c.b.reduce("prod", x, {1})},
          {{3, 17}, {1, 1}, {7, 100}, {33, 2}});
}

TEST_CASE("a softmax over rows is one outer loop whose intermediate has one row") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m});
  const std::vector<Dim> to{n, m};
  const Val e = c.b.call("exp", {c.b.sub(x, c.b.broadcast(c.b.reduce("max", x, {1}), to, {0}))});
  c.check({c.b.div(e, c.b.broadcast(c.b.sum(e, {1}), to, {0}))}, {{3, 17}, {1, 1}, {5, 40}});
  const plan::Plan p = plan::make_plan(c.f);
  CHECK(p.body.size() == 1);
  REQUIRE(p.slots.size() == 1);
  REQUIRE(p.slots[0].bytes.size() == 1);
  CHECK(p.slots[0].bytes[0] == Dim(8) * m);
}

TEST_CASE("views: transpose, reshape, slice, place, concat, iota") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m});
  const Val t = c.b.transpose(x, {1, 0});
  const Val r = c.b.reshape(x, {n * m});
  const Val back = c.b.slice(x, {n - Dim(1), 0}, {-1, 1}, {n, m});
  const Val inner = c.b.slice(x, {1, 0}, {1, 1}, {n - Dim(1), m});
  const Val placed = c.b.place(inner, {1, 2}, {2, 1}, {n * Dim(2), m + Dim(3)});
  const Val joined = c.b.emit_op<ops::Concat>({x, inner}, {.axis = 0});
  const Val i = c.b.iota(Elem::f64, {n, m}, 1);
  c.check({t, r, back, placed, joined, c.b.mul(x, i)}, {{3, 17}, {1, 1}, {5, 8}});
}

TEST_CASE("contractions: products of matrices, a quadratic form, small static extents") {
  Case c({"n", "m", "k"});
  const Val a = c.input(Elem::f64, {n, k}), b = c.input(Elem::f64, {k, m}), v = c.input(Elem::f64, {k}),
            r = c.input(Elem::f64, {n, 3, 3});
  c.check({c.b.contract({a, b}, {{0, 1}, {1, 2}, {0, 2}}), c.b.contract({a, v}, {{0, 1}, {1}, {0}}),
           c.b.contract({v, b, v}, {{0}, {0, 1}, {0}, {1}}), c.b.contract({r, r}, {{0, 1, 2}, {0, 2, 3}, {0, 1, 3}})},
          {{3, 17, 9}, {1, 1, 1}, {20, 5, 33}}, 1e-11);
}

TEST_CASE("the first winner, and NaN before all") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m});
  const auto arg = [&](const char* op, std::int64_t axis) {
    return c.b.emit1(Builder::named(op), {x}, ops::AxisAttrs{axis});
  };
  const Val whole = c.b.convert(x, Elem::i64);
  c.check({arg("argmax", 1), arg("argmin", 0), c.b.emit_op<ops::ArgMin>({whole}, {.axis = 1})},
          {{3, 17}, {1, 1}, {9, 50}});
}

TEST_CASE("gather with a mask, and scatter_add as its transpose") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {Dim(4), m}), i = c.input(Elem::i64, {n}), mask = c.input(Elem::boolean, {n}),
            u = c.input(Elem::f64, {n, m});
  const Val g = c.b.emit_op<ops::Gather>({x, i}, {.labels = {{-1, 1}, {0}, {0, 1}}});
  const Val guarded = c.b.emit_op<ops::Gather>({x, i, mask}, {.labels = {{-1, 1}, {0}, {0}, {0, 1}}, .masked = true});
  const Val s = c.b.emit_op<ops::ScatterAdd>(
      {u, i, mask}, {.dims = {Dim(4), m}, .labels = {{0, 1}, {0}, {0}, {-1, 1}}, .masked = true});
  c.check({g, guarded, s}, {{3, 17}, {1, 1}, {20, 8}});
}

TEST_CASE("loops carry scalars and arrays, and stack what they collect, forwards and reversed") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m}), start = c.input(Elem::f64, {m});
  const auto results = c.b.scan(
      n, {start, c.b.constant(Elem::f64, 1)}, {x}, [&](Val, std::span<const Val> state, std::span<const Val> slice) {
        const Val next = c.b.add(c.b.mul(state[0], slice[0]), c.b.broadcast(state[1], {m}, {}));
        return std::pair{std::vector<Val>{next, c.b.add(state[1], c.b.sum(slice[0], {0}))},
                         std::vector<Val>{c.b.call("sin", {next})}};
      });
  c.check(results, {{3, 17}, {1, 1}, {0, 4}, {6, 9}}, 1e-11);
}

TEST_CASE("items of a small static shape fill the lanes, without workspace") {
  Case c({"n"});
  const Val x = c.input(Elem::f64, {n, 3});
  const Val norm = c.b.call("sqrt", {c.b.sum(c.b.mul(x, x), {1})});
  const Val y = c.b.div(x, c.b.broadcast(c.b.call("sin", {norm}), {n, 3}, {0}));
  c.check({y, norm}, {{1}, {5}, {16}, {37}}, 1e-11);
  CHECK(plan::make_plan(c.f).no_workspace());
}

TEST_CASE("every elementwise op agrees with its reference evaluation, special points included") {
  for (const ops::OpInfo& op : ops::all_ops()) {
    if (!op.elementwise || op.rule == ops::ElemRule::convert || ops::has_condition(op.rule)) continue;
    const bool integer = op.rule == ops::ElemRule::integer, logical = op.rule == ops::ElemRule::boolean;
    const std::vector<Elem> elems = integer   ? std::vector{Elem::i64, Elem::i32}
                                    : logical ? std::vector{Elem::boolean}
                                              : std::vector{Elem::f64, Elem::f32};
    for (const Elem elem : elems) {
      Case c({"n"});
      std::vector<Val> operands;
      for (int i = 0; i < op.operands; ++i) operands.push_back(c.input(elem, {n}));
      const ir::Attributes attrs = op.examples(elem).front().attrs;
      c.b.set_yields({c.b.emit1(op.code, operands, attrs)});
      constexpr std::int64_t count = 83;
      std::vector<ir::Tensor> arguments;
      for (int i = 0; i < op.operands; ++i) {
        ir::Tensor t = test::sample({elem, {n}}, {count}, static_cast<unsigned>(i + 1));
        const bool own = i > 0 && op.samples.low2 != op.samples.high2;
        const double low = own ? op.samples.low2 : op.samples.low, high = own ? op.samples.high2 : op.samples.high;
        for (std::size_t j = 0; j < t.reals.size(); ++j) {
          const double v = j < 64 && j % 8 < 8 ? op.samples.special[i == 0 ? j % 8 : j / 8]
                                               : low + (t.reals[j] + 2) / 4 * (high - low);
          t.reals[j] = elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
        }
        arguments.push_back(t);
      }
      // A slope's last operand is a function of the others.
      constexpr std::string_view kDependent = "_slope";
      if (op.name.ends_with(kDependent)) continue;
      CAPTURE(std::string(op.name));
      CHECK(test::compare(c.f, {count}, arguments, elem == Elem::f32 ? 2e-6 : 1e-13, 2).substr(0, 60) == "");
    }
  }
}

TEST_CASE("branches give scalars and arrays, and nest in loops") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m}), start = c.input(Elem::f64, {m});
  const auto results = c.b.scan(
      n, {start}, {x},
      [&](Val i, std::span<const Val> state, std::span<const Val> slice) {
        const Val even = c.b.compare("eq", c.b.call("imod", {i, c.b.integer(Elem::i64, 2)}), c.b.integer(Elem::i64, 0));
        const auto branch = [&](const char* op) {
          return c.b.in_block({}, [&](std::span<const Val>) {
            return std::vector<Val>{c.b.call(op, {state[0], slice[0]}),
                                    c.b.sum(c.b.call(op, {slice[0], slice[0]}), {0})};
          });
        };
        const auto then = branch("add"), otherwise = branch("mul");
        const auto r = c.b.emit(Builder::named("if"), {even}, {}, {then, otherwise});
        return std::pair{std::vector<Val>{r[0]}, std::vector<Val>{r[1]}};
      },
      true);
  c.check(results, {{4, 17}, {1, 1}, {5, 700}}, 1e-11);
}

TEST_CASE("reshapes that split and join extents") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m * Dim(2)}), y = c.input(Elem::f64, {n * m, 2});
  const Val folded = c.b.reshape(x, {n * m, 2});
  const Val flat = c.b.reshape(c.b.transpose(x, {1, 0}), {n * m * Dim(2)});
  c.check({c.b.add(folded, y), flat, c.b.sum(c.b.reshape(y, {n, m, 2}), {1})}, {{3, 17}, {1, 1}, {5, 8}});
}

TEST_CASE("refused calls return a status and write nothing") {
  Case c({"n"});
  const Val x = c.input(Elem::f64, {n});
  const Val bad = c.b.reduce("any", c.b.compare("gt", x, c.b.constant(Elem::f64, 1e9, {n})), {0});
  c.b.emit(Builder::named("assert"), {bad}, ops::Assert::Attrs{.message = "an element above 1e9"});
  c.b.set_yields({c.b.add(x, x)});
  CHECK(test::status(c.f, {4}, {{4}}) == RG_ASSERTION_FAILED);
  CHECK(test::status(c.f, {-1}, {}) == RG_INVALID_ARGUMENT);
  CHECK(test::status(c.f, {std::int64_t{1} << 61}, {}) == RG_INVALID_ARGUMENT);
  CHECK(test::status(c.f, {4}, {{5}}) == RG_INVALID_ARGUMENT);
}
