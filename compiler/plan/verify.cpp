#include "compiler/plan/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "compiler/plan/dims.h"
#include "compiler/plan/walk.h"
#include "compiler/support/overload.h"

namespace rg::plan {

namespace {

constexpr std::string_view kInvariants[] = {
    "a node's arguments and guard precede it; ids are of the plan",
    "an access has an index an extent of its buffer, and what is loaded and stored is of its element type",
    "a variable is used inside of its loop only, and a loop's variable is that of no loop around it",
    "what a reduction accumulates is inside of the one loop that ends it, and its result is read after that",
    "an array of the workspace is stored to before it is read",
    "parameters and constants are not stored to",
    "a state of a loop has two arrays of one type, or one that is updated in place",
    "after `storage`: what the workspace has is in a slot",
    "a loop that threads share ends no reduction, and what each of them has of its own is memory of one iteration",
    "tiles accumulate their sum, and end with stores or, where factors are copied, with one addition",
    "after `code`: vector loops and tiles have lanes",
};
enum Invariant {
  kNodes = 1,
  kAccesses,
  kVariables,
  kReductions,
  kOrder,
  kReadOnly,
  kStates,
  kSlots,
  kThreads,
  kTiles,
  kLanes
};

struct Broken {
  Breach breach;
};

class Verifier {
 public:
  Verifier(const Plan& plan, Stage stage) : plan_(plan), stage_(stage) {}

  void run() {
    nodes();
    for (std::size_t b = 0; b < plan_.buffers.size(); ++b) {
      if (plan_.buffers[b].dims.size() != plan_.buffers[b].kept.size())
        fail(kAccesses, fmt::format("{} says of {} extents whether they are kept, and has {}", name(BufferId(b)),
                                    plan_.buffers[b].kept.size(), plan_.buffers[b].dims.size()));
    }
    items(plan_.body);
  }

 private:
  [[noreturn]] static void fail(int invariant, std::string why) { throw Broken{{invariant, std::move(why)}}; }

  const std::string& name(BufferId b) const { return plan_.buffers[b.index].name; }

  void nodes() const {
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
      const Node& n = plan_.nodes[i];
      for (const NodeId a : n.args) {
        if (a.index >= i) fail(kNodes, fmt::format("node {} has the argument {}", i, a.index));
      }
      if (n.guard.valid() && n.guard.index >= i)
        fail(kNodes, fmt::format("node {} has the guard {}", i, n.guard.index));
    }
  }

  // ---- variables ----
  void dim(const Dim& d) {
    d.for_each_size([&](std::uint32_t s) {
      if (s < plan_.size_count) return;
      const VarId v(s - plan_.size_count);
      if (v.index >= plan_.vars.size()) fail(kNodes, fmt::format("there is no variable {}", v.index));
      const Var& var = plan_.vars[v.index];
      if (var.kind == Var::Kind::node) return value(var.node);
      if (std::ranges::find(scope_, v) == scope_.end())
        fail(kVariables, fmt::format("{} is used outside of its loop", var.name));
    });
  }
  void enter(VarId v) {
    if (std::ranges::find(scope_, v) != scope_.end())
      fail(kVariables, fmt::format("two loops around each other are of {}", plan_.vars[v.index].name));
    scope_.push_back(v);
  }

