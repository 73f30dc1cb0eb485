// What code asks of the sizes that it is called with: every extent is a number, and every array has less than 2^63
// bytes, its extents taken as at least 1 so that no order of multiplication matters.
#pragma once

#include "compiler/plan/plan.h"

namespace rg::plan {

/// Collects what instructions ask, less what is known to hold where they stand.
class SizeNeeds {
 public:
  explicit SizeNeeds(const ir::Function& f) : f_(f) {}

  struct Mark {
    std::size_t values = 0, arrays = 0;
  };
  /// What is checked at entry: the arrays that the caller hands over.
  void know(const ir::Type& type);
  /// What the instruction asks, and a loop's steps, which need not run, in `loops`. The arms of branches are left out.
  struct Needs {
    Sizes here;
    struct Steps;
    std::vector<Steps> loops;
    Mark behind;  // what is known behind a loop: not what its steps ask
    bool empty() const { return here.empty() && loops.empty(); }
  };
  Needs of(const ir::Instr& instr);

  // What was asked is known from there on (of a loop's steps: in its body, to which that belongs that comes next),
  // until `forget` to the mark.
  Mark mark() const { return {values_.size(), arrays_.size()}; }
  void forget(Mark mark);

 private:
  void ask(const Dim& value, Sizes& to);
  void ask(const ir::Type& type, Sizes& to);
  void ask(const ir::Instr& instr, Sizes& to);
  void ask(ir::BlockId block, Needs& to);
  void ask_steps(const ir::Instr& loop, Needs& to);
  bool known(const Sizes::Array& array) const;

  const ir::Function& f_;
  std::vector<Dim> values_;
  std::vector<Sizes::Array> arrays_;
};

struct SizeNeeds::Needs::Steps {
  Dim trip;
  Needs inside;
};

}  // namespace rg::plan
