// Names, contexts and values: binding and lookup, making values, capturing them into derived functions.
#include "dsl/check/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "dsl/check/builtins.h"
#include "dsl/check/context.h"
#include "dsl/check/facts.h"
#include "dsl/check/types.h"

namespace rg::dsl {

static ValueId use_in(Context& cx, const Value& v, Frame& c);

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

// ---- Names ---------------------------------------------------------------------------------------------------------

const Scope* Names::find(const std::string& name) const {
  const std::size_t hash = std::hash<std::string>{}(name);
  for (const Node* at = root_.get(); at != nullptr;) {
    if (at->hash == hash && at->scope->name == name) return at->scope;
    at = hash < at->hash ? at->left.get() : at->right.get();
  }
  return nullptr;
}

Names::NodePtr Names::inserted(const NodePtr& at, std::size_t hash, const Scope& scope) {
  if (!at) return std::make_shared<const Node>(Node{hash, &scope, {}, {}});
  Node copy = *at;
  if (copy.hash == hash && copy.scope->name == scope.name)
    copy.scope = &scope;
  else if (hash < copy.hash)
    copy.left = inserted(copy.left, hash, scope);
  else
    copy.right = inserted(copy.right, hash, scope);
  return std::make_shared<const Node>(std::move(copy));
}

Names Names::with(const Scope& scope) const {
  Names out;
  out.root_ = inserted(root_, std::hash<std::string>{}(scope.name), scope);
  return out;
}

// A chain of scopes that nothing else refers to goes one by one, not each inside of the one before.
Scope::~Scope() {
  std::shared_ptr<const Scope> next = std::move(parent);
  while (next && next.use_count() == 1) {
    std::shared_ptr<const Scope> after = std::move(const_cast<Scope&>(*next).parent);
    next = std::move(after);
  }
}

ScopePtr bind(ScopePtr scope, std::string name, Value value, Span span, bool is_size) {
  auto s = std::make_shared<Scope>();
  s->root = scope->root;
  s->name = std::move(name);
  s->names = scope->names.with(*s);
  s->parent = std::move(scope);
  s->value = std::move(value);
  s->span = span;
  s->is_size = is_size;
  return s;
}

const Scope* find(const Context& cx, const ScopePtr& scope, const std::string& name) {
  return scope ? scope->names.find(name) : nullptr;
}

const Scope& root(const ScopePtr& scope) { return *scope->root; }

ScopePtr root_scope(const Context& cx, ModuleScope* module) {
  auto s = std::make_shared<Scope>();
  s->module = module;
  return s;
}

ScopePtr bind_checked(Context& cx, ScopePtr scope, const ast::Name& name, Value value) {
  if (name.text == "_") return scope;
  if (const Scope* size = find(cx, scope, name.text); size != nullptr && size->is_size) {
    error(cx, Code::shadowed_size, name.span,
          fmt::format("`{}` is a size of this function and cannot be bound again", name.text))
        .label(size->span, "the size")
        .hint("choose another name");
    return scope;
  }
  if (value.is_tensor() && value.owner == cx.frame) {
    std::string& known = cx.frame->function->value(value.id).name;
    if (known.empty()) known = name.text;
  }
  return bind(std::move(scope), name.text, std::move(value), name.span);
}

std::string join(const std::vector<std::string>& names) {
  std::string s;
  for (const std::string& n : names) s += (s.empty() ? "`" : ", `") + n + "`";
  return s;
}

void unknown_name(Context& cx, const ScopePtr& scope, const std::string& name, Span span) {
  std::vector<std::string> candidates = builtin_names();
  const Scope* s = scope.get();
  for (; s->parent; s = s->parent.get()) candidates.push_back(s->name);
  for (const auto& [n, f] : s->module->functions) candidates.push_back(n);
  for (const auto& [n, f] : cx.prelude->functions) candidates.push_back(n);
  Diagnostic& d = error(cx, Code::unknown_name, span, fmt::format("there is no `{}` here", name));
  if (const std::string hint = suggestion(name, candidates); !hint.empty()) d.hint(hint);
}

// ---- Values --------------------------------------------------------------------------------------------------------

Value error_value(Span span) {
  Value v;
  v.span = span;
  return v;
}

Value make_tensor(Context& cx, ValueId id, Span span) {
  Value v;
  v.kind = Value::Kind::tensor;
  v.span = span;
  v.id = id;
  v.owner = cx.frame;
  v.type = builder(cx).type(id);
  return v;
}

Value make_flex(Context& cx, Flex flex, Span span) {
  Value v;
  v.kind = Value::Kind::flex;
  v.span = span;
  if (flex.dim) v.affine = Affine{*flex.dim, {}};
  v.flex = std::make_shared<const Flex>(std::move(flex));
  return v;
}

Value make_int(Context& cx, const Dim& value, Span span) {
  Flex f;
  f.dim = value;
  f.literal = value.is_constant();
  if (value.is_constant()) f.number = static_cast<double>(value.constant());
  f.make = [&cx, value](Elem e) {
    const Dim now = normal(cx, value);
    if (now.is_constant()) return builder(cx).integer(e, now.constant());
    return builder(cx).convert(builder(cx).size(now), e);
  };
  return make_flex(cx, std::move(f), span);
}

Value make_number(Context& cx, double value, Span span) {
  Flex f;
  f.floating = true;
  f.number = value;
  f.literal = true;
  f.make = [&cx, value](Elem e) { return builder(cx).constant(e, value); };
  return make_flex(cx, std::move(f), span);
}

Value make_tuple(Context& cx, std::vector<Value> fields, Span span, std::vector<std::string> labels) {
  Value v;
  v.labels = std::move(labels);
  v.kind = Value::Kind::tuple;
  v.span = span;
  v.fields = std::move(fields);
  return v;
}

Value make_function(Context& cx, FnValue fn, Span span) {
  Value v;
  v.kind = Value::Kind::function;
  v.span = span;
  fn.span = span;
  v.fn = std::make_shared<const FnValue>(std::move(fn));
  return v;
}

ValueId use_in(Context& cx, const Value& v, Frame& c) {
  if (v.owner == &c) return v.id;
  if (c.parent == nullptr) internal_error("a value of another function is used");
  const ValueId outer = use_in(cx, v, *c.parent);
  if (const auto known = c.captured.find(outer); known != c.captured.end()) return known->second;
  ir::Function& f = *c.function;
  const ValueId id(f.values.size());
  auto& params = f.block(f.body).params;
  const ir::Value& source = c.parent->function->value(outer);
  f.values.push_back({source.type, source.name, {}, f.body, static_cast<std::uint32_t>(params.size())});
  params.push_back(id);
  c.captured.emplace(outer, id);
  c.captures.push_back(outer);
  return id;
}

ValueId use(Context& cx, const Value& v) {
  const ValueId id = use_in(cx, v, frame(cx));
  const ir::Type have = builder(cx).type(id), want = normal(cx, have);
  if (have == want) return id;
  return builder(cx).emit_op<ops::Recast>({id}, {want.dims});
}

ir::Type type_of(Context& cx, const Value& v) {
  if (v.is_tensor()) return normal(cx, v.type);
  return {v.flex->floating ? Elem::f64 : Elem::i64, v.flex->dims};
}

Value materialize(Context& cx, const Value& v, std::optional<Elem> elem) {
  if (!v.is_flex()) return v;
  const Flex& f = *v.flex;
  const Elem e = elem.value_or(f.floating ? Elem::f64 : Elem::i64);
  if (e == Elem::boolean) {
    error(cx, Code::type_mismatch, v.span, "a bool is expected here, this is a number").hint("compare it: `x != 0`");
    return error_value(v.span);
  }
  if (f.floating && !ir::is_float(e)) {
    error(cx, Code::type_mismatch, v.span,
          fmt::format("{} is expected here, this is a floating-point number", ir::name(e)))
        .note("element types are never converted silently")
        .hint(fmt::format("convert with `{}(…)`", ir::name(e)));
    return error_value(v.span);
  }
  if (e == Elem::i32 && !f.literal) {
    error(cx, Code::type_mismatch, v.span, "i32 is expected here, a size is an i64")
        .note("element types are never converted silently")
        .hint("convert with `i32(…)`");
    return error_value(v.span);
  }
  if (e == Elem::i32 && f.dim && f.dim->is_constant() &&
      (f.dim->constant() > INT32_MAX || f.dim->constant() < INT32_MIN)) {
    error(cx, Code::type_mismatch, v.span, fmt::format("{} does not fit an i32", f.dim->constant()));
    return error_value(v.span);
  }
  const ValueId id = f.make(e);
  if (!id.valid()) return error_value(v.span);
  Value t = make_tensor(cx, id, v.span);
  t.affine = v.affine;
  t.low = v.low;
  t.high = v.high;
  t.fields = v.fields;
  return t;
}

Value tensor(Context& cx, const Value& v, const char* what) {
  if (v.is_error()) return v;
  if (v.is_flex()) return materialize(cx, v);
  if (!v.is_tensor()) {
    error(cx, Code::type_mismatch, v.span,
          fmt::format("{} is needed here, this is {}", what ? what : "a number or an array", describe(cx, v)));
    return error_value(v.span);
  }
  return v;
}

void flatten(Context& cx, const Value& v, std::vector<Value>& leaves) {
  if (v.kind == Value::Kind::tuple || v.kind == Value::Kind::structure) {
    for (const Value& f : v.fields) flatten(cx, f, leaves);
  } else {
    leaves.push_back(v);
  }
}

std::vector<ValueId> leaf_ids(Context& cx, const Value& v) {
  std::vector<Value> leaves;
  flatten(cx, v, leaves);
  std::vector<ValueId> ids;
  for (const Value& leaf : leaves) {
    const Value t = materialize(cx, leaf);
    if (t.is_tensor()) ids.push_back(use(cx, t));
  }
  return ids;
}

Value rebuild(Context& cx, const Value& shape, std::span<const ValueId> ids, std::size_t& at) {
  if (shape.kind == Value::Kind::tuple || shape.kind == Value::Kind::structure) {
    Value v = shape;
    for (Value& f : v.fields) f = rebuild(cx, f, ids, at);
    return v;
  }
  return make_tensor(cx, ids[at++], shape.span);
}

Value default_typed(Context& cx, const Value& v) {
  if (v.is_flex()) return materialize(cx, v);
  Value out = v;
  if (v.kind == Value::Kind::tuple || v.kind == Value::Kind::structure) {
    for (Value& f : out.fields) {
      f = default_typed(cx, f);
      if (f.is_error()) return error_value(v.span);
    }
  }
  if (v.kind == Value::Kind::function || v.kind == Value::Kind::text) {
    error(cx, Code::function_value, v.span, fmt::format("{} is no value of run time", describe(cx, v)))
        .note(
            "functions are values of compile time: they are called, passed and bound by `let`, but not stored or "
            "returned");
    return error_value(v.span);
  }
  return out;
}

ir::Tree tree_of(Context& cx, const Value& v, const std::string& name) {
  ir::Tree t;
  t.name = name;
  if (v.kind == Value::Kind::tuple) {
    t.kind = ir::Tree::Kind::tuple;
    for (std::size_t i = 0; i < v.fields.size(); ++i)
      t.fields.push_back(tree_of(cx, v.fields[i], i < v.labels.size() ? v.labels[i] : ""));
  } else if (v.kind == Value::Kind::structure) {
    t.kind = ir::Tree::Kind::structure;
    t.type_name = v.decl->item->name.text;
    for (std::size_t i = 0; i < v.fields.size(); ++i)
      t.fields.push_back(tree_of(cx, v.fields[i], v.decl->item->fields[i].name.text));
  }
  return t;
}

std::string describe(Context& cx, const Value& v) {
  switch (v.kind) {
    case Value::Kind::error:
      return "an error";
    case Value::Kind::tensor:
      return str(cx, type_of(cx, v));
    case Value::Kind::flex:
      return str(cx, type_of(cx, v));
    case Value::Kind::function:
      return "a function";
    case Value::Kind::text:
      return "a string";
    case Value::Kind::tuple: {
      std::string s = "(";
      for (std::size_t i = 0; i < v.fields.size(); ++i) s += (i ? ", " : "") + describe(cx, v.fields[i]);
      return s + (v.fields.size() == 1 ? ",)" : ")");
    }
    case Value::Kind::structure: {
      std::string s = v.decl->item->name.text;
      for (std::size_t i = 0; i < v.sizes.size(); ++i) s += (i ? ", " : "[") + str(cx, normal(cx, v.sizes[i]));
      return v.sizes.empty() ? s : s + "]";
    }
  }
  return "";
}

bool probe(Context& cx, const std::function<void()>& f) {
  Diagnostics scratch(1);
  struct Restore {
    Context& c;
    Diagnostics* diagnostics;
    ~Restore() {
      c.diagnostics = diagnostics;
      --c.probing;
      c.probed.pop_back();
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
    ++cx.probing;
    builder(cx).in_block({}, [&](std::span<const ValueId>) {
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

}  // namespace rg::dsl
