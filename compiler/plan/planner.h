// Plans blocks: makes nests of the values to materialise, fuses them, and writes the plan's items in order.
#pragma once

#include "compiler/plan/accumulate.h"
#include "compiler/plan/nest.h"
#include "compiler/plan/roots.h"
#include "compiler/plan/sizes.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

class Planner {
 public:
  Planner(Plan& plan, const PlanOptions& options)
      : plan_(plan),
        options_(options),
        of_index_(plan.function),
        dag_(plan, options.fast),
        fusion_(plan),
        needs_(plan.function) {}
  void run();

 private:
  /// Plans a block whose yields go to the targets (the index is a prefix); an invalid buffer: nowhere.
  void block(ir::BlockId id, const std::vector<Access>& targets, std::vector<Item>& out,
             const std::vector<std::pair<Placed, BufferId>>& terms = {});
  void instruction(const ir::Instr& in, const std::set<ValueId>& roots, std::vector<Item>& out);
  /// Checks what the instruction asks of the sizes and is not known; what a loop's steps ask is checked before the
  /// loop.
  SizeNeeds::Mark check_sizes(const ir::Instr& in, std::vector<Item>& out);
  void note_checked(ir::BlockId body);
  void check_sizes(SizeNeeds::Needs needs, std::vector<Item>& out);
  /// Plans the loops that store v. Pieces of a concatenation have loops of their own.
  void materialise(ValueId v, const Access& target, bool copy, const Placement& place = {}, bool add = false);
  void store(ValueId v, Access target, bool copy, Placement place, bool add, std::vector<ValueId> more = {});
  bool is_stored(ValueId v) const;
  void add_terms(const std::vector<std::pair<Placed, BufferId>>& terms);
  Item stored(const Nest& nest, const Index& result, NodeId value) const;
  /// Whether elements of a value come from different expressions: a concatenation or a placement under it.
  bool in_pieces(ValueId top) const;
  bool long_rows(const Nest& nest) const;
  bool long_and_apart(Nest nest);
  void choose_unrolled(Nest& nest);
  bool only_summed(ValueId top, std::size_t axis) const;
  void choose_order(const ir::Instr* in, Nest& nest) const;
  bool zero_beside(ValueId factor, const std::vector<std::int64_t>& labels, std::int64_t own, std::int64_t reduced,
                   bool after);
  void find_zeros(const ir::Instr& in, Nest& nest);
  bool homogeneous(ValueId top) const;
  void find_reads(Nest& nest);
  bool reads_pending(NodeId value);
  void flush(std::vector<Item>& out);
  void emit(std::vector<LoopTree::Entry>& entries, std::vector<Item>& out);
  void emit_body(Nest& nest, std::vector<Item>& out);
  void emit_finish(Nest& nest, std::vector<Item>& out);
  NodeId element(const Nest& nest, const Index& result, const Index& reduced, Dim* position);
  void for_each_unrolled(const Nest& nest, const std::function<void(const Index&, const Index&)>& f) const;
  std::vector<VarId> loop_vars(const Nest& nest) const;
  void scatter(const ir::Instr& in, std::vector<Item>& out);
  void scatter_updates(const ir::Instr& in, const Access& target, const Placement& place, std::vector<Item>& out);
  bool counts(const ir::Instr& in);
  NodeId errors_wanted(const Dim& terms, const Dim& places);
  void plan_for(const ir::Instr& in, std::vector<Item>& out);
  /// Where the errors of adding to the element are kept; no buffer where they are not.
  Access error_of(const Access& element) const;
  void each_element(const std::vector<Dim>& extents, const std::function<Item(const Index&)>& body,
                    std::vector<Item>& out);
  /// Makes memory for the errors of adding to a buffer, and sets it to zero.
  void keep_errors(BufferId of, const ir::Type& type, std::vector<Item>& out);
  void add_errors(const Access& to, BufferId errors, std::vector<Item>& out);
  BufferId handed_state(ValueId start);
  For::Carried state_of(const ir::Instr& in, std::size_t k, std::vector<std::pair<Placed, BufferId>>& terms);
  void plan_if(const ir::Instr& in, std::vector<Item>& out);
  Assert assertion(const ir::Instr& in, NodeId condition);
  /// The position that is out of its extent; loops that look for it are added to `search` where it is among several.
  NodeId wrong_position(const ir::Instr& in, std::vector<Item>& search);
  BufferId buffer(Storage storage, const ir::Type& type, std::string name, std::uint32_t number = 0);
  Access target_of(ValueId v, std::string_view name);