  // ---- values ----
  void access(const Access& a, Elem elem, const char* what) {
    if (a.buffer.index >= plan_.buffers.size()) fail(kNodes, fmt::format("there is no buffer {}", a.buffer.index));
    const Buffer& b = plan_.buffer(a.buffer);
    if (a.index.size() != b.dims.size())
      fail(kAccesses, fmt::format("{} of {} with {} of {} indices", what, b.name, a.index.size(), b.dims.size()));
    if (elem != b.elem)
      fail(kAccesses, fmt::format("{} of {} as {}, which is {}", what, b.name, ir::name(elem), ir::name(b.elem)));
    for (const Dim& d : a.index) dim(d);
    if (stage_ != Stage::built && b.storage == Storage::workspace && b.slot < 0)
      fail(kSlots, b.name + " is in no slot");
    if (b.slot >= static_cast<int>(plan_.slots.size())) fail(kSlots, b.name + " is in a slot that is not there");
  }
  // A node that was found sound in a loop is sound in the loops inside of it.
  void value(NodeId root) {
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!id.valid()) continue;
      if (id.index >= plan_.nodes.size()) fail(kNodes, fmt::format("there is no node {}", id.index));
      if (!seen_.insert(id.index).second) continue;
      noted_.push_back(id.index);
      const Node& n = plan_.node(id);
      open.insert(open.end(), n.args.begin(), n.args.end());
      open.push_back(n.guard);
      if (n.kind == Node::Kind::index) dim(n.dim);
      if (n.kind == Node::Kind::load) load(n);
      if (n.kind == Node::Kind::reduced && !ended_.contains(n.reduction))
        fail(kReductions, fmt::format("r{} is read before its loop ends", n.reduction.index));
    }
  }
  void load(const Node& n) {
    access(n.access, n.elem, "a load");
    read(n.access.buffer);
  }
  void load_array(const Access& a) {
    access(a, plan_.buffer(a.buffer).elem, "a load");
    read(a.buffer);
  }
  void read(BufferId b) const {
    const Storage s = plan_.buffer(b).storage;
    const bool own = s == Storage::workspace || s == Storage::tile || s == Storage::scalar;
    if (own && !stored_.contains(b)) fail(kOrder, name(b) + " is read before anything is stored to it");
  }
  void store(const Access& a, Elem elem) {
    access(a, elem, "a store");
    const Storage s = plan_.buffer(a.buffer).storage;
    if (s == Storage::in || s == Storage::constant) fail(kReadOnly, name(a.buffer) + " is stored to");
    stored_.insert(a.buffer);
  }

  // ---- items ----
  // What a list's statements compute is known sound in it and below it, and unknown again behind it; so are the
  // reductions that end there.
  void items(const std::vector<Item>& list) {
    const std::size_t noted = noted_.size();
    for (const Item& item : list) std::visit([this](const auto& what) { check(what); }, item.what);
    for (; noted_.size() > noted; noted_.pop_back()) seen_.erase(noted_.back());
  }

  void check(const Loop& l) {
    dim(l.extent);
    for (const Range& r : l.ranges) {
      dim(r.from);
      dim(r.to);
    }
    if (l.is_vector()) lanes(l.code);
    if (l.threads && !l.reductions.empty()) fail(kThreads, "threads share a loop that ends a reduction");
    threads(l.threads);
    enter(l.var);
    const std::vector<ReductionId> outer = open_;
    open_.insert(open_.end(), l.reductions.begin(), l.reductions.end());
    items(l.body);
    open_ = outer;
    scope_.pop_back();
    ended_.insert(l.reductions.begin(), l.reductions.end());
  }
  void threads(const std::optional<Threads>& t) const {
    for (const BufferId b : t ? t->own : std::vector<BufferId>{}) {
      if (b.index >= plan_.buffers.size()) fail(kNodes, fmt::format("there is no buffer {}", b.index));
      const Storage s = plan_.buffer(b).storage;
      if (s != Storage::tile && s != Storage::scalar)
        fail(kThreads, fmt::format("each thread has its own {}, which is memory of all iterations", name(b)));
    }
  }
  void lanes(const VectorCode& code) const {
    if (stage_ == Stage::coded && code.lanes < 1) fail(kLanes, "a vector has no lanes");
  }
  void check(const Tiles& t) {
    lanes(t.code);
    const auto* sum = t.body.size() == 1 ? std::get_if<Accumulate>(&t.body[0].what) : nullptr;
    if (sum == nullptr || !(sum->reduction == t.sum)) fail(kTiles, "tiles accumulate what is not their sum");
    const bool folds = t.finish.size() == 1 && std::holds_alternative<ScatterAdd>(t.finish[0].what);
    const bool stores =
        std::ranges::all_of(t.finish, [](const Item& i) { return std::holds_alternative<Store>(i.what); });
    if (!stores && !(folds && t.packing)) fail(kTiles, "tiles end with what is no store");
    if (t.packing && !t.lanes_are_columns()) fail(kTiles, "lanes of copied factors are not the columns");
    for (const Tiles::Axis* a : {&t.rows, &t.columns, &t.reduced}) dim(a->extent);
    threads(t.threads);
    enter(t.rows.var);
    enter(t.columns.var);
    enter(t.reduced.var);
    open_.push_back(t.sum);
    items(t.body);
    open_.pop_back();
    scope_.pop_back();
    ended_.insert(t.sum);
    items(t.finish);
    scope_.pop_back();
    scope_.pop_back();
  }
  void check(const Store& s) {
    value(s.value);
    store(s.target, plan_.node(s.value).elem);
  }
  void check(const Accumulate& a) {
    if (a.reduction.index >= plan_.reductions.size())
      fail(kNodes, fmt::format("there is no reduction {}", a.reduction.index));
    if (std::ranges::count(open_, a.reduction) != 1)
      fail(kReductions, fmt::format("r{} accumulates where {} loops around end it", a.reduction.index,
                                    std::ranges::count(open_, a.reduction)));
    const Reduction& r = plan_.reductions[a.reduction.index];
    value(r.value);
    if (ops::has_position(r.monoid)) dim(r.position);
  }
  void check(const ScatterAdd& s) {
    value(s.value);
    if (s.mask.valid()) value(s.mask);
    store(s.target, plan_.node(s.value).elem);
    if (s.errors.buffer.valid()) store(s.errors, plan_.node(s.value).elem);
  }
  void check(const For& f) {
    dim(f.trip);
    for (const For::Carried& c : f.carried) {
      const Buffer &a = plan_.buffer(c.current), &b = plan_.buffer(c.next);
      if (a.elem != b.elem || a.dims != b.dims)
        fail(kStates, fmt::format("{} and {} change places, and have different types", a.name, b.name));
      stored_.insert({c.current, c.next});
    }
    enter(f.counter);
    items(f.body);
    scope_.pop_back();
  }
  void check(const If& i) {
    value(i.condition);
    items(i.then_body);
    items(i.else_body);
  }
  void check(const Assert& a) {
    value(a.condition);
    items(a.search);
    for (const Assert::Number& n : a.numbers) value(n.value);
  }
  void check(const Sizes& s) {
    for (const Dim& d : s.values) dim(d);
    for (const Sizes::Array& a : s.arrays) {
      for (const Dim& d : a.extents) dim(d);
    }
  }

  void check(const Kernel& k) {
    for (const Access& a : k.inputs) load_array(a);
    for_each_array(k, [this](const Access& a, bool written) {
      if (written) store(a, plan_.buffer(a.buffer).elem);
    });
  }

  const Plan& plan_;
  Stage stage_;
  std::vector<VarId> scope_;       // of the loops around
  std::vector<ReductionId> open_;  // that end with the loops around
  std::set<ReductionId> ended_;
  std::set<BufferId> stored_;
  std::set<std::uint32_t> seen_;      // nodes that are sound here
  std::vector<std::uint32_t> noted_;  // the same in the order in which they were found
};

}  // namespace

std::span<const std::string_view> invariants() { return kInvariants; }

std::string Breach::str() const { return fmt::format("invariant {}: {}", invariant, why); }

std::optional<Breach> verify(const Plan& plan, Stage stage) {
  try {
    Verifier(plan, stage).run();
    return std::nullopt;
  } catch (const Broken& b) {
    return b.breach;
  }
}

}  // namespace rg::plan
