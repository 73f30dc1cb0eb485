// Attributes that are missing, too many or of another kind: an op's rule refuses them, or what it accepts goes through
// the passes and the interpreter.
#include <doctest/doctest.h>

#include "compiler/code/verify.h"
#include "compiler/opt/pipeline.h"
#include "compiler/oracle/oracle.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using namespace rg::ir;

namespace {

/// One of the ways in which a field may be changed: a list without its elements, without its last, with its last twice,
/// with one more in front; other numbers and words.
template <class T>
void change(std::vector<T>& list, std::size_t how) {
  if (how == 0) list.clear();
  if (how == 1 && !list.empty()) list.pop_back();
  if (how == 2 && !list.empty()) list.push_back(T(list.back()));
  if (how == 3) list.insert(list.begin(), T());
  if constexpr (std::is_same_v<T, std::int64_t>) {
    constexpr std::int64_t numbers[] = {-1, 7, INT64_MIN, INT64_MAX};
    if (how >= 4 && !list.empty()) list[how / 4 % list.size()] = numbers[how % 4];
  }
  if constexpr (std::is_same_v<T, Integers>) {
    if (how >= 4 && !list.empty()) change(list[how % list.size()], how / 4 + how);
  }
}

void change(bool& v, std::size_t) { v = !v; }
void change(std::int64_t& v, std::size_t how) {
  constexpr std::int64_t numbers[] = {-1, 7, INT64_MIN, INT64_MAX};
  v = numbers[how % 4];
}
void change(std::size_t& v, std::size_t how) { v = how; }
void change(Dim& v, std::size_t how) { v = how % 2 == 0 ? Dim(static_cast<std::int64_t>(how)) - Dim(1) : Dim::size(1); }
void change(std::string& v, std::size_t) { v += "?"; }
void change(Symbol& v, std::size_t) { v.name += "?"; }
void change(const WordRef& v, std::size_t how) { *v.at = static_cast<std::uint8_t>(how % v.names.size()); }

/// The attributes with one field changed, in many ways.
std::vector<Attributes> variants(const Attributes& of) {
  std::vector<Attributes> out{Attributes()};
  const std::size_t fields = of.type() == nullptr ? 0 : of.type()->names.size();
  for (std::size_t chosen = 0; chosen < fields; ++chosen) {
    for (std::size_t how = 0; how < 24; ++how) {
      std::size_t k = 0;
      out.push_back(of);
      out.back().edit([&](std::string_view, const FieldRef& field) {
        if (k++ != chosen) return;
        std::visit(
            [&]<class T>(const T& x) {
              if constexpr (std::is_same_v<T, WordRef>)
                change(x, how);
              else
                change(*x, how);
            },
            field);
      });
    }
  }
  return out;
}

void accepted(const Subject& s, const Attributes& attrs, Random& random) {
  Module m;
  Function& f = m.functions.emplace_back();
  f.name = "f";
  f.size_names = {"n", "m"};
  Builder b(f);
  std::vector<Type> types;
  for (const ops::ExampleOperand& o : s.example.operands) types.push_back(f.type(b.add_param(o.type)));
  if (!s.op.infer({types, attrs, {}, f.size_names})) return;
  b.set_yields(b.emit(s.op.code, f.block(f.body).params, attrs));
  if (!verify(m).empty()) return;  // a constant out of its range
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
    for (const Attributes& attrs : variants(s.example.attrs)) accepted(s, attrs, random);
  });
}