  Plan& plan_;
  const PlanOptions& options_;
  OfIndex of_index_;
  Dag dag_;
  Fusion fusion_;
  std::map<ValueId, Access> wanted_;  // yields of the blocks being planned that are made where they go
  std::optional<Accumulations> accumulations_;
  std::map<ValueId, std::pair<BufferId, Placement>> added_;  // scatter-additions that go to a state at once
  std::set<BufferId> in_place_;                              // states that are updated in place
  std::map<BufferId, BufferId> errors_;                      // of adding to them
  SizeNeeds needs_;
  std::set<ir::BlockId> checked_;  // loop bodies whose needs were checked before the loop around
};

/// Removes stores that nothing reads, decides what each buffer keeps, and lays out the workspace.
void place_buffers(Plan& plan, const PlanOptions& options);
/// Keeps workspace that a result is computed from, element by element, in the result's memory.
void place_in_results(Plan& plan);
/// Chooses the axis along which arrays of the workspace are stored; before vectorise.
void lay_out(Plan& plan);
/// Copies arrays that a repeated loop would read across the lanes, transposed; before vectorise.
void relayout(Plan& plan);
/// Chooses the vector loop of each nest.
void vectorise(Plan& plan, const PlanOptions& options);
/// Leaves out one half of products that are symmetric, and copies the other; after vectorise.
void mirror(Plan& plan);
/// Adds what is only summed over the rows of a product by tiles up as tiles are finished; after vectorise.
void fold_tiles(Plan& plan);
/// Updates the state of elementwise steps in place, and cuts long arrays into blocks that go through all steps while
/// they are in the first cache level. After vectorise.
void block_steps(Plan& plan, const PlanOptions& options);
/// Gives the first and the last iterations of a loop, where conditions on its index differ, a loop of their own. After
/// vectorise.
void split_borders(Plan& plan);
/// Chooses after how many iterations sums are laid aside; when the loops are as they stay.
void choose_blocks(Plan& plan, const PlanOptions& options);
/// Marks the outermost loops whose iterations threads may share: those of the function's own body without reductions
/// that end with them. After place_buffers.
void choose_threads(Plan& plan);

/// How to copy the factors of a contraction by tiles (rows { columns { reduced { … } … } }); empty where its product is
/// not one of floating numbers, a factor of the rows and a factor of the columns.
std::optional<Packing> choose_packing(const Plan& plan, const PlanOptions& options, const Loop& rows,
                                      const Loop& columns, const Loop& reduced);
/// Whether tiles give the same sums without copies and are too small to pay for them.
bool reads_in_place(const Packing& packing, const Loop& rows, const Loop& columns, const Loop& reduced);
/// Gives the copies of contractions their memory; after choose_threads.
void place_packing(Plan& plan);

/// Calls f with each node that the item's own statement evaluates (not those of nested items).
void for_each_root_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f);
/// Calls f once with every node that the values are computed from, indices and guards included; with `seen`, those in
/// it and what they are computed from are left out, and the others join it.
void for_each_node(const Plan& plan, std::vector<NodeId> from, const std::function<void(NodeId)>& f);
void for_each_node(const Plan& plan, std::vector<NodeId> from, IdSet<NodeId>& seen,
                   const std::function<void(NodeId)>& f);
/// The same for what the item's own statement evaluates.
void for_each_node(const Plan& plan, const Item& item, const std::function<void(NodeId)>& f);
/// Where a store or a scatter-addition writes, null for other items.
const Access* stored_by(const Item& item);
inline Access* stored_by(Item& item) { return const_cast<Access*>(stored_by(std::as_const(item))); }
/// The nested items of an item, empty where it has none.
std::vector<std::vector<Item>*> bodies(Item& item);
/// The elements before the one at `index`, row-major over the extents that are kept.
Dim linear_address(const Plan& plan, const Access& access);
/// The part of an address without its constant, and the constant.
std::pair<Dim, std::int64_t> without_constant(const Dim& address);

}  // namespace rg::plan
