#include "compiler/opt/simplify.h"

#include <map>
#include <unordered_map>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/opt/rules.h"

namespace rg::opt {

namespace {

using namespace ir;

/// What makes two instructions equal.
struct Key {
  Opcode op;
  std::vector<ValueId> operands;
  Attributes attrs;
  bool operator==(const Key&) const = default;
};

struct KeyHash {
  std::size_t operator()(const Key& k) const {
    std::size_t h = k.attrs.hash() + k.op.index;
    for (const ValueId v : k.operands) h = (h ^ v.index) * 0x9e3779b97f4a7c15U + (h >> 29);
    return h;
  }
};

class Simplifier {
 public:
  explicit Simplifier(std::span<const Rule> equations) {
    for (const Rule& r : equations) by_op_[Builder::named(r.op)].push_back(&r);
  }

  bool instruction(const Instr& instr, Cloner& c) {
    if (!instr.regions.empty()) {  // what a region adds is seen neither after it nor in the next region
      std::vector<BlockId> regions;
      for (const BlockId r : instr.regions) {
        const std::size_t outside = added_.size();
        regions.push_back(c.clone_region(r));
        for (; added_.size() > outside; added_.pop_back()) seen_.erase(added_.back());
      }
      c.copy(instr, std::move(regions));
      return true;
    }
    if (instr.results.size() != 1 || ops::info(instr.op).effect || ops::info(instr.op).infer == nullptr) return false;
    const std::vector<ValueId> operands = c(instr.operands);
    const Attributes attrs = c.attrs(instr.attrs);
    c.map(instr.results[0], value(c.to(), instr.op, operands, attrs));
    return true;
  }

 private:
  ValueId value(Builder& b, Opcode op, const std::vector<ValueId>& operands, const Attributes& attrs) {
    const auto rules = by_op_.find(op);
    if (rules != by_op_.end()) {
      for (const Rule* r : rules->second) {
        if (const auto v = r->apply(b, operands, attrs)) return *v;
      }
    }
    const auto [at, fresh] = seen_.try_emplace(Key{op, operands, attrs});
    if (!fresh) return at->second;
    added_.push_back(at->first);
    return at->second = b.emit1(op, operands, attrs);
  }

  std::map<Opcode, std::vector<const Rule*>> by_op_;
  std::unordered_map<Key, ValueId, KeyHash> seen_;
  std::vector<Key> added_;  // in order, to be taken back
};

}  // namespace

Function simplify(const Function& f, RuleClass most) {
  std::vector<Rule> chosen;
  for (const Rule& r : rules()) {
    if (r.kind <= most) chosen.push_back(r);
  }
  return simplify(f, chosen);
}

Function simplify(const Function& f, std::span<const Rule> rules) {
  Simplifier s(rules);
  return rebuild(f, [&](const Instr& instr, Cloner& c) { return s.instruction(instr, c); });
}

Function share_equal(const Function& f) {
  Simplifier s({});
  return rebuild(f, [&](const Instr& instr, Cloner& c) { return s.instruction(instr, c); });
}

}  // namespace rg::opt
