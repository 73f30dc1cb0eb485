#include "compiler/opt/pipeline.h"

#include <map>
#include <set>

#include "compiler/code/clone.h"
#include "compiler/code/reproducer.h"
#include "compiler/ops/all.h"
#include "compiler/opt/contraction_order.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/inline.h"
#include "compiler/opt/lift.h"
#include "compiler/opt/simplify.h"
#include "compiler/support/diagnostic.h"
#include "compiler/support/internal_error.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::opcode;

constexpr int kMaxRounds = 12;

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

bool refers(const Instr& i) { return i.op == opcode<ops::Call>() || i.op == opcode<ops::Derive>(); }

/// The functions that one function needs, each after those that it refers to itself.
class Callees {
 public:
  struct Row {
    const Function* f;
    std::size_t height = 0;  // of the longest chain of references below it
    std::size_t calls = 0;   // that refer to it
    bool derived = false;
  };

  /// Throws Recursion.
  Callees(const Module& module, std::string_view name) : module_(module) {
    struct Open {
      std::size_t number;
      std::vector<const Instr*> references;
      std::size_t next = 0;
    };
    std::vector<Open> open;
    std::map<const Function*, std::size_t> number;
    std::vector<Row> rows;
    std::set<std::size_t> closed;
    const auto enter = [&](const Function* f) {
      number.emplace(f, rows.size());
      open.push_back({rows.size(), references(*f)});
      rows.push_back({f});
    };
    enter(find(name));
    while (!open.empty()) {
      Open& top = open.back();
      if (top.next == top.references.size()) {
        closed.insert(top.number);
        order_.push_back(rows[top.number].f);
        open.pop_back();
        continue;
      }
      const Instr& i = *top.references[top.next];
      const Function* callee = find(*ir::callee(i));
      const auto known = number.find(callee);
      if (known == number.end()) {
        enter(callee);
        continue;
      }
      if (!closed.contains(known->second)) throw Recursion{callee->name};
      ++top.next;
      Row &caller = rows[top.number], &called = rows[known->second];
      caller.height = std::max(caller.height, called.height + 1);
      ++called.calls;
      called.derived = called.derived || i.op == opcode<ops::Derive>();
    }
    for (const Row& r : rows) rows_.emplace(r.f->name, r);
  }

  const Module& module() const { return module_; }
  const std::vector<const Function*>& order() const { return order_; }
  const Row& row(std::string_view name) const { return rows_.find(name)->second; }

 private:
  const Function* find(std::string_view name) const {
    const Function* f = module_.find(name);
    if (f == nullptr) internal_error("no function " + std::string(name));
    return f;
  }
  static std::vector<const Instr*> references(const Function& f) {
    std::vector<const Instr*> out;
    for (const Instr& i : f.instrs) {
      if (refers(i)) out.push_back(&i);
    }
    return out;
  }

  const Module& module_;
  std::map<std::string_view, Row> rows_;
  std::vector<const Function*> order_;
};

/// Prepares a function after those that it refers to. A function is prepared once, by itself, whatever refers to it;
/// but far up a chain of calls one that is called in one place becomes part of its caller as it is, so that the chain
/// is worked on once and not once a link.
class Preparation {
 public:
  Preparation(const Module& module, std::string_view name, const ExpandDerive& expand, const PipelineOptions& options)
      : callees_(module, name), expand_(expand), options_(options) {}

  Function operator()() {
    const Function* last = callees_.order().back();
    for (const Function* f : callees_.order()) {
      if (f == last || !part_of_caller(f->name)) done_.emplace(f->name, prepared(*f));
    }
    return std::move(done_.find(last->name)->second);
  }

 private:
  static constexpr std::size_t kFar = 32;

  bool part_of_caller(std::string_view name) const {
    const Callees::Row& r = callees_.row(name);
    return r.height >= kFar && r.calls == 1 && !r.derived;
  }

  Function prepared(const Function& f) {
    Function out = expanded(f);
    after(kExpand, out);
    // Dead code first: a derivative leaves unused primals and adjoints, which need no lifting.
    out = pass(kDce, out, f, [](const Function& g) { return dce(g); });
    out = pass(kLift, out, f, [](const Function& g) { return lift(g); });
    if (options_.simplify)
      out = pass(kSimplify, out, f, [this](const Function& g) { return simplify_fully(g, allowed_rules(options_)); });
    return out;
  }

