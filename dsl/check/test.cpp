// `test` blocks as IR functions without parameters, whose results the driver compares.
#include "dsl/check/test.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/derive.h"
#include "dsl/check/elementwise.h"
#include "dsl/check/expr.h"
#include "dsl/check/scope.h"
#include "dsl/check/values.h"

namespace rg::dsl {

namespace {

void assert_close(Context& cx, const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                  const ScopePtr& scope) {
  if (call.args.size() < 2 || call.args.size() > 3) {
    error(cx, Code::wrong_arguments, span, "`assert_close` compares two values")
        .hint("it is used as `assert_close(a, b)` or `assert_close(a, b, 1e-6)`");
    return;
  }
  std::vector<Value> sides[2];
  for (int k = 0; k < 2; ++k) {
    const Value v = eval(cx, *call.args[static_cast<std::size_t>(k)].value, scope);
    if (v.is_error()) return;
    flatten(v, sides[k]);
  }
  if (sides[0].size() != sides[1].size()) {
    error(cx, Code::type_mismatch, span,
          fmt::format("`assert_close` of {} and {} arrays", sides[0].size(), sides[1].size()));
    return;
  }
  bool narrow = false;
  std::vector<ValueId> ids[2];
  for (std::size_t i = 0; i < sides[0].size(); ++i) {
    std::vector<Value> both{sides[0][i], sides[1][i]};
    for (const Value& v : both) {
      if (!v.is_array()) {
        tensor(cx, v);
        return;
      }
    }
    const auto elem = common_elem(cx, both, span, "`assert_close`");
    const auto dims = elem ? broadcast_dims(cx, both, span, "`assert_close`") : std::nullopt;
    if (!dims) return;
    narrow = narrow || *elem == Elem::f32;
    for (int k = 0; k < 2; ++k) {
      const Value t = materialize(cx, both[static_cast<std::size_t>(k)], elem);
      if (t.is_error()) return;
      ids[k].push_back(stretch(cx, use(cx, t), *dims));
    }
  }
  double tolerance = narrow ? 1e-5 : 1e-9;
  if (call.args.size() == 3) {
    const Value t = eval(cx, *call.args[2].value, scope);
    if (!t.is_flex() || !t.flex->number) {
      if (!t.is_error()) error(cx, Code::wrong_arguments, call.args[2].value->span, "the tolerance is a literal");
      return;
    }
    tolerance = *t.flex->number;
  }
  test.assertions.push_back(
      {TestAssertion::Kind::close, span, text_of(cx, span), results.size(), ids[0].size(), tolerance});
  for (const auto& side : ids) results.insert(results.end(), side.begin(), side.end());
}

/// A gradient under test: the function, its arguments, and a direction for each parameter of float type.
struct GradCheck {
  Context& cx;
  Span span;
  const FnValue& fn;
  std::vector<std::string> params;
  std::vector<Value> args;
  FnValue op{};  // its derivative
  std::vector<Value> directions{};
  Value weights{};  // of the result's entries
};

// Entries cos(1), cos(2), …
ValueId cosines(ir::Builder& b, ValueId like) {
  const ir::Type t = b.type(like);
  const ValueId flat = b.convert(b.iota(Elem::i64, {t.count()}, 0), t.elem);
  return b.reshape(b.op<ops::Cos>(b.add(flat, b.one(flat))), t.dims);
}

Value cosines(Context& cx, const Value& like) {
  std::vector<ValueId> ids;
  for (const ValueId id : leaf_ids(cx, like)) ids.push_back(cosines(cx.b(), id));
  std::size_t at = 0;
  return rebuild(cx, like, ids, at);
}

ValueId inner_product(Context& cx, const Value& x, const Value& y) {
  ir::Builder& b = cx.b();
  const auto xs = leaf_ids(cx, x), ys = leaf_ids(cx, y);
  ValueId total;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const ValueId product = b.mul(xs[i], ys[i]);
    const ValueId part = b.convert(b.sum(product, ops::iota_axes(b.type(product).rank())), Elem::f64);
    total = total.valid() ? b.add(total, part) : part;
  }
  return total;
}

Args as_args(const std::vector<Value>& values) {
  Args out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out[i].value = values[i];
  return out;
}

// The function under test, an error value after a report.
Value grad_function(Context& cx, const ast::Call& call, Span span, const ScopePtr& scope) {
  if (call.args.empty()) {
    error(cx, Code::wrong_arguments, span, "`check_grad` takes a function and its arguments")
        .hint("for example `check_grad(f, [0.3, -1.2])`");
    return error_value(span);
  }
  const Value f = eval(cx, *call.args[0].value, scope);
  if (!f.is_error() && f.kind != Value::Kind::function) {
    error(cx, Code::derivative_arguments, f.span,
          fmt::format("`check_grad` takes a function, this is {}", describe(cx, f)));
    return error_value(span);
  }
  return f;
}

// Evaluates the arguments. False after a report.
bool grad_arguments(GradCheck& g, const ast::Call& call, const ScopePtr& scope) {
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    if (call.args[i].name) {
      error(g.cx, Code::wrong_arguments, call.args[i].name->span,
            "`check_grad` takes the function's arguments in order");
      return false;
    }
    g.args.push_back(eval(g.cx, *call.args[i].value, scope));
    if (g.args.back().is_error()) return false;
  }
  g.params = param_names(g.cx, g.fn);
  if (g.args.size() != g.params.size()) {
    error(g.cx, Code::wrong_arguments, g.span,
          fmt::format("{} takes {} arguments, {} given", shown(g.fn), g.params.size(), g.args.size()));
    return false;
  }
  return lift(g.cx, g.fn, g.args, g.span).ok;  // gives the arguments their types
}

