#include "compiler/code/subscript.h"

#include <algorithm>

#include "compiler/ir/tensor.h"
#include "compiler/ops/all.h"

namespace rg::ir {

namespace {

using Term = SubscriptCheck::Term;

class Finder {
 public:
  explicit Finder(const Function& f) : f_(f) {}

  bool find(const Term& condition) {
    const Instr* in = f_.definition(condition.value);
    if (in == nullptr) return false;
    if (in->op == ops::opcode<ops::ReduceAll>()) return find(before_reduction(*in, condition));
    if (in->op == ops::opcode<ops::Broadcast>()) return find(before_broadcast(*in, condition));
    const auto operand = [&](std::size_t k) { return Term{in->operands[k], condition.axes}; };
    if (in->op == ops::opcode<ops::And>()) return find(operand(0)) || find(operand(1));
    if (in->op == ops::opcode<ops::Or>()) {
      for (const std::size_t k : {0U, 1U}) {
        if (!find(operand(k))) continue;
        check.skipped.push_back(operand(1 - k));
        return true;
      }
      return false;
    }
    if (in->op != ops::opcode<ops::Ge>() && in->op != ops::opcode<ops::Lt>()) return false;
    if (f_.type(in->operands[0]).elem != Elem::i64) return false;
    check.index = operand(0);
    return true;
  }

  SubscriptCheck check;

 private:
  Term before_reduction(const Instr& in, const Term& result) {
    Term out{in.operands[0], {}};
    const std::vector<Dim>& dims = f_.type(out.value).dims;
    const Integers& axes = ops::attrs_of<ops::ReduceAll>(in).axes;
    std::size_t kept = 0;
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (std::ranges::find(axes, static_cast<std::int64_t>(d)) == axes.end()) {
        out.axes.push_back(result.axes[kept++]);
      } else {
        out.axes.push_back(check.axes.size());
        check.axes.push_back(dims[d]);
      }
    }
    return out;
  }

  static Term before_broadcast(const Instr& in, const Term& result) {
    Term out{in.operands[0], {}};
    for (const std::int64_t axis : ops::attrs_of<ops::Broadcast>(in).axes)
      out.axes.push_back(result.axes[static_cast<std::size_t>(axis)]);
    return out;
  }

  const Function& f_;
};

}  // namespace

std::optional<SubscriptCheck> subscript_of(const Function& f, ValueId condition) {
  Finder finder(f);
  if (!finder.find({condition, {}})) return std::nullopt;
  return std::move(finder.check);
}

std::vector<std::string> words_of_check(const std::vector<Dim>& dims, const std::vector<std::string>& size_names) {
  if (dims.empty()) return {};
  const std::string name = dims[0].is_constant() ? "" : dims[0].str(size_names) + " ";
  std::vector<std::string> words{": the extent " + name + "is "};
  if (dims.size() == 3) {
    words.insert(words.end(), {", and it goes from ", " to "});
  } else {
    words.emplace_back(", and the position is ");
  }
  return words;
}

std::string numbers_of_check(const Function& f, const Instr& assertion, std::span<const std::int64_t> sizes,
                             const ElementOf& element) {
  if (assertion.op != ops::opcode<ops::Assert>()) return "";
  const std::vector<Dim>& dims = ops::attrs_of<ops::Assert>(assertion).subscript;
  if (dims.empty()) return "";
  const std::vector<std::string> words = words_of_check(dims, f.size_names);
  std::string out;
  const auto value = [&](const Dim& d) { return d.evaluate(sizes).value_or(-1); };
  for (std::size_t k = 0; k < dims.size(); ++k) out += words[k] + std::to_string(value(dims[k]));
  const auto check = dims.size() == 1 ? subscript_of(f, assertion.operands[0]) : std::nullopt;
  if (!check) return out;
  std::vector<std::int64_t> extents;
  for (const Dim& d : check->axes) extents.push_back(value(d));
  std::optional<std::int64_t> wrong;  // the last, as in compiled code
  for_each_index(extents, [&](std::span<const std::int64_t> at, std::int64_t) {
    const auto term = [&](const Term& t) {
      std::vector<std::int64_t> index;
      for (const std::size_t axis : t.axes) index.push_back(at[axis]);
      return element(t.value, index);
    };
    const std::int64_t position = term(check->index);
    const bool skipped = std::ranges::any_of(check->skipped, [&](const Term& t) { return term(t) != 0; });
    if (!skipped && (position < 0 || position >= value(dims[0]))) wrong = position;
  });
  return wrong ? out + words.back() + std::to_string(*wrong) : out;
}

}  // namespace rg::ir
