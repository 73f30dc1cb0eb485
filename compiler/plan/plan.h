// The plan of one function: which values live in memory, in which loops they are made, what is fused, vectorised and
// threaded. Data that a person can print and read, and that lowering follows without further decisions.
//
// It is built of a function after the pipeline (no map, call or derive) by build/, and rewritten by the passes of
// pass/.
//
// Index expressions are ir::Dim polynomials: below `size_count` an index names a size of the function, from there on a
// plan variable (a loop's axis, a counter, or the run-time value of a node). So an address is one canonical polynomial,
// and its stride along an axis is a coefficient.
//
// Invariants (verify.h checks them):
//
//    1  a node's arguments and guard precede it; ids are of the plan
//    2  an access has an index an extent of its buffer, and what is loaded and stored is of its element type
//    3  a variable is used inside of its loop only, and a loop's variable is that of no loop around it
//    4  what a reduction accumulates is inside of the one loop that ends it, and its result is read after that
//    5  an array of the workspace is stored to before it is read
//    6  parameters and constants are not stored to
//    7  a state of a loop has two arrays of one type, or one that is updated in place
//    8  after the pass `storage`: what the workspace has is in a slot
//    9  a loop that threads share ends no reduction, and what each of them has of its own is memory of one iteration
//   10  tiles accumulate their sum, and end with stores or, where factors are copied, with one addition
//   11  after the pass `code`: vector loops and tiles have lanes
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/ir/module.h"
#include "compiler/ops/monoid.h"
#include "compiler/support/ids.h"
#include "compiler/target/target.h"

namespace rg::plan {

using ir::Dim;
using ir::Elem;
using ir::ValueId;
using ops::Monoid;
using VarId = Id<struct VarTag>;
using NodeId = Id<struct NodeTag>;
using BufferId = Id<struct BufferTag>;
using ReductionId = Id<struct ReductionTag>;
using Index = std::vector<Dim>;

struct Var {
  enum class Kind : std::uint8_t { axis, counter, node };
  Kind kind = Kind::axis;
  Dim extent;   // axis, counter: values are 0 .. extent-1
  NodeId node;  // kind node: the i64 scalar that it stands for
  std::string name;
};

/// Where values live. `tile`: memory of one iteration of the loops around it, a copy a thread.
enum class Storage : std::uint8_t { in, out, workspace, tile, scalar, constant };
std::string_view name(Storage storage);

struct Buffer {
  Storage storage = Storage::workspace;
  Elem elem = Elem::f64;
  std::vector<Dim> dims;   // as accessed
  std::vector<bool> kept;  // dims that have memory of their own; the others are those of loops around all accesses
  std::string name;
  std::uint32_t number = 0;   // in, out: position among parameters or results
  std::vector<double> reals;  // constant
  std::vector<std::int64_t> integers;
  int slot = -1;  // workspace, tile: index in Plan::slots
  /// Elements that have memory.
  Dim count() const;
};

struct Access {
  BufferId buffer;
  Index index;  // one an extent of the buffer
};

/// One scalar value of a statement's computation, as a function of the variables. Shared: a node is emitted once in a
/// loop body however often it is used there.
struct Node {
  enum class Kind : std::uint8_t {
    constant,  // real or integer
    index,     // the i64 value of `dim`
    load,      // `access`; where `guard` is false nothing is read and the value is 0
    op,        // an elementwise op
    reduced,   // the result of a reduction whose loop is over
  };
  Kind kind = Kind::constant;
  Elem elem = Elem::f64;
  double real = 0;
  std::int64_t integer = 0;
  bool absent = false;  // constant: zero for a derivative that is not there
  Dim dim;
  Access access;
  NodeId guard;
  ir::Opcode op;
  std::vector<NodeId> args;
  ir::Attributes attrs;  // op
  int fused = -1;  // add, sub: number of the argument that is a product and goes into the sum without being rounded
  ReductionId reduction;
  std::vector<VarId> vars;  // those that it depends on, sorted
};

/// A running value over one or more loops, kept in registers: several accumulators, folded in a fixed order.
struct Reduction {
  Monoid monoid = Monoid::sum;
  Elem elem = Elem::f64;  // of the accumulated value (argmin: of the compared value; the result is i64)
  NodeId value;
  Dim position;            // argmin, argmax: index of the value along the reduced axis
  bool in_blocks = false;  // a sum that is laid aside after the blocks of the loop in which it accumulates
  int accumulators = 1;    // where its terms fill the lanes of a loop: vectors add to them in turn
};

struct Item;

/// How a contraction's factors are copied, in the order in which a kernel of `height` x 2 vectors of accumulators reads
/// them. The reduced axis is cut into blocks of `block_depth` and the rows into blocks of `block_rows`, which stay in
/// the second cache level; the sums over the first blocks of the reduced axis are in `partial`, and the errors of
/// adding them in `errors`, until the last adds its own. All of this depends on extents, element type and target only.
struct Packing {
  NodeId row_value, column_value;  // the factors
  bool rows_across = false;        // vectors of the row factor are read along the rows, not along the reduced axis
  bool columns_across = false;     // vectors of the column factor are read along the reduced axis, not the columns
  int lanes = 1;                   // of a vector
  int height = 1, edge = 1;        // rows of the kernel's tile, and of that for the last rows
  std::int64_t block_rows = 0;     // a multiple of height, edge and lanes
  BufferId columns, rows;
  BufferId partial, errors;  // invalid where there is one block

