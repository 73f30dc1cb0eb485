// Derivatives through the whole preparation, run by the interpreter and compared with differences and known values.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compiler/ad/expand.h"
#include "compiler/ops/all.h"
#include "compiler/opt/pipeline.h"
#include "compiler/oracle/oracle.h"

namespace {

using namespace rg;
using namespace rg::ir;

using Body = std::function<std::vector<ValueId>(Builder&, std::span<const ValueId>)>;

Function make(std::string name, std::vector<std::string> sizes, const std::vector<Type>& params, const Body& body) {
  Function f;
  f.name = std::move(name);
  f.size_names = std::move(sizes);
  Builder b(f);
  for (const Type& t : params) b.add_param(t);
  const std::vector<ValueId> values = f.block(f.body).params;
  b.set_yields(body(b, values));
  return f;
}

const Type kScalar{Elem::f64, {}};
const Dim n = Dim::size(0);

std::vector<Dim> all_sizes(const Function& f) {
  std::vector<Dim> out;
  for (std::size_t i = 0; i < f.size_names.size(); ++i) out.push_back(Dim::size(static_cast<std::uint32_t>(i)));
  return out;
}

ops::Derive::Attrs derivative(ops::DeriveMode mode, const Function& of) {
  return {.mode = mode, .callee = {of.name}, .sizes = all_sizes(of), .wrt = {0}};
}

// name(x…) = the gradient of the scalar function `of` with respect to its first parameter.
Function gradient(const Function& of, std::string name) {
  return make(std::move(name), of.size_names, of.param_types(), [&](Builder& b, std::span<const ValueId> x) {
    std::vector<ValueId> operands(x.begin(), x.end());
    operands.push_back(b.constant(Elem::f64, 1));
    const auto r = b.emit_typed(ops::opcode<ops::Derive>(), operands, derivative(ops::DeriveMode::vjp, of), {},
                                {kScalar, of.param_types()[0]});
    return std::vector<ValueId>{r[1]};
  });
}

// name(x…) = the tangent of `of` in its first parameter along 1.
Function slope(const Function& of, std::string name) {
  return make(std::move(name), of.size_names, of.param_types(), [&](Builder& b, std::span<const ValueId> x) {
    std::vector<ValueId> operands(x.begin(), x.end());
    operands.push_back(b.one(x[0]));
    const auto r = b.emit_typed(ops::opcode<ops::Derive>(), operands, derivative(ops::DeriveMode::jvp, of), {},
                                {kScalar, kScalar});
    return std::vector<ValueId>{r[1]};
  });
}

Function jacobian_of(const Function& of, std::string name, ops::DeriveMode mode) {
  return make(std::move(name), of.size_names, of.param_types(), [&](Builder& b, std::span<const ValueId> x) {
    Type j = of.result_types()[0];
    const std::vector<Dim> in = of.param_types()[0].dims;
    j.dims.insert(j.dims.end(), in.begin(), in.end());
    const auto r = b.emit_typed(ops::opcode<ops::Derive>(), {x.begin(), x.end()}, derivative(mode, of), {},
                                {of.result_types()[0], j});
    return std::vector<ValueId>{r[1]};
  });
}

Function ready(const Module& m, std::string_view name) {
  auto f = opt::prepare(m, name, ad::expand_derive);
  REQUIRE(f);
  return *f;
}

Tensor vector(std::vector<double> v) {
  Tensor t(Elem::f64, {static_cast<std::int64_t>(v.size())});
  t.reals = std::move(v);
  return t;
}

Tensor matrix(std::vector<double> v) {  // 2 by 2
  Tensor t(Elem::f64, {2, 2});
  t.reals = std::move(v);
  return t;
}

std::vector<double> run(const Module& m, std::string_view name, std::vector<std::int64_t> sizes,
                        std::vector<Tensor> args) {
  const Function f = ready(m, name);
  auto r = oracle::interpret(m, f, sizes, args);
  REQUIRE_MESSAGE(r, (r ? std::string() : r.error()));
  return (*r)[0].reals;
}

std::size_t count(const Function& f, Opcode op) {
  std::size_t c = 0;
  for (const Block& b : f.blocks) {
    for (const InstrId i : b.instrs) c += f.instr(i).op == op;
  }
  return c;
}

}  // namespace

