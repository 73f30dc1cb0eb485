#include "compiler/opt/inline.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace rg::opt {

namespace {

using namespace ir;

class Inliner {
 public:
  Inliner(Builder& to, const std::function<const Function*(const Instr&)>& callee, const Cloner::Hook& hook)
      : to_(to), callee_(callee), hook_(hook) {}

  /// Copies the instructions of a block and gives its yields.
  std::vector<ValueId> body(Cloner& cloner, BlockId block) {
    if (++depth_ > kMostNested) throw NestedTooDeep{};
    std::vector<Open> open;
    open.push_back({nullptr, &cloner, &cloner.from().block(block)});
    for (;;) {
      Open& top = open.back();
      if (top.next < top.block->instrs.size()) {
        const Instr& instr = top.cloner->from().instr(top.block->instrs[top.next]);
        if (auto called = instruction(instr, *top.cloner))
          open.push_back(std::move(*called));
        else
          ++top.next;
        continue;
      }
      std::vector<ValueId> yields = (*top.cloner)(top.block->yields);
      open.pop_back();
      if (open.empty()) {
        --depth_;
        return yields;
      }
      Open& caller = open.back();
      const Instr& call = caller.cloner->from().instr(caller.block->instrs[caller.next++]);
      for (std::size_t k = 0; k < yields.size(); ++k) caller.cloner->map(call.results[k], yields[k]);
    }
  }

 private:
  // A body that is being copied.
  struct Open {
    std::unique_ptr<Cloner> own;  // of a called function
    Cloner* cloner;
    const Block* block;
    std::size_t next = 0;
  };

  // Copies the instruction, or gives the body that goes in its place.
  std::optional<Open> instruction(const Instr& instr, Cloner& cloner) {
    if (const Function* callee = callee_(instr)) {
      to_.allow(budget(callee->instrs.size()));
      const std::vector<ValueId> arguments = cloner(instr.operands);
      auto own = std::make_unique<Cloner>(*callee, to_, cloner.attrs(instr.attrs).dims());
      const auto& params = callee->block(callee->body).params;
      for (std::size_t k = 0; k < params.size(); ++k) own->map(params[k], arguments[k]);
      Cloner* const inner = own.get();
      return Open{std::move(own), inner, &callee->block(callee->body)};
    }
    to_.set_span(instr.span);
    if (!instr.regions.empty()) {
      std::vector<BlockId> regions;
      for (const BlockId r : instr.regions) regions.push_back(region(cloner, r));
      cloner.copy(instr, std::move(regions));
    } else if (!hook_(instr, cloner)) {
      cloner.copy(instr);
    }
    return std::nullopt;
  }

  BlockId region(Cloner& cloner, BlockId block) {
    const Block& source = cloner.from().block(block);
    std::vector<Type> params;
    for (const ValueId p : source.params) params.push_back(cloner.type(cloner.from().type(p)));
    return to_.in_block(params, [&](std::span<const ValueId> p) {
      for (std::size_t k = 0; k < p.size(); ++k) {
        to_.function().value(p[k]).name = cloner.from().value(source.params[k]).name;
        cloner.map(source.params[k], p[k]);
      }
      return body(cloner, block);
    });
  }

  Builder& to_;
  const std::function<const Function*(const Instr&)>& callee_;
  const Cloner::Hook& hook_;
  int depth_ = 0;
};

}  // namespace

Function inline_calls(const Function& from, const std::function<const Function*(const Instr&)>& callee,
                      const Cloner::Hook& hook) {
  Function f = declare_like(from);
  Builder b(f);
  b.limit(budget(from.instrs.size()));
  Cloner cloner(from, b);
  const auto& params = from.block(from.body).params;
  for (std::size_t k = 0; k < params.size(); ++k) cloner.map(params[k], f.block(f.body).params[k]);
  b.set_yields(Inliner(b, callee, hook).body(cloner, from.body));
  return f;
}

int nesting(const Function& f) {
  int most = 0;
  std::vector<std::pair<BlockId, int>> open{{f.body, 0}};
  while (!open.empty()) {
    const auto [block, depth] = open.back();
    open.pop_back();
    most = std::max(most, depth);
    for (const InstrId i : f.block(block).instrs) {
      for (const BlockId r : f.instr(i).regions) open.emplace_back(r, depth + 1);
    }
  }
  return most;
}

}  // namespace rg::opt
