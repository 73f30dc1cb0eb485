// Reverse mode: the primal, then a sweep back over its code that gives adjoints.
//
// Straight-line code keeps no tape: the sweep uses the primal's values. A loop's primal stacks its states, what is
// costly in a step (functions, contractions, loops inside), and the tapes of the loops inside. The sweep's loop runs
// the other way over those stacks and computes what is left of each step again before it goes back over it. What it
// does not read is no tape: dead code elimination drops the stack. Adjoints of values that a region reads from around
// it are carried through the steps, and through the loops inside.
//
// An adjoint has guards (guards.h): where they do not hold it is exactly zero, whatever the partial derivative there
// (also infinite or NaN). `where(x > 0, log(x), 0)` has the derivative 0 at 0 by that.
//
// The adjoint of a part of a tensor (a slice) is placed among zeros. A partial derivative that it meets next is
// multiplied on the part alone, before it is placed.
#pragma once

#include <memory>
#include <unordered_set>

#include "compiler/ad/guards.h"
#include "compiler/code/clone.h"

namespace rg::ad {

class Reverse {
 public:
  struct Placed;
  /// An invalid value is zero.
  struct Adjoint {
    ir::ValueId value = {};
    Guards guards = {};
    /// Where the value is a transposed read: of what.
    std::shared_ptr<const Placed> placed = {};
  };
  /// The instruction that reads operand 0 and the adjoint of its result, which may be placed itself.
  struct Placed {
    const ir::Instr& instr;
    Adjoint inner;
    int depth;
  };

  /// Emits the body of `f` for `arguments` at the builder's current block. `f` holds no map, call, derive, and no op
  /// that is differentiated by expansion of an active operand. Sizes of `f` are replaced by `sizes`.
  Reverse(const ir::Function& f, ir::Builder& to, std::span<const ir::ValueId> arguments, std::vector<ir::Dim> sizes,
          std::span<const std::int64_t> wrt);

  const std::vector<ir::ValueId>& primals() const { return primals_; }
  /// Emits the sweep at the builder's current block, from one adjoint a floating result; gives one adjoint a parameter
  /// of `wrt`. May be called again, also inside a region.
  std::vector<ir::ValueId> pullback(std::span<const Adjoint> result_adjoints);

 private:
  using Adjoints = std::unordered_map<ir::ValueId, Adjoint>;

  bool is_active(ir::ValueId v) const { return active_.contains(v); }
  /// What a step of a loop leaves on the tape besides its states.
  struct Kept {
    std::vector<const ir::Instr*> instrs;  // all results of each; of a loop its own tape too
  };
  Kept kept(ir::BlockId region) const;
  bool instruction(const ir::Instr& instr);
  std::vector<ir::ValueId> tape_of_step(const Kept& kept);
  void read_tape(const Kept& kept, std::span<const ir::ValueId> slices);
  void add(ir::ValueId to, const Adjoint& adjoint);
  Adjoint adjoint(ir::ValueId v) const;
  ir::ValueId adjoint_value(ir::ValueId v);
  std::vector<ir::ValueId> active_free_values(const std::vector<ir::BlockId>& regions) const;
  void sweep(ir::BlockId block);
  void sweep(const ir::Instr& instr);
  void by_partials(const ir::Instr& instr, const Adjoint& y_adj);
  void by_transpose(const ir::Instr& instr, const Adjoint& y_adj);
  void custom(const ir::Instr& instr);
  Adjoint times(const ops::OpInfo& row, ir::ValueId partial, const Adjoint& y_adj, const OperandAt* at = nullptr);
  Guards reach(const ir::Instr& instr, ops::AnySite<ir::Builder>& site, int k, const Guards& y);
  struct Sweep;
  void loop(const ir::Instr& instr);
  bool loop(Sweep& s);
  void enter_step(const Sweep& s, std::span<const ir::ValueId> state, std::span<const ir::ValueId> slice);
  std::pair<std::vector<ir::ValueId>, std::vector<ir::ValueId>> leave_step(Sweep& s);
  void bind(Sweep& s, std::span<const ir::ValueId> results);
  void branch(const ir::Instr& instr);

  const ir::Function& f_;
  ir::Builder& b_;
  ir::Cloner cloner_;
  std::vector<ir::ValueId> wrt_;
  std::unordered_set<ir::ValueId> active_;
  std::vector<ir::ValueId> primals_;
  Adjoints adjoints_;
  std::unordered_map<const ir::Instr*, std::vector<ir::ValueId>>
      tapes_;                                   // of a loop: the stacks, as `Kept` orders them
  std::unordered_set<const ir::Instr*> given_;  // in loops: their results come from the tape
  int loops_ = 0;                               // around the current place of the sweep
  bool any_given_ = false;                      // an adjoint that was given at run time
};

}  // namespace rg::ad
