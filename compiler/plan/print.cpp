// The plan as text: buffers, then one statement a line, indented by loop.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "compiler/code/registry.h"
#include "compiler/plan/dims.h"
#include "compiler/plan/walk.h"
#include "compiler/support/id_set.h"

namespace rg::plan {

namespace {

struct Printer {
  const Plan& plan;
  std::vector<std::string> names;
  std::string out;
  int depth = 1;
  std::vector<std::set<NodeId>> printed{{}};
  std::vector<int> uses;  // by the statements and by nodes that are used

  void line(const std::string& text) { out += std::string(static_cast<std::size_t>(depth) * 2, ' ') + text + "\n"; }
  std::string dim(const Dim& d) const { return d.str(names); }

  std::string access(const Access& a) const {
    std::string index;
    for (const Dim& d : a.index) index += (index.empty() ? "" : ", ") + dim(d);
    return plan.buffer(a.buffer).name + (a.index.empty() ? "" : "[" + index + "]");
  }

  static bool shared(const Node& n, int uses) { return n.kind == Node::Kind::op && uses > 1; }

  // What follows in a text: words, or a node that is still to be written.
  struct Piece {
    std::string words;
    NodeId node = {};
  };

  // A node that is used more than once has a line of its own, `%number`; the others stand where they are used.
  std::vector<Piece> pieces(NodeId id, bool top) const {
    const Node& n = plan.node(id);
    if (!top && shared(n, uses[id.index])) return {{fmt::format("%{}", id.index)}};
    switch (n.kind) {
      case Node::Kind::constant:
        return {{ir::is_float(n.elem)      ? fmt::format("{}", n.real)
                 : n.elem == Elem::boolean ? (n.integer ? "true" : "false")
                                           : std::to_string(n.integer)}};
      case Node::Kind::index:
        return {{dim(n.dim)}};
      case Node::Kind::load:
        if (n.guard.valid()) return {{access(n.access) + " if "}, {"", n.guard}};
        return {{access(n.access)}};
      case Node::Kind::reduced:
        return {{fmt::format("r{}", n.reduction.index)}};
      case Node::Kind::op:
        break;
    }
    std::vector<Piece> out{{std::string(ops::info(n.op).name) + "("}};
    for (std::size_t k = 0; k < n.args.size(); ++k) {
      if (k > 0) out.push_back({", "});
      out.push_back({"", n.args[k]});
    }
    out.push_back({")"});
    return out;
  }

  std::string expression(NodeId id, bool top = false) const {
    std::string text;
    std::vector<Piece> open{{"", id}};
    for (bool first = top; !open.empty(); first = false) {
      const Piece next = std::move(open.back());
      open.pop_back();
      text += next.words;
      if (!next.node.valid()) continue;
      std::vector<Piece> below = pieces(next.node, first);
      std::ranges::move(below | std::views::reverse, std::back_inserter(open));
    }
    return text;
  }

  // Writes the lines of the shared nodes below `root` that the loops around have not written, arguments first.
  void define(NodeId root, IdSet<NodeId>& seen) {
    std::vector<std::pair<NodeId, bool>> open{{root, false}};
    while (!open.empty()) {
      const auto [id, below] = open.back();
      open.pop_back();
      if (below) {
        line(fmt::format("%{} = {}", id.index, expression(id, true)));
        printed.back().insert(id);
        continue;
      }
      if (!id.valid() || !seen.insert(id)) continue;
      if (std::ranges::any_of(printed, [&](const std::set<NodeId>& scope) { return scope.contains(id); })) continue;
      const Node& n = plan.node(id);
      if (shared(n, uses[id.index])) open.emplace_back(id, true);
      open.emplace_back(n.guard, false);
      for (auto a = n.args.rbegin(); a != n.args.rend(); ++a) open.emplace_back(*a, false);
    }
  }

  std::string value(NodeId id) {
    IdSet<NodeId> seen;
    define(id, seen);
    return expression(id);
  }

  void count(const std::vector<Item>& list) {
    for_each_item(list, [&](const Item& item) { for_each_root_node(plan, item, [&](NodeId id) { count(id); }); });
  }
  void count(NodeId root) {
    std::vector<NodeId> open{root};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (!id.valid() || ++uses[id.index] > 1) continue;
      const Node& n = plan.node(id);
      open.insert(open.end(), n.args.begin(), n.args.end());
      open.push_back(n.guard);
    }
  }

  void items(const std::vector<Item>& list) {
    ++depth;
    printed.emplace_back();
    for (const Item& item : list) std::visit([&](const auto& what) { print(what); }, item.what);
    printed.pop_back();
    --depth;
  }

