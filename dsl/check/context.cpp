// Frames, reports, probes, and text for messages.
#include "dsl/check/context.h"

#include <fmt/format.h>

#include "dsl/check/facts.h"

namespace rg::dsl {

Affine operator+(Affine a, const Affine& b) {
  a.constant = a.constant + b.constant;
  for (const auto& [var, k] : b.terms) {
    Dim& mine = a.terms[var];
    mine = mine + k;
    if (mine == Dim(0)) a.terms.erase(var);
  }
  return a;
}

Affine operator*(Affine a, const Dim& k) {
  a.constant = a.constant * k;
  if (k == Dim(0)) a.terms.clear();
  for (auto& [var, c] : a.terms) c = c * k;
  return a;
}

Frame* new_frame(Context& cx, ir::Function& f, Frame* parent) {
  auto c = std::make_unique<Frame>();
  c->function = &f;
  c->parent = parent;
  c->builder = std::make_unique<ir::Builder>(f);
  if (parent != nullptr) {
    c->substitution = parent->substitution;
    c->nonnegative = parent->nonnegative;
    c->equal = parent->equal;
    c->builder->set_span(parent->builder->span());
  } else {
    for (std::uint32_t i = 0; i < f.size_names.size(); ++i) c->substitution.push_back(Dim::size(i));
  }
  cx.frames.push_back(std::move(c));
  return cx.frames.back().get();
}

Diagnostic& error(Context& cx, Code code, Span span, std::string message) {
  Diagnostic& d = cx.diagnostics->error(code, span, std::move(message));
  if (!cx.inlining.empty() && cx.inlining.back()->module->is_prelude)
    d.note(fmt::format("in the prelude's `{}`", cx.inlining.back()->item->name.text));
  return d;
}

std::string join(const std::vector<std::string>& names) {
  std::string s;
  for (const std::string& n : names) s += (s.empty() ? "`" : ", `") + n + "`";
  return s;
}

bool probe(Context& cx, const std::function<void()>& f) {
  Diagnostics scratch(1);
  struct Restore {
    Context& cx;
    Diagnostics* diagnostics;
    ~Restore() {
      cx.diagnostics = diagnostics;
      cx.probed.pop_back();
    }
  };
  ir::Function& function = *cx.frame->function;
  const std::size_t blocks = function.blocks.size(), instrs = function.instrs.size(), values = function.values.size();
  const std::size_t params = function.block(function.body).params.size();
  const auto captured = cx.frame->captured;
  const auto captures = cx.frame->captures;
  const Facts facts = save_facts(cx);
  const std::size_t vars = cx.index_vars.size();
  {
    const Restore restore{cx, cx.diagnostics};
    cx.probed.push_back(cx.diagnostics);
    cx.diagnostics = &scratch;
    cx.b().in_block({}, [&](std::span<const ValueId>) {
      f();
      return std::vector<ValueId>{};
    });
  }
  function.blocks.resize(blocks);
  function.instrs.resize(instrs);
  function.values.resize(values);
  std::erase_if(cx.frame->counters, [&](const auto& c) { return c.first.index >= values; });
  function.block(function.body).params.resize(params);
  cx.frame->captured = captured;
  cx.frame->captures = captures;
  restore_facts(cx, facts);
  cx.index_vars.resize(vars);
  return !scratch.has_errors();
}

std::string str(const Context& cx, const Dim& d) { return d.str(cx.names()); }

std::string str(const Context& cx, const ir::Type& t) { return t.str(cx.names()); }

std::string text_of(const Context& cx, Span span) { return std::string(cx.sources.text(span)); }

}  // namespace rg::dsl