  static constexpr std::int64_t block_depth = 256;
  /// Multiply-adds one after the other; what the chains of a block give is added from left to right.
  static constexpr std::int64_t chain = 64;
  /// Elements from row to row of the copied rows.
  std::int64_t stride() const { return block_depth + lanes; }
};

/// Iterations from .. to-1; none where to <= from.
struct Range {
  Dim from, to;
};

/// Terms of a sum that are zero by where they stand: those after (or before) the index of another loop, as the elements
/// above a diagonal are.
struct Zeros {
  VarId var;
  bool after = true;
};

/// How the vectors of a loop or of tiles become code. The pass `code` decides it, when all else is as it stays.
struct VectorCode {
  int lanes = 0;              // of a vector, 0: not decided; with 1 a loop runs as a serial one
  int accumulators = 1;       // the most that a reduction has which accumulates in the loop's own body
  bool side_by_side = false;  // the body is there once for each of them (unrolling); else vectors take turns
  bool unmasked = false;      // whole vectors have a body of their own, beside the one under a mask for what is left
  int ahead = 0;              // large arrays are asked for so many vectors before (prefetch); 0: they are not
};

/// Iterations are divided among the threads (parallelisation), which share all memory but that in `own`: memory of one
/// iteration, of which each thread has its own (privatised).
struct Threads {
  std::vector<BufferId> own;
};

/// Iterations are independent but for the reductions that end with the loop.
struct Loop {
  enum class Kind : std::uint8_t {
    serial,  // one iteration after the other
    vector,  // consecutive iterations fill the lanes of a vector
  };
  VarId var;
  Dim extent;
  Kind kind = Kind::serial;
  /// vector: vectors computed at once (interleaving).
  int together = 1;
  VectorCode code;  // of a vector loop
  std::optional<Threads> threads;
  /// Sums that accumulate here begin anew after so many iterations; 0: they never do. What they were is added up with
  /// the errors of that, so that the length of a chain of additions has a bound. Depends on element types and target
  /// only.
  std::int64_t block = 0;
  std::vector<ReductionId> reductions;  // those that begin before and end after this loop
  std::vector<Range> ranges;            // only these iterations, in order; empty: all
  std::optional<Zeros> zeros;           // of a sum: terms that may be left out
  std::vector<Item> body;

  bool is_vector() const { return kind == Kind::vector; }
};

/// A contraction by tiles of accumulators in registers (unroll-and-jam of two loops around a reduced one):
///
///   each row { each column { each reduced index { body } finish } }
///
/// where `body` accumulates one sum and `finish` says what is made of it.
struct Tiles {
  struct Axis {
    VarId var;
    Dim extent;
  };
  enum class Lanes : std::uint8_t { columns, reduced };
  Axis rows, columns, reduced;
  Lanes lanes = Lanes::columns;  // of which axis consecutive indices fill the lanes of a vector
  /// Of a tile. The columns count as vectors where they fill lanes.
  int row_count = 1, column_count = 1;
  VectorCode code;  // its lanes
  ReductionId sum;
  std::int64_t block = 0;          // of the sum, as Loop's
  std::optional<Packing> packing;  // where the factors are copied
  std::optional<Zeros> zeros;      // terms that may be left out
  bool symmetric = false;          // rows below the diagonal may be left out
  std::optional<Threads> threads;  // share the rows
  std::vector<Item> body, finish;  // an Accumulate; Stores, or one ScatterAdd of a sum over the rows

