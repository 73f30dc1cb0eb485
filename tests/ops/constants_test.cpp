// Every elementwise op on special operands, as constants of the program and as arguments, at every level of
// optimisation: what is folded, by whatever part of the compiler, is what the op gives.
#include <doctest/doctest.h>

#include <limits>

#include "compiler/ops/all.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

namespace {

struct Level {
  int opt_level;
  bool strict;
};
constexpr Level kLevels[] = {{0, false}, {1, false}, {2, false}, {3, false}, {2, true}};

jit::Session& session_of(const Level& level) {
  static std::map<std::pair<int, bool>, std::unique_ptr<jit::Session>> sessions;
  auto& s = sessions[{level.opt_level, level.strict}];
  if (!s) {
    auto made = jit::Session::create({.opt_level = level.opt_level, .strict = level.strict});
    REQUIRE(made);
    s = std::move(*made);
  }
  return *s;
}

std::vector<double> specials(Elem e) {
  if (e == Elem::boolean) return {0, 1};
  if (!ir::is_float(e)) {
    return {0, 1, -1, 7, static_cast<double>(ir::extreme(e, false)), static_cast<double>(INT32_MAX)};
  }
  using F = std::numeric_limits<float>;
  using D = std::numeric_limits<double>;
  const bool narrow = e == Elem::f32;
  const double most = narrow ? F::max() : D::max(), least = narrow ? F::min() : D::min();
  return {0,
          -0.0,
          D::infinity(),
          -D::infinity(),
          D::quiet_NaN(),
          most,
          -most,
          least,
          -least,
          least / 8,
          -least / 1024,
          0.5,
          -1,
          1,
          1e10,
          -1e10,
          0.3,
          narrow ? 3e9 : 9.3e18,
          narrow ? -3e9 : -1e19};
}

/// Operands of one example, with every choice of special values in them.
struct Case {
  const ops::OpInfo& op;
  const ops::Example& example;
  std::vector<std::vector<double>> operands;  // by operand, then by choice

  Case(const ops::OpInfo& o, const ops::Example& e) : op(o), example(e), operands(e.operands.size()) {
    std::vector<std::vector<double>> values;
    std::size_t count = 1;
    for (const ops::ExampleOperand& x : e.operands) {
      values.push_back(specials(x.type.elem));
      count *= values.back().size();
    }
    const std::size_t step = count > 400 ? 7 : 1;
    for (std::size_t i = 0; i < count; i += step) {
      std::size_t rest = i;
      for (std::size_t k = 0; k < values.size(); ++k) {
        operands[k].push_back(values[k][rest % values[k].size()]);
        rest /= values[k].size();
      }
    }
  }
  std::size_t count() const { return operands[0].size(); }

  /// The op once a choice, of constants.
  ir::Function of_constants() const {
    ir::Function f;
    f.name = "constants";
    ir::Builder b(f);
    std::vector<ir::ValueId> results;
    for (std::size_t i = 0; i < count(); ++i) {
      std::vector<ir::ValueId> x;
      for (std::size_t k = 0; k < operands.size(); ++k) {
        const Elem e = example.operands[k].type.elem;
        x.push_back(b.constant(e, operands[k][i]));
      }
      results.push_back(b.emit1(op.code, x, example.attrs));
    }
    b.set_yields(results);
    return f;
  }
  /// The op on arrays.
  ir::Function of_arguments() const {
    ir::Function f;
    f.name = "arguments";
    f.size_names = {"n"};
    ir::Builder b(f);
    std::vector<ir::ValueId> x;
    for (const ops::ExampleOperand& o : example.operands) x.push_back(b.add_param({o.type.elem, {ir::Dim::size(0)}}));
    b.set_yields({b.emit1(op.code, x, example.attrs)});
    return f;
  }
  Tensors arguments() const {
    Tensors out;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      ir::Tensor t(example.operands[k].type.elem, {static_cast<std::int64_t>(count())});
      for (std::size_t i = 0; i < count(); ++i) {
        const double v = operands[k][i];
        if (t.is_real())
          t.reals[i] = t.elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
        else
          t.integers[i] = ir::truncated(t.elem, v);
      }
      out.push_back(std::move(t));
    }
    return out;
  }
};

/// Scalars as one array.
Tensors joined(const Tensors& scalars) {
  ir::Tensor t(scalars[0].elem, {static_cast<std::int64_t>(scalars.size())});
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    if (t.is_real())
      t.reals[i] = scalars[i].reals[0];
    else
      t.integers[i] = scalars[i].integers[0];
  }
  return {t};
}

}  // namespace

TEST_CASE("special operands give the same as constants, as arguments and in the reference, at every level" *
          doctest::skip()) {
  for_each_subject({Elem::f32, Elem::f64, Elem::i32, Elem::i64}, [&](Subject& s) {
    if (!s.op.elementwise || s.example.about != "scalar") return;
    const Case c(s.op, s.example);
    ir::Module m;
    m.functions.push_back(c.of_constants());
    m.functions.push_back(c.of_arguments());
    const std::vector<std::int64_t> sizes{static_cast<std::int64_t>(c.count())};
    const Tensors x = c.arguments(), want = run(m, m.functions[1], sizes, x);
    const Allowed allowed{.ulp = std::max(1.0, s.op.samples.ulp)};
    for (const Level& level : kLevels) {
      CAPTURE(level.opt_level);
      CAPTURE(level.strict);
      Tensors got;
      const plan::PlanOptions options{.vector_bytes = jit::host_vector_bytes(), .strict = level.strict};
      REQUIRE(Compiled(session_of(level), prepared(m, "constants"), options)({}, {}, got) == RG_OK);
      CHECK(difference(joined(got), want, allowed) == "");
      REQUIRE(Compiled(session_of(level), prepared(m, "arguments"), options)(sizes, x, got) == RG_OK);
      CHECK(difference(got, want, allowed) == "");
    }
  });
}
