#include "compiler/emit/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/code/registry.h"
#include "compiler/emit/source_writer.h"
#include "compiler/ops/all.h"
#include "compiler/support/diagnostic.h"

namespace rg::emit {

using namespace ir;
using ops::opcode;

namespace {
constexpr std::size_t kInlineWidth = 60;  // longer expressions get a name
}  // namespace

std::string Writer::named(ValueId v) {
  Text& t = text_.at(v);
  const bool name = std::ranges::all_of(t.text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }) &&
                    std::isdigit(static_cast<unsigned char>(t.text[0])) == 0;
  if (!name) {
    const std::string n = names_.fresh(wanted_name(v));
    line(fmt::format("let {} = {};", n, t.text));
    t = {n};
  }
  return t.text;
}

void Writer::define(ValueId v, const Text& t) {
  // Numbers and extents stand where they are used.
  const Instr& i = *f_.definition(v);
  const bool splat = i.op == opcode<ops::Constant>() && ops::attrs_of<ops::Constant>(i).is_splat();
  if (splat || i.op == opcode<ops::Size>()) {
    text_[v] = t;
    return;
  }
  if (uses_[v.index] <= 1 && t.text.size() <= kInlineWidth && f_.value(v).name.empty()) {
    text_[v] = t;
    return;
  }
  const std::string n = names_.fresh(wanted_name(v));
  line(fmt::format("let {} = {};", n, t.text));
  text_[v] = {n};
}

void Writer::bind(const std::vector<ValueId>& results, const std::string& value) {
  std::vector<std::string> parts;
  for (const ValueId r : results) {
    parts.push_back(names_.fresh(wanted_name(r)));
    text_[r] = {parts.back()};
  }
  line(fmt::format("let {} = {};", parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")", value));
}

std::vector<std::string> Writer::index_names(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t k = 0; k < count; ++k) out.push_back(names_.fresh(std::string(1, "ijklmnopqr"[k % 10])));
  return out;
}

std::string Writer::indices(const std::vector<std::string>& names, const std::vector<Dim>& extents) const {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < names.size(); ++k) parts.push_back(names[k] + ": " + extents[k].str(sizes_));
  return joined(parts);
}

std::string Writer::subscript(ValueId v, const std::vector<std::string>& at) {
  return at.empty() ? named(v) : named(v) + "[" + joined(at) + "]";
}

std::string Writer::tuple(const std::vector<ValueId>& values) const {
  std::vector<std::string> parts;
  for (const ValueId v : values) parts.push_back(arg(v));
  return parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")";
}

void Writer::block(const Block& b) {
  for (const InstrId id : b.instrs) instruction(f_.instr(id));
}

void Writer::instruction(const Instr& i) {
  if (i.op == opcode<ops::For>()) return loop(i);
  if (i.op == opcode<ops::If>()) return branch(i);
  if (i.op == opcode<ops::Assert>()) {
    std::string message;
    for (const char c : ops::attrs_of<ops::Assert>(i).message)
      message += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    line(fmt::format("assert {}{};", arg(i.operands[0]), message.empty() ? "" : ", \"" + message + "\""));
    return;
  }
  if (i.op == opcode<ops::Sort>()) return sort(i);
  if (i.results.size() != 1) throw Unspellable(std::string(ops::info(i.op).name));
  define(i.results[0], expression(i));
}

// What is wanted of it, each by itself.
void Writer::sort(const Instr& i) {
  const std::string x = named(i.operands[0]);
  const std::string texts[] = {fmt::format("sort({})", x), fmt::format("argsort({})", x),
                               fmt::format("argsort(argsort({}))", x)};
  for (std::size_t k = 0; k < 3; ++k) {
    if (uses_[i.results[k].index] > 0) define(i.results[k], {texts[k]});
  }
}

void Writer::branch(const Instr& i) {
  if (i.results.empty()) throw Unspellable("an if without a value");
  const std::string condition = arg(i.operands[0]);
  for (const BlockId b : i.regions) {
    // Values of both arms are named before the branch where they come from outside.
    for (const ValueId v : free_values(f_, b)) named(v);
  }
  std::string texts[2];
  for (std::size_t k = 0; k < 2; ++k) {
    const std::string before = std::move(out_);
    out_.clear();
    ++indent_;
    block(f_.block(i.regions[k]));
    line(tuple(f_.block(i.regions[k]).yields));
    --indent_;
    texts[k] = std::move(out_);
    out_ = before;
  }
  const std::string pad(2 * indent_, ' ');
  bind(i.results, fmt::format("if {} {{\n{}{}}} else {{\n{}{}}}", condition, texts[0], pad, texts[1], pad));
}

