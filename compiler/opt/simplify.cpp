#include "compiler/opt/simplify.h"

#include <bit>
#include <map>
#include <tuple>

#include "compiler/ops/all.h"
#include "compiler/opt/rules.h"

namespace rg::opt {

namespace {

using namespace ir;

/// What makes two instructions equal. Reals are compared by their bits, so that -0 and 0 differ.
struct Key {
  Opcode op;
  std::vector<ValueId> operands;
  Attrs attrs;
  std::vector<std::uint64_t> bits;

  Key(Opcode o, std::vector<ValueId> x, Attrs a) : op(o), operands(std::move(x)), attrs(std::move(a)) {
    for (const double r : attrs.reals) bits.push_back(std::bit_cast<std::uint64_t>(r));
    attrs.reals.clear();
  }
  auto tie() const {
    return std::tie(op, operands, attrs.axes, attrs.dims, attrs.starts, attrs.steps, attrs.labels, attrs.integers,
                    attrs.elems, attrs.text, attrs.callee, bits);
  }
  bool operator<(const Key& other) const { return tie() < other.tie(); }
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
    const Attrs attrs = c.attrs(instr.attrs);
    c.map(instr.results[0], value(c.to(), instr.op, operands, attrs));
    return true;
  }

 private:
  ValueId value(Builder& b, Opcode op, const std::vector<ValueId>& operands, const Attrs& attrs) {
    const auto rules = by_op_.find(op);
    if (rules != by_op_.end()) {
      for (const Rule* r : rules->second) {
        if (const auto v = r->apply(b, operands, attrs)) return *v;
      }
    }
    const auto [at, fresh] = seen_.try_emplace(Key(op, operands, attrs));
    if (!fresh) return at->second;
    added_.push_back(at);
    return at->second = b.emit1(op, operands, attrs);
  }

  std::map<Opcode, std::vector<const Rule*>> by_op_;
  std::map<Key, ValueId> seen_;
  std::vector<std::map<Key, ValueId>::iterator> added_;  // in order, to be taken back
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