  bool lanes_are_columns() const { return lanes == Lanes::columns; }
};

struct Store {
  Access target;
  NodeId value;
};

struct Accumulate {
  ReductionId reduction;
};

/// target += value, where mask (if valid) is true. Iterations that may meet are in order. Where `errors` has a buffer,
/// the rounding errors of the additions are added up there, to be added to the target in the end.
struct ScatterAdd {
  Access target;
  NodeId value;
  NodeId mask;
  Access errors = {};
};

/// Trip count iterations in order. Carried tensors are double buffered: an iteration reads `current`, writes `next`,
/// and the two change places after it.
struct For {
  struct Carried {
    BufferId current, next;  // equal: updated in place
  };
  VarId counter;
  Dim trip;
  bool reversed = false;
  std::vector<Carried> carried;
  std::vector<Item> body;
};

struct If {
  NodeId condition;
  std::vector<Item> then_body, else_body;
};

/// Ends the call where the condition is false. The message then has numbers behind it, each after its words; `search`
/// runs before they are computed.
struct Assert {
  struct Number {
    std::string words;
    NodeId value;
  };
  NodeId condition;
  std::string message;
  bool subscript = false;  // of an array, and no assertion of the program
  Span place = {};
  std::vector<Number> numbers = {};
  std::vector<Item> search = {};
};

/// A place in the program as one number: the context of a failed call keeps it.
inline std::int64_t place_of(Span s) { return std::int64_t{s.file} << 32 | s.begin; }

/// Fails where a value or an extent leaves int64 or divides by 0, or the bytes of an array do, its extents taken as at
/// least 1. That extents are not negative the program asserts.
struct Sizes {
  struct Array {
    std::int64_t bytes = 1;  // of an element, times the extents that are constant
    std::vector<Dim> extents;
  };
  std::vector<Dim> values;
  std::vector<Array> arrays;
  bool empty() const { return values.empty() && arrays.empty(); }
};

/// The call of a function of the runtime that computes all results of an op (ops/kernel.h).
struct Kernel {
  ir::Opcode op;
  ir::Attributes attrs;
  Elem elem = Elem::f64;  // of operand 0
  /// First elements of the operands and results, which are whole and row-major; a result without a buffer is not
  /// wanted.
  std::vector<Access> inputs, outputs;
  std::vector<std::vector<Dim>> extents;  // of the operands, then of the results
  BufferId workspace;                     // invalid: none
};

struct Item {
  std::variant<Loop, Tiles, Store, Accumulate, ScatterAdd, For, If, Assert, Sizes, Kernel> what;
};

/// A part of the workspace, shared by buffers that are never alive together.
struct Slot {
  std::vector<Dim> bytes;  // the size is the greatest
  bool per_thread = false;
};

struct Plan {
  ir::Function function;  // with known sizes put in; attributes of ops are read from it
  Target target;
  std::uint32_t size_count = 0;
  std::vector<std::optional<std::int64_t>> known_sizes;
  std::vector<Var> vars;
  std::vector<Node> nodes;
  std::vector<Buffer> buffers;
  std::vector<Reduction> reductions;
  std::vector<Slot> slots;
  std::vector<BufferId> inputs, outputs;  // by position
  std::vector<Item> body;
  /// Remarks of passes on the whole, which --dump-plan shows.
  std::vector<std::string> notes;

  const Node& node(NodeId id) const { return nodes[id.index]; }
  const Buffer& buffer(BufferId id) const { return buffers[id.index]; }
  Dim var_dim(VarId id) const { return Dim::size(size_count + id.index); }
  /// The variable that `dim` is exactly, if it is one.
  std::optional<VarId> as_var(const Dim& dim) const;
  /// Names for Dim::str: the function's sizes, then the variables.
  std::vector<std::string> dim_names() const;
  /// True when no workspace is used.
  bool no_workspace() const { return slots.empty(); }
};

struct PlanOptions {
  /// Values of sizes that are known, by index; the compiled function then refuses others.
  std::vector<std::optional<std::int64_t>> known_sizes = {};
  /// What the code is made for.
  Target target = {};
  bool threads = true;
  /// Sums and products of floating numbers are made in order, one after the other.
  bool strict = false;
  bool fast = false;
  /// Products of static extents up to this are unrolled into registers.
  std::int64_t unroll_limit = 64;
  /// Names of passes that are left out (pass/pipeline.h); those that lowering needs never are.
  std::vector<std::string> skip = {};
  /// Called with the plan as it is built ("build") and after each pass with its name.
  std::function<void(std::string_view pass, const Plan& plan)> after = {};
};

/// The plan of a function that has passed the pipeline: built (build/), then through all passes (pass/) but those that
/// the options leave out. Anything else in the function is an internal error (InternalError), with a reproducer.
Plan make_plan(const ir::Function& function, const PlanOptions& options = {});

/// Names of the results as C's parameters: out, or out_ with the path in the result's type behind it.
std::vector<std::string> result_names(const Plan& plan);

/// The plan as text, one statement a line.
std::string print(const Plan& plan);

}  // namespace rg::plan
