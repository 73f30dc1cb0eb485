// Contractions against the reference interpreter and, bit for bit, one thread against two: factors copied in panels and
// factors read in place, at extents around the tiles and blocks of both.
#include <doctest/doctest.h>

#include "compiler/plan/pass/pipeline.h"
#include "tests/lower/harness.h"

using namespace rg;
using ir::Builder;
using ir::Dim;
using ir::Elem;
using Val = ir::ValueId;
using Sizes = std::vector<std::int64_t>;

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
  void check(const std::vector<Sizes>& at, double tolerance, int level = 2) {
    for (const Sizes& s : at) {
      std::vector<ir::Tensor> arguments;
      unsigned seed = 1;
      for (const ir::Type& t : f.param_types()) arguments.push_back(test::sample(t, s, seed++));
      CAPTURE(s);
      CAPTURE(level);
      CHECK(test::compare(f, s, arguments, tolerance, level) == "");
    }
  }
  std::string dump() const { return plan::print(plan::make_plan(f)); }
};

const Dim n = Dim::size(0), m = Dim::size(1), k = Dim::size(2), batch = Dim::size(3);

// Empty, one, below and at and above a vector, a tile, a panel, a block of rows, a block of the reduced axis.
const std::vector<Sizes> edges{{0, 5, 7},     {5, 0, 7},      {6, 64, 0},    {1, 1, 1},     {3, 17, 9},
                               {12, 32, 16},  {13, 33, 17},   {11, 31, 15},  {24, 48, 255}, {4, 16, 256},
                               {25, 65, 257}, {193, 40, 300}, {97, 70, 513}, {200, 129, 70}};

struct Form {
  const char* name;
  bool transposed_row, transposed_column;
};
const Form forms[] = {{"x w", false, false}, {"x w'", false, true}, {"x' w", true, false}, {"x' w'", true, true}};

Case product(Elem e, const Form& form) {
  Case c({"n", "m", "k"});
  const Val a = c.input(e, form.transposed_row ? std::vector{k, n} : std::vector{n, k}),
            b = c.input(e, form.transposed_column ? std::vector{m, k} : std::vector{k, m});
  using Labels = std::vector<std::int64_t>;
  const Labels row = form.transposed_row ? Labels{2, 0} : Labels{0, 2},
               column = form.transposed_column ? Labels{1, 2} : Labels{2, 1};
  c.b.set_yields({c.b.contract({a, b}, {row, column, {0, 1}})});
  return c;
}

}  // namespace

TEST_CASE("products of plain and transposed factors, both widths") {
  for (const Form& form : forms) {
    for (const Elem e : {Elem::f32, Elem::f64}) {
      CAPTURE(form.name);
      Case c = product(e, form);
      CHECK(c.dump().find("packed") != std::string::npos);
      c.check(edges, e == Elem::f32 ? 2e-5 : 1e-13);
      c.check({{13, 33, 17}}, e == Elem::f32 ? 2e-5 : 1e-13, 0);
    }
  }
}

TEST_CASE("a product large enough for threads is the same on two, whatever the shares") {
  for (const Form& form : forms) product(Elem::f32, form).check({{131, 150, 270}, {401, 33, 64}}, 2e-5);
}

TEST_CASE("factors that are computed, and what is done with each element") {
  Case c({"n", "m", "k"});
  const Val a = c.input(Elem::f32, {n, k}), w = c.input(Elem::f32, {m, k}), b = c.input(Elem::f32, {k, m}),
            bias = c.input(Elem::f32, {m}), scale = c.input(Elem::f32, {k});
  const Val z = c.b.add(c.b.contract({a, b}, {{0, 1}, {1, 2}, {0, 2}}), c.b.broadcast(bias, {n, m}, {1}));
  const Val scaled = c.b.mul(a, c.b.broadcast(scale, {n, k}, {1}));
  const Val t = c.b.contract({scaled, w}, {{0, 2}, {1, 2}, {0, 1}});
  const Val g = c.b.contract({a, z}, {{0, 1}, {0, 2}, {1, 2}});
  c.b.set_yields({c.b.mul(z, z), t, g});
  c.check({{13, 70, 21}, {1, 1, 1}, {101, 65, 40}, {6, 64, 0}, {70, 20, 300}}, 2e-5);
}

TEST_CASE("batches lead a product, and each thread copies the factors of its own") {
  for (const Elem e : {Elem::f32, Elem::f64}) {
    Case c({"n", "m", "k", "batch"});
    const Val a = c.input(e, {batch, n, k}), b = c.input(e, {batch, k, m}), w = c.input(e, {batch, m, k});
    c.b.set_yields({c.b.contract({a, b}, {{3, 0, 2}, {3, 2, 1}, {3, 0, 1}}),
                    c.b.contract({a, w}, {{3, 0, 2}, {3, 1, 2}, {3, 0, 1}})});
    c.check({{5, 17, 9, 3}, {1, 1, 1, 1}, {7, 9, 4, 0}, {40, 33, 270, 20}}, e == Elem::f32 ? 2e-5 : 1e-13);
  }
}

