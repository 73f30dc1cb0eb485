#include "compiler/lower/long_blocks.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/CodeExtractor.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace rg::lower {

namespace {

constexpr std::size_t longest = 2500;      // instructions of a block that stays whole
constexpr std::size_t part = 500;          // and of a part of one that does not
constexpr std::size_t most_blocks = 1000;  // of a function whose loops stay in it

using llvm::BasicBlock;
using llvm::Instruction;

class Block {
 public:
  explicit Block(BasicBlock& block) : block_(block), layout_(block.getModule()->getDataLayout()) {
    auto at = block.getFirstNonPHIIt();
    for (auto i = at; i != block.end(); ++i) {
      if (llvm::isa<llvm::AllocaInst>(*i)) at = std::next(i);
    }
    for (; at != block.end() && !at->isTerminator(); ++at) {
      place_.try_emplace(&*at, instructions_.size());
      instructions_.push_back(&*at);
    }
  }

  bool is_long() const { return instructions_.size() > longest; }

  /// The parts, each a block of its own.
  std::vector<BasicBlock*> split() {
    llvm::BasicBlock& entry = block_.getParent()->getEntryBlock();
    llvm::IRBuilder<> at_entry(&entry, entry.getFirstNonPHIOrDbgOrAlloca());
    auto* frame = at_entry.CreateAlloca(at_entry.getInt8Ty(), at_entry.getInt64(0));
    for (Instruction* i : instructions_) pass_on(*i, *frame);
    frame->setOperand(0, at_entry.getInt64(bytes_));
    frame->setAlignment(llvm::Align(64));
    std::vector<BasicBlock*> parts;
    for (std::size_t n = (instructions_.size() - 1) / part + 1; n-- > 0;) {
      // What was put before the first instruction of the part belongs to it.
      Instruction* first = instructions_[n * part];
      if (const auto loaded = first_load_.find(n); loaded != first_load_.end()) first = loaded->second;
      BasicBlock* rest = first->getParent()->splitBasicBlock(first, "part");
      if (parts.empty()) rest->splitBasicBlock(rest->getTerminator(), "after");
      parts.push_back(rest);
    }
    return parts;
  }

 private:
  std::size_t part_of(std::size_t place) const { return place / part; }

  // Stores the value where other parts use it, and lets each of them load it once, before its first use there.
  void pass_on(Instruction& i, llvm::AllocaInst& frame) {
    const std::size_t own = part_of(place_.lookup(&i));
    llvm::MapVector<std::size_t, std::size_t> first_use;  // by part
    for (const llvm::User* user : i.users()) {
      const auto at = place_.find(user);
      if (at == place_.end() || part_of(at->second) == own) continue;
      std::size_t& first = first_use.try_emplace(part_of(at->second), at->second).first->second;
      first = std::min(first, at->second);
    }
    if (first_use.empty()) return;
    const std::uint64_t size = layout_.getTypeStoreSize(i.getType()).getFixedValue();
    const std::uint64_t unit = std::min<std::uint64_t>(64, std::bit_ceil(size));
    bytes_ = (bytes_ + unit - 1) / unit * unit;
    llvm::IRBuilder<> b(i.getNextNode());
    const auto slot = [&] { return b.CreateConstGEP1_64(b.getInt8Ty(), &frame, bytes_); };
    b.CreateAlignedStore(&i, slot(), llvm::Align(unit));
    for (const auto& [number, first] : first_use) {
      b.SetInsertPoint(instructions_[first]);
      llvm::Value* address = slot();
      llvm::Value* loaded = b.CreateAlignedLoad(i.getType(), address, llvm::Align(unit));
      if (part_of(first) * part == first)
        first_load_.try_emplace(number, llvm::cast<Instruction>(address == &frame ? loaded : address));
      i.replaceUsesWithIf(loaded, [&](const llvm::Use& use) {
        const auto at = place_.find(use.getUser());
        return at != place_.end() && part_of(at->second) == number;
      });
    }
    bytes_ += size;
  }

  BasicBlock& block_;
  const llvm::DataLayout& layout_;
  std::vector<Instruction*> instructions_;  // without those that have to stay: phis, allocas, the terminator
  llvm::DenseMap<const llvm::User*, std::size_t> place_;
  llvm::DenseMap<std::size_t, Instruction*> first_load_;  // by part, where its first instruction needs one
  std::uint64_t bytes_ = 0;
};

void make_functions(llvm::Function& f, const std::vector<std::vector<BasicBlock*>>& parts) {
  if (parts.empty()) return;
  const llvm::CodeExtractorAnalysisCache cache(f);
  for (const std::vector<BasicBlock*>& blocks : parts) {
    llvm::CodeExtractor extractor(blocks, nullptr, true, nullptr, nullptr, nullptr, false, false, nullptr, "part");
    if (!extractor.isEligible()) continue;
    if (llvm::Function* made = extractor.extractCodeRegion(cache)) made->addFnAttr(llvm::Attribute::NoInline);
  }
}

void split_many_loops(llvm::Function& f) {
  if (f.size() <= most_blocks) return;
  llvm::DominatorTree dominators(f);
  const llvm::LoopInfo loops(dominators);
  std::vector<std::vector<BasicBlock*>> parts;
  for (const llvm::Loop* l : loops) parts.emplace_back(l->getBlocks().begin(), l->getBlocks().end());
  make_functions(f, parts);
}

void split_long_blocks(llvm::Function& f) {
  std::vector<std::vector<BasicBlock*>> parts;
  std::vector<BasicBlock*> blocks;
  for (BasicBlock& b : f) blocks.push_back(&b);
  for (BasicBlock* b : blocks) {
    Block block(*b);
    if (!block.is_long()) continue;
    for (BasicBlock* p : block.split()) parts.push_back({p});
  }
  make_functions(f, parts);
}

}  // namespace

void split_long_blocks(llvm::Module& module) {
  std::vector<llvm::Function*> functions;
  for (llvm::Function& f : module) {
    if (!f.isDeclaration()) functions.push_back(&f);
  }
  for (llvm::Function* f : functions) {
    split_long_blocks(*f);
    split_many_loops(*f);
  }
}

}  // namespace rg::lower
