// Walks over a plan: the nodes that an item evaluates, the items in an item, where an access is in memory.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

/// Whether the loop has no loop or tiles in its body.
bool is_leaf(const Loop& loop);

/// Calls f with each node that the item's own statement evaluates (not those of nested items).
void for_each_root_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f);
/// Calls f once with every node that the values are computed from, indices and guards included; with `seen`, those in
/// it and what they are computed from are left out, and the others join it.
void for_each_node(const Plan& plan, std::vector<NodeId> from, const std::function<void(NodeId)>& f);
void for_each_node(const Plan& plan, std::vector<NodeId> from, IdSet<NodeId>& seen,
                   const std::function<void(NodeId)>& f);
/// The same for what the item's own statement evaluates.
void for_each_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f);
/// Whether the node is a product of floating numbers, or one with its sign changed.
bool is_product(const Plan& plan, NodeId node);

/// Where a store or a scatter-addition writes, null for other items.
const Access* stored_by(const Item& item);
inline Access* stored_by(Item& item) { return const_cast<Access*>(stored_by(std::as_const(item))); }
/// Calls f with each array of the kernel and whether it is written.
void for_each_array(const Kernel& kernel, const std::function<void(const Access&, bool written)>& f);
/// The lists of items in an item, in the order in which they run; empty where it has none.
std::vector<const std::vector<Item>*> bodies(const Item& item);
std::vector<std::vector<Item>*> bodies(Item& item);
/// Calls f with each item of the list and the items in it, each before those in it (preorder).
void for_each_item(const std::vector<Item>& items, const std::function<void(const Item&)>& f);
void for_each_item(std::vector<Item>& items, const std::function<void(Item&)>& f);
/// The elements before the one at `index`, row-major over the extents that are kept.
Dim linear_address(const Plan& plan, const Access& access);
/// The part of an address without its constant, and the constant.
std::pair<Dim, std::int64_t> without_constant(const Dim& address);

}  // namespace rg::plan
