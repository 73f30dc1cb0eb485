// Writes the code of one plan into one LLVM function. Internal to lower/.
#pragma once

#include <llvm/IR/Function.h>

#include <map>
#include <optional>
#include <set>

#include "compiler/lower/lower.h"
#include "compiler/lower/value_builder.h"
#include "compiler/plan/planner.h"
#include "runtime/runegrad.h"

namespace rg::lower {

class Emitter {
 public:
  using V = llvm::Value*;
  Emitter(const plan::Plan& plan, llvm::Function* function, const LowerOptions& options);
  /// The body of f.
  void emit_function();
  /// The body of a part of a threaded loop: a function (begin, end, thread, env).
  void emit_range(const plan::Loop& l, const Emitter& outer, llvm::StructType* env,
                  const std::vector<plan::ReductionId>& finished);
  /// The body of f_workspace.
  void emit_workspace();

 private:
  struct Vector {
    plan::VarId var;
    unsigned lanes = 1;
    V mask = nullptr;  // null: all lanes run
  };
  struct Accumulator {
    std::vector<V> values, positions;  // stack slots, one an unrolled copy
    bool over_lanes = false;           // the vector loop is one of the reduced ones
  };

  // Index polynomials.
  V dim(const plan::Dim& d);              // uniform
  V dim_lanes(const plan::Dim& d);        // a vector
  bool varies(const plan::Dim& d) const;  // among lanes
  std::optional<plan::Dim> lane_stride(const plan::Dim& d) const;

  // Nodes.
  V node(plan::NodeId id);
  V compute(const plan::Node& n);
  V spread(V scalar);
  V load(const plan::Access& a, plan::NodeId guard);
  void store(const plan::Access& a, V value, V mask = nullptr);
  V to_register(V memory, ir::Elem e);
  V to_memory(V value);
  V base(plan::BufferId b);
  V pointer(plan::BufferId b, V offset);
  V lane_pointers(plan::BufferId b, const plan::Dim& address);
  V both(V a, V b);
  llvm::Type* memory_type(ir::Elem e);
  llvm::Type* register_type(ir::Elem e);

  // Items.
  void items(const std::vector<plan::Item>& list);
  void item(const plan::Loop& l);
  void item(const plan::Store& s);
  void item(const plan::Accumulate& a);
  void item(const plan::ScatterAdd& s);
  void item(const plan::For& f);
  void item(const plan::If& i);
  void item(const plan::Assert& a);
  void counted(V from, V to, std::int64_t step, const std::function<void(V)>& body);
  void vector_loop(const plan::Loop& l, V from, V to);
  /// A contraction by register tiles: two nested parallel loops around a reduced one.
  void tiles(const plan::Loop& rows, V from, V to);
  /// The iterations from .. to-1 (of a vector loop: `from` a multiple of its lanes).
  void range(const plan::Loop& l, V from, V to);
  /// The loop as a function of a range of iterations, called for each part by the runtime's threads.
  void threaded(const plan::Loop& l);
  V work(const plan::Loop& l);
  struct Tile {
    const plan::Loop& rows;
    const plan::Loop& columns;
    const plan::Loop& reduced;
    unsigned lanes;
  };
  void tile(const Tile& t, V row, int row_count, V column, int column_count, V mask);
  void tile_rows(const Tile& t, V from, V to, V column, int column_count, V mask);
  V lane_mask(V left, unsigned lanes);  // lanes below `left`
  void tile_block(const Tile& t, V from, V to);
  void reduce_copies(const Tile& t, std::int64_t copies, V mask, const std::function<void(std::int64_t)>& select);
  unsigned lanes_of(const std::vector<plan::Item>& list) const;
  unsigned element_bytes(const std::vector<plan::Item>& list) const;
  std::optional<unsigned> inner_lanes(const std::vector<plan::Item>& list, plan::ReductionId id) const;
  std::set<plan::NodeId> nodes_of(const std::vector<plan::Item>& list) const;
  std::size_t weight(const std::vector<plan::Item>& list) const;
  void open(const plan::Loop& l, unsigned copies);
  void close(const plan::Loop& l);
  V fold(plan::Monoid m, V a, V b);
  std::pair<V, V> fold_position(plan::Monoid m, std::pair<V, V> a, std::pair<V, V> b);
  V neutral(const plan::Reduction& r, unsigned lanes);

  void entry_checks();
  void workspace();
  V slot_bytes(const plan::Slot& s);
  V slot_total(const plan::Slot& s, V threads);
  V stack_buffer(const plan::Buffer& b);
  void fail_if(V condition, rg_status status);
  /// Gives the workspace back and returns.
  void leave(rg_status status);
  V product(const std::vector<plan::Dim>& factors, V& overflow);
  V stack(llvm::Type* type, V count = nullptr);
  llvm::BasicBlock* block(const char* name);

  const plan::Plan& plan_;
  llvm::Function* function_;
  const LowerOptions& options_;
  llvm::IRBuilder<> b_;
  ValueBuilder vb_;
  std::vector<V> sizes_;
  std::map<plan::VarId, V> vars_;
  std::optional<Vector> vector_;
  std::vector<std::map<plan::NodeId, V>> scopes_;
  std::vector<V> bases_;  // pointers; of carried buffers: stack slots that hold them
  std::vector<bool> indirect_;
  std::map<plan::ReductionId, Accumulator> accumulators_;
  std::map<plan::ReductionId, V> reduced_;
  std::size_t copy_ = 0;
  V zeros_ = nullptr;
  V context_ = nullptr;
  V memory_ = nullptr;  // the workspace, null when there is none
};

}  // namespace rg::lower
