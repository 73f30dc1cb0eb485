// Each numbered invariant broken in the ways that it forbids.
#include "compiler/code/verify.h"

#include "compiler/code/builder.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "tests/ir/helpers.h"

namespace {

using namespace rg;
using namespace rg::ir;

/// A callee, calls and derivatives of it, a loop, an `if` and a constant: sound until `damage` is done to it.
Module sound() {
  return test::module_of(R"(
fn @g(n; %0: f64[n], %1: i64) {
  %2: f64 = reduce_sum %0 {axes=[0]}
  yield %2
}
export fn @f(n, m; %0: f64[m], %1: i64, %2: bool) signature [x, i, c] :(_, _) {
  %3: f64 = call %0, %1 {callee=@g, sizes=[m]}
  %4: f64, %5: f64[m] = derive %0, %1, %3 {mode=vjp, callee=@g, sizes=[m], wrt=[0]}
  %6: f64 = for %3 {trip=n, states=1} (%7: i64, %8: f64) {
    %9: f64 = add %8, %4
    yield %9
  }
  %10: f64 = if %2 () {
    yield %6
  } () {
    %11: f64 = constant {elem=f64, reals=[1]}
    yield %11
  }
  %12: i32 = constant {elem=i32, integers=[7]}
  yield %10, %5
}
)");
}

/// The invariants that are broken after `damage` was done to @f, and their texts.
void breaks(int invariant, std::string_view why, const std::function<void(Module&, Function&)>& damage) {
  Module m = sound();
  damage(m, *m.find("f"));
  std::string all;
  bool found = false;
  for (const Violation& v : verify(m)) {
    all += v.str() + "\n";
    found = found || (v.invariant == invariant && v.str().find(why) != std::string::npos);
  }
  CHECK_MESSAGE(found, "invariant " << invariant << " (" << why << "), found:\n" << all);
}

Instr& instr(Function& f, std::string_view op) {
  for (Instr& i : f.instrs) {
    if (ops::info(i.op).name == op) return i;
  }
  FAIL("no " << op);
  return f.instrs[0];
}

/// The instruction with other attributes.
template <class Op>
void change(Instr& i, const std::function<void(typename Op::Attrs&)>& f) {
  typename Op::Attrs a = ops::attrs_of<Op>(i);
  f(a);
  i.attrs = a;
}

}  // namespace

TEST_CASE("a sound module has no violations, and each invariant has a text") {
  CHECK(verify(sound()).empty());
  CHECK(invariants().size() == 12);
}

TEST_CASE("1: ids and what they name") {
  breaks(1, "no body", [](Module&, Function& f) { f.body = {}; });
  breaks(1, "no block", [](Module&, Function& f) { instr(f, "for").regions[0] = BlockId(99); });
  breaks(1, "no value", [](Module&, Function& f) { instr(f, "add").operands[0] = {}; });
  breaks(1, "no value", [](Module&, Function& f) { f.block(f.body).yields[0] = ValueId(99); });
  breaks(1, "no value", [](Module&, Function& f) { f.block(f.body).params[0] = ValueId(99); });
  breaks(1, "no instruction", [](Module&, Function& f) { f.block(f.body).instrs[0] = InstrId(99); });
  breaks(1, "names another", [](Module&, Function& f) { f.value(instr(f, "add").results[0]).instr = InstrId(0); });
  breaks(1, "names another", [](Module&, Function& f) { f.value(f.block(f.body).params[1]).number = 0; });
}

TEST_CASE("2: one place for every block and instruction") {
  breaks(2, "used twice", [](Module&, Function& f) { instr(f, "if").regions[1] = instr(f, "if").regions[0]; });
  breaks(2, "used twice", [](Module&, Function& f) { instr(f, "for").regions[0] = f.body; });
  breaks(2, "stands in the function twice", [](Module&, Function& f) {
    auto& list = f.block(f.body).instrs;
    list.push_back(list[0]);
  });
}

TEST_CASE("3: definitions before uses, and once") {
  breaks(3, "not defined here", [](Module&, Function& f) {
    auto& list = f.block(f.body).instrs;
    std::swap(list[0], list[1]);
  });
  breaks(3, "not defined here",
         [](Module&, Function& f) { f.block(f.body).yields[0] = instr(f, "add").results[0]; });  // out of its region
  breaks(3, "not defined here", [](Module&, Function& f) { instr(f, "add").operands[0] = instr(f, "add").results[0]; });
  breaks(3, "defined twice", [](Module&, Function& f) { instr(f, "add").results[0] = instr(f, "call").results[0]; });
}

TEST_CASE("4: ops and their numbers of operands and regions") {
  breaks(4, "attributes of another op",
         [](Module&, Function& f) { instr(f, "add").attrs = ops::Concat::Attrs{.axis = 1}; });
  breaks(4, "no op", [](Module&, Function& f) { instr(f, "add").op = Opcode(9999); });
  breaks(4, "1 operands", [](Module&, Function& f) { instr(f, "add").operands.pop_back(); });
  breaks(4, "1 regions", [](Module&, Function& f) { instr(f, "if").regions.pop_back(); });
}

