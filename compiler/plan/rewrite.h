// How passes change what is computed. A node is shared by all statements that compute it, and equal nodes are one
// (hash-consing), so that no pass edits a node for the sake of some statements: these get other nodes, which a Dag
// makes. Only where an array is changes for all that read it at once.
#pragma once

#include <functional>

#include "compiler/plan/plan.h"

namespace rg::plan {

/// Replaces the values, masks and conditions that the items evaluate, and those in them. Invalid ones are left alone,
/// and so are values that an index stands for.
void replace_values(Plan& plan, std::vector<Item>& items, const std::function<NodeId(NodeId)>& f);

/// Gives an array another place: every load, store and addition in the plan is where `f` says, which takes different
/// elements to different ones. Arrays of kernels and states stay where they are. No Dag that holds nodes of the plan
/// may be alive.
void move_array(Plan& plan, BufferId array, const std::function<void(Access&)>& f);

}  // namespace rg::plan
