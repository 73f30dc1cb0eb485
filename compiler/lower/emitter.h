// Writes the code of one plan into one LLVM function. Internal to lower/.
#pragma once

#include <llvm/IR/Function.h>

#include <map>
#include <optional>
#include <set>

#include "compiler/lower/lower.h"
#include "compiler/lower/value_builder.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/walk.h"
#include "runtime/runegrad.h"

namespace rg::lower {

class Emitter {
 public:
  using V = llvm::Value*;
  /// Writes the code of the iterations from .. to-1 of a threaded loop.
  using RangeCode = std::function<void(Emitter& emitter, V from, V to)>;
  Emitter(const plan::Plan& plan, llvm::Function* function, const LowerOptions& options);
  /// The body of f.
  void emit_function();
  /// The body of a part of a threaded loop: a function (begin, end, thread, env).
  void emit_range(const plan::Threads& threads, const Emitter& outer, llvm::StructType* env,
                  const std::set<plan::BufferId>& used, const std::vector<plan::ReductionId>& finished,
                  const RangeCode& code);
  /// The body of f_workspace.
  void emit_workspace();

 private:
  struct Vector {
    plan::VarId var;
    unsigned lanes = 1;
    V mask = nullptr;  // null: all lanes run
    V left = nullptr;  // with a mask of the first lanes: the iterations that are left, more than lanes or not
    // Whether this is the first, the last time that the loop's code runs; null where copies of it take turns.
    V first = nullptr, last = nullptr;
  };
  struct Accumulator {
    llvm::Type* type = nullptr;
    std::vector<V> values, positions;  // stack slots, one a copy
    bool over_lanes = false;           // the vector loop is one of the reduced ones
    // Of a sum in blocks: the sum of those that are over and its errors, one of each, or one a value where values are
    // results of their own; terms of the block that is not over.
    std::vector<V> sums, errors;
    V filled = nullptr, laid = nullptr;  // laid: whether a block is over
  };

  // Index polynomials.
  V dim(const plan::Dim& d);              // uniform
  V dim_lanes(const plan::Dim& d);        // a vector
  bool varies(const plan::Dim& d) const;  // among lanes
  std::optional<plan::Dim> lane_stride(const plan::Dim& d) const;

  // Nodes.
  V node(plan::NodeId root);
  const plan::Node* taken_product(const plan::Node& sum, std::size_t k) const;
  V known(plan::NodeId id) const;  // null where it is not computed yet
  V compute(const plan::Node& n);
  static bool may_be_long(const plan::Node& n);
  V call_of(const plan::Node& n, const std::vector<V>& x);
  std::optional<std::pair<V, V>> factors(plan::NodeId id, bool negative);
  V multiply_add(const std::pair<V, V>& product, V term);
  V fused(const plan::Node& n);
  /// total + the term, whose product is not rounded first.
  V sum_with(V total, plan::NodeId term);
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
  bool lanes_turn() const;
  V first_lanes(std::size_t count);
  void turned(const std::vector<plan::Item>& list, std::size_t first, std::size_t count,
              const std::function<void(unsigned lane, V row)>& write);
  std::size_t row_stores(const std::vector<plan::Item>& list, std::size_t first) const;
  std::size_t rows(const std::vector<plan::Item>& list, std::size_t first);
  V stored_lanes(const plan::Item& store);
  V tile_memory(std::uint64_t bytes);
  void leave_tile(V tile, const plan::Access& target, std::size_t count);
  void store_interleaved(const std::vector<plan::Item>& list, std::size_t first, std::size_t count);
  void store_whole_rows(const std::vector<plan::Item>& list, std::size_t first, std::size_t count);
  void store_rows(const std::vector<plan::Item>& list, std::size_t first, std::size_t count);
  /// A vector's length of zeros, where lanes that read nothing read.
  void make_zeros();
  void load_rows(const std::vector<plan::Item>& body);
  void load_row_group(const plan::Node& first, const std::vector<std::pair<unsigned, plan::NodeId>>& group);
  // Addresses without their constants, each with the least and the greatest constant.
  using Places = std::map<plan::Dim, std::pair<std::int64_t, std::int64_t>>;
  std::map<plan::BufferId, Places> places_read(const plan::Loop& l) const;
  void fetch(V at, std::int64_t bytes);
  void fetch_places(plan::BufferId buffer, const Places& places);
  /// Asks for what an iteration further on reads, where that is before `to`.
  void fetch_ahead(const plan::Loop& l, V to);
  void item(const plan::Loop& l);
  void item(const plan::Tiles& t);
  void item(const plan::Store& s);
  void item(const plan::Accumulate& a);
  void item(const plan::ScatterAdd& s);
  void item(const plan::For& f);
  void item(const plan::If& i);
  void item(const plan::Assert& a);
  void item(const plan::Sizes& s);
  void item(const plan::Kernel& k);
  V array_of(const std::vector<V>& values, llvm::Type* type);
  void counted(V from, V to, std::int64_t step, const std::function<void(V)>& body);
  void vector_loop(const plan::Loop& l, V from, V to);
  void vector_iterations(const plan::Loop& l, V from, V to, V end);
  /// The rows from .. to-1 of tiles whose factors are read where they are.
  void tiles(const plan::Tiles& t, V from, V to);
  /// Those of the iterations from .. to-1 that are in the loop's own ranges.
  void range(const plan::Loop& l, V from, V to);
  /// The iterations from .. to-1.
  void whole_range(const plan::Loop& l, V from, V to);
  using Lists = std::vector<const std::vector<plan::Item>*>;
  /// Iterations that threads share: those of a loop, or the rows of tiles.
  struct Shared {
    const plan::Dim& extent;
    const plan::Threads& threads;
    const plan::Packing* packing = nullptr;
    Lists bodies;
    std::int64_t unit = 1;  // a share is a multiple of it, but for the last one
  };
  Shared shared(const plan::Loop& l) const;
  Shared shared(const plan::Tiles& t) const;
  /// The iterations in place where their `work` is known to be too little for threads; else false, and nothing is
  /// emitted.
  bool inline_range(const Shared& s, V work, const RangeCode& code);
  /// The iterations as a function of a range of them, called for each part by the runtime's threads.
  void threaded(const Shared& s, const std::function<V()>& work, const RangeCode& code);
  struct Part {
    llvm::Function* body;
    V env;
  };
  Part part(const Shared& s, const RangeCode& code);
  void run_part(const Part& part, V count, V grain);
  void call_part(const Part& part, V count);
  /// `parallel` where there is a context and the work is worth threads, else `serial`.
  void if_many(V work, const std::function<void()>& parallel, const std::function<void()>& serial);
  V work(const plan::Loop& l);
  V work(const plan::Tiles& t);
  V work(const std::vector<plan::Item>& items);
  V threads();  // of the context
  /// n in equal parts, rounded up.
  V share(V n, V parts) { return b_.CreateUDiv(b_.CreateAdd(n, b_.CreateSub(parts, whole(1))), parts); }