TEST_CASE("5: types") {
  breaks(5, "other types", [](Module&, Function& f) { f.value(instr(f, "add").results[0]).type.elem = Elem::i64; });
  breaks(5, "state 0 of a for",
         [](Module&, Function& f) { f.value(f.block(instr(f, "for").regions[0]).params[1]).type.elem = Elem::f32; });
  breaks(5, "different types", [](Module&, Function& f) {
    const BlockId arm = instr(f, "if").regions[0];
    f.block(arm).yields = {f.block(f.body).params[0]};
  });
  breaks(5, "other types", [](Module&, Function& f) { instr(f, "add").results.clear(); });
}

TEST_CASE("6: extents") {
  breaks(6, "size 5", [](Module&, Function& f) { f.value(f.block(f.body).params[0]).type.dims = {Dim::size(5)}; });
  breaks(6, "size 2", [](Module&, Function& f) {
    change<ops::For>(instr(f, "for"), [](auto& a) { a.trip = Dim::min(Dim::size(2), 3); });
  });
  breaks(6, "leaves int64", [](Module&, Function& f) {
    change<ops::For>(instr(f, "for"), [](auto& a) { a.trip = Dim(INT64_MAX) + Dim(1); });
  });
}

TEST_CASE("7: signatures") {
  breaks(7, "2 leaves for 3 parameters", [](Module&, Function& f) { f.signature.params.pop_back(); });
  breaks(7, "1 leaves for 2 results", [](Module&, Function& f) { f.signature.result.fields.pop_back(); });
  breaks(7, "no size 2",
         [](Module&, Function& f) { f.signature.params.push_back({Tree::Kind::size, "k", "", 2, {}}); });
}

TEST_CASE("8: names") {
  breaks(8, "two functions", [](Module& m, Function& f) { m.functions[0].name = f.name; });
  breaks(8, "two sizes", [](Module&, Function& f) { f.size_names[1] = "n"; });
  breaks(8, "no name", [](Module&, Function& f) { f.size_names[1] = "a b"; });
  breaks(8, "no name", [](Module&, Function& f) { f.size_names[1] = ""; });
  breaks(8, "no name", [](Module&, Function& f) { f.size_names[1] = "1n"; });
}

TEST_CASE("9: calls") {
  breaks(9, "no function @h",
         [](Module&, Function& f) { change<ops::Call>(instr(f, "call"), [](auto& a) { a.callee.name = "h"; }); });
  breaks(9, "0 sizes for @g",
         [](Module&, Function& f) { change<ops::Call>(instr(f, "call"), [](auto& a) { a.sizes.clear(); }); });
  breaks(9, "operands do not fit",
         [](Module&, Function& f) { change<ops::Call>(instr(f, "call"), [](auto& a) { a.sizes = {Dim::size(0)}; }); });
  breaks(9, "operands do not fit", [](Module&, Function& f) { instr(f, "call").operands.pop_back(); });
  breaks(9, "results do not fit", [](Module& m, Function&) {
    Function& g = m.functions[0];
    g.block(g.body).yields.clear();
  });
}

TEST_CASE("10: derivatives") {
  breaks(10, "no function @h",
         [](Module&, Function& f) { change<ops::Derive>(instr(f, "derive"), [](auto& a) { a.callee.name = "h"; }); });
  breaks(10, "no parameter 2",
         [](Module&, Function& f) { change<ops::Derive>(instr(f, "derive"), [](auto& a) { a.wrt = {2}; }); });
  breaks(10, "stands twice",
         [](Module&, Function& f) { change<ops::Derive>(instr(f, "derive"), [](auto& a) { a.wrt = {0, 0}; }); });
  breaks(10, "not floating",
         [](Module&, Function& f) { change<ops::Derive>(instr(f, "derive"), [](auto& a) { a.wrt = {1}; }); });
  breaks(10, "operands do not fit", [](Module&, Function& f) { instr(f, "derive").operands.pop_back(); });
  breaks(10, "results do not fit",
         [](Module&, Function& f) { change<ops::Derive>(instr(f, "derive"), [](auto& a) { a.wrt.clear(); }); });
}

TEST_CASE("11: constants") {
  const auto value = [](std::int64_t v) {
    return [v](Module&, Function& f) {
      for (Instr& i : f.instrs) {
        const auto* a = i.attrs.get_if<ops::Constant::Attrs>();
        if (a != nullptr && !a->integers.empty()) change<ops::Constant>(i, [v](auto& c) { c.integers = {v}; });
      }
    };
  };
  breaks(11, "2147483648 is no i32", value(2147483648));
  breaks(11, "-2147483649 is no i32", value(-2147483649));
  CHECK(!test::read_text("fn @f(;) { %0: bool = constant {elem=bool, integers=[2]} yield %0 }").module);
}

TEST_CASE("12: what preparation leaves") {
  int found = 0;
  for (const Violation& v : verify(sound(), Stage::prepared)) found += v.invariant == 12;
  CHECK(found == 2);  // call and derive
}

TEST_CASE("a violation says where it is, as the text form counts") {
  Module m = sound();
  instr(*m.find("f"), "add").operands.pop_back();
  const auto v = verify(m);
  REQUIRE(v.size() == 1);
  CHECK(v[0].str() == "@f, instruction 4 (add): invariant 4: 1 operands and 0 regions");
}