  void print(const Loop& l) {
    std::string text = fmt::format("loop {} < {}", plan.vars[l.var.index].name, dim(l.extent));
    for (const Range& r : l.ranges) text += fmt::format(" {}..{}", dim(r.from), dim(r.to));
    if (l.is_vector()) text += " vector";
    if (l.threads) text += " threads";
    if (l.together > 1) text += fmt::format(" {} at once", l.together);
    text += zero_terms(l.zeros);
    for (const ReductionId r : l.reductions)
      text += fmt::format(" {} r{}", name(plan.reductions[r.index].monoid), r.index);
    if (l.block > 0) text += fmt::format(" in blocks of {}", l.block);
    line(text + code(l.code));
    items(l.body);
  }
  static std::string code(const VectorCode& c) {
    if (c.lanes == 0) return "";
    std::string text = fmt::format(": {} lanes", c.lanes);
    if (c.accumulators > 1)
      text += fmt::format(", {} accumulators {}", c.accumulators, c.side_by_side ? "side by side" : "in turn");
    if (c.unmasked) text += ", whole vectors unmasked";
    if (c.ahead > 0) text += fmt::format(", fetches {} ahead", c.ahead);
    return text;
  }
  std::string zero_terms(const std::optional<Zeros>& z) const {
    return z ? fmt::format(" zero {} {}", z->after ? "after" : "before", plan.vars[z->var.index].name) : "";
  }
  void print(const Tiles& t) {
    const auto axis = [&](const Tiles::Axis& a) {
      return fmt::format("{} < {}", plan.vars[a.var.index].name, dim(a.extent));
    };
    const bool across = t.lanes_are_columns();
    std::string text =
        fmt::format("tiles {} by {}, {} by {}{}, {} sum r{}{}", axis(t.rows), t.row_count, axis(t.columns),
                    t.column_count, across ? " vectors" : "", axis(t.reduced), t.sum.index, across ? "" : " vector");
    if (t.threads) text += " threads";
    if (t.packing) text += " packed";
    if (t.symmetric) text += " symmetric";
    text += zero_terms(t.zeros);
    if (t.block > 0) text += fmt::format(" in blocks of {}", t.block);
    line(text + code(t.code));
    items(t.body);
    line("finish");
    items(t.finish);
  }
  void print(const Store& s) { line(access(s.target) + " = " + value(s.value)); }
  void print(const Accumulate& a) {
    const Reduction& r = plan.reductions[a.reduction.index];
    line(fmt::format("r{} {}= {}", a.reduction.index, name(r.monoid), value(r.value)));
  }
  void print(const ScatterAdd& s) {
    line(access(s.target) + " += " + value(s.value) + (s.mask.valid() ? " if " + value(s.mask) : "") +
         (s.errors.buffer.valid() ? " errors " + plan.buffer(s.errors.buffer).name : ""));
  }
  void print(const For& f) {
    std::string text =
        fmt::format("for {} < {}{}", plan.vars[f.counter.index].name, dim(f.trip), f.reversed ? " reversed" : "");
    for (const For::Carried& c : f.carried) text += " carry " + plan.buffer(c.current).name;
    line(text);
    items(f.body);
  }
  void print(const If& i) {
    line("if " + value(i.condition));
    items(i.then_body);
    line("else");
    items(i.else_body);
  }
  void print(const Kernel& k) {
    std::string text;
    for (const Access& a : k.outputs) text += (text.empty() ? "" : ", ") + (a.buffer.valid() ? access(a) : "_");
    text += fmt::format(" = kernel {}", ops::info(k.op).name);
    for (const Access& a : k.inputs) text += " " + access(a);
    if (k.workspace.valid()) text += " in " + plan.buffer(k.workspace).name;
    line(text);
  }
  void print(const Sizes& s) {
    std::string text = "sizes";
    for (const Dim& d : s.values) text += fmt::format("{} {}", text.size() > 5 ? "," : "", dim(d));
    for (const Sizes::Array& a : s.arrays) {
      text += fmt::format("{} {}", text.size() > 5 ? "," : "", a.bytes);
      for (const Dim& d : a.extents) text += fmt::format(" * ({})", dim(d));
    }
    line(text);
  }
  void print(const Assert& a) { line("assert " + value(a.condition) + " \"" + a.message + "\""); }

  void buffer(const Buffer& b, bool used) {
    if (!used) return;
    std::string dims;
    for (std::size_t d = 0; d < b.dims.size(); ++d)
      dims += (d ? ", " : "") + (b.kept[d] ? dim(b.dims[d]) : "(" + dim(b.dims[d]) + ")");
    line(fmt::format("{} {}: {}{}{}", name(b.storage), b.name, ir::name(b.elem), b.dims.empty() ? "" : "[" + dims + "]",
                     b.slot >= 0 ? fmt::format(" slot {}", b.slot) : ""));
  }
};

}  // namespace

std::string print(const Plan& plan) {
  Printer p{plan, plan.dim_names(), {}, 1, {{}}, std::vector<int>(plan.nodes.size(), 0)};
  p.count(plan.body);
  p.out = "plan " + plan.function.name + "(";
  for (std::size_t i = 0; i < plan.function.size_names.size(); ++i)
    p.out += (i ? ", " : "") + plan.function.size_names[i];
  p.out += ")\n";
  // Workspace buffers that lost all their uses have no slot.
  for (const Buffer& b : plan.buffers) p.buffer(b, b.storage != Storage::workspace || b.slot >= 0);
  for (std::size_t s = 0; s < plan.slots.size(); ++s) {
    std::string text = fmt::format("slot {}:", s);
    for (const Dim& d : plan.slots[s].bytes) text += " " + p.dim(d);
    p.line(text + (plan.slots[s].per_thread ? " bytes a thread" : " bytes"));
  }
  for (const std::string& note : plan.notes) p.line("note " + note);
  p.line("body");
  p.items(plan.body);
  return p.out;
}

}  // namespace rg::plan
