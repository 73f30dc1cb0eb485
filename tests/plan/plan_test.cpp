// The structure of plans: what is fused, what is stored, what is vectorised.
#include <doctest/doctest.h>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"
#include "compiler/plan/build/planner.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/pass/pipeline.h"

using namespace rg;
using ir::Builder;
using ir::Dim;
using ir::Elem;
using Val = ir::ValueId;

namespace {

ir::Function function(std::vector<std::string> sizes) {
  ir::Function f;
  f.name = "f";
  f.size_names = std::move(sizes);
  return f;
}

const plan::Loop* loop(const plan::Item& item) { return std::get_if<plan::Loop>(&item.what); }
const plan::Tiles* tiles(const plan::Item& item) { return std::get_if<plan::Tiles>(&item.what); }

}  // namespace

TEST_CASE("a mixture's exponents, |Q_k (x_i - mu_k)|², store nothing of extent n k d") {
  ir::Function f = function({"n", "k", "d"});
  Builder b(f);
  const Dim n = Dim::size(0), k = Dim::size(1), d = Dim::size(2);
  const Val x = b.add_param({Elem::f64, {n, d}}), mu = b.add_param({Elem::f64, {k, d}}),
            q = b.add_param({Elem::f64, {k, d, d}});
  const std::vector<Dim> all{n, k, d};
  const Val r = b.sub(b.broadcast(x, all, {0, 2}), b.broadcast(mu, all, {1, 2}));
  const Val z = b.contract({q, r}, {{1, 2, 3}, {0, 1, 3}, {0, 1, 2}});
  b.set_yields({b.sum(b.mul(z, z), {2})});
  const plan::Plan p = plan::make_plan(f);
  for (const plan::Slot& slot : p.slots) {
    for (const Dim& bytes : slot.bytes) {
      const auto at = [&](std::int64_t extent) {
        return *bytes.evaluate(std::vector<std::int64_t>{extent, extent, extent});
      };
      CHECK(at(4000) < 5 * at(2000));  // at most the square of an extent
    }
  }
  CHECK(std::ranges::count_if(p.body, [](const plan::Item& i) { return loop(i) != nullptr; }) == 1);
}

TEST_CASE("a value and its elementwise gradient share one loop nest") {
  ir::Function f = function({"n"});
  Builder b(f);
  const Val x = b.add_param({Elem::f32, {Dim::size(0)}});
  const Val e = b.call("exp", {x});
  b.set_yields({b.sum(e, {0}), e});
  const plan::Plan p = plan::make_plan(f);
  REQUIRE(!p.body.empty());
  REQUIRE(loop(p.body[0]));
  CHECK(loop(p.body[0])->is_vector());
  CHECK(loop(p.body[0])->reductions.size() == 1);
  CHECK(loop(p.body[0])->body.size() == 2);
  CHECK(p.no_workspace());
}

TEST_CASE("a reduction over rows has its lanes along the columns") {
  ir::Function f = function({"n", "m"});
  Builder b(f);
  const Val x = b.add_param({Elem::f64, {Dim::size(0), Dim::size(1)}});
  b.set_yields({b.sum(x, {0})});
  const plan::Plan p = plan::make_plan(f);
  REQUIRE(loop(p.body[0]));
  CHECK(loop(p.body[0])->is_vector());
  CHECK(loop(p.body[0])->extent == Dim::size(1));
}

TEST_CASE("a bias joins the tiles of its product, and what follows reads the result once") {
  ir::Function f = function({"n", "m", "k"});
  Builder b(f);
  const Dim n = Dim::size(0), m = Dim::size(1), k = Dim::size(2);
  const Val x = b.add_param({Elem::f32, {n, k}}), w = b.add_param({Elem::f32, {k, m}}),
            bias = b.add_param({Elem::f32, {m}});
  const Val z = b.add(b.contract({x, w}, {{0, 1}, {1, 2}, {0, 2}}), b.broadcast(bias, {n, m}, {1}));
  b.set_yields({z});
  const plan::Plan p = plan::make_plan(f);
  REQUIRE(p.body.size() == 1);
  REQUIRE(tiles(p.body[0]));
  CHECK(tiles(p.body[0])->packing);
  // The biased result goes where it belongs: what has memory of its own is no n by m array.
  for (const plan::Buffer& buffer : p.buffers) CHECK((buffer.slot < 0 || buffer.dims != std::vector{n, m}));
}

