// The derivatives of every op: both modes against extrapolated differences and against each other, the second
// derivative, and what compiled code makes of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;
using ir::Tensor;

namespace {

Tensors floating(const Tensors& all) {
  Tensors out;
  for (const Tensor& t : all) {
    if (t.is_real()) out.push_back(t);
  }
  return out;
}

double inner(const Tensors& a, const Tensors& b, double* magnitude = nullptr) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].reals.size(); ++i) {
      sum += a[k].reals[i] * b[k].reals[i];
      if (magnitude != nullptr) *magnitude += std::abs(a[k].reals[i] * b[k].reals[i]);
    }
  }
  return sum;
}

Tensors combine(const Tensors& a, double s, const Tensors& b, double t) {
  Tensors out = a;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i < a[k].reals.size(); ++i) out[k].reals[i] = s * a[k].reals[i] + t * b[k].reals[i];
  }
  return out;
}

double greatest(const Tensors& a) {
  double out = 0;
  for (const Tensor& t : a) {
    for (const double v : t.reals) out = std::isnan(v) ? v : std::max(out, std::abs(v));
  }
  return out;
}

Tensors appended(Tensors a, const Tensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Richardson's extrapolation of central differences of a function along a line, of order h^6, and how far its last two
/// stages are apart.
struct Difference {
  Tensors value;
  double doubt;
};

Difference differentiate(const std::function<Tensors(double)>& f, double h) {
  const auto central = [&](double s) { return combine(f(s), 1 / (2 * s), f(-s), -1 / (2 * s)); };
  const Tensors a = central(h), b = central(h / 2), c = central(h / 4);
  const Tensors ab = combine(b, 4.0 / 3, a, -1.0 / 3), bc = combine(c, 4.0 / 3, b, -1.0 / 3);
  return {combine(bc, 16.0 / 15, ab, -1.0 / 15), greatest(combine(ab, 1, bc, -1))};
}

/// A subject with its derivatives: the tangent, the adjoint, and the tangent of the adjoint.
class Derivatives {
 public:
  explicit Derivatives(Subject& s) : Derivatives(s, floating_params(s.f())) {}
  Derivatives(Subject& s, std::vector<std::int64_t> wrt) : s_(s), wrt_(std::move(wrt)) {
    ir::Module m = s.module;
    add_derivative(m, s.f(), "jvp", "jvp", wrt_);
    const ir::Function& reverse = add_derivative(m, s.f(), "vjp", "vjp", wrt_);
    add_derivative(m, reverse, "second", "jvp", wrt_);
    f_ = prepared(m, "f");
    jvp_ = prepared(m, "jvp");
    vjp_ = prepared(m, "vjp");
    second_ = prepared(m, "second");
  }

  const ir::Function& vjp() const { return vjp_; }
  /// The blocks of the Jacobian, results by parameters, in one of the modes.
  ir::Function jacobian(ops::DeriveMode mode) const {
    ir::Module m = s_.module;
    add_jacobian(m, s_.f(), "jacobian", mode, wrt_);
    return prepared(m, "jacobian");
  }

  void draw(std::span<const std::int64_t> sizes, Random& random) {
    sizes_.assign(sizes.begin(), sizes.end());
    x_ = test::draw(s_, sizes, random);
    const auto params = s_.f().param_types();
    v_.clear();
    u_.clear();
    for (const std::int64_t k : wrt_) v_.push_back(direction(params[static_cast<std::size_t>(k)], sizes, random));
    for (const ir::Type& t : s_.f().result_types()) {
      if (ir::is_float(t.elem)) u_.push_back(direction(t, sizes, random));
    }
  }

  /// The arguments moved along v.
  Tensors moved(double t) const {
    Tensors x = x_;
    if (t == 0) return x;  // zeros keep their signs
    for (std::size_t k = 0; k < wrt_.size(); ++k) {
      Tensor& to = x[static_cast<std::size_t>(wrt_[k])];
      for (std::size_t i = 0; i < to.reals.size(); ++i) to.reals[i] += t * v_[k].reals[i];
    }
    return x;
  }
  Tensors value(double t) const { return floating(run(s_.module, f_, sizes_, moved(t))); }
  Tensors tangent() const { return run(s_.module, jvp_, sizes_, appended(x_, v_)); }
  Tensors adjoint(double t = 0) const { return run(s_.module, vjp_, sizes_, appended(moved(t), u_)); }
  Tensors adjoint_tangent() const { return run(s_.module, second_, sizes_, appended(appended(x_, u_), v_)); }
  /// A step that stays in the intervals that operands are drawn from, by half of their lower ends.
  double step() const {
    double h = 1e-2;
    for (const ops::ExampleOperand& o : s_.example.operands) {
      if (o.low > 0) h = std::min(h, o.low / 2);
      h = std::min(h, (o.high - o.low) / 40);
    }
    return h;
  }

  Tensors& x() { return x_; }
  Tensors& v() { return v_; }
  Tensors& u() { return u_; }

 private:
  Subject& s_;
  std::vector<std::int64_t> wrt_;
  ir::Function f_, jvp_, vjp_, second_;
  std::vector<std::int64_t> sizes_;
  Tensors x_, v_, u_;
};

bool differentiable(const Subject& s) {
  return !s.example.fails && has_floating_result(s.f()) && !floating_params(s.f()).empty();
}

/// Results that are f32 are rounded, so that differences of them know half of the digits.
bool narrow(const Subject& s) {
  return std::ranges::any_of(s.f().result_types(), [](const ir::Type& t) { return t.elem == Elem::f32; });
}

/// Counts comparisons with differences that have converged: an op's kinks are left alone, but not more than half of
/// what is drawn.
struct Count {
  int used = 0, all = 0;
  void check(const Difference& d, const Tensors& got, double tolerance) {
    const double scale = 1 + greatest(d.value);
    ++all;
    if (!(d.doubt <= 100 * tolerance * scale)) return;
    ++used;
    CHECK(greatest(combine(got, 1, d.value, -1)) <= tolerance * scale);
  }
};

}  // namespace

