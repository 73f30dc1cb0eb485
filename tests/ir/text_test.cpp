// The text form: what is printed reads back as the same module, and damaged text never crashes.
#include <cmath>
#include <limits>
#include <random>

#include "compiler/code/builder.h"
#include "compiler/code/verify.h"
#include "compiler/ops/all.h"
#include "tests/ir/helpers.h"

namespace {

using namespace rg;
using namespace rg::ir;
using test::module_of;
using test::read_text;

/// Every attribute, kind of signature leaf, region and awkward value.
Module everything() {
  Module m;
  Function& g = m.functions.emplace_back();
  g.name = "hessian(x => \"f\")";
  g.size_names = {"n"};
  {
    Builder b(g);
    const auto x = b.add_param({Elem::f64, {Dim::size(0)}});
    b.set_yields({b.mul(x, x)});
  }
  Function& f = m.functions.emplace_back();
  f.name = "f.1";
  f.doc = "\nFirst line after an empty one.\n\n  indented \"quoted\" \\ % @ }\n";
  f.exported = true;
  f.size_names = {"n", "m"};
  const auto leaf = [](std::string name) { return Tree{Tree::Kind::tensor, std::move(name), "", 0, {}}; };
  f.signature.params = {{Tree::Kind::size, "n", "", 0, {}},
                        {Tree::Kind::structure, "p", "Mlp", 0, {leaf("w"), leaf("b")}},
                        {Tree::Kind::tuple, "t", "", 0, {leaf(""), {Tree::Kind::tuple, "", "", 0, {}}}}};
  f.signature.result = {Tree::Kind::tuple, "", "", 0, {leaf(""), leaf("loss"), leaf("")}};
  Builder b(f);
  const Dim n = Dim::size(0), k = Dim::size(1);
  const auto w = b.add_param({Elem::f64, {n, k}}, "the \"weights\"\n\\");
  const auto bias = b.add_param({Elem::f32, {k}}, "p.b");
  const auto index = b.add_param({Elem::i64, {n}});
  const double inf = std::numeric_limits<double>::infinity();
  const auto table = b.emit_op<ops::Constant>(
      {}, {.elem = Elem::f64,
           .dims = {9},
           .reals = {0.1, -0.0, inf, -inf, std::nan(""), 5e-324, 1.7976931348623157e308, 1e22, -1.0 / 3}});
  const auto least = b.emit_op<ops::Constant>(
      {}, {.elem = Elem::i64,
           .dims = {2},
           .integers = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}});
  const auto sliced = b.slice(w, {n - 1, Dim::div(k, 2)}, {-1, 2}, {n, 1});
  const auto permuted = b.transpose(sliced, {1, 0});
  const auto product = b.contract({w, permuted}, {{0, 1}, {2, 0}, {1, 2}});
  const auto picked = b.emit_op<ops::Gather>({w, index}, {.labels = {{-1, 0}, {1}, {1, 0}}});
  b.emit(ops::opcode<ops::Assert>(), {b.boolean(true)}, ops::Assert::Attrs{.message = "two\nlines \"and\" more"});
  const auto called = b.emit_typed(ops::opcode<ops::Call>(), {b.reduce("sum", picked, {1})},
                                   ops::Call::Attrs{.callee = {g.name}, .sizes = {n}}, {}, {{Elem::f64, {n}}});
  const auto loops = b.scan(n, {b.constant(Elem::f64, 0)}, {called[0]}, [&](ValueId, auto state, auto slice) {
    const BlockId then = b.in_block({}, [&](std::span<const ValueId>) { return std::vector{slice[0]}; });
    const BlockId other = b.in_block({}, [&](std::span<const ValueId>) { return std::vector{b.neg(slice[0])}; });
    const auto chosen = b.emit1(ops::opcode<ops::If>(), {b.compare("lt", slice[0], state[0])}, {}, {then, other});
    return std::pair{std::vector{b.add(state[0], chosen)}, std::vector{chosen}};
  });
  const std::vector<Type> indices(2, Type{Elem::i64, {}});
  const BlockId item = b.in_block(
      indices, [&](std::span<const ValueId> i) { return std::vector{b.convert(b.add(i[0], i[1]), Elem::f32)}; });
  b.emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{{n * k, Dim::max(n, k)}}, {item});
  (void)table, (void)least, (void)product, (void)bias;
  b.set_yields({loops[0], loops[1], product});
  return m;
}

}  // namespace

TEST_CASE("a module with every attribute reads back the same") {
  const Module m = everything();
  for (const Violation& v : verify(m)) FAIL(v.str());
  const std::string text = print(m);
  const Module again = module_of(text);
  CHECK(same(m, again));
  CHECK(print(again) == text);
}

