#include "compiler/code/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/ir/tensor.h"
#include "compiler/ops/all.h"

namespace rg::ir {

namespace {

enum Invariant {
  kTables = 1,
  kPlaces,
  kScopes,
  kOps,
  kTypes,
  kExtents,
  kSignature,
  kNames,
  kCall,
  kDerive,
  kConstant,
  kPrepared
};

constexpr std::string_view kInvariants[] = {
    "every id indexes its table; a value, its instruction and its block name each other",
    "every block is the body or one region of one instruction, every instruction stands in one block once",
    "every value is defined once, before its uses, in the block of the use or in one around it",
    "every instruction has an op of the registry with that op's numbers of operands and regions",
    "the results of an instruction have the types that its op's rule gives",
    "every extent is valid and over the sizes of its function",
    "a signature has as many leaves as there are parameters and results, and its size leaves are sizes",
    "functions have different names, and so have the sizes of one function, which are words",
    "a call fits its callee: sizes, arguments, results",
    "a derive fits its callee: sizes, mode, parameters of floating type, seeds, results",
    "the values of an integer constant are of its type",
    "a prepared function has no map, call or derive",
};

class FunctionVerifier {
 public:
  FunctionVerifier(const Function& f, Stage stage) : f_(f), stage_(stage) {
    blocks_seen_.resize(f.blocks.size());
    instrs_seen_.resize(f.instrs.size());
    defined_.resize(f.values.size());
    visible_.resize(f.values.size());
  }

  std::vector<Violation> run() {
    names();
    if (!in(f_.body, f_.blocks)) {
      report(kTables, "there is no body");
      return std::move(out_);
    }
    block(f_.body);
    if (out_.empty()) signature();
    return std::move(out_);
  }

 private:
  template <class Id, class Table>
  static bool in(Id id, const Table& table) {
    return id.index < table.size();
  }

  void report(Invariant invariant, std::string why) {
    out_.push_back({invariant, f_.name, place_, std::move(why), span_});
  }

  void names() {
    std::set<std::string> seen;
    for (const std::string& s : f_.size_names) {
      if (!seen.insert(s).second) report(kNames, fmt::format("two sizes are named `{}`", s));
      const auto word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; };
      if (s.empty() || std::isdigit(static_cast<unsigned char>(s[0])) || !std::ranges::all_of(s, word))
        report(kNames, fmt::format("`{}` is no name of a size", s));
    }
  }

  void signature() {
    const Signature& s = f_.signature;
    if (s == Signature{}) return;  // not given
    std::size_t leaves = 0;
    for (const Tree& t : s.params) {
      leaves += t.leaf_count();
      size_leaves(t);
    }
    const Block& body = f_.block(f_.body);
    if (leaves != body.params.size())
      report(kSignature, fmt::format("{} leaves for {} parameters", leaves, body.params.size()));
    if (s.result.leaf_count() != body.yields.size())
      report(kSignature, fmt::format("{} leaves for {} results", s.result.leaf_count(), body.yields.size()));
  }

  void size_leaves(const Tree& t) {
    if (t.kind == Tree::Kind::size && t.size >= f_.size_names.size())
      report(kSignature, fmt::format("there is no size {}", t.size));
    for (const Tree& field : t.fields) size_leaves(field);
  }

  void extent(const Dim& d) {
    if (!d.valid()) return report(kExtents, "an extent leaves int64");
    d.for_each_size([&](std::uint32_t size) {
      if (size >= f_.size_names.size())
        report(kExtents, fmt::format("an extent has size {}, which is not there", size));
    });
  }

  /// Whether the value is usable at all.
  bool use(ValueId v) {
    if (!in(v, f_.values)) {
      report(kTables, fmt::format("there is no value {}", v.index));
      return false;
    }
    if (!visible_[v.index]) report(kScopes, fmt::format("value {} is not defined here", v.index));
    return true;
  }

  bool define(ValueId v, InstrId instr, BlockId block, std::size_t number, std::vector<ValueId>& scope) {
    if (!in(v, f_.values)) {
      report(kTables, fmt::format("there is no value {}", v.index));
      return false;
    }
    const Value& value = f_.value(v);
    if (value.instr != instr || value.block != block || value.number != number)
      report(kTables, fmt::format("value {} names another definition", v.index));
    if (defined_[v.index]) report(kScopes, fmt::format("value {} is defined twice", v.index));
    defined_[v.index] = visible_[v.index] = true;
    scope.push_back(v);
    for (const Dim& d : value.type.dims) extent(d);
    return true;
  }

