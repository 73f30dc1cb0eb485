#include "compiler/plan/walk.h"

#include <algorithm>

#include "compiler/ops/all.h"
#include "compiler/plan/dims.h"
#include "compiler/support/overload.h"

namespace rg::plan {

std::vector<const std::vector<Item>*> bodies(const Item& item) {
  using Lists = std::vector<const std::vector<Item>*>;
  return std::visit(
      Overload{[](const Loop& l) { return Lists{&l.body}; }, [](const Tiles& t) { return Lists{&t.body, &t.finish}; },
               [](const For& l) { return Lists{&l.body}; },
               [](const If& i) { return Lists{&i.then_body, &i.else_body}; },
               [](const Assert& a) { return Lists{&a.search}; }, [](const Store&) { return Lists{}; },
               [](const Accumulate&) { return Lists{}; }, [](const ScatterAdd&) { return Lists{}; },
               [](const Sizes&) { return Lists{}; }, [](const Kernel&) { return Lists{}; }},
      item.what);
}

std::vector<std::vector<Item>*> bodies(Item& item) {
  std::vector<std::vector<Item>*> lists;
  for (const auto* list : bodies(std::as_const(item))) lists.push_back(const_cast<std::vector<Item>*>(list));
  return lists;
}

void for_each_item(const std::vector<Item>& items, const std::function<void(const Item&)>& f) {
  for (const Item& item : items) {
    f(item);
    for (const auto* list : bodies(item)) for_each_item(*list, f);
  }
}

void for_each_item(std::vector<Item>& items, const std::function<void(Item&)>& f) {
  for (Item& item : items) {
    f(item);
    for (auto* list : bodies(item)) for_each_item(*list, f);
  }
}

bool is_leaf(const Loop& loop) {
  return std::ranges::none_of(loop.body, [](const Item& i) {
    return std::holds_alternative<Loop>(i.what) || std::holds_alternative<Tiles>(i.what);
  });
}

void for_each_array(const Kernel& kernel, const std::function<void(const Access&, bool written)>& f) {
  for (const Access& a : kernel.inputs) f(a, false);
  for (const Access& a : kernel.outputs) {
    if (a.buffer.valid()) f(a, true);
  }
  if (kernel.workspace.valid()) f({kernel.workspace, {0}}, true);
}

void for_each_root_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f) {
  const auto access = [&](const Access& a) {
    for (const Dim& d : a.index) for_each_node_in(plan, d, f);
  };
  std::visit(Overload{[&](const Store& s) {
                        access(s.target);
                        f(s.value);
                      },
                      [&](const Accumulate& a) { f(plan.reductions[a.reduction.index].value); },
                      [&](const ScatterAdd& a) {
                        access(a.target);
                        access(a.errors);
                        f(a.value);
                        if (a.mask.valid()) f(a.mask);
                      },
                      [&](const If& i) { f(i.condition); },
                      [&](const Assert& a) {
                        f(a.condition);
                        for (const Assert::Number& n : a.numbers) f(n.value);
                      },
                      [&](const Kernel& k) { for_each_array(k, [&](const Access& a, bool) { access(a); }); },
                      [](const Loop&) {}, [](const Tiles&) {}, [](const For&) {}, [](const Sizes&) {}},
             item.what);
}

void for_each_node(const Plan& plan, std::vector<NodeId> from, IdSet<NodeId>& seen,
                   const std::function<void(NodeId)>& f) {
  while (!from.empty()) {
    const NodeId id = from.back();
    from.pop_back();
    if (!id.valid() || !seen.insert(id)) continue;
    f(id);
    const Node& n = plan.node(id);
    from.insert(from.end(), n.args.begin(), n.args.end());
    from.push_back(n.guard);
    const auto values_in = [&](const Dim& d) {
      for_each_node_in(plan, d, [&](NodeId value) { from.push_back(value); });
    };
    values_in(n.dim);
    for (const Dim& d : n.access.index) values_in(d);
  }
}

void for_each_node(const Plan& plan, std::vector<NodeId> from, const std::function<void(NodeId)>& f) {
  IdSet<NodeId> seen;
  for_each_node(plan, std::move(from), seen, f);
}

void for_each_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f) {
  std::vector<NodeId> roots;
  for_each_root_node(plan, item, [&](NodeId n) { roots.push_back(n); });
  for_each_node(plan, std::move(roots), f);
}

bool is_product(const Plan& plan, NodeId node) {
  const Node& n = plan.node(node);
  if (n.kind != Node::Kind::op || !ir::is_float(n.elem)) return false;
  if (n.op == ops::opcode<ops::Neg>()) return is_product(plan, n.args[0]);
  return n.op == ops::opcode<ops::Mul>();
}

const Access* stored_by(const Item& item) {
  using Target = const Access*;
  return std::visit(
      Overload{[](const Store& s) -> Target { return &s.target; },
               [](const ScatterAdd& s) -> Target { return &s.target; }, [](const Loop&) -> Target { return nullptr; },
               [](const Tiles&) -> Target { return nullptr; }, [](const For&) -> Target { return nullptr; },
               [](const If&) -> Target { return nullptr; }, [](const Assert&) -> Target { return nullptr; },
               [](const Accumulate&) -> Target { return nullptr; }, [](const Sizes&) -> Target { return nullptr; },
               [](const Kernel&) -> Target { return nullptr; }},
      item.what);
}

Dim linear_address(const Plan& plan, const Access& access) {
  const Buffer& b = plan.buffer(access.buffer);
  Dim address = 0;
  for (std::size_t d = 0; d < access.index.size(); ++d) {
    if (b.kept[d]) address = address * b.dims[d] + access.index[d];
  }
  return address;
}

std::pair<Dim, std::int64_t> without_constant(const Dim& address) {
  for (const Dim::Term& t : address.terms()) {
    if (t.atoms.empty()) return {address - Dim(t.coefficient), t.coefficient};
  }
  return {address, 0};
}

}  // namespace rg::plan
