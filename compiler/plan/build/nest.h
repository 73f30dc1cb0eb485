// Loop nests and their fusion.
//
// A nest is one materialised value with the loops that make it. Nests are put into trees of loops: a nest joins a loop
// of an earlier one when it reads what is made there at that loop's own index only, or reads the same memory along it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "compiler/plan/build/dag.h"

namespace rg::plan {

/// The index of an element of a part in the whole; empty for the whole itself.
using Placement = std::function<Index(const Index&)>;

struct Nest {
  struct Axis {
    Dim extent;
    VarId own;   // as in `reads`
    VarId loop;  // after fusion
    bool reduced = false;
    bool unrolled = false;
    bool batch = false;  // of a blocked contraction: on both operands, or beside the tile's rows and columns
  };
  struct Read {
    BufferId buffer;
    Index index;
  };
  ValueId value;
  bool copy = false;          // stores what is computed elsewhere
  Access target;              // the index is a prefix of constants or outer variables
  Placement place;            // where a piece stands in the value that the target is for
  bool add = false;           // adds to what is stored there
  std::vector<ValueId> more;  // values of the same shape that are added too
  std::vector<Axis> axes;     // those of the result in order, then the reduced ones
  std::optional<Monoid> monoid;
  std::vector<Read> reads;
  std::vector<std::size_t> order;  // of the loops, by axis: outermost first
  bool blocked = false;            // a contraction by tiles: its loops are batches…, rows, columns, reduced
  std::optional<std::pair<std::size_t, bool>> zeros;  // of a blocked one: the axis of Zeros, and whether after
  std::int64_t cost = 0;                              // of one element, in additions
  VarId outer_reduced;                                // the outermost of its reduced loops
  std::vector<ReductionId> reductions;                // one an unrolled index

  std::size_t result_rank() const;
  /// Where the element at an index of the value is stored.
  Access stored_at(const Index& index) const;
};

struct LoopTree {
  struct Entry {
    std::unique_ptr<LoopTree> loop;  // or a nest's body, or what follows its reduced loops
    std::size_t nest = 0;
    bool finish = false;
  };
  VarId var;
  Dim extent;
  std::vector<Entry> entries;
  std::vector<std::size_t> nests;  // in it, at any depth
  // What is asked of the nests in it: of a buffer that they store, the first one and the last entry with one; the
  // buffers, with the axis, that they read along this loop; the blocked one whose rows, columns or sum it is.
  struct Stored {
    std::size_t nest = 0, entry = 0;
  };
  std::map<BufferId, Stored> stored;
  std::set<std::pair<BufferId, std::size_t>> read_along;
  std::vector<std::size_t> of_tile;
  bool has_loops = false;
};

/// The pending nests of a straight-line stretch of code.
class Fusion {
 public:
  explicit Fusion(Plan& plan) : plan_(plan) {}
  void add(Nest nest);
  bool empty() const { return nests_.empty(); }
  std::vector<Nest>& nests() { return nests_; }
  std::vector<LoopTree::Entry>& entries() { return root_.entries; }
  /// Whether a pending nest stores to the buffer.
  bool stores(BufferId buffer) const { return root_.stored.contains(buffer); }
  void clear() { *this = Fusion(plan_); }
  Fusion& operator=(Fusion&& other) noexcept {
    nests_ = std::move(other.nests_);
    root_ = std::move(other.root_);
    return *this;
  }
  Fusion(Fusion&&) = default;

 private:
  void insert(std::size_t nest, LoopTree& at);
  std::optional<std::size_t> joining_axis(const Nest& nest, const LoopTree& loop) const;
  bool may_join_blocked(const Nest& nest, const Nest& blocked) const;
  void put(std::size_t nest, LoopTree& at, LoopTree::Entry entry);
  bool axis_matches(const Nest& nest, std::size_t axis, const LoopTree& loop, bool& depends, bool& shares) const;
  Plan& plan_;
  std::vector<Nest> nests_;
  LoopTree root_;
};

}  // namespace rg::plan