  // Contractions whose operands are copied to panels.
  struct Contraction {
    const plan::Tiles& tiles;
    const plan::Packing& p;
    llvm::Type* elem;
    V row_count, column_count, reduced_count;
    V width;  // the columns up to a whole vector
    unsigned lanes() const { return static_cast<unsigned>(p.lanes); }
    std::int64_t panel() const { return 2 * p.lanes; }
  };
  struct Block {  // of rows and of the reduced axis
    V row, rows, first, length;
    V finite = nullptr;  // whether the factor beside the one that has zeros is, where one has
  };
  Contraction contraction(const plan::Tiles& tiles);
  void packed(const plan::Tiles& tiles);
  void pack_columns(const Contraction& c, V from, V to);
  void pack_panel(const Contraction& c, V column, V width, bool whole);
  void pack_panel_across(const Contraction& c, V column, V width, V first, V length, V to);
  /// Calls code with the first index and the length of each block of the reduced axis; one of length 0 where it is
  /// empty.
  void depth_blocks(const Contraction& c, const std::function<void(V first, V length)>& code);
  V panel_at(const Contraction& c, V first, V length, V column);
  void pack_rows(const Contraction& c, const Block& at);
  void contract_rows(const Contraction& c, V from, V to);
  V all_finite(const Contraction& c, V at, V count, V times, V stride);
  std::pair<V, V> nonzero(const Contraction& c, const Block& at, V row, int height, V column, V width);
  void contract_block(const Contraction& c, const Block& at, V tile);
  void finish_tile(const Contraction& c, V row, V rows, V column, V tile);
  void fold_tile(const Contraction& c, V row, V rows, V column, V tile, V offset, V mask);
  /// Calls code with each vector of the panel's existing columns: its offset, and a mask where some lanes are beyond.
  void tile_vectors(const Contraction& c, V column, const std::function<void(V offset, V mask)>& code);
  /// The sums of a vector of the tile's row r.
  V tile_sums(const Contraction& c, V tile, V r, V offset);
  /// The factor at the loop variables' values, `along` running over the lanes.
  V factor(const Contraction& c, plan::NodeId value, plan::VarId along, V mask);
  /// Reads `lanes` vectors and gives the j-th elements of all as the j-th vector.
  void transpose(unsigned lanes, const std::function<V(unsigned)>& read, const std::function<void(unsigned, V)>& write);
  /// The function that adds the product of two panels to a tile, or sets it: made once a module.
  llvm::Function* kernel(const Contraction& c, int height, int vectors);
  void write_kernel(llvm::Function* f, const Contraction& c, int height, int vectors);
  std::vector<V> kernel_loop(const Contraction& c, V from, V to, int height, int vectors);
  std::vector<V> kernel_chains(const Contraction& c, V length, V lacking, int height, int vectors);
  void leave_sums(const Contraction& c, const std::vector<V>& totals, int vectors);
  V element(const Contraction& c, V base, V offset);
  V whole(std::int64_t v) { return b_.getInt64(static_cast<std::uint64_t>(v)); }
  V least(V a, V b) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, b); }
  V most(V a, V b) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, a, b); }
  /// v rounded up, down to a multiple of the unit.
  V up(V v, std::int64_t unit) { return down(b_.CreateAdd(v, whole(unit - 1)), unit); }
  V down(V v, std::int64_t unit) { return b_.CreateMul(b_.CreateUDiv(v, whole(unit)), whole(unit)); }
  struct Tile {
    const plan::Tiles& of;
    unsigned lanes;
    bool across;  // the lanes are columns
    std::int64_t width() const { return across ? lanes : 1; }
  };
  void tile(const Tile& t, V row, int row_count, V column, int column_count, V mask);
  void tile_rows(const Tile& t, V from, V to, V column, int column_count, V mask);
  V lane_mask(V left, unsigned lanes);  // lanes below `left`
  void tile_block(const Tile& t, V from, V to);
  void chains(const Accumulator& acc, V from, V to, const std::function<void(V from, V to)>& code);
  void reduce_copies(const Tile& t, std::int64_t copies, V mask, const std::function<void(std::int64_t)>& select);
  std::set<plan::NodeId> nodes_of(const Lists& lists) const;
  std::set<plan::NodeId> nodes_of(const std::vector<plan::Item>& list) const { return nodes_of(Lists{&list}); }
  std::set<plan::BufferId> buffers_of(const Lists& lists) const;
  std::size_t weight(const std::vector<plan::Item>& list) const;
  void when(V condition, const std::function<void()>& code);

  // Reductions.
  void open(const plan::Loop& l);
  void open_tile(const Tile& t, unsigned results);
  void close(plan::ReductionId id);
  Accumulator accumulator(const plan::Reduction& r, unsigned lanes, unsigned count, bool array);
  void begin_blocks(Accumulator& acc, unsigned count);
  void lay_aside(const Accumulator& acc);
  std::pair<V, V> add_with_error(V sum, V error, V x);
  V folded_copies(ops::Monoid m, const Accumulator& acc);
  std::pair<V, V> folded_lanes(ops::Monoid m, std::pair<V, V> total);
  std::pair<V, V> merged(ops::Monoid m, std::pair<V, V> x, std::pair<V, V> y);
  /// The sums in blocks that accumulate in the loop's own body.
  std::vector<Accumulator*> block_sums(const plan::Loop& l);
  void lane_blocks(const plan::Loop& l, V from, V to, const std::function<void(V from, V to)>& code);
  /// Iterations from .. to-1 in blocks of so many, 0: in one. The sums are laid aside after each block but the last.
  void in_blocks(std::int64_t block, V from, V to, const std::vector<Accumulator*>& sums,
                 const std::function<void(V from, V to)>& code);
  bool ends_with(const plan::Loop& l, const Accumulator* sum) const;
  V with_laid_aside(const Accumulator& acc, V last);
  void one_by_one(const plan::Loop& l, V from, V to, const std::function<void(V)>& code);
  const plan::Loop* leaf(const plan::Loop& l, plan::ReductionId id) const;
  const plan::Loop* vector_loop_of(const plan::Loop& l, plan::ReductionId id) const;
  static unsigned lanes_of(const plan::Loop& l) { return static_cast<unsigned>(l.code.lanes); }
  static llvm::Type* slot_type(V slot) { return llvm::cast<llvm::AllocaInst>(slot)->getAllocatedType(); }
  V fold(ops::Monoid m, V a, V b);
  std::pair<V, V> fold_position(ops::Monoid m, std::pair<V, V> a, std::pair<V, V> b);
  V neutral(const plan::Reduction& r, unsigned lanes);

  void entry_checks();
  void make_indirect(const plan::For::Carried& c);
  void workspace();
  V slot_bytes(const plan::Slot& s);
  V slot_total(const plan::Slot& s, V threads);
  V stack_buffer(const plan::Buffer& b);
  /// Where the condition holds: records status and message, and returns.
  void fail_if(V condition, rg_status status, std::string_view message);
  void fail_if(V condition, rg_status status, const std::function<V()>& message);
  /// Runs `call` with the runtime's recorder of failures where there is a context: who has one has linked the runtime.
  void record(std::string_view recorder, const std::vector<llvm::Type*>& parameters,
              const std::function<std::vector<V>()>& arguments);
  /// Gives the workspace back and returns.
  void leave(rg_status status);
  void leave(V status);
  void argument_checks();
  /// The value; `bad` becomes true where it leaves int64 or, if it is used for certain, divides by 0.
  V checked_dim(const plan::Dim& d, V& bad, bool used);
  /// The bytes of an array, its extents taken as at least 1; `bad` as above.
  V checked_bytes(std::int64_t bytes, const std::vector<plan::Dim>& extents, bool used, V& bad);
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
  std::set<std::string> short_;  // ops of a width that are no functions
  V turn_ = nullptr;             // the vector's number, where that and not copy_ says which accumulators it adds to
  bool many_functions_ = false;  // more of exp and the like than are worth being written out one by one
  bool streamed_ = false;        // stores past the caches have to be waited for
  V zeros_ = nullptr;
  V context_ = nullptr;
  V memory_ = nullptr;  // the workspace, null when there is none
};

}  // namespace rg::lower
