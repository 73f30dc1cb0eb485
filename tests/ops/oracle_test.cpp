// The oracle itself: its derivatives against differences of its own values in multiprecision, which know nothing of the
// ops' partials, and its conventions on programs whose values are known.
#include "compiler/oracle/oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;
using ir::Tensor;

namespace {

constexpr int kBits = 256;
// A third of the digits, so that what the difference leaves out and what rounding adds, relative to the values, are
// both about 2^-170.
constexpr double kStep = 0x1p-85;

bool differentiable(const Subject& s) {
  return !s.example.fails && has_floating_result(s.f()) && !floating_params(s.f()).empty();
}

/// Adds a function `name` of the parameters of `of` and a direction for each of `wrt`: the central difference of the
/// floating results along it.
void add_difference(ir::Module& m, const ir::Function& of, const std::string& name,
                    const std::vector<std::int64_t>& wrt) {
  ir::Function f;
  f.name = name;
  f.size_names = of.size_names;
  ir::Builder b(f);
  std::vector<ir::ValueId> x, v;
  for (const ir::Type& t : of.param_types()) x.push_back(b.add_param(t));
  for (const std::int64_t k : wrt) v.push_back(b.add_param(b.type(x[static_cast<std::size_t>(k)])));
  const auto at = [&](double step) {
    std::vector<ir::ValueId> moved = x;
    for (std::size_t k = 0; k < wrt.size(); ++k) {
      ir::ValueId& p = moved[static_cast<std::size_t>(wrt[k])];
      p = b.op<ops::Add>(p, b.op<ops::Mul>(v[k], b.like(v[k], step)));
    }
    ops::Call::Attrs attrs{.callee = {of.name}};
    for (std::uint32_t i = 0; i < f.size_names.size(); ++i) attrs.sizes.push_back(ir::Dim::size(i));
    return b.emit_typed(ops::opcode<ops::Call>(), moved, attrs, {}, of.result_types());
  };
  const auto up = at(kStep), down = at(-kStep);
  std::vector<ir::ValueId> out;
  for (std::size_t k = 0; k < up.size(); ++k) {
    if (!ir::is_float(b.type(up[k]).elem)) continue;
    const ir::ValueId difference = b.op<ops::Sub>(up[k], down[k]);
    out.push_back(b.op<ops::Mul>(difference, b.like(difference, 0.5 / kStep)));
  }
  b.set_yields(out);
  m.functions.push_back(std::move(f));
}

double greatest(const Tensors& a) {
  double out = 0;
  for (const Tensor& t : a) {
    for (const double v : t.reals) out = std::isnan(v) ? v : std::max(out, std::abs(v));
  }
  return out;
}

/// The greatest difference, in units of the greatest magnitude and 1.
double apart(const Tensors& a, const Tensors& b) {
  double most = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].reals.size(); ++i) {
      const double d = std::abs(a[k].reals[i] - b[k].reals[i]);
      most = std::isnan(d) ? d : std::max(most, d);
    }
  }
  return most / (1 + greatest(b));
}

Tensors evaluated(const ir::Module& m, std::string_view name, std::span<const std::int64_t> sizes, const Tensors& x) {
  const auto r = oracle::interpret(m, *m.find(name), sizes, x, kBits);
  REQUIRE_MESSAGE(r, (r ? "" : r.error()));
  return *r;
}

double inner(const Tensors& a, const Tensors& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].reals.size(); ++i) sum += a[k].reals[i] * b[k].reals[i];
  }
  return sum;
}

Tensors appended(Tensors a, const Tensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Whether a difference says nothing of the derivative: what is not differentiable has derivative 0 by convention, a
/// product that a seed guards keeps the derivative in it, and a conversion rounds.
bool by_convention(const Subject& s) {
  return s.op.name == ops::GuardedMul::name ||
         (s.op.elementwise && s.op.derivative == ops::Derivative::not_differentiable) ||
         std::ranges::any_of(s.f().result_types(), [](const ir::Type& t) { return t.elem == Elem::f32; });
}

}  // namespace

TEST_CASE("the oracle's derivatives of every op are the limits of differences in multiprecision, to order two") {
  Random random(12);
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (!differentiable(s) || by_convention(s)) return;
    const std::vector<std::int64_t> wrt = floating_params(s.f());
    ir::Module m = s.module;
    const auto added = [&](const ir::Function& of, const std::string& name, const std::string& mode) {
      return add_derivative(m, of, name, mode, wrt).name;
    };
    added(*m.find("f"), "jvp", "jvp");
    added(*m.find("f"), "vjp", "vjp");
    added(*m.find("jvp"), "second", "jvp");
    add_difference(m, *m.find("f"), "difference", wrt);
    add_difference(m, *m.find("jvp"), "second_difference", wrt);
    const auto types = s.f().param_types();
    for (std::size_t at = 0; at < std::min<std::size_t>(s.example.sizes.size(), 2); ++at) {
      const auto& sizes = s.example.sizes[at];
      const Tensors x = draw(s, sizes, random);
      Tensors v, w, u;
      for (const std::int64_t k : wrt) {
        v.push_back(direction(types[static_cast<std::size_t>(k)], sizes, random));
        w.push_back(direction(types[static_cast<std::size_t>(k)], sizes, random));
      }
      for (const ir::Type& t : s.f().result_types()) {
        if (ir::is_float(t.elem)) u.push_back(direction(t, sizes, random));
      }
      const Tensors tangent = evaluated(m, "jvp", sizes, appended(x, v));
      CHECK(apart(tangent, evaluated(m, "difference", sizes, appended(x, v))) <= 1e-13);
      const Tensors adjoint = evaluated(m, "vjp", sizes, appended(x, u));
      CHECK(std::abs(inner(adjoint, v) - inner(u, tangent)) <= 1e-12 * (1 + greatest(adjoint) + greatest(tangent)));
      const Tensors second = evaluated(m, "second", sizes, appended(appended(x, v), w));
      CHECK(apart(second, evaluated(m, "second_difference", sizes, appended(appended(x, v), w))) <= 1e-13);
    }
  });
}

TEST_CASE("an op alone in multiprecision") {
  CHECK(oracle::evaluate(ops::opcode<ops::Exp>(), {}, std::array{1.0}, 128) == 2.718281828459045);
  CHECK(oracle::evaluate(ops::opcode<ops::Erfc>(), {}, std::array{20.0}, 128) == 5.395865611607901e-176);
  const oracle::Derivatives quotient = oracle::derivatives(ops::opcode<ops::Div>(), {}, std::array{1.0, 3.0}, 128);
  CHECK(quotient.value == 1.0 / 3);
  CHECK(quotient.first == std::vector{1.0 / 3, -1.0 / 9});
  CHECK(quotient.second == std::vector{0.0, -1.0 / 9, -1.0 / 9, 2.0 / 27});
  // Abramowitz and Stegun, table 6.1: ψ'(1) = π²/6; ψ''(1) = -2 ζ(3).
  CHECK(oracle::evaluate(ops::opcode<ops::Polygamma>(), ops::OrderAttrs{1}, std::array{1.0}, 200) ==
        1.6449340668482264365);
  CHECK(oracle::evaluate(ops::opcode<ops::Polygamma>(), ops::OrderAttrs{2}, std::array{1.0}, 200) ==
        -2.4041138063191885708);
  CHECK(oracle::evaluate(ops::opcode<ops::Polygamma>(), ops::OrderAttrs{1}, std::array{-0.5}, 200) ==
        8.9348022005446793094);
}