TEST_CASE("derivatives of every order of x exp(sin x) / (1 + x²), in both modes") {
  Module m;
  m.functions.push_back(make("f", {}, {kScalar}, [](Builder& b, std::span<const ValueId> x) {
    const ValueId top = b.mul(x[0], b.call("exp", {b.call("sin", {x[0]})}));
    return std::vector<ValueId>{b.div(top, b.add(b.one(x[0]), b.mul(x[0], x[0])))};
  }));
  // Orders 1 to 4 at x = 0.7, from differentiation with 40 digits.
  const std::vector<double> expected{1.121826952506580037, -1.4068889434081178571, -2.3854073820953600254,
                                     8.9953616272306956136};
  std::string r = "f", s = "f", mixed = "f";
  for (std::size_t k = 0; k < 4; ++k) {
    m.functions.push_back(gradient(*m.find(r), "r" + std::to_string(k)));
    r = m.functions.back().name;
    m.functions.push_back(slope(*m.find(s), "s" + std::to_string(k)));
    s = m.functions.back().name;
    m.functions.push_back(k % 2 == 0 ? gradient(*m.find(mixed), "m" + std::to_string(k))
                                     : slope(*m.find(mixed), "m" + std::to_string(k)));
    mixed = m.functions.back().name;
    const double by_reverse = run(m, r, {}, {Tensor::scalar(Elem::f64, 0.7)})[0];
    const double by_forward = run(m, s, {}, {Tensor::scalar(Elem::f64, 0.7)})[0];
    const double by_both = run(m, mixed, {}, {Tensor::scalar(Elem::f64, 0.7)})[0];
    for (const double value : {by_reverse, by_forward, by_both}) CHECK(std::abs(value / expected[k] - 1) < 1e-12);
  }
}

TEST_CASE("where(x > 0, log x, 0) has first and second derivative 0 where it is 0") {
  Module m;
  m.functions.push_back(make("f", {}, {kScalar}, [](Builder& b, std::span<const ValueId> x) {
    const ValueId positive = b.compare("gt", x[0], b.zero(x[0]));
    return std::vector<ValueId>{b.select(positive, b.call("log", {x[0]}), b.zero(x[0]))};
  }));
  m.functions.push_back(gradient(m.functions[0], "g"));
  m.functions.push_back(gradient(m.functions[1], "gg"));
  m.functions.push_back(slope(m.functions[1], "gs"));
  m.functions.push_back(slope(m.functions[0], "s"));
  m.functions.push_back(gradient(m.functions[4], "sg"));
  for (const char* name : {"g", "gg", "gs", "s", "sg"}) {
    CHECK(run(m, name, {}, {Tensor::scalar(Elem::f64, 0)})[0] == 0);
    CHECK(run(m, name, {}, {Tensor::scalar(Elem::f64, -1)})[0] == 0);
  }
  CHECK(run(m, "gg", {}, {Tensor::scalar(Elem::f64, 2)})[0] == doctest::Approx(-0.25));
}

TEST_CASE("sum(x @ w) needs no product of matrices, and its gradient holds no contraction") {
  Module m;
  const Dim k = Dim::size(1), c = Dim::size(2);
  m.functions.push_back(make(
      "f", {"n", "k", "c"}, {{Elem::f64, {n, k}}, {Elem::f64, {k, c}}}, [](Builder& b, std::span<const ValueId> x) {
        return std::vector<ValueId>{b.sum(b.contract({x[0], x[1]}, {{0, 1}, {1, 2}, {0, 2}}), {0, 1})};
      }));
  m.functions.push_back(gradient(m.functions[0], "g"));
  CHECK(count(ready(m, "g"), ops::opcode<ops::Contract>()) == 0);
  const Function value = ready(m, "f");
  for (const Instr& i : value.instrs) {
    if (i.op != ops::opcode<ops::Contract>()) continue;
    CHECK(std::ranges::count_if(i.operands, [&](ValueId v) { return value.type(v).rank() == 2; }) <= 1);
  }
  const auto y = run(m, "f", {2, 2, 2}, {matrix({1, 2, 3, 4}), matrix({5, 6, 7, 8})});
  CHECK(y[0] == 19 + 22 + 43 + 50);
}