TEST_CASE("small products of known extents are read in place, unless that changes the order of sums") {
  for (const Form& form : forms) {
    Case c = product(Elem::f64, form);
    for (const Sizes& s : {Sizes{17, 19, 20}, Sizes{31, 30, 33}, Sizes{20, 50, 32}}) {
      Case known({"n", "m", "k"});
      known.f = c.f;
      for (ir::Value& v : known.f.values) v.type = v.type.substitute(std::vector{Dim(s[0]), Dim(s[1]), Dim(s[2])});
      CHECK((known.dump().find("packed") != std::string::npos) == form.transposed_column);
      known.check({s}, 1e-13);
    }
  }
}

TEST_CASE("products of an array with itself are computed on one side of the diagonal") {
  const std::vector<Sizes> sizes{{0, 5},  {1, 1},    {5, 0},   {11, 3},  {12, 16},
                                 {16, 9}, {17, 300}, {64, 40}, {97, 33}, {130, 70}};
  for (const Elem e : {Elem::f32, Elem::f64}) {
    const double tolerance = e == Elem::f32 ? 2e-5 : 1e-13;
    {
      Case c({"n", "m"});  // x x'
      const Val x = c.input(e, {n, m});
      c.b.set_yields({c.b.contract({x, x}, {{0, 2}, {1, 2}, {0, 1}})});
      CHECK(c.dump().find("symmetric") != std::string::npos);
      c.check(sizes, tolerance);
    }
    {
      Case c({"n", "m", "k"});  // a batch of x' diag(w) x, and one as great with what follows it
      const Val x = c.input(e, {k, m, n}), w = c.input(e, {k, m});
      const Val scaled = c.b.mul(x, c.b.broadcast(w, {k, m, n}, {0, 1}));
      const Val s = c.b.contract({scaled, x}, {{3, 2, 0}, {3, 2, 1}, {3, 0, 1}});
      const Val t = c.b.contract({x, x}, {{3, 2, 0}, {3, 2, 1}, {3, 0, 1}});
      c.b.set_yields({c.b.sum(c.b.mul(s, s), {1}), c.b.call("tanh", {t})});
      CHECK(c.dump().find("symmetric") != std::string::npos);
      for (Sizes at : sizes) {
        at.push_back(2);
        c.check({at}, tolerance);
      }
    }
  }
}

TEST_CASE("products that are not symmetric are computed on both sides of the diagonal") {
  Case c({"n", "m"});
  const Val x = c.input(Elem::f64, {n, m}), y = c.input(Elem::f64, {n, m}), w = c.input(Elem::f64, {n});
  const Val scaled = c.b.mul(x, c.b.broadcast(w, {n, m}, {0}));
  using Labels = std::vector<std::int64_t>;
  const Labels row{0, 2}, column{1, 2}, both{0, 1};
  c.b.set_yields({c.b.contract({x, y}, {row, column, both}), c.b.contract({scaled, x}, {row, column, both})});
  CHECK(c.dump().find("symmetric") == std::string::npos);
  c.check({{17, 9}, {64, 40}}, 1e-13);
}

TEST_CASE("what is only summed over the rows of a product is added up tile by tile") {
  for (const Elem e : {Elem::f32, Elem::f64}) {
    Case c({"n", "m", "k", "batch"});
    const Val a = c.input(e, {batch, m, k}), x = c.input(e, {n, k}), mu = c.input(e, {batch, k}), w = c.input(e, {m});
    const std::vector<Dim> all{n, batch, k};
    const Val r = c.b.sub(c.b.broadcast(x, all, {0, 2}), c.b.broadcast(mu, all, {1, 2}));
    const Val z = c.b.contract({a, r}, {{1, 2, 3}, {0, 1, 3}, {0, 1, 2}});
    const Val term = c.b.mul(c.b.broadcast(w, {n, batch, m}, {2}), c.b.mul(z, z));
    c.b.set_yields({c.b.call("tanh", {c.b.sum(term, {2})})});
    const std::string dump = c.dump();
    CHECK(dump.find("packed") != std::string::npos);
    CHECK(dump.find("+= mul(in3[") != std::string::npos);
    CHECK(dump.find("tile contract") == std::string::npos);
    c.check(
        {{5, 17, 9, 3}, {1, 1, 1, 1}, {0, 4, 4, 2}, {7, 0, 4, 2}, {7, 4, 0, 2}, {40, 33, 270, 20}, {33, 200, 20, 2}},
        e == Elem::f32 ? 2e-4 : 1e-12);
  }
}

TEST_CASE("a product that is read elsewhere too is stored") {
  Case c({"n", "m", "k", "batch"});
  const Val a = c.input(Elem::f64, {batch, m, k}), x = c.input(Elem::f64, {n, k});
  const Val z = c.b.contract({a, x}, {{1, 2, 3}, {0, 3}, {1, 0, 2}});
  c.b.set_yields({c.b.sum(c.b.mul(z, z), {2}), c.b.sum(z, {1})});
  CHECK(c.dump().find("+= ") == std::string::npos);
  c.check({{5, 17, 9, 3}, {33, 20, 40, 2}}, 1e-12);
}