TEST_CASE("tangents against differences, adjoints against tangents, second derivatives against differences") {
  Random random(11);
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (!differentiable(s)) return;
    // Its operands depend on each other: tested in hard_zero_test.
    if (s.op.rule == ops::ElemRule::guarded) return;
    Derivatives d(s);
    Count first, second;
    const bool constant = s.op.elementwise && s.op.derivative == ops::Derivative::not_differentiable;
    const int rounds = s.example.about == "scalar" ? 12 : 2;
    for (std::size_t at = 0; at < std::min<std::size_t>(s.example.sizes.size(), 4); ++at) {
      for (int round = 0; round < rounds; ++round) {
        d.draw(s.example.sizes[at], random);
        const Tensors tangent = d.tangent(), adjoint = d.adjoint();
        double magnitude = 0;
        const double left = inner(adjoint, d.v(), &magnitude), right = inner(d.u(), tangent, &magnitude);
        CHECK(std::abs(left - right) <= (narrow(s) ? 1e-6 : 1e-12) * (1 + magnitude));
        if (constant) {
          CHECK(greatest(tangent) == 0);
          CHECK(greatest(adjoint) == 0);
          continue;
        }
        const double h = narrow(s) ? 0.5 : d.step();
        first.check(differentiate([&](double t) { return d.value(t); }, h), tangent, narrow(s) ? 1e-5 : 1e-8);
        second.check(differentiate([&](double t) { return d.adjoint(t); }, h), d.adjoint_tangent(),
                     narrow(s) ? 1e-5 : 1e-7);
      }
    }
    CHECK(2 * first.used >= first.all);
    CHECK(2 * second.used >= second.all);
  });
}

TEST_CASE("both modes agree at special points, kinks and infinities included") {
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (!differentiable(s) || !s.op.elementwise || s.example.about != "vector" || narrow(s)) return;
    const auto& special = s.op.samples.special;
    const std::vector<std::int64_t> sizes{static_cast<std::int64_t>(special.size() * special.size()), 1};
    const std::vector<std::int64_t> params = floating_params(s.f());
    for (const std::int64_t of : params) {
      Derivatives d(s, {of});
      Random random(5);
      d.draw(sizes, random);
      for (std::size_t k = 0; k < params.size(); ++k) {
        Tensor& t = d.x()[static_cast<std::size_t>(params[k])];
        for (std::size_t i = 0; i < t.reals.size(); ++i)
          t.reals[i] = special[k == 0 ? i % special.size() : i / special.size()];
      }
      // The tangent along 1 is the adjoint for 1, element by element.
      std::ranges::fill(d.v()[0].reals, 1);
      std::ranges::fill(d.u()[0].reals, 1);
      CAPTURE(of);
      CHECK(difference(d.tangent(), d.adjoint(), {}) == "");
    }
  });
}

TEST_CASE("a Jacobian in either mode takes a direction to its tangent") {
  Random random(8);
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (!differentiable(s) || (s.op.elementwise && s.example.about != "vector")) return;
    Derivatives d(s);
    for (const ops::DeriveMode mode : {ops::DeriveMode::jacobian_forward, ops::DeriveMode::jacobian_reverse}) {
      const ir::Function f = d.jacobian(mode);
      for (std::size_t at = 0; at < std::min<std::size_t>(s.example.sizes.size(), 3); ++at) {
        d.draw(s.example.sizes[at], random);
        const Tensors blocks = run(s.module, f, s.example.sizes[at], d.x());
        Tensors product = d.tangent();
        const Tensors want = product;
        for (std::size_t r = 0; r < product.size(); ++r) {
          std::ranges::fill(product[r].reals, 0);
          for (std::size_t w = 0; w < d.v().size(); ++w) {
            const std::vector<double>&block = blocks[r * d.v().size() + w].reals, &v = d.v()[w].reals;
            REQUIRE(block.size() == product[r].reals.size() * v.size());
            for (std::size_t i = 0; i < block.size(); ++i) product[r].reals[i / v.size()] += block[i] * v[i % v.size()];
          }
        }
        CAPTURE(mode);
        CHECK(difference(product, want, {.epsilons = 1024}) == "");
      }
    }
  });
}

TEST_CASE("compiled derivatives agree with interpreted ones") {
  Random random(6);
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (!differentiable(s) || (s.op.elementwise && s.example.about != "matrix" && s.example.about != "broadcast"))
      return;
    Derivatives d(s);
    const Compiled code(session(), d.vjp());
    for (const auto& sizes : s.example.sizes) {
      CAPTURE(sizes[0]);
      CAPTURE(sizes[1]);
      d.draw(sizes, random);
      Tensors got;
      REQUIRE(code(sizes, appended(d.x(), d.u()), got) == RG_OK);
      CHECK(difference(got, d.adjoint(), {.ulp = 64, .epsilons = 256 + 4 * s.example.epsilons}) == "");
    }
  });
}
