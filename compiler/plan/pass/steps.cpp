// Steps that treat the elements of an array one by one:
//
//   for t { loop i < n { s'[i] = f(t, s[i], a[i]) } }
//
// The state is updated in place, and the array is cut into blocks:
//
//   loop b { for t { loop i in block b { s[i] = f(t, s[i], a[i]) } } }
//
// so that a block stays in the first cache level for all steps. Sums over the array that are added to an element of
// another state become sums over a block.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan/cost.h"
#include "compiler/plan/pass/passes.h"
#include "compiler/plan/rewrite.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Steps {
  Plan& plan;
  For& steps;
  Dim extent;
  std::set<BufferId> arrays;    // stored in the loops, and the states that change places
  std::set<BufferId> touched;   // by the loops, along their variable
  std::set<BufferId> added_to;  // an element at a time, with a sum over a loop

  // Loops over one extent, assertions, and sums added to a state.
  bool gather() {
    for (const For::Carried& c : steps.carried) {
      if (!(c.current == c.next)) arrays.insert({c.current, c.next});
    }
    std::set<ReductionId> sums;
    for (const Item& item : steps.body) {
      if (std::holds_alternative<Assert>(item.what)) continue;
      if (const auto* s = std::get_if<ScatterAdd>(&item.what)) {
        const Node& n = plan.node(s->value);
        if (n.kind != Node::Kind::reduced || !sums.contains(n.reduction) || s->mask.valid()) return false;
        added_to.insert(s->target.buffer);
        if (s->errors.buffer.valid()) added_to.insert(s->errors.buffer);
        continue;
      }
      const auto* l = std::get_if<Loop>(&item.what);
      if (!l) return false;
      if (!touched.empty() && !(l->extent == extent)) return false;
      extent = l->extent;
      for (const ReductionId r : l->reductions) {
        if (plan.reductions[r.index].monoid != Monoid::sum) return false;
        sums.insert(r);
      }
      for (const Item& inner : l->body) {
        if (std::holds_alternative<Accumulate>(inner.what)) continue;
        const Access* target = stored_by(inner);
        if (!target) return false;
        arrays.insert(target->buffer);
        touched.insert(target->buffer);
      }
    }
    return !touched.empty();
  }

  // Whether iteration `var` alone touches what is at the index.
  bool own_element(const Access& a, VarId var) const {
    bool own = false;
    for (std::size_t d = 0; d < a.index.size(); ++d)
      own = own || (a.index[d] == plan.var_dim(var) && plan.buffer(a.buffer).dims[d] == extent);
    return own;
  }

  // Of what the statement reads; of statements that share `seen` each node is looked at once.
  bool reads_allowed(const Item& item, VarId var, IdSet<NodeId>& seen) {
    bool allowed = true;
    std::vector<NodeId> roots;
    for_each_root_node(plan, item, [&](NodeId id) { roots.push_back(id); });
    for_each_node(plan, std::move(roots), seen, [&](NodeId id) {
      const Node& n = plan.node(id);
      if (n.kind == Node::Kind::reduced && var.valid()) {
        // A sum of the loops here is not known before the last block.
        for (const Item& other : steps.body) {
          const auto* l = std::get_if<Loop>(&other.what);
          if (l && std::ranges::find(l->reductions, n.reduction) != l->reductions.end()) allowed = false;
        }
      }
      if (n.kind != Node::Kind::load) return;
      if (added_to.contains(n.access.buffer)) allowed = false;
      if (arrays.contains(n.access.buffer) && !(var.valid() && own_element(n.access, var))) allowed = false;
      if (var.valid() && std::ranges::binary_search(n.vars, var)) touched.insert(n.access.buffer);
    });
    return allowed;
  }

  bool by_elements() {
    for (const BufferId b : added_to) {
      if (arrays.contains(b)) return false;
    }
    IdSet<NodeId> beside;
    return std::ranges::all_of(steps.body, [&](const Item& item) {
      const auto* l = std::get_if<Loop>(&item.what);
      if (!l) return reads_allowed(item, {}, beside);
      IdSet<NodeId> seen;
      return std::ranges::all_of(l->body, [&](const Item& inner) {
        const Access* target = stored_by(inner);
        return (!target || own_element(*target, l->var)) && reads_allowed(inner, l->var, seen);
      });
    });
  }

  // The elements that a loop's statements read, by buffer, each with the number of the last statement that it is for.
  struct Read {
    Index index;
    std::size_t last;
  };
  using Reads = std::map<BufferId, std::vector<Read>>;
  Reads reads_of(const Loop& l) const {
    Reads reads;
    IdSet<NodeId> seen;
    for (std::size_t k = l.body.size(); k-- > 0;) {
      std::vector<NodeId> roots;
      for_each_root_node(plan, l.body[k], [&](NodeId id) { roots.push_back(id); });
      for_each_node(plan, std::move(roots), seen, [&](NodeId id) {
        const Node& n = plan.node(id);
        if (n.kind == Node::Kind::load) reads[n.access.buffer].push_back({n.access.index, k});
      });
    }
    return reads;
  }

  // Whether every read of the old state comes before the element is overwritten; `reads`: of each loop in order.
  bool in_place(const For::Carried& c, const std::vector<Reads>& reads) const {
    bool stored = false, allowed = true;
    std::size_t number = 0;
    for (const Item& item : steps.body) {
      const auto* l = std::get_if<Loop>(&item.what);
      if (!l) continue;
      const bool earlier = stored;
      std::map<Index, std::size_t> written;
      for (std::size_t k = 0; k < l->body.size(); ++k) {
        const auto* s = std::get_if<Store>(&l->body[k].what);
        if (!s || !(s->target.buffer == c.next)) continue;
        if (earlier) allowed = false;
        written.emplace(s->target.index, k);
        stored = true;
      }
      const Reads& of = reads[number++];
      if (const auto at = of.find(c.current); at != of.end()) {
        for (const Read& r : at->second) {
          const auto over = written.find(r.index);
          if (earlier || (over != written.end() && over->second < r.last)) allowed = false;
        }
      }
      if (of.contains(c.next) && !earlier) allowed = false;
    }
    return allowed && stored;
  }

  bool all_in_place() const {
    std::vector<Reads> reads;
    for (const Item& item : steps.body) {
      if (const auto* l = std::get_if<Loop>(&item.what)) reads.push_back(reads_of(*l));
    }
    return std::ranges::all_of(steps.carried,
                               [&](const For::Carried& c) { return c.current == c.next || in_place(c, reads); });
  }

  void update_in_place() {
    for (For::Carried& c : steps.carried) {
      if (c.current == c.next) continue;
      move_array(plan, c.next, [&c](Access& a) { a.buffer = c.current; });
      if (touched.erase(c.next) > 0) touched.insert(c.current);
      c.next = c.current;
    }
  }

  std::int64_t block_length() const {
    std::int64_t bytes = 0;
    for (const BufferId b : touched) bytes += ir::byte_size(plan.buffer(b).elem);
    std::int64_t length = cost("strip");
    // All arrays fill half of the first level.
    while (length * 2 * bytes <= plan.target.first_cache_bytes / 2) length *= 2;
    return length;
  }

  Item in_blocks(std::int64_t length) {
    plan.vars.push_back(
        {Var::Kind::axis, Dim::div(extent + Dim(length - 1), length), {}, "b" + std::to_string(plan.vars.size())});
    Loop blocks;
    blocks.var = VarId(plan.vars.size() - 1);
    blocks.extent = plan.vars.back().extent;
    const Dim first = plan.var_dim(blocks.var) * Dim(length);
    for (Item& item : steps.body) {
      if (auto* l = std::get_if<Loop>(&item.what)) {
        l->ranges = {{first, Dim::min(extent, first + Dim(length))}};
        if (l->is_vector() && l->reductions.empty()) l->together = std::max(l->together, 4);
      }
    }
    blocks.body.push_back({std::move(steps)});
    return {std::move(blocks)};
  }
};

void visit(Plan& plan, std::vector<Item>& items) {
  for (Item& item : items) {
    auto* f = std::get_if<For>(&item.what);
    if (!f) {
      for (std::vector<Item>* body : bodies(item)) visit(plan, *body);
      continue;
    }
    visit(plan, f->body);
    Steps s{plan, *f, {}, {}, {}, {}};
    if (!s.gather() || !s.by_elements()) continue;
    if (!s.all_in_place()) continue;
    s.update_in_place();
    const std::int64_t length = s.block_length();
    const bool is_short = s.extent.is_constant() && s.extent.constant() <= length + length / 2;
    const bool is_few = f->trip.is_constant() && f->trip.constant() < cost("strip-steps");
    if (!is_short && !is_few) item = s.in_blocks(length);
  }
}

}  // namespace

void block_steps(Plan& plan, const PlanOptions& options) {
  if (!options.strict) visit(plan, plan.body);
}

}  // namespace rg::plan
