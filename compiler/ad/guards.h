// Where a derivative may differ from zero. A tangent or an adjoint carries predicates of its own shape: where one of
// them is false the derivative is exactly zero, whatever partial derivative it meets (infinite, NaN).
//
// The predicates are kept apart by where they come from, since they cost and promise different things:
//   chosen  a condition: where, if, the smaller of two, the winner of a reduction. Guards every product that follows.
//   read    the structure of indices: an element that is never read, a one-hot seed, a state that has no tangent yet.
//           In loops it guards only partial derivatives that can be infinite at finite operands; the others are finite
//           but where the value itself has overflown, and steps stay as fast as they are without.
//   given   not zero in the tangent or adjoint that was given at run time. Guards partial derivatives that can be
//           infinite at finite operands, by products that keep the derivative in what was given.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "compiler/code/builder.h"

namespace rg::ad {

/// Predicates of a derivative; an invalid one holds everywhere.
struct Guards {
  ir::ValueId chosen = {}, read = {}, given = {};
  /// `read` is of a one-hot seed; of some element of one, which is all there is but in part of a result that was
  /// joined. Then it guards as in loops.
  bool one_hot = false, some = false;

  bool structural() const { return chosen.valid() || read.valid(); }
};

/// The predicates one by one: `g.*channel`.
inline constexpr std::array kChannels{&Guards::chosen, &Guards::read, &Guards::given};

/// "And" and "or" of predicates that hold everywhere where they are invalid.
ir::ValueId both(ir::Builder& b, ir::ValueId p, ir::ValueId q);
ir::ValueId either(ir::Builder& b, ir::ValueId p, ir::ValueId q);

/// Of a sum of two derivatives.
Guards sum(ir::Builder& b, const Guards& p, const Guards& q);

/// `chosen` and `read` in one.
ir::ValueId structural(ir::Builder& b, const Guards& g);
/// The predicate in the place of `chosen`, or of `read`.
Guards from_structural(ir::ValueId p, bool chosen);

/// t, or zeros where the predicate is false; all of t where it is invalid.
ir::ValueId zero_outside(ir::Builder& b, ir::ValueId predicate, ir::ValueId t);

/// Operand k of an op.
struct OperandAt {
  ops::AnySite<ir::Builder>& site;
  int k;
};

/// partial * t for the derivative t of an operand of an op, under t's guards; by the op's own product where there is
/// one and `at` says which operand it is.
ir::ValueId scaled(ir::Builder& b, const ops::OpInfo& row, ir::ValueId partial, ir::ValueId t, const Guards& guards,
                   bool in_loop, const OperandAt* at = nullptr);

/// The guards of a derivative that is given as a value at run time.
Guards of_given(ir::Builder& b, ir::ValueId seed);

/// What of a derivative's guards is carried from one step of a loop to the next, as states of truth values: a predicate
/// of the derivative's shape, or one number where the first step has no derivative and the others have all of it.
struct Carried {
  enum class Kind : std::uint8_t { nothing, uniform, read, chosen };
  Kind kind = Kind::nothing;
  bool given = false;
  /// A step leaves a derivative everywhere.
  bool everywhere = false;

  /// Before the first step; `present` is false for a derivative that is zero as a whole.
  static Carried before(const Guards& g, bool present, bool given_too);
  /// Adds what a step gives; true where more is to be carried than was.
  bool raise(const Guards& after);
  /// The states of a derivative of the type, for its guards; those of `zero` are false.
  void pack(ir::Builder& b, const Guards& g, bool zero, const ir::Type& type, std::vector<ir::ValueId>& states) const;
  /// Takes the states from the front of `states`.
  Guards unpack(ir::Builder& b, const ir::Type& type, std::span<const ir::ValueId>& states) const;
  /// The same after the last of `trip` steps.
  Guards after(ir::Builder& b, const ir::Type& type, std::span<const ir::ValueId>& states, const ir::Dim& trip) const;
};

/// The guards of derivatives that the arms of a branch yield, as results of the branch. What only one arm reaches is
/// guarded by the condition.
class BranchGuards {
 public:
  BranchGuards(ir::Builder& b, ir::ValueId condition) : b_(b), condition_(condition) {}

  /// The next derivative of the arm that is built; `present` is false where it is zero as a whole.
  void arm(bool present, const Guards& g) { found_.push_back({present, g}); }
  /// After both arms, of which each gave one derivative a type: the predicates that are needed become yields.
  void add_yields(std::span<const ir::BlockId> arms, std::span<const ir::Type> types);
  /// Guards of the branch's results, from those that were added.
  std::vector<Guards> of_results(std::span<const ir::ValueId> added, std::span<const ir::Type> types);

 private:
  struct Found {
    bool present;
    Guards guards;
  };
  /// Yields the predicate of each of the two arms unless the condition says it all; true where they were added.
  bool yields(std::span<const ir::BlockId> arms, const ir::Type& type, const Found& x, const Found& y, bool given);

  ir::Builder& b_;
  ir::ValueId condition_;
  std::vector<Found> found_;
  std::vector<std::array<bool, 2>> added_;  // a result: whether structural and given predicates are yields
};

}  // namespace rg::ad
