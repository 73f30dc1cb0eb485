// Every op, on its examples: documented, in good form, printed and read back, and of the inferred shapes.
#include <doctest/doctest.h>

#include "compiler/code/text.h"
#include "compiler/code/verify.h"
#include "compiler/oracle/oracle.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

TEST_CASE("every op is documented, and has examples that contain it") {
  for (const ops::OpInfo& op : ops::all_ops()) {
    CAPTURE(op.name);
    CHECK(!op.doc.empty());
    CHECK(op.doc.back() == '.');
    std::size_t examples = 0;
    for (const Elem e : {Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}) examples += op.examples(e).size();
    CHECK(examples > 0);
  }
  for_each_subject({Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}, [](Subject& s) {
    const auto is_op = [&](const ir::Instr& i) { return i.op == s.op.code; };
    CHECK(std::ranges::any_of(s.f().instrs, is_op));
    for (const ir::Violation& v : ir::verify(s.module)) FAIL_CHECK(v.str());
    for (const ir::Violation& v : ir::verify(prepared(s.module, "f"), ir::Stage::prepared)) FAIL_CHECK(v.str());
  });
}

TEST_CASE("every op reads back from its text, before and after preparation") {
  for_each_subject({Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}, [](Subject& s) {
    ir::Module ready;
    ready.functions.push_back(prepared(s.module, "f"));
    for (const ir::Module* m : {&s.module, &ready}) {
      const std::string text = ir::print(*m);
      SourceMap sources;
      Diagnostics diagnostics;
      const auto back = ir::read(sources, sources.add("example.ir", text), diagnostics);
      CAPTURE(text);
      REQUIRE_MESSAGE(back, render(sources, diagnostics));
      CHECK(ir::same(*back, *m));
    }
  });
}

TEST_CASE("results have the inferred shapes, at every size") {
  Random random(1);
  for_each_subject({Elem::f64, Elem::i64, Elem::boolean}, [&](Subject& s) {
    const ir::Function f = prepared(s.module, "f");
    const auto types = s.f().result_types();
    for (const auto& sizes : s.example.sizes) {
      const auto out = oracle::interpret(s.module, f, sizes, draw(s, sizes, random));
      REQUIRE(bool(out) == !s.example.fails);
      if (!out) continue;
      REQUIRE(out->size() == types.size());
      for (std::size_t k = 0; k < types.size(); ++k) {
        std::int64_t count = 1;
        std::vector<std::int64_t> shape;
        for (const ir::Dim& d : types[k].dims) {
          shape.push_back(*d.evaluate(sizes));
          count *= shape.back();
        }
        const ir::Tensor& t = (*out)[k];
        CHECK(t.elem == types[k].elem);
        CHECK(t.shape == shape);
        CHECK(static_cast<std::int64_t>(t.is_real() ? t.reals.size() : t.integers.size()) == count);
      }
    }
  });
}