void Writer::loop(const Instr& i) {
  const auto& [trip, carried, reversed] = ops::attrs_of<ops::For>(i);
  const Block& body = f_.block(i.regions[0]);
  for (const ValueId v : free_values(f_, i.regions[0])) named(v);
  for (std::size_t k = carried; k < i.operands.size(); ++k) named(i.operands[k]);
  std::vector<std::string> states;
  for (std::size_t k = 0; k < carried; ++k) {
    const std::string n = names_.fresh(wanted_name(body.params[k + 1]) == "t" ? "s" : wanted_name(body.params[k + 1]));
    states.push_back(fmt::format("{}: {} = {}", n, f_.type(body.params[k + 1]).str(sizes_), arg(i.operands[k])));
    text_[body.params[k + 1]] = {n};
  }
  if (carried == 0) states.push_back(names_.fresh("unused") + " = 0");
  const std::string counter = names_.fresh("i");
  const std::string before = std::move(out_);
  out_.clear();
  ++indent_;
  text_[body.params[0]] = {counter};
  std::string step = counter;
  if (reversed) {
    step = names_.fresh(counter);
    line(fmt::format("let {} = {} - {};", step, extent_of(trip - Dim(1)).text, counter));
    text_[body.params[0]] = {step};
  }
  for (std::size_t k = carried; k < i.operands.size(); ++k) {
    const ValueId slice = body.params[k + 1];
    const std::string n = names_.fresh(wanted_name(slice) == "t" ? "x" : wanted_name(slice));
    line(fmt::format("let {} = {}[{}];", n, text_.at(i.operands[k]).text, step));
    text_[slice] = {n};
  }
  block(body);
  const std::vector<ValueId> next(body.yields.begin(), body.yields.begin() + static_cast<std::ptrdiff_t>(carried));
  const std::vector<ValueId> stacked(body.yields.begin() + static_cast<std::ptrdiff_t>(carried), body.yields.end());
  if (!stacked.empty()) line(fmt::format("collect {};", tuple(stacked)));
  line(carried == 0 ? "0" : tuple(next));
  --indent_;
  const std::string text = std::move(out_);
  out_ = before;
  const std::string value = fmt::format("loop ({}) for {} in 0..{} {{\n{}{}}}", joined(states), counter,
                                        extent_of(trip).at(Binds::sum), text, std::string(2 * indent_, ' '));
  const std::vector<ValueId> finals(i.results.begin(), i.results.begin() + static_cast<std::ptrdiff_t>(carried));
  if (stacked.empty()) return bind(finals, value);
  // The value is (state, stacked); stacks of a reversed loop are in the order of its steps.
  const auto pattern = [&](const std::vector<std::string>& parts) {
    return parts.size() == 1 ? parts[0] : "(" + joined(parts) + ")";
  };
  std::vector<std::string> final_names, stack_names;
  for (const ValueId v : finals) {
    final_names.push_back(names_.fresh(wanted_name(v)));
    text_[v] = {final_names.back()};
  }
  for (std::size_t k = carried; k < i.results.size(); ++k)
    stack_names.push_back(names_.fresh(wanted_name(i.results[k])));
  line(fmt::format("let ({}, {}) = {};", carried == 0 ? "_" : pattern(final_names), pattern(stack_names), value));
  for (std::size_t k = carried; k < i.results.size(); ++k) {
    const std::string& n = stack_names[k - carried];
    if (reversed) line(fmt::format("let {} = reverse({}, axis: 0);", n, n));
    text_[i.results[k]] = {n};
  }
}

std::string Writer::function() {
  const Block& body = f_.block(f_.body);
  std::vector<bool> found(sizes_.size());
  std::vector<std::string> params, results;
  for (const Type& t : f_.param_types()) {
    for (const Dim& d : t.dims) {
      if (const auto s = d.as_size()) found[*s] = true;
    }
  }
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    if (!found[k]) params.push_back(sizes_[k] + ": size");
  }
  const std::vector<std::string> leaves = f_.signature.param_names("_");
  for (std::size_t k = 0; k < body.params.size(); ++k) {
    const std::string n = names_.fresh(k < leaves.size() && !leaves[k].empty() ? leaves[k] : "x");
    params.push_back(n + ": " + f_.type(body.params[k]).str(sizes_));
    text_[body.params[k]] = {n};
  }
  for (const Type& t : f_.result_types()) results.push_back(t.str(sizes_));
  block(body);
  line(tuple(body.yields));
  std::string doc;
  if (!f_.doc.empty()) {
    doc = "/// ";
    for (const char c : f_.doc) doc += c == '\n' ? std::string("\n/// ") : std::string(1, c);
    doc += "\n";
  }
  Names fresh;
  return fmt::format("{}export fn {}({}) -> {} {{\n{}}}\n", doc, fresh.fresh(f_.name), joined(params),
                     results.size() == 1 ? results[0] : "(" + joined(results) + ")", out_);
}

Result<std::string> source(const Function& f) {
  try {
    return Writer(f).function();
  } catch (const Unspellable& e) {
    return Failure{fmt::format("{} cannot be written as .rg: the language has no spelling for {}", f.name, e.what()),
                   Code::not_spellable};
  }
}

}  // namespace rg::emit
