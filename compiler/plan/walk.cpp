#include "compiler/plan/walk.h"

#include "compiler/plan/dims.h"

namespace rg::plan {

std::vector<std::vector<Item>*> bodies(Item& item) {
  if (auto* l = std::get_if<Loop>(&item.what)) return {&l->body};
  if (auto* l = std::get_if<For>(&item.what)) return {&l->body};
  if (auto* i = std::get_if<If>(&item.what)) return {&i->then_body, &i->else_body};
  if (auto* a = std::get_if<Assert>(&item.what)) return {&a->search};
  return {};
}

void for_each_root_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f) {
  const auto access = [&](const Access& a) {
    for (const Dim& d : a.index) for_each_node_in(plan, d, f);
  };
  if (const auto* s = std::get_if<Store>(&item.what)) {
    access(s->target);
    f(s->value);
  } else if (const auto* r = std::get_if<Accumulate>(&item.what)) {
    f(plan.reductions[r->reduction.index].value);
  } else if (const auto* a = std::get_if<ScatterAdd>(&item.what)) {
    access(a->target);
    access(a->errors);
    f(a->value);
    if (a->mask.valid()) f(a->mask);
  } else if (const auto* i = std::get_if<If>(&item.what)) {
    f(i->condition);
  } else if (const auto* c = std::get_if<Assert>(&item.what)) {
    f(c->condition);
    for (const Assert::Number& n : c->numbers) f(n.value);
  }
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

const Access* stored_by(const Item& item) {
  if (const auto* s = std::get_if<Store>(&item.what)) return &s->target;
  if (const auto* s = std::get_if<ScatterAdd>(&item.what)) return &s->target;
  return nullptr;
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
