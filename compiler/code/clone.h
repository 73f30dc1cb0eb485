// Copies code from one function into another that is being built: the tool with which passes rebuild functions.
#pragma once

#include <functional>
#include <unordered_map>

#include "compiler/code/builder.h"

namespace rg::ir {

/// Copies instructions of `from` to the current block of `to`, with operands replaced by what they were mapped to and
/// every extent substituted. Values are mapped as their instructions are copied.
class Cloner {
 public:
  /// A hook sees each instruction first; where it returns true it has mapped the results itself.
  using Hook = std::function<bool(const Instr&, Cloner&)>;

  /// `sizes[i]` replaces size i of `from`; empty keeps all sizes.
  Cloner(const Function& from, Builder& to, std::vector<Dim> sizes = {})
      : from_(from), to_(to), sizes_(std::move(sizes)) {}

  void set_hook(Hook hook) { hook_ = std::move(hook); }
  void map(ValueId from, ValueId to) { map_[from] = to; }
  bool is_mapped(ValueId from) const { return map_.contains(from); }
  /// What `from` was mapped to; an internal error where it was not.
  ValueId operator()(ValueId from) const;
  std::vector<ValueId> operator()(std::span<const ValueId> from) const;
  Dim dim(const Dim& d) const { return sizes_.empty() ? d : d.substitute(sizes_); }
  Type type(const Type& t) const { return sizes_.empty() ? t : t.substitute(sizes_); }
  Attributes attrs(const Attributes& a) const;
  /// Copies one instruction, its regions included, through the hook.
  void clone(InstrId id);
  /// Copies one instruction without asking the hook for itself (its regions ask it).
  void copy(const Instr& instr);
  /// The same with regions that were copied before.
  void copy(const Instr& instr, std::vector<BlockId> regions);
  /// Copies the instructions of a block and gives its yields.
  std::vector<ValueId> clone_body(BlockId block);
  /// A new block with the same parameters and a copy of the body.
  BlockId clone_region(BlockId block);

  const Function& from() const { return from_; }
  Builder& to() { return to_; }

 private:
  const Function& from_;
  Builder& to_;
  std::vector<Dim> sizes_;
  std::unordered_map<ValueId, ValueId> map_;
  Hook hook_;
};

/// A function with the name, sizes, signature, docs and parameters of `from`, and an empty body.
Function declare_like(const Function& from);

/// `from` rebuilt: every instruction goes through the hook, within the budget of a pass.
Function rebuild(const Function& from, const Cloner::Hook& hook);

/// Copies the body of `callee` to the builder's current block for arguments and size arguments; gives its results.
std::vector<ValueId> inline_body(const Function& callee, Builder& to, std::span<const ValueId> arguments,
                                 std::vector<Dim> sizes, const Cloner::Hook& hook = {});

/// Values that a region (nested ones included) uses and that are defined outside of it, in order of first use.
std::vector<ValueId> free_values(const Function& f, BlockId region);

/// For every value the number of its uses as an operand or a yield.
std::vector<std::uint32_t> use_counts(const Function& f);

}  // namespace rg::ir