  /// Gives false where the block or what is in it cannot be looked at further.
  bool block(BlockId id) {
    if (!in(id, f_.blocks)) {
      report(kTables, fmt::format("there is no block {}", id.index));
      return false;
    }
    if (blocks_seen_[id.index]) {
      report(kPlaces, fmt::format("block {} is used twice", id.index));
      return false;
    }
    blocks_seen_[id.index] = true;
    const Block& b = f_.block(id);
    std::vector<ValueId> scope;
    bool sound = true;
    for (std::size_t k = 0; k < b.params.size(); ++k) sound &= define(b.params[k], {}, id, k, scope);
    const std::string outer_place = place_;
    const Span outer_span = span_;
    for (const InstrId i : b.instrs) sound &= instruction(i, id, scope);
    place_ = outer_place.empty() ? "the result" : "a yield of " + outer_place;
    span_ = outer_span;
    for (const ValueId v : b.yields) sound &= use(v);
    place_ = outer_place;
    for (const ValueId v : scope) visible_[v.index] = false;
    return sound;
  }

  bool instruction(InstrId id, BlockId block_id, std::vector<ValueId>& scope) {
    place_ = fmt::format("instruction {}", ++count_);
    if (!in(id, f_.instrs)) {
      report(kTables, fmt::format("there is no instruction {}", id.index));
      return false;
    }
    if (instrs_seen_[id.index]) {
      report(kPlaces, "it stands in the function twice");
      return false;
    }
    instrs_seen_[id.index] = true;
    const Instr& instr = f_.instr(id);
    span_ = instr.span;
    if (!in(instr.op, ops::all_ops())) {
      report(kOps, fmt::format("there is no op {}", instr.op.index));
      return false;
    }
    const ops::OpInfo& row = ops::info(instr.op);
    const std::string place = place_ += fmt::format(" ({})", row.name);
    bool sound = true;
    for (const ValueId v : instr.operands) sound &= use(v);
    for (const Dim& d : instr.attrs.dims()) extent(d);
    for (const BlockId r : instr.regions) sound &= block(r);
    place_ = place;
    span_ = instr.span;
    for (std::size_t k = 0; k < instr.results.size(); ++k) sound &= define(instr.results[k], id, block_id, k, scope);
    if (sound) rules(instr, row);
    return sound;
  }

  void rules(const Instr& instr, const ops::OpInfo& row) {
    if ((row.operands >= 0 && instr.operands.size() != static_cast<std::size_t>(row.operands)) ||
        instr.regions.size() != static_cast<std::size_t>(row.regions))
      return report(kOps, fmt::format("{} operands and {} regions", instr.operands.size(), instr.regions.size()));
    if (!instr.attrs.empty() && instr.attrs.type() != row.attrs) return report(kOps, "the attributes of another op");
    types(instr, row);
    if (instr.op == ops::opcode<ops::Constant>() && instr.results.size() == 1) constant(instr);
    const bool lifted_away = instr.op == ops::opcode<ops::Map>() || instr.op == ops::opcode<ops::Call>() ||
                             instr.op == ops::opcode<ops::Derive>();
    if (stage_ == Stage::prepared && lifted_away) report(kPrepared, "it was not expanded");
  }

  void types(const Instr& instr, const ops::OpInfo& row) {
    if (row.infer == nullptr) return;
    std::vector<Type> operands, results;
    for (const ValueId v : instr.operands) operands.push_back(f_.type(v));
    for (const ValueId v : instr.results) results.push_back(f_.type(v));
    std::vector<ops::RegionTypes> regions;
    for (const BlockId r : instr.regions) {
      ops::RegionTypes& t = regions.emplace_back();
      for (const ValueId v : f_.block(r).params) t.params.push_back(f_.type(v));
      for (const ValueId v : f_.block(r).yields) t.yields.push_back(f_.type(v));
    }
    const auto inferred = row.infer({operands, instr.attrs, regions, f_.size_names});
    if (!inferred) return report(kTypes, inferred.error());
    if (*inferred != results) report(kTypes, "the results have other types");
  }

  void constant(const Instr& instr) {
    const Elem elem = f_.type(instr.results[0]).elem;
    if (is_float(elem)) return;
    for (const std::int64_t v : instr.attrs.as<ops::Constant::Attrs>().integers) {
      if (elem == Elem::boolean ? v != 0 && v != 1 : wrap(elem, v) != v)
        return report(kConstant, fmt::format("{} is no {}", v, name(elem)));
    }
  }

  const Function& f_;
  Stage stage_;
  std::vector<bool> blocks_seen_, instrs_seen_, defined_, visible_;
  std::vector<Violation> out_;
  std::string place_;
  Span span_ = f_.span;
  int count_ = 0;
};

/// What refers to functions of the module; the functions themselves are sound.
class ReferenceVerifier {
 public:
  ReferenceVerifier(const Module& module, const Function& f) : module_(module), f_(f) {}

