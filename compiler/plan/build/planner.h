// Plans blocks: makes nests of the values to materialise, fuses them, and writes the plan's items in order.
#pragma once

#include "compiler/plan/build/accumulate.h"
#include "compiler/plan/build/nest.h"
#include "compiler/plan/build/roots.h"
#include "compiler/plan/build/sizes.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

/// Fills a plan without passes: what is materialised, in which loops, fused as they come.
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
  void plan_kernel(const ir::Instr& in, std::vector<Item>& out);
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

}  // namespace rg::plan