TEST_CASE("a product's factors are copied in panels; threads have their own block of rows") {
  ir::Function f = function({"n", "m", "k"});
  Builder b(f);
  const Dim n = Dim::size(0), m = Dim::size(1), k = Dim::size(2);
  const Val x = b.add_param({Elem::f32, {n, k}}), w = b.add_param({Elem::f32, {m, k}});
  b.set_yields({b.contract({x, w}, {{0, 1}, {2, 1}, {0, 2}})});
  const plan::Plan p = plan::make_plan(f, {.target = {.vector_bytes = 64}});
  REQUIRE(tiles(p.body[0]));
  REQUIRE(tiles(p.body[0])->packing);
  const plan::Packing& packing = *tiles(p.body[0])->packing;
  CHECK(!packing.rows_across);
  CHECK(packing.columns_across);
  CHECK(packing.lanes == 16);
  const auto per_thread = [&](plan::BufferId id) {
    return p.slots[static_cast<std::size_t>(p.buffer(id).slot)].per_thread;
  };
  CHECK(!per_thread(packing.columns));
  CHECK(per_thread(packing.rows));
  CHECK(per_thread(packing.partial));
  const plan::Plan one_block = plan::make_plan(f, {.known_sizes = {300, 100, 256}});
  REQUIRE(tiles(one_block.body[0]));
  REQUIRE(tiles(one_block.body[0])->packing);
  CHECK(!tiles(one_block.body[0])->packing->partial.valid());
}

TEST_CASE("a row sum repeated over rows is read and written along rows") {
  ir::Function f = function({"n", "d", "c"});
  Builder b(f);
  const Dim n = Dim::size(0), d = Dim::size(1), c = Dim::size(2);
  const Val w = b.add_param({Elem::f32, {d, c}});
  b.set_yields({b.broadcast(b.sum(w, {1}), {n, d}, {1})});
  const plan::Plan p = plan::make_plan(f);
  REQUIRE(p.body.size() == 2);
  for (const plan::Item& item : p.body) {
    REQUIRE(loop(item));
    CHECK(!loop(item)->is_vector());
    REQUIRE(loop(loop(item)->body[0]));
    CHECK(loop(loop(item)->body[0])->is_vector());
  }
}

TEST_CASE("known sizes are facts") {
  ir::Function f = function({"n"});
  Builder b(f);
  const Val x = b.add_param({Elem::f64, {Dim::size(0)}});
  b.set_yields({b.sum(x, {0})});
  CHECK(plan::print(plan::make_plan(f, {.known_sizes = {100}})).find("< 100 vector") != std::string::npos);
  CHECK(plan::print(plan::make_plan(f)).find("< n vector") != std::string::npos);
}

TEST_CASE("known small extents keep the vectors of the only loop there is") {
  // A part of a row, as a network's gates are cut from one array.
  ir::Function f = function({"n"});
  Builder b(f);
  const Dim n = Dim::size(0);
  const Val row = b.add_param({Elem::f64, {4 * n}});
  b.set_yields({b.call("sigmoid", {b.slice(row, {n}, {1}, {n})})});
  const plan::Plan p = plan::make_plan(f, {.known_sizes = {14}});
  REQUIRE(p.body.size() == 1);
  REQUIRE(loop(p.body[0]));
  CHECK(loop(p.body[0])->is_vector());
  CHECK(plan::make_plan(f, {.known_sizes = {2}}).body.size() == 2);  // no vector's width: straight-line code
}

TEST_CASE("long pieces of a concatenation have loops of their own, known or not") {
  ir::Function f = function({"n", "m"});
  Builder b(f);
  const Val x = b.add_param({Elem::f64, {Dim::size(0)}}), y = b.add_param({Elem::f64, {Dim::size(1)}});
  b.set_yields({b.emit_op<ops::Concat>({b.call("exp", {x}), b.call("neg", {y})}, {.axis = 0})});
  for (const plan::PlanOptions& options : {plan::PlanOptions{}, plan::PlanOptions{.known_sizes = {1000, 500}}}) {
    const plan::Plan p = plan::make_plan(f, options);
    CHECK(p.body.size() == 2);
    CHECK(plan::print(p).find("select") == std::string::npos);
  }
}

TEST_CASE("lanes run across the points where what an inner loop repeats is then in registers") {
  // The nearest of k points in eight dimensions: a point's coordinates are read once, a centroid's are the same for
  // all.
  ir::Function f = function({"n", "k"});
  Builder b(f);
  const Dim n = Dim::size(0), k = Dim::size(1), d = 8;
  const Val x = b.add_param({Elem::f64, {n, d}}), c = b.add_param({Elem::f64, {k, d}});
  const std::vector<Dim> all{n, k, d};
  const Val r = b.sub(b.broadcast(x, all, {0, 2}), b.broadcast(c, all, {1, 2}));
  b.set_yields({b.emit_op<ops::ArgMin>({b.sum(b.mul(r, r), {2})}, {.axis = 1})});
  const plan::Plan p = plan::make_plan(f, {.known_sizes = {1000, 100}});
  REQUIRE(!p.body.empty());
  REQUIRE(loop(p.body[0]));
  CHECK(loop(p.body[0])->is_vector());
}

TEST_CASE("a loop that may fail is not shared among threads") {
  for (const bool checked : {false, true}) {
    plan::Plan p;
    p.vars.push_back({plan::Var::Kind::axis, Dim(1000), {}, "i"});
    plan::Loop l;
    l.var = plan::VarId(0);
    l.extent = Dim(1000);
    if (checked) l.body.push_back({plan::Assert{{}, "n is odd"}});
    p.body.push_back({std::move(l)});
    plan::choose_threads(p, {});
    CHECK(loop(p.body[0])->threads.has_value() == !checked);
  }
}