  std::vector<Violation> run() {
    block(f_.body);
    return std::move(out_);
  }

 private:
  void block(BlockId id) {
    for (const InstrId i : f_.block(id).instrs) {
      const Instr& instr = f_.instr(i);
      ++count_;
      const int number = count_;
      for (const BlockId r : instr.regions) block(r);
      const bool call = instr.op == ops::opcode<ops::Call>();
      if (!call && instr.op != ops::opcode<ops::Derive>()) continue;
      const std::string why = problem(instr, call);
      if (why.empty()) continue;
      out_.push_back({call ? kCall : kDerive, f_.name,
                      fmt::format("instruction {} ({})", number, ops::info(instr.op).name), why, instr.span});
    }
  }

  std::string problem(const Instr& instr, bool call) const {
    const auto* derive = instr.attrs.get_if<ops::Derive::Attrs>();
    const std::string& name = *callee(instr);
    const std::vector<Dim>& sizes = call ? instr.attrs.as<ops::Call::Attrs>().sizes : derive->sizes;
    const Function* to = module_.find(name);
    if (to == nullptr) return fmt::format("there is no function @{}", name);
    if (sizes.size() != to->size_names.size())
      return fmt::format("{} sizes for @{}, which has {}", sizes.size(), name, to->size_names.size());
    std::vector<Type> operands = substituted(to->param_types(), sizes);
    std::vector<Type> results = substituted(to->result_types(), sizes);
    if (!call) {
      if (std::string why = derivative(*derive, operands, results); !why.empty()) return why;
    }
    if (types(instr.operands) != operands) return fmt::format("the operands do not fit @{}", name);
    if (types(instr.results) != results) return fmt::format("the results do not fit @{}", name);
    return {};
  }

  /// Appends seeds to the operands and derivatives to the results; gives why it cannot.
  static std::string derivative(const ops::Derive::Attrs& a, std::vector<Type>& operands, std::vector<Type>& results) {
    std::vector<Type> wrt, floats;
    std::set<std::int64_t> seen;
    for (const std::int64_t p : a.wrt) {
      if (p < 0 || static_cast<std::size_t>(p) >= operands.size() || !seen.insert(p).second)
        return fmt::format("there is no parameter {}, or it stands twice", p);
      wrt.push_back(operands[static_cast<std::size_t>(p)]);
      if (!is_float(wrt.back().elem)) return fmt::format("parameter {} is not floating", p);
    }
    std::ranges::copy_if(results, std::back_inserter(floats), [](const Type& t) { return is_float(t.elem); });
    const auto append = [](std::vector<Type>& to, const std::vector<Type>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    switch (a.mode) {
      case ops::DeriveMode::jvp:
        append(operands, wrt);
        append(results, floats);
        break;
      case ops::DeriveMode::vjp:
        append(operands, floats);
        append(results, wrt);
        break;
      case ops::DeriveMode::jacobian:
      case ops::DeriveMode::jacobian_forward:
      case ops::DeriveMode::jacobian_reverse:
        for (const Type& r : floats) {
          for (const Type& w : wrt) {
            Type t = r;
            t.dims.insert(t.dims.end(), w.dims.begin(), w.dims.end());
            results.push_back(std::move(t));
          }
        }
        break;
    }
    return {};
  }

  static std::vector<Type> substituted(std::vector<Type> types, std::span<const Dim> sizes) {
    for (Type& t : types) t = t.substitute(sizes);
    return types;
  }
  std::vector<Type> types(const std::vector<ValueId>& values) const {
    std::vector<Type> out;
    for (const ValueId v : values) out.push_back(f_.type(v));
    return out;
  }

  const Module& module_;
  const Function& f_;
  std::vector<Violation> out_;
  int count_ = 0;
};

}  // namespace

std::span<const std::string_view> invariants() { return kInvariants; }

std::string Violation::str() const {
  return fmt::format("@{}{}{}: invariant {}: {}", function, place.empty() ? "" : ", ", place, invariant, why);
}

std::vector<Violation> verify(const Function& f, Stage stage) { return FunctionVerifier(f, stage).run(); }

std::vector<Violation> verify(const Module& module, Stage stage) {
  std::vector<Violation> out;
  std::set<std::string> names;
  for (const Function& f : module.functions) {
    if (!names.insert(f.name).second)
      out.push_back({kNames, f.name, "", "the module has two functions of this name", f.span});
    std::ranges::move(verify(f, stage), std::back_inserter(out));
  }
  if (!out.empty()) return out;  // references are looked at in sound functions only
  for (const Function& f : module.functions)
    std::ranges::move(ReferenceVerifier(module, f).run(), std::back_inserter(out));
  return out;
}

}  // namespace rg::ir
