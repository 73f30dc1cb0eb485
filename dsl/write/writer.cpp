#include "dsl/write/writer.h"

#include <fmt/format.h>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/diagnostic.h"
#include "dsl/parse/parse.h"
#include "dsl/write/write.h"

namespace rg::dsl {

using namespace ir;
using ops::opcode;

namespace {
constexpr std::size_t kInlineWidth = 60;  // longer expressions get a name
}  // namespace

ast::ExprPtr Writer::named(ValueId v) {
  const ast::Expr& e = *text_.at(v);
  if (ast::as<ast::NameExpr>(e) == nullptr && ast::as<ast::BoolLit>(e) == nullptr) {
    ExprPtr value = std::move(text_.at(v));
    let(tree::pattern(bind(v)), std::move(value));
  }
  return text(v);
}

std::string Writer::bind(ValueId v, std::string_view wanted) {
  std::string name = names_.fresh(wanted);
  text_[v] = tree::name(name);
  return name;
}

Writer::Strings Writer::bind(std::span<const ValueId> values) {
  Strings out;
  for (const ValueId v : values) out.push_back(bind(v));
  return out;
}

void Writer::define(ValueId v, ExprPtr e) {
  // Numbers and extents stand where they are used.
  const Instr& i = *f_.definition(v);
  const bool splat = i.op == opcode<ops::Constant>() && ops::attrs_of<ops::Constant>(i).is_splat();
  const bool once = uses_[v.index] <= 1 && f_.value(v).name.empty();
  if (splat || i.op == opcode<ops::Size>() || (once && print(*e).size() <= kInlineWidth))
    text_[v] = std::move(e);
  else
    let(tree::pattern(bind(v)), std::move(e));
}

ast::ExprPtr Writer::tuple(std::span<const ValueId> values) const {
  Exprs parts;
  for (const ValueId v : values) parts.push_back(text(v));
  return tree::tuple(std::move(parts));
}

void Writer::instructions(const Block& b) {
  for (const InstrId id : b.instrs) instruction(f_.instr(id));
}

void Writer::instruction(const Instr& i) {
  if (i.op == opcode<ops::For>()) return loop(i);
  if (i.op == opcode<ops::If>()) return branch(i);
  if (i.op == opcode<ops::Assert>()) return assertion(i);
  if (i.op == opcode<ops::Sort>()) return sort(i);
  if (i.results.size() != 1) throw Unspellable(std::string(ops::info(i.op).name));
  define(i.results[0], expression(i));
}

void Writer::assertion(const Instr& i) {
  const std::string& message = ops::attrs_of<ops::Assert>(i).message;
  stmts_.push_back({{}, ast::Assert{text(i.operands[0]), message.empty() ? std::nullopt : std::optional(message)}});
}

// What is wanted of it, each by itself.
void Writer::sort(const Instr& i) {
  const auto sorted = [&](std::string_view how) { return tree::call(how, tree::list(named(i.operands[0]))); };
  for (std::size_t k = 0; k < 3; ++k) {
    if (uses_[i.results[k].index] == 0) continue;
    ExprPtr e = sorted(k == 0 ? "sort" : "argsort");
    define(i.results[k], k < 2 ? std::move(e) : tree::call("argsort", tree::list(std::move(e))));
  }
}

ast::FnItem Writer::function() {
  const Block& body = f_.block(f_.body);
  ast::FnItem out;
  out.doc = f_.doc;
  out.exported = true;
  out.name.text = FreshNames().fresh(f_.name);
  std::vector<bool> found(sizes_.size());
  for (const Type& t : f_.param_types()) {
    for (const Dim& d : t.dims) {
      if (const auto s = d.as_size()) found[*s] = true;
    }
  }
  const auto param = [&](const std::string& name, ast::TypePtr type) {
    out.params.push_back({{name, {}}, std::move(type)});
  };
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    if (!found[k]) param(sizes_[k], tree::type("size"));
  }
  const std::vector<std::string> leaves = f_.signature.param_names("_");
  for (std::size_t k = 0; k < body.params.size(); ++k) {
    const ValueId v = body.params[k];
    const std::string name = bind(v, k < leaves.size() && !leaves[k].empty() ? leaves[k] : "x");
    param(name, written_type(f_.type(v), sizes_));
  }
  std::vector<ast::TypePtr> results;
  for (const Type& t : f_.result_types()) results.push_back(written_type(t, sizes_));
  out.result = tree::tuple_type(std::move(results));
  out.body = in_block([&] {
    instructions(body);
    return tuple(body.yields);
  });
  return out;
}

Result<ast::Module> write(const Function& f) {
  try {
    ast::Module out;
    out.items.push_back({{}, Writer(f).function()});
    return out;
  } catch (const Unspellable& e) {
    return Failure{fmt::format("{} cannot be written as .rg: the language has no spelling for {}", f.name, e.what()),
                   Code::not_spellable};
  }
}

}  // namespace rg::dsl