  void after(std::string_view pass, const Function& f) const {
    if (options_.after) options_.after(pass, f);
  }

  // One pass: an internal error says which, and so does a result of another type than was declared.
  template <class Pass>
  Function pass(std::string_view name, const Function& f, const Function& declared, const Pass& run) const {
    Function out = reproducible(name, f, [&] {
      Function made = run(f);
      check_types(made, declared);
      return made;
    });
    after(name, out);
    return out;
  }

  static void check_types(const Function& f, const Function& declared) {
    if (f.param_types() == declared.param_types() && f.result_types() == declared.result_types()) return;
    const auto is = f.result_types(), wanted = declared.result_types();
    for (std::size_t k = 0; k < is.size() && k < wanted.size(); ++k) {
      if (is[k] != wanted[k])
        internal_error("result " + std::to_string(k + 1) + " is " + is[k].str(f.size_names) + " and was declared " +
                       wanted[k].str(f.size_names));
    }
    internal_error("parameters or results are others than were declared");
  }

  Function expanded(const Function& f) {
    try {
      Function out = inline_calls(
          f,
          [this](const Instr& i) {
            return i.op == opcode<ops::Call>() && part_of_caller(*ir::callee(i)) ? callees_.row(*ir::callee(i)).f
                                                                                 : nullptr;
          },
          [this](const Instr& i, Cloner& c) { return reference(i, c); });
      if (nesting(out) > kMostNested) throw NestedTooDeep{};
      check_types(out, f);
      return out;
    } catch (const InternalError& error) {
      rethrow_reproducible(error, f.name, kExpand, [this] { return print(callees_.module()); });
    }
  }

  bool reference(const Instr& i, Cloner& c) {
    if (!refers(i)) return false;
    const Function& callee = done_.find(*ir::callee(i))->second;
    // A Jacobian goes over the callee once a result or parameter.
    c.to().allow(
        budget(callee.instrs.size()) *
        (1 + i.results.size() + (i.op == opcode<ops::Derive>() ? ops::attrs_of<ops::Derive>(i).wrt.size() : 0)));
    const std::vector<ValueId> operands = c(i.operands);
    const Attributes attrs = c.attrs(i.attrs);
    c.to().set_span(i.span);
    const auto results = i.op == opcode<ops::Call>()
                             ? inline_body(callee, c.to(), operands, attrs.dims())
                             : expand_(callee, c.to(), operands, attrs.as<ops::Derive::Attrs>());
    for (std::size_t k = 0; k < results.size(); ++k) c.map(i.results[k], results[k]);
    return true;
  }

  Callees callees_;
  const ExpandDerive& expand_;
  PipelineOptions options_;
  std::map<std::string, Function, std::less<>> done_;
};

}  // namespace

RuleClass allowed_rules(const PipelineOptions& options) {
  return options.strict ? RuleClass::exact : options.fast ? RuleClass::fast : RuleClass::contraction;
}

Function simplify_fully(Function f, RuleClass most) {
  const std::size_t allowed = budget(code_size(f));
  for (int round = 0; round < kMaxRounds; ++round) {
    Function next = dce(simplify(f, most));
    if (code_size(next) > allowed) internal_error("more instructions than the budget of the pass allows");
    const bool settled = code_size(next) == code_size(f) && shape_of(next) == shape_of(f);
    f = std::move(next);
    if (settled) break;
  }
  return f;
}

Result<Function> prepare(const Module& module, std::string_view name, const ExpandDerive& expand,
                         const PipelineOptions& options) {
  try {
    Function f = Preparation(module, name, expand, options)();
    if (!options.simplify || options.strict) return f;
    const auto declared = f.result_types();
    f = reproducible(kOrder, f, [&] {
      Function ordered = order_contractions(f);
      if (ordered.result_types() != declared) internal_error("results are others than were declared");
      return ordered;
    });
    if (options.after) options.after(kOrder, f);
    return f;
  } catch (const Recursion& r) {
    return Failure{"@" + r.name + " calls itself", Code::recursion};
  } catch (const NestedTooDeep&) {
    return Failure{"the loops, branches and comprehensions of @" + std::string(name) + " nest more than " +
                       std::to_string(kMostNested) + " deep where each call is replaced by what it calls",
                   Code::too_deep,
                   "write the innermost functions without loops, or call fewer of them inside of loops"};
  }
}

}  // namespace rg::opt