// Chooses the parameters to differentiate by, a direction for each, and weights. False after a report.
bool grad_directions(GradCheck& g) {
  for (std::size_t i = 0; i < g.args.size(); ++i) {
    std::vector<Value> leaves;
    flatten(g.args[i], leaves);
    const bool floats = !leaves.empty() && std::ranges::all_of(leaves, [](const Value& v) {
      return v.is_tensor() && ir::is_float(v.type.elem);
    });
    if (!floats) continue;
    g.op.wrt.push_back({g.params[i], g.span});
    g.directions.push_back(cosines(g.cx, g.args[i]));
  }
  if (g.directions.empty()) {
    error(g.cx, Code::not_differentiable, g.span, "`check_grad` needs an argument of float type");
    return false;
  }
  const Value y = default_typed(g.cx, apply(g.cx, g.fn, as_args(g.args), g.span));
  if (y.is_error() || !check_floats(g.cx, y, "the result of " + shown(g.fn), g.span)) return false;
  g.weights = cosines(g.cx, y);
  return true;
}

// ⟨∇, v⟩ by reverse mode, invalid after a report.
ValueId by_reverse(GradCheck& g, const Value& all) {
  std::vector<Value> with_seed = g.args;
  with_seed.push_back(g.weights);
  g.op.name = "vjp";
  const Value gradient = apply_derived(g.cx, g.op, as_args(with_seed), g.span);
  if (gradient.is_error()) return {};
  return inner_product(g.cx, g.op.wrt.size() == 1 ? make_tuple({gradient}, g.span) : gradient, all);
}

// … by forward mode.
ValueId by_forward(GradCheck& g) {
  std::vector<Value> with_tangents = g.args;
  for (const Value& d : g.directions) with_tangents.push_back(d);
  g.op.name = "jvp";
  const Value tangent = apply_derived(g.cx, g.op, as_args(with_tangents), g.span);
  return tangent.is_error() ? ValueId{} : inner_product(g.cx, tangent, g.weights);
}

// … by central differences with steps of `h`.
ValueId by_differences(GradCheck& g, double h) {
  ir::Builder& b = g.cx.b();
  ValueId sides[2];
  for (int k = 0; k < 2; ++k) {
    std::vector<Value> moved = g.args;
    std::size_t next = 0;
    for (std::size_t i = 0; i < g.args.size(); ++i) {
      if (next >= g.op.wrt.size() || g.op.wrt[next].text != g.params[i]) continue;
      const auto xs = leaf_ids(g.cx, g.args[i]), ds = leaf_ids(g.cx, g.directions[next]);
      std::vector<ValueId> ids;
      for (std::size_t l = 0; l < xs.size(); ++l)
        ids.push_back(b.add(xs[l], b.mul(ds[l], b.like(ds[l], k == 0 ? h : -h))));
      std::size_t first = 0;
      moved[i] = rebuild(g.cx, g.args[i], ids, first);
      ++next;
    }
    const Value value = default_typed(g.cx, apply(g.cx, g.fn, as_args(moved), g.span));
    if (value.is_error()) return {};
    sides[k] = inner_product(g.cx, value, g.weights);
  }
  return b.mul(b.sub(sides[0], sides[1]), b.constant(Elem::f64, 1 / (2 * h)));
}

