// The verifier of plans: each invariant is broken by hand and the breach is named.
#include "compiler/plan/verify.h"

#include <doctest/doctest.h>

#include <functional>

#include "compiler/code/builder.h"
#include "compiler/ops/all.h"
#include "compiler/plan/pass/pipeline.h"
#include "compiler/plan/walk.h"

using namespace rg;
using namespace rg::plan;
using ir::Elem;

namespace {

// A sum, a loop with a state, a product and a value that is read twice: a plan with every kind of item that may break.
Plan sample() {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n"};
  ir::Builder b(f);
  const Dim n = Dim::size(0);
  const auto x = b.add_param({Elem::f64, {n, n}}), v = b.add_param({Elem::f64, {n}});
  const auto walked = b.scan(n, {v}, {x}, [&](ir::ValueId, auto state, auto slice) {
    return std::pair{std::vector{b.call("tanh", {b.add(state[0], slice[0])})}, std::vector<ir::ValueId>{}};
  });
  const auto e = b.call("exp", {walked[0]});
  b.set_yields({b.contract({x, x}, {{0, 1}, {1, 2}, {0, 2}}), b.sum(e, {0}),
                b.mul(b.broadcast(e, {n, n}, {0}), b.broadcast(b.call("sin", {e}), {n, n}, {1}))});
  return make_plan(f);
}

// Calls f with the first item of the kind, in any loop.
template <class Kind>
void first(Plan& plan, const std::function<void(Kind&)>& f) {
  bool done = false;
  for_each_item(plan.body, [&](Item& item) {
    auto* found = std::get_if<Kind>(&item.what);
    if (!found || done) return;
    done = true;
    f(*found);
  });
  REQUIRE(done);
}

Node& first_node(Plan& plan, Node::Kind kind) {
  const auto at = std::ranges::find(plan.nodes, kind, &Node::kind);
  REQUIRE(at != plan.nodes.end());
  return *at;
}

void breaks(int invariant, std::string_view why, const std::function<void(Plan&)>& damage) {
  Plan plan = sample();
  CAPTURE(why);
  damage(plan);
  const auto breach = verify(plan, Stage::coded);
  REQUIRE(breach);
  CHECK(breach->invariant == invariant);
  CHECK_MESSAGE(breach->why.find(why) != std::string::npos, breach->str());
}

}  // namespace

TEST_CASE("a sound plan has no breach, and each invariant has a test") {
  CHECK(!verify(sample(), Stage::coded));
  CHECK(invariants().size() == 11);
}

TEST_CASE("1: arguments and ids") {
  breaks(1, "argument", [](Plan& p) {
    Node& n = first_node(p, Node::Kind::op);
    n.args[0] = NodeId(p.nodes.size() - 1);
  });
  breaks(1, "no node", [](Plan& p) { first<Store>(p, [](Store& s) { s.value = NodeId(99999); }); });
  breaks(1, "no reduction",
         [](Plan& p) { first<Accumulate>(p, [](Accumulate& a) { a.reduction = ReductionId(999); }); });
}

TEST_CASE("2: accesses") {
  breaks(2, "indices", [](Plan& p) { first_node(p, Node::Kind::load).access.index.push_back(0); });
  breaks(2, "which is f64", [](Plan& p) { first_node(p, Node::Kind::load).elem = Elem::f32; });
  breaks(2, "kept", [](Plan& p) { p.buffers[0].kept.pop_back(); });
}

TEST_CASE("3: variables") {
  breaks(3, "outside of its loop", [](Plan& p) {
    first<Loop>(p, [&](Loop& l) {
      p.vars.push_back({Var::Kind::axis, l.extent, {}, "other"});
      l.var = VarId(p.vars.size() - 1);
    });
  });
  breaks(3, "two loops", [](Plan& p) {
    Item inner = p.body.back();
    first<Loop>(p, [&](Loop& l) { l.body.push_back({Loop{.var = l.var, .extent = l.extent}}); });
  });
}

TEST_CASE("4: reductions") {
  const auto without = [](Plan& p) {
    for_each_item(p.body, [](Item& item) {
      if (auto* l = std::get_if<Loop>(&item.what)) l->reductions.clear();
    });
  };
  breaks(4, "accumulates where 0 loops", without);
  breaks(4, "before its loop ends", [](Plan& p) {
    for_each_item(p.body, [](Item& item) {
      auto* l = std::get_if<Loop>(&item.what);
      if (l && !l->reductions.empty()) l->body.clear(), l->reductions.clear();
    });
  });
}

TEST_CASE("5: nothing is read before it is stored to") {
  breaks(5, "before anything is stored", [](Plan& p) {
    Access& read = first_node(p, Node::Kind::load).access;
    Buffer b = p.buffer(read.buffer);
    b.storage = Storage::scalar;
    p.buffers.push_back(b);
    read.buffer = BufferId(p.buffers.size() - 1);
  });
}

TEST_CASE("6: parameters are not stored to") {
  breaks(6, "stored to", [](Plan& p) {
    for_each_item(p.body, [&](Item& item) {
      auto* s = std::get_if<Store>(&item.what);
      if (s && p.buffer(s->target.buffer).dims.size() == 2) s->target.buffer = p.inputs[0];
    });
  });
}

TEST_CASE("7: the arrays of a state have one type") {
  breaks(7, "different types", [](Plan& p) {
    first<For>(p, [&](For& f) {
      f.carried[0].next = BufferId(p.buffers.size());
      Buffer b = p.buffer(f.carried[0].current);
      b.elem = Elem::f32;
      p.buffers.push_back(b);
    });
  });
}

TEST_CASE("8: what the workspace has is in a slot") {
  breaks(8, "no slot", [](Plan& p) {
    for (Buffer& b : p.buffers) {
      if (b.storage == Storage::workspace || b.storage == Storage::tile) {
        b.storage = Storage::workspace;
        b.slot = -1;
      }
    }
  });
  breaks(8, "not there", [](Plan& p) { p.slots.clear(); });
}

TEST_CASE("9: threads") {
  breaks(9, "ends a reduction", [](Plan& p) {
    for_each_item(p.body, [](Item& item) {
      auto* l = std::get_if<Loop>(&item.what);
      if (l && !l->reductions.empty()) l->threads.emplace();
    });
  });
  breaks(9, "memory of all iterations",
         [](Plan& p) { first<Tiles>(p, [&](Tiles& t) { t.threads->own.push_back(p.inputs[0]); }); });
}

TEST_CASE("10: tiles") {
  breaks(10, "not their sum", [](Plan& p) { first<Tiles>(p, [](Tiles& t) { t.body.push_back(t.body[0]); }); });
  breaks(10, "no store", [](Plan& p) { first<Tiles>(p, [](Tiles& t) { t.finish.push_back(t.body[0]); }); });
  breaks(10, "not the columns", [](Plan& p) { first<Tiles>(p, [](Tiles& t) { t.lanes = Tiles::Lanes::reduced; }); });
}

TEST_CASE("11: lanes") {
  breaks(11, "no lanes", [](Plan& p) { first<Tiles>(p, [](Tiles& t) { t.code.lanes = 0; }); });
  breaks(11, "no lanes", [](Plan& p) {
    for_each_item(p.body, [](Item& item) {
      if (auto* l = std::get_if<Loop>(&item.what)) l->code = {};
    });
  });
}
