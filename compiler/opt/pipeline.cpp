#include "compiler/opt/pipeline.h"

#include <map>
#include <set>

#include "compiler/ir/clone.h"
#include "compiler/ops/all.h"
#include "compiler/opt/contraction_order.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/lift.h"
#include "compiler/opt/simplify.h"
#include "compiler/support/diagnostic.h"
#include "compiler/support/internal_error.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;

constexpr int kMaxRounds = 12;

// Calls are inlined and derivatives expanded; what is unused goes; maps become whole-array ops; equations. At last,
// once for the function that is asked for, contractions are put in order.
constexpr std::string_view kExpand = "expand", kDce = "dce", kLift = "lift", kSimplify = "simplify", kOrder = "order";
constexpr std::string_view kPasses[] = {kExpand, kDce, kLift, kSimplify, kOrder};

std::size_t code_size(const Function& f) {
  std::size_t n = 0;
  for (const Block& b : f.blocks) n += b.instrs.size();
  return n;
}

/// The opcodes and operands in order: equal before and after a round when the round changed nothing.
std::vector<std::uint32_t> shape_of(const Function& f) {
  std::vector<std::uint32_t> out;
  for (const Block& b : f.blocks) {
    for (const InstrId i : b.instrs) {
      out.push_back(f.instr(i).op.index);
      for (const ValueId v : f.instr(i).operands) out.push_back(v.index);
    }
  }
  return out;
}

struct Recursion {
  std::string name;
};

/// Prepared functions by name: each once, whatever refers to it.
class Preparation {
 public:
  Preparation(const Module& module, const ExpandDerive& expand, const PipelineOptions& options)
      : module_(module), expand_(expand), options_(options) {}

  const Function& operator()(std::string_view name) {
    const auto done = done_.find(name);
    if (done != done_.end()) return done->second;
    const Function* f = module_.find(name);
    if (f == nullptr) internal_error("no function " + std::string(name));
    if (!open_.insert(std::string(name)).second) throw Recursion{std::string(name)};
    Function out = rebuild(*f, [this](const Instr& i, Cloner& c) { return reference(i, c); });
    after(kExpand, out);
    // Dead code first: a derivative leaves unused primals and adjoints, which need no lifting.
    out = dce(out);
    after(kDce, out);
    out = lift(out);
    after(kLift, out);
    if (options_.simplify) {
      out = simplify_fully(std::move(out), options_.strict);
      after(kSimplify, out);
    }
    open_.erase(std::string(name));
    return done_.emplace(std::string(name), std::move(out)).first->second;
  }

 private:
  void after(std::string_view pass, const Function& f) const {
    if (options_.after) options_.after(pass, f);
  }

  bool reference(const Instr& i, Cloner& c) {
    if (i.op != opcode<ops::Call>() && i.op != opcode<ops::Derive>()) return false;
    const Function& callee = (*this)(i.attrs.callee);
    const std::vector<ValueId> operands = c(i.operands);
    const Attrs attrs = c.attrs(i.attrs);
    c.to().set_span(i.span);
    const auto results = i.op == opcode<ops::Call>() ? inline_body(callee, c.to(), operands, attrs.dims)
                                                     : expand_(callee, c.to(), operands, attrs);
    for (std::size_t k = 0; k < results.size(); ++k) c.map(i.results[k], results[k]);
    return true;
  }

  const Module& module_;
  const ExpandDerive& expand_;
  PipelineOptions options_;
  std::map<std::string, Function, std::less<>> done_;
  std::set<std::string> open_;
};

}  // namespace

std::span<const std::string_view> pass_names() { return kPasses; }

Function simplify_fully(Function f, bool exact_only) {
  for (int round = 0; round < kMaxRounds; ++round) {
    Function next = dce(simplify(f, exact_only));
    const bool settled = code_size(next) == code_size(f) && shape_of(next) == shape_of(f);
    f = std::move(next);
    if (settled) break;
  }
  return f;
}

Result<Function> prepare(const Module& module, std::string_view name, const ExpandDerive& expand,
                         const PipelineOptions& options) {
  try {
    Function f = Preparation(module, expand, options)(name);
    if (!options.simplify || options.strict) return f;
    f = order_contractions(f);
    if (options.after) options.after(kOrder, f);
    return f;
  } catch (const Recursion& r) {
    return Failure{"@" + r.name + " calls itself", Code::recursion};
  }
}

}  // namespace rg::opt
