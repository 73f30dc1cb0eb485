// Attributes that are missing, too many or of another kind: an op's rule refuses them, or what it accepts goes through
// the passes and the interpreter.
#include <doctest/doctest.h>

#include "compiler/oracle/oracle.h"
#include "compiler/ir/verify.h"
#include "compiler/opt/pipeline.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using namespace rg::ir;

namespace {

/// The attributes with one list without its elements, without its last, or with its last twice.
template <class List>
void changed(const Attrs& of, List Attrs::* member, std::vector<Attrs>& out) {
  const List& list = of.*member;
  if (list.empty()) return;
  List fewer(list.begin(), list.end() - 1), more = list;
  more.push_back(list.back());
  for (const List& l : {List{}, fewer, more}) {
    out.push_back(of);
    out.back().*member = l;
  }
}

/// The attributes with every number of a list replaced.
void replaced(const Attrs& of, std::vector<std::int64_t> Attrs::* member, std::vector<Attrs>& out) {
  for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{7}, INT64_MIN, INT64_MAX}) {
    for (std::size_t k = 0; k < (of.*member).size(); ++k) {
      out.push_back(of);
      (out.back().*member)[k] = number;
    }
  }
}

std::vector<Attrs> variants(const Attrs& of) {
  std::vector<Attrs> out;
  changed(of, &Attrs::axes, out);
  changed(of, &Attrs::dims, out);
  changed(of, &Attrs::starts, out);
  changed(of, &Attrs::steps, out);
  changed(of, &Attrs::labels, out);
  changed(of, &Attrs::reals, out);
  changed(of, &Attrs::integers, out);
  changed(of, &Attrs::elems, out);
  replaced(of, &Attrs::axes, out);
  replaced(of, &Attrs::integers, out);
  out.push_back(of);
  out.back().integers = {1};
  out.push_back(of);
  out.back().reals = {1};
  return out;
}

void accepted(const Subject& s, const Attrs& attrs, Random& random) {
  Module m;
  Function& f = m.functions.emplace_back();
  f.name = "f";
  f.size_names = {"n", "m"};
  Builder b(f);
  std::vector<Type> types;
  for (const ops::ExampleOperand& o : s.example.operands) types.push_back(f.type(b.add_param(o.type)));
  if (!s.op.infer({types, attrs, {}, f.size_names})) return;
  b.set_yields(b.emit(s.op.code, f.block(f.body).params, attrs));
  CHECK(verify(m).empty());
  const Function simple = opt::simplify_fully(f);
  CHECK(verify(simple, Stage::prepared).empty());
  const auto sizes = s.example.sizes[0];
  (void)oracle::interpret(m, simple, sizes, draw(s, sizes, random));
}

}  // namespace

TEST_CASE("an op's rule refuses attributes that its code cannot take") {
  Random random(5);
  for_each_subject({Elem::f64, Elem::i64}, [&](Subject& s) {
    if (s.example.body || s.op.infer == nullptr) return;
    CAPTURE(s.str());
    for (const Attrs& attrs : variants(s.example.attrs)) accepted(s, attrs, random);
  });
}