// Along a direction v with entries cos(1), cos(2), …: ⟨∇, v⟩ by reverse mode, by forward mode, and by central
// differences with h = 1e-6 (f32: 1e-2); a result that is no scalar is weighted by cos(1), cos(2), … as well.
void check_grad(Context& cx, const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                const ScopePtr& scope) {
  const Value f = grad_function(cx, call, span, scope);
  if (f.is_error()) return;
  GradCheck g{cx, span, *f.fn, {}, {}};
  g.op.kind = FnValue::Kind::derived;
  g.op.inner = f.fn;
  if (!grad_arguments(g, call, scope) || !grad_directions(g)) return;
  const Value all = make_tuple(g.directions, span);
  const ValueId reverse = by_reverse(g, all);
  if (!reverse.valid()) return;
  const ValueId forward = by_forward(g);
  if (!forward.valid()) return;
  ir::Builder& b = cx.b();
  const bool narrow = std::ranges::any_of(leaf_ids(cx, all), [&](ValueId v) { return b.type(v).elem == Elem::f32; });
  const ValueId difference = by_differences(g, narrow ? 1e-2 : 1e-6);
  if (!difference.valid()) return;
  test.assertions.push_back(
      {TestAssertion::Kind::gradient, span, text_of(cx, span), results.size(), 3, narrow ? 2e-2 : 1e-5});
  for (const ValueId v : {reverse, forward, difference}) results.push_back(narrow ? b.convert(v, Elem::f32) : v);
}

void build_assertion(Context& cx, const ast::Expr& expr, TestCase& test, std::vector<ValueId>& results,
                     const ScopePtr& scope) {
  const auto* call = ast::as<ast::Call>(expr);
  const std::string* name = call == nullptr ? nullptr : as_name(*call->callee);
  if (name != nullptr && *name == "assert_close") return assert_close(cx, *call, expr.span, test, results, scope);
  if (name != nullptr && *name == "check_grad") return check_grad(cx, *call, expr.span, test, results, scope);
  error(cx, Code::test_statement, expr.span,
        "a test is made of `assert_close(a, b)`, `check_grad(f, x)`, `assert c;` and `let`");
}

}  // namespace

void build_test(Context& cx, const ast::TestItem& item, ModuleScope& module) {
  const std::size_t before = cx.diagnostics->error_count();
  ir::Function& f = cx.module.functions.emplace_back();
  f.name = cx.module.unique_name("test." + std::to_string(cx.tests.size()));
  f.span = item.name_span;
  TestCase test{item.name, item.name_span, f.name, {}};
  cx.frame = new_frame(cx, f, nullptr);
  std::vector<ValueId> results;
  ScopePtr scope = root_scope(&module);
  for (const ast::Stmt& s : item.body) {
    cx.b().set_span(s.span);
    if (const auto* e = std::get_if<ast::ExprStmt>(&s.node)) {
      build_assertion(cx, *e->value, test, results, scope);
    } else if (const auto* a = std::get_if<ast::Assert>(&s.node)) {
      const Value v = tensor(cx, eval(cx, *a->condition, scope), "a condition");
      if (v.is_error()) continue;
      if (type_of(cx, v) != ir::Type{Elem::boolean, {}}) {
        error(cx, Code::condition, a->condition->span,
              fmt::format("an assertion takes one bool, this is {}", describe(cx, v)));
        continue;
      }
      test.assertions.push_back({TestAssertion::Kind::truth, s.span,
                                 a->message.value_or(text_of(cx, a->condition->span)), results.size(), 1, 0});
      results.push_back(use(cx, v));
    } else {
      scope = eval_statement(cx, s, scope);
    }
  }
  if (cx.diagnostics->error_count() == before) {
    for (const ValueId v : results) {
      f.signature.result.fields.emplace_back();
      (void)v;
    }
    f.signature.result.kind = ir::Tree::Kind::tuple;
    cx.b().set_yields(std::move(results));
    cx.tests.push_back(std::move(test));
  }
  cx.frame = nullptr;
}

}  // namespace rg::dsl
