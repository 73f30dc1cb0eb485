// Branches and loops.
#include "compiler/ops/all.h"
#include "dsl/write/writer.h"

namespace rg::dsl {

using namespace ir;

ast::ExprPtr Writer::in_block(const std::function<ExprPtr()>& body) {
  std::vector<ast::Stmt> around = std::move(stmts_);
  stmts_.clear();
  ExprPtr result = body();
  ExprPtr block = tree::block(std::move(stmts_), std::move(result));
  stmts_ = std::move(around);
  return block;
}

void Writer::branch(const Instr& i) {
  if (i.results.empty()) throw Unspellable("an if without a value");
  ExprPtr condition = text(i.operands[0]);
  // Values of both arms are named before the branch where they come from outside.
  for (const BlockId b : i.regions) {
    for (const ValueId v : free_values(f_, b)) named(v);
  }
  const auto arm = [&](std::size_t k) {
    return in_block([&] {
      const Block& b = f_.block(i.regions[k]);
      instructions(b);
      return tuple(b.yields);
    });
  };
  ExprPtr then_value = arm(0), else_value = arm(1);
  const Strings names = bind(i.results);
  let(tree::pattern(names), tree::expr(ast::If{std::move(condition), std::move(then_value), std::move(else_value)}));
}

std::vector<ast::LoopVar> Writer::loop_states(const Instr& i) {
  const std::size_t carried = ops::attrs_of<ops::For>(i).states;
  const Block& body = f_.block(i.regions[0]);
  std::vector<ast::LoopVar> out;
  for (std::size_t k = 0; k < carried; ++k) {
    const ValueId v = body.params[k + 1];
    ExprPtr init = text(i.operands[k]);
    const std::string name = bind(v, wanted_name(v) == "t" ? "s" : wanted_name(v));
    out.push_back({{name, {}}, written_type(f_.type(v), sizes_), std::move(init)});
  }
  if (carried == 0) out.push_back({{names_.fresh("unused"), {}}, nullptr, tree::integer(0)});
  return out;
}

ast::ExprPtr Writer::loop_body(const Instr& i, const std::string& counter) {
  const auto& [trip, carried, reversed] = ops::attrs_of<ops::For>(i);
  const Block& body = f_.block(i.regions[0]);
  text_[body.params[0]] = tree::name(counter);
  if (reversed) {
    const std::string step = bind(body.params[0], counter);
    let(tree::pattern(step), tree::binary(ast::BinaryOp::sub, extent_of(trip - Dim(1)), tree::name(counter)));
  }
  for (std::size_t k = carried; k < i.operands.size(); ++k) {
    const ValueId slice = body.params[k + 1];
    ExprPtr value = tree::at(text(i.operands[k]), tree::list(text(body.params[0])));
    let(tree::pattern(bind(slice, wanted_name(slice) == "t" ? "x" : wanted_name(slice))), std::move(value));
  }
  instructions(body);
  const std::span<const ValueId> yields(body.yields);
  if (carried < yields.size()) stmts_.push_back({{}, ast::Collect{tuple(yields.subspan(carried))}});
  return carried == 0 ? tree::integer(0) : tuple(yields.first(carried));
}

// The value is the state, or (state, stacked); stacks of a reversed loop are in the order of its steps.
void Writer::loop_results(const Instr& i, ExprPtr value) {
  const auto& attrs = ops::attrs_of<ops::For>(i);
  const std::size_t carried = attrs.states;
  const std::span<const ValueId> results(i.results);
  if (carried == results.size()) {
    const Strings names = bind(results);
    return let(tree::pattern(names), std::move(value));
  }
  const Strings finals = bind(results.first(carried)), stacks = bind(results.subspan(carried));
  std::vector<ast::Pattern> both;
  both.push_back(carried == 0 ? tree::pattern("_") : tree::pattern(finals));
  both.push_back(tree::pattern(stacks));
  let({{}, std::move(both)}, std::move(value));
  for (std::size_t k = 0; attrs.reversed && k < stacks.size(); ++k)
    let(tree::pattern(stacks[k]), tree::call("reverse", tree::list(tree::name(stacks[k])), "axis", tree::integer(0)));
}

void Writer::loop(const Instr& i) {
  const auto& attrs = ops::attrs_of<ops::For>(i);
  for (const ValueId v : free_values(f_, i.regions[0])) named(v);
  for (std::size_t k = attrs.states; k < i.operands.size(); ++k) named(i.operands[k]);
  ast::Loop out;
  out.state = loop_states(i);
  const std::string counter = names_.fresh("i");
  out.range = ast::ForClause{{counter, {}}, tree::integer(0), extent_of(attrs.trip)};
  out.body = in_block([&] { return loop_body(i, counter); });
  loop_results(i, tree::expr(std::move(out)));
}

}  // namespace rg::dsl
