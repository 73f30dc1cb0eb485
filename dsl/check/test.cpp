// `test` blocks as IR functions without parameters, whose results the driver compares.
#include <fmt/format.h>

#include "dsl/check/checker.h"

namespace rg::dsl {

void Checker::build_test(const ast::TestItem& item, ModuleScope& module) {
  const std::size_t before = diagnostics_->error_count();
  ir::Function& f = module_.functions.emplace_back();
  f.name = module_.unique_name("test." + std::to_string(tests_.size()));
  f.span = item.name_span;
  TestCase test{item.name, item.name_span, f.name, {}};
  context_ = new_context(f, nullptr);
  std::vector<ValueId> results;
  ScopePtr scope = root_scope(&module);
  for (const ast::Stmt& s : item.body) {
    b().set_span(s.span);
    if (const auto* e = std::get_if<ast::ExprStmt>(&s.node)) {
      build_assertion(*e->value, test, results, scope);
    } else if (const auto* a = std::get_if<ast::Assert>(&s.node)) {
      const Value v = tensor(eval(*a->condition, scope), "a condition");
      if (v.is_error()) continue;
      if (type_of(v) != ir::Type{Elem::boolean, {}}) {
        error(Code::condition, a->condition->span, fmt::format("an assertion takes one bool, this is {}", describe(v)));
        continue;
      }
      test.assertions.push_back(
          {TestAssertion::Kind::truth, s.span, a->message.value_or(text_of(a->condition->span)), results.size(), 1, 0});
      results.push_back(use(v));
    } else {
      scope = eval_statement(s, scope);
    }
  }
  if (diagnostics_->error_count() == before) {
    for (const ValueId v : results) {
      f.signature.result.fields.emplace_back();
      (void)v;
    }
    f.signature.result.kind = ir::Tree::Kind::tuple;
    b().set_yields(std::move(results));
    tests_.push_back(std::move(test));
  }
  context_ = nullptr;
}

void Checker::build_assertion(const ast::Expr& expr, TestCase& test, std::vector<ValueId>& results,
                              const ScopePtr& scope) {
  const auto* call = ast::as<ast::Call>(expr);
  const std::string* name = call == nullptr ? nullptr : as_name(*call->callee);
  if (name != nullptr && *name == "assert_close") return assert_close(*call, expr.span, test, results, scope);
  if (name != nullptr && *name == "check_grad") return check_grad(*call, expr.span, test, results, scope);
  error(Code::test_statement, expr.span,
        "a test is made of `assert_close(a, b)`, `check_grad(f, x)`, `assert c;` and `let`");
}

void Checker::assert_close(const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                           const ScopePtr& scope) {
  if (call.args.size() < 2 || call.args.size() > 3) {
    error(Code::wrong_arguments, span, "`assert_close` compares two values")
        .hint("it is used as `assert_close(a, b)` or `assert_close(a, b, 1e-6)`");
    return;
  }
  std::vector<Value> sides[2];
  for (int k = 0; k < 2; ++k) {
    const Value v = eval(*call.args[static_cast<std::size_t>(k)].value, scope);
    if (v.is_error()) return;
    flatten(v, sides[k]);
  }
  if (sides[0].size() != sides[1].size()) {
    error(Code::type_mismatch, span,
          fmt::format("`assert_close` of {} and {} arrays", sides[0].size(), sides[1].size()));
    return;
  }
  bool narrow = false;
  std::vector<ValueId> ids[2];
  for (std::size_t i = 0; i < sides[0].size(); ++i) {
    std::vector<Value> both{sides[0][i], sides[1][i]};
    for (const Value& v : both) {
      if (!v.is_array()) {
        tensor(v);
        return;
      }
    }
    const auto elem = common_elem(both, span, "`assert_close`");
    const auto dims = elem ? broadcast_dims(both, span, "`assert_close`") : std::nullopt;
    if (!dims) return;
    narrow = narrow || *elem == Elem::f32;
    for (int k = 0; k < 2; ++k) {
      const Value t = materialize(both[static_cast<std::size_t>(k)], elem);
      if (t.is_error()) return;
      ids[k].push_back(stretch(use(t), *dims));
    }
  }
  double tolerance = narrow ? 1e-5 : 1e-9;
  if (call.args.size() == 3) {
    const Value t = eval(*call.args[2].value, scope);
    if (!t.is_flex() || !t.flex->number) {
      if (!t.is_error()) error(Code::wrong_arguments, call.args[2].value->span, "the tolerance is a literal");
      return;
    }
    tolerance = *t.flex->number;
  }
  test.assertions.push_back(
      {TestAssertion::Kind::close, span, text_of(span), results.size(), ids[0].size(), tolerance});
  for (const auto& side : ids) results.insert(results.end(), side.begin(), side.end());
}

// Along a direction v with entries cos(1), cos(2), …: ⟨∇, v⟩ by reverse mode, by forward mode, and by central
// differences with h = 1e-6 (f32: 1e-2); a result that is no scalar is weighted by cos(1), cos(2), … as well.
void Checker::check_grad(const ast::Call& call, Span span, TestCase& test, std::vector<ValueId>& results,
                         const ScopePtr& scope) {
  if (call.args.empty()) {
    error(Code::wrong_arguments, span, "`check_grad` takes a function and its arguments")
        .hint("for example `check_grad(f, [0.3, -1.2])`");
    return;
  }
  const Value f = eval(*call.args[0].value, scope);
  if (f.is_error()) return;
  if (f.kind != Value::Kind::function) {
    error(Code::derivative_arguments, f.span, fmt::format("`check_grad` takes a function, this is {}", describe(f)));
    return;
  }
  std::vector<Value> args;
  FnValue op;
  op.kind = FnValue::Kind::derived;
  op.inner = f.fn;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    if (call.args[i].name) {
      error(Code::wrong_arguments, call.args[i].name->span, "`check_grad` takes the function's arguments in order");
      return;
    }
    args.push_back(eval(*call.args[i].value, scope));
    if (args.back().is_error()) return;
  }
  const std::vector<std::string> params = param_names(*f.fn);
  if (args.size() != params.size()) {
    error(Code::wrong_arguments, span,
          fmt::format("{} takes {} arguments, {} given", shown(*f.fn), params.size(), args.size()));
    return;
  }
  const Lifted lifted = lift(*f.fn, args, span);  // gives the arguments their types
  if (!lifted.ok) return;
  ir::Builder& b = this->b();
  const auto direction = [&](ValueId like, ir::Builder& b) {
    const ir::Type t = b.type(like);
    const ValueId flat = b.convert(b.iota(Elem::i64, {t.count()}, 0), t.elem);
    return b.reshape(b.op<ops::Cos>(b.add(flat, b.one(flat))), t.dims);
  };
  std::vector<Value> directions;  // of the parameters of float type
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::vector<Value> leaves;
    flatten(args[i], leaves);
    const bool floats = !leaves.empty() && std::ranges::all_of(leaves, [](const Value& v) {
      return v.is_tensor() && ir::is_float(v.type.elem);
    });
    if (!floats) continue;
    op.wrt.push_back({params[i], span});
    std::vector<ValueId> ids;
    for (const ValueId id : leaf_ids(args[i])) ids.push_back(direction(id, b));
    std::size_t at = 0;
    directions.push_back(rebuild(args[i], ids, at));
  }
  if (directions.empty()) {
    error(Code::not_differentiable, span, "`check_grad` needs an argument of float type");
    return;
  }
  const auto inner_product = [&](const Value& x, const Value& y) {
    const auto xs = leaf_ids(x), ys = leaf_ids(y);
    ValueId total;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const ValueId product = b.mul(xs[i], ys[i]);
      const ValueId part = b.convert(b.sum(product, ops::iota_axes(b.type(product).rank())), Elem::f64);
      total = total.valid() ? b.add(total, part) : part;
    }
    return total;
  };
  const auto as_args = [&](const std::vector<Value>& values) {
    Args out(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) out[i].value = values[i];
    return out;
  };
  const Value y = default_typed(apply(*f.fn, as_args(args), span));
  if (y.is_error() || !check_floats(y, "the result of " + shown(*f.fn), span)) return;
  std::vector<ValueId> weight_ids;
  for (const ValueId id : leaf_ids(y)) weight_ids.push_back(direction(id, b));
  std::size_t at = 0;
  const Value weights = rebuild(y, weight_ids, at);
  // Reverse.
  std::vector<Value> with_seed = args;
  with_seed.push_back(weights);
  op.name = "vjp";
  const Value gradient = apply_derived(op, as_args(with_seed), span);
  if (gradient.is_error()) return;
  const Value all = make_tuple(directions, span);
  const ValueId reverse = inner_product(op.wrt.size() == 1 ? make_tuple({gradient}, span) : gradient, all);
  // Forward.
  std::vector<Value> with_tangents = args;
  for (const Value& d : directions) with_tangents.push_back(d);
  op.name = "jvp";
  const Value tangent = apply_derived(op, as_args(with_tangents), span);
  if (tangent.is_error()) return;
  const ValueId forward = inner_product(tangent, weights);
  // Central differences.
  const bool narrow = std::ranges::any_of(leaf_ids(all), [&](ValueId v) { return b.type(v).elem == Elem::f32; });
  const double h = narrow ? 1e-2 : 1e-6;
  ValueId sides[2];
  for (int k = 0; k < 2; ++k) {
    std::vector<Value> moved = args;
    std::size_t next = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (next >= op.wrt.size() || op.wrt[next].text != params[i]) continue;
      const auto xs = leaf_ids(args[i]), ds = leaf_ids(directions[next]);
      std::vector<ValueId> ids;
      for (std::size_t l = 0; l < xs.size(); ++l)
        ids.push_back(b.add(xs[l], b.mul(ds[l], b.like(ds[l], k == 0 ? h : -h))));
      std::size_t first = 0;
      moved[i] = rebuild(args[i], ids, first);
      ++next;
    }
    const Value value = default_typed(apply(*f.fn, as_args(moved), span));
    if (value.is_error()) return;
    sides[k] = inner_product(value, weights);
  }
  const ValueId difference = b.mul(b.sub(sides[0], sides[1]), b.constant(Elem::f64, 1 / (2 * h)));
  test.assertions.push_back(
      {TestAssertion::Kind::gradient, span, text_of(span), results.size(), 3, narrow ? 2e-2 : 1e-5});
  for (const ValueId v : {reverse, forward, difference}) results.push_back(narrow ? b.convert(v, Elem::f32) : v);
}

}  // namespace rg::dsl
