// Compiling takes time as the length of the program: what is counted is the work that has a deterministic count, the
// allocations of each phase.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "bench/compile/curve.h"
#include "bench/compile/programs.h"
#include "tests/large/programs.h"

using namespace rg;

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

struct Counts {
  std::size_t check = 0, prepare = 0, plan = 0, object = 0;
};

Counts counts_of(const std::string& text, const std::string& expression) {
  Counts c;
  const auto counted = [](std::size_t& to, const auto& phase) {
    const std::size_t before = allocations;
    phase();
    to = allocations - before;
  };
  api::Unit unit;
  counted(c.check, [&] { REQUIRE(unit.load("long.rg", text)); });
  ir::Function f;
  counted(c.prepare, [&] {
    auto made = unit.prepare_expression(expression, "long");
    REQUIRE(made);
    f = std::move(*made);
  });
  plan::Plan plan;
  counted(c.plan, [&] { plan = plan::make_plan(f, {.target = {.vector_bytes = 64}}); });
  counted(c.object, [&] { REQUIRE(emit::emit({&plan, 1}, emit::Kind::llvm, {.opt_level = 0, .cpu = {}})); });
  return c;
}

}  // namespace

TEST_CASE("ten times the statements are at most 13 times the work, in each phase") {
  for (const bench::LongProgram& program : bench::long_programs()) {
    for (const bench::Derived& derived : bench::derived_of(program)) {
      CAPTURE(program.name);
      CAPTURE(derived.name);
      const Counts few = counts_of(program.text(100), derived.expression),
                   many = counts_of(program.text(1000), derived.expression);
      CHECK(many.check <= 13 * few.check);
      CHECK(many.prepare <= 13 * few.prepare);
      CHECK(many.plan <= 13 * few.plan);
      CHECK(many.object <= 13 * few.object);
    }
  }
}

TEST_CASE("the benchmark measures each length in a process of its own") {
  const auto rows =
      bench::measure_curve({.statements = {10, 100}, .programs = {"products"}, .derived = {"value", "gradient"}});
  REQUIRE(rows.size() == 4);
  for (const bench::CurveRow& r : rows) {
    CHECK(r.failure == "");
    CHECK(r.seconds > 0);
    CHECK(r.peak_mb > 1);
    CHECK((r.against_100 > 0) == (r.statements == 100));
  }
  CHECK(bench::format_curve(rows).find("gradient") != std::string::npos);
}
#include "compiler/plan/pass/pipeline.h"