TEST_CASE("a difference of any kind is seen") {
  const std::string text = print(everything());
  const Module m = module_of(text);
  const std::vector<std::pair<std::string, std::string>> edits{{"export fn", "fn"},
                                                               {"indented", "Indented"},
                                                               {"the \\\"w", "the \\\"v"},
                                                               {"p.b", "p.c"},
                                                               {"Mlp{", "Mlq{"},
                                                               {"t:(", "u:("},
                                                               {"0.1", "0.2"},
                                                               {", -0,", ", 0,"},
                                                               {"steps=[-1", "steps=[-2"},
                                                               {"lines \\\"", "lines \""},
                                                               {"states=1", "states=1, reversed"},
                                                               {"axes=[1, 0]", "axes=[0, 1]"},
                                                               {"@f.1", "@f.2"},
                                                               {" = lt", " = gt"},
                                                               {"(n, m;", "(n, q;"}};
  for (const auto& [from, to] : edits) {
    std::string changed = text;
    const auto at = changed.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    changed.replace(at, from.size(), to);
    const auto r = read_text(changed);
    if (r.module) CHECK_MESSAGE(!same(m, *r.module), from);
  }
}

TEST_CASE("errors point at what is wrong") {
  const auto error = [](const std::string& text) {
    const auto r = read_text(text);
    CHECK_MESSAGE(!r.module, text);
    return r.problems;
  };
  const auto has = [&](const std::string& text, std::string_view what) {
    const std::string problems = error(text);
    INFO(problems);
    CHECK(problems.find(what) != std::string::npos);
  };
  has("fn", "expected a function's name");
  has("fn @f(; %0: f64) { yield", "expected `}`");
  has("fn @f(; %0: f65) { yield %0 }", "expected an element type");
  has("fn @f(; %0: f64[n]) { yield %0 }", "there is no size n");
  has("fn @f(n; %0: f64[n) { yield %0 }", "expected");
  has("fn @f(; %0: f64) { %1: f64 = nope %0 yield %1 }", "there is no operation `nope`");
  has("fn @f(; %0: f64) { %1: f64 = add %0 yield %1 }", "`add` takes 2 operands");
  has("fn @f(; %0: f64) { %1: f64 = neg %2 yield %1 }", "%2 is not defined here");
  has("fn @f(; %0: f64) { %0: f64 = neg %0 yield %0 }", "%0 is defined twice");
  has("fn @f(; %0: f64) { %1: f64 = neg %0 {nope=1} yield %1 }", "`neg` has no attribute nope");
  has("fn @f(; %0: f64) { %1: i64 = neg %0 yield %1 }", "`neg` gives f64, and i64 is written");
  has("fn @f(;) { %0: i64 = constant {elem=i64, integers=[99999999999999999999]} yield %0 }", "no 64-bit integer");
  has("fn @f(;) { %0: f64 = constant {elem=f64, reals=[1.2.3]} yield %0 }", "1.2.3 is no number");
  has("fn @f(;) { %0: f64 = constant {reals=[\"", "expected");
  has("fn @f(;) { yield }\nfn @f(;) { yield }", "a second function @f");
  has("fn @f(; %0: f64) { %1: f64 = call %0 {callee=@g} yield %1 }", "invariant 9: there is no function @g");
}

TEST_CASE("deep and large text ends in a diagnostic") {
  const std::size_t deep = 20000;
  const auto repeated = [&](const std::string& s) {
    std::string out;
    for (std::size_t i = 0; i < deep; ++i) out += s;
    return out;
  };
  CHECK(!read_text("fn @f(n; %0: f64[" + repeated("(") + "n").module);
  CHECK(!read_text("fn @f(n; %0: f64[" + repeated("min(n, ") + "n").module);
  CHECK(!read_text("fn @f(n, m; %0: f64[n" + repeated(" div m div n") + "]) { yield %0 }").module);
  CHECK(!read_text("fn @f(;) signature [] " + repeated(":(") + " { yield }").module);
  std::string regions = "fn @f(; %0: bool) { ";
  for (std::size_t i = 0; i < deep; ++i) regions += "if %0 () {";
  CHECK(!read_text(regions).module);
  std::string power = "fn @f(a, b, c, d, e, g; %0: f64[(a+b+c+d+e+g)";
  for (int i = 0; i < 40; ++i) power += "*(a+b+c+d+e+g)";
  CHECK(!read_text(power + "]) { yield %0 }").module);
}

TEST_CASE("mutated text gives diagnostics or a module that verifies and prints") {
  std::mt19937 random(7);
  const std::string text = print(everything());
  const std::string pieces[] = {"%",   "@",     "{",     "}",    "(",
                                ")",   "[",     "]",     "-",    "/// ",
                                "\"",  "yield", "fn @g", "0",    "9223372036854775807",
                                "div", "f64",   "i64",   "bool", "%0",
                                ",",   "=",     "nan",   "\xff"};
  int read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string changed = text;
    for (auto edits = random() % 3 + 1; edits > 0; --edits) {
      const std::size_t at = random() % changed.size();
      switch (random() % 4) {
        case 0:
          changed[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          changed.erase(at, random() % 12 + 1);
          break;
        case 2:
          changed.insert(at, pieces[random() % std::size(pieces)]);
          break;
        default:
          changed.insert(at, changed.substr(random() % changed.size(), random() % 40));
      }
      if (changed.empty()) changed = " ";
    }
    const auto r = read_text(changed);
    if (!r.module) continue;
    ++read;
    CHECK(verify(*r.module).empty());
    CHECK(same(*r.module, module_of(print(*r.module))));
  }
  CHECK(read > 50);
  CHECK(read < 2500);
}
