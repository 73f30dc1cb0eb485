// Compiled code against the reference evaluation, for every op and element type, at every size, and at special points.
#include <doctest/doctest.h>

#include "compiler/ops/all.h"
#include "compiler/oracle/oracle.h"
#include "compiler/plan/pass/pipeline.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

namespace {

Allowed allowed(const Subject& s) {
  // f32 code computes in f32 what the reference computes in f64 and rounds.
  const double least = s.elem == Elem::f32 ? 1 : 0;
  return s.op.elementwise ? Allowed{.ulp = std::max(least, s.op.samples.ulp)} : Allowed{.epsilons = s.example.epsilons};
}

}  // namespace

TEST_CASE("compiled code agrees with the reference evaluation") {
  Random random(2);
  for_each_subject({Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}, [&](Subject& s) {
    const Compiled code(session(), prepared(s.module, "f"));
    for (const auto& sizes : s.example.sizes) {
      CAPTURE(sizes[0]);
      CAPTURE(sizes[1]);
      const Tensors arguments = draw(s, sizes, random);
      const auto want = oracle::interpret(s.module, s.f(), sizes, arguments);
      REQUIRE(bool(want) == !s.example.fails);
      Tensors got;
      CHECK((code(sizes, arguments, got) == RG_OK) == !s.example.fails);
      if (want) CHECK(difference(got, *want, allowed(s)) == "");
    }
  });
}

TEST_CASE("compiled elementwise ops agree with the reference evaluation at special points") {
  for_each_subject({Elem::f32, Elem::f64}, [&](Subject& s) {
    if (!s.op.elementwise || s.example.about != "vector") return;
    const Compiled code(session(), prepared(s.module, "f"));
    const auto& special = s.op.samples.special;
    const std::size_t count = special.size() * special.size();
    const std::vector<std::int64_t> sizes{static_cast<std::int64_t>(count), 1};
    Random random(3);
    Tensors arguments = draw(s, sizes, random);
    int k = 0;
    for (ir::Tensor& t : arguments) {
      if (!t.is_real()) continue;
      for (std::size_t i = 0; i < count; ++i) t.reals[i] = special[k == 0 ? i % special.size() : i / special.size()];
      ++k;
    }
    Tensors got;
    REQUIRE(code(sizes, arguments, got) == RG_OK);
    const Tensors want = run(s.module, s.f(), sizes, arguments);
    CHECK(difference(got, want, allowed(s)) == "");
  });
}

TEST_CASE("code without one of the passes over the plan agrees with the reference evaluation") {
  Random random(6);
  std::size_t next = 0;
  for_each_subject({Elem::f64}, [&](Subject& s) {
    const bool several = !s.op.elementwise && s.op.operands != 0;  // what loops are made of
    for (const plan::Pass& pass : plan::passes()) {
      const bool turn = several || next++ % 64 == 0;
      if (pass.needed || !turn || s.example.fails) continue;
      CAPTURE(s.str());
      CAPTURE(pass.name);
      const Compiled code(session(), prepared(s.module, "f"),
                          {.target = jit::host_target(), .skip = {std::string(pass.name)}});
      const auto& sizes = s.example.sizes.back();
      const Tensors arguments = draw(s, sizes, random);
      const auto want = oracle::interpret(s.module, s.f(), sizes, arguments);
      REQUIRE(want);
      Tensors got;
      CHECK(code(sizes, arguments, got) == RG_OK);
      CHECK(difference(got, *want, allowed(s)) == "");
    }
  });
}