TEST_CASE("the Jacobian is the same in both modes, and the Hessian of Rosenbrock's valley is right") {
  Module m;
  m.functions.push_back(make("f", {"n"}, {{Elem::f64, {n}}}, [](Builder& b, std::span<const ValueId> x) {
    const ValueId head = b.slice(x[0], {0}, {1}, {n - Dim(1)}), tail = b.slice(x[0], {1}, {1}, {n - Dim(1)});
    const ValueId a = b.sub(tail, b.mul(head, head)), c = b.sub(b.one(head), head);
    return std::vector<ValueId>{b.sum(b.add(b.mul(b.like(a, 100), b.mul(a, a)), b.mul(c, c)), {0})};
  }));
  m.functions.push_back(gradient(m.functions[0], "g"));
  m.functions.push_back(jacobian_of(m.functions[1], "hf", ops::DeriveMode::jacobian_forward));
  m.functions.push_back(jacobian_of(m.functions[1], "hr", ops::DeriveMode::jacobian_reverse));
  CHECK(run(m, "g", {2}, {vector({1, 2})}) == std::vector<double>{-400, 200});
  const std::vector<double> expected{1200 - 800 + 2, -400, -400, 200};
  CHECK(run(m, "hf", {2}, {vector({1, 2})}) == expected);
  CHECK(run(m, "hr", {2}, {vector({1, 2})}) == expected);
}

TEST_CASE("a loop is differentiated in reverse, twice") {
  // x_{k+1} = sin(x_k) + c_k x_k, stacked; the value is the sum of the stack times the last state.
  Module m;
  m.functions.push_back(make("f", {"n"}, {{Elem::f64, {n}}}, [](Builder& b, std::span<const ValueId> x) {
    const ValueId start = b.reshape(b.slice(x[0], {0}, {1}, {1}), {});
    const auto r = b.scan(n, {start}, {x[0]}, [&](ValueId, std::span<const ValueId> s, std::span<const ValueId> c) {
      const ValueId next = b.add(b.call("sin", {s[0]}), b.mul(c[0], b.mul(s[0], start)));
      return std::pair{std::vector{next}, std::vector{next}};
    });
    return std::vector<ValueId>{b.mul(b.sum(r[1], {0}), r[0])};
  }));
  m.functions.push_back(gradient(m.functions[0], "g"));
  m.functions.push_back(jacobian_of(m.functions[1], "h", ops::DeriveMode::jacobian_forward));
  m.functions.push_back(jacobian_of(m.functions[1], "hr", ops::DeriveMode::jacobian_reverse));
  const std::vector<double> at{0.3, -0.4, 0.9, 1.1};
  const auto g = run(m, "g", {4}, {vector(at)});
  const auto h = run(m, "h", {4}, {vector(at)}), hr = run(m, "hr", {4}, {vector(at)});
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto shifted = [&](std::string_view name, double by) {
      auto x = at;
      x[i] += by;
      return run(m, name, {4}, {vector(x)});
    };
    const double e = 1e-5;
    CHECK(g[i] == doctest::Approx((shifted("f", e)[0] - shifted("f", -e)[0]) / (2 * e)).epsilon(1e-8));
    const auto up = shifted("g", e), down = shifted("g", -e);
    for (std::size_t j = 0; j < at.size(); ++j) {
      CHECK(h[j * 4 + i] == doctest::Approx((up[j] - down[j]) / (2 * e)).epsilon(1e-7));
      CHECK(hr[j * 4 + i] == doctest::Approx(h[j * 4 + i]).epsilon(1e-12));
    }
  }
}
