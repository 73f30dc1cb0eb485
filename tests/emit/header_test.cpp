// Headers: what they declare, and names and documentation that would not be C.
#include <doctest/doctest.h>

#include "compiler/code/builder.h"
#include "compiler/emit/emit.h"
#include "compiler/plan/pass/pipeline.h"

using namespace rg;
using ir::Dim;
using ir::Elem;
using ir::Tree;

namespace {

/// f(param: f64[n, 3], k: i32) -> f64[n], with the documentation given.
plan::Plan sample(const std::string& param, const std::string& doc) {
  ir::Function f;
  f.name = "f";
  f.doc = doc;
  f.size_names = {"n"};
  ir::Builder b(f);
  const auto x = b.add_param({Elem::f64, {Dim::size(0), 3}}, param);
  b.add_param({Elem::i32}, "k");
  b.set_yields({b.sum(x, {1})});
  Tree first, second;
  first.name = param;
  second.name = "k";
  f.signature.params = {first, second};
  return plan::make_plan(f);
}

std::string header_of(const plan::Plan& p) { return emit::header({&p, 1}, "unit-1.x"); }

}  // namespace

TEST_CASE("a header declares the function with its shapes, sizes first") {
  const std::string h = header_of(sample("x", "Row sums.\nOf x."));
  CHECK(h.find("int f(int64_t n, const double* x, int32_t k, double* out, rg_context* context);") != std::string::npos);
  CHECK(h.find("size_t f_workspace(int64_t n, int32_t threads);") != std::string::npos);
  CHECK(h.find("x: f64[n, 3]") != std::string::npos);
  CHECK(h.find("/* Row sums.\n * Of x.\n") != std::string::npos);
  CHECK(h.find("#ifndef RUNEGRAD_UNIT_1_X_H") != std::string::npos);
}

TEST_CASE("names that C or the list itself has taken get another form") {
  CHECK(header_of(sample("double", "")).find("const double* double_,") != std::string::npos);
  CHECK(header_of(sample("out", "")).find("double* out_,") != std::string::npos);
  CHECK(header_of(sample("context", "")).find("const double* context_,") != std::string::npos);
}

TEST_CASE("documentation cannot end its comment") {
  const std::string h = header_of(sample("x", "a */ b **/ c"));
  CHECK(h.find("a * / b ** / c") != std::string::npos);
}

TEST_CASE("every form is written, for this machine and for another CPU") {
  const plan::Plan p = sample("x", "");
  const auto object = emit::emit({&p, 1}, emit::Kind::object);
  REQUIRE(object);
  CHECK(
      object->starts_with("\x7f"
                          "ELF"));
  const auto text = emit::emit({&p, 1}, emit::Kind::llvm, {.opt_level = 0, .strict = false, .cpu = ""});
  REQUIRE(text);
  CHECK(text->find("define i32 @f(i64") != std::string::npos);
  const auto assembly =
      emit::emit({&p, 1}, emit::Kind::assembly, {.opt_level = 2, .strict = false, .cpu = "x86-64-v3"});
  REQUIRE(assembly);
  CHECK(assembly->find("zmm") == std::string::npos);
  CHECK(!emit::target_of("no-such-cpu"));
  CHECK(!emit::emit({&p, 1}, emit::Kind::object, {.opt_level = 2, .strict = false, .cpu = "no-such-cpu"}));
}
