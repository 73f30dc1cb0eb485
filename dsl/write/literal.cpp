#include "dsl/write/literal.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace rg::dsl {

using ast::BinaryOp;
using ast::ExprPtr;
using ast::UnaryOp;
using ir::Dim;
using ir::DimAtom;
using ir::Elem;

namespace {

ExprPtr of_type(Elem elem, ExprPtr x, bool typed) {
  return typed ? tree::call(ir::name(elem), tree::list(std::move(x))) : std::move(x);
}

// The shortest digits that give an f32 are those of another f64.
double in_shortest_digits(Elem elem, double v) {
  return elem == Elem::f32 ? std::strtod(fmt::format("{}", static_cast<float>(v)).c_str(), nullptr) : v;
}

}  // namespace

ExprPtr real_literal(Elem elem, double v, bool typed) {
  const double magnitude = std::abs(v);
  ExprPtr x = std::isnan(v)   ? tree::name("nan")
              : std::isinf(v) ? tree::name("inf")
                              : tree::expr(ast::FloatLit{in_shortest_digits(elem, magnitude)});
  if (std::signbit(v) && !std::isnan(v)) x = tree::unary(UnaryOp::neg, std::move(x));
  return of_type(elem, std::move(x), typed);
}

ExprPtr integer_literal(Elem elem, std::int64_t v, bool typed) {
  return elem == Elem::boolean ? tree::boolean(v != 0) : of_type(elem, tree::integer(v), typed);
}

ExprPtr zero_literal(Elem elem) {
  return ir::is_float(elem) ? real_literal(elem, 0, true) : integer_literal(elem, 0, true);
}

namespace {

ExprPtr atom(const DimAtom& a, std::span<const std::string> sizes) {
  if (a.kind == DimAtom::Kind::size) return tree::name(sizes[a.size]);
  ExprPtr x = extent(a.a, sizes), y = extent(a.b, sizes);
  if (a.kind == DimAtom::Kind::div) return tree::binary(BinaryOp::int_div, std::move(x), std::move(y));
  return tree::call(a.kind == DimAtom::Kind::min ? "min" : "max", tree::list(std::move(x), std::move(y)));
}

}  // namespace

ExprPtr extent(const Dim& dim, std::span<const std::string> sizes) {
  ExprPtr sum;
  for (const Dim::Term& t : dim.terms()) {
    // Behind a term, a minus is the operator; the least integer has no magnitude.
    const bool subtracted = sum && t.coefficient < 0 && t.coefficient != std::numeric_limits<std::int64_t>::min();
    const std::int64_t factor = subtracted ? -t.coefficient : t.coefficient;
    tree::Exprs factors;
    if (t.atoms.empty() || (factor != 1 && factor != -1)) factors.push_back(tree::integer(factor));
    for (const auto& a : t.atoms) factors.push_back(atom(*a, sizes));
    if (factor == -1 && !t.atoms.empty()) factors[0] = tree::unary(UnaryOp::neg, std::move(factors[0]));
    ExprPtr product = tree::chain(BinaryOp::mul, std::move(factors));
    sum = sum ? tree::binary(subtracted ? BinaryOp::sub : BinaryOp::add, std::move(sum), std::move(product))
              : std::move(product);
  }
  return sum ? std::move(sum) : tree::integer(0);
}

ExprPtr shape_list(const std::vector<Dim>& dims, std::span<const std::string> sizes) {
  tree::Exprs parts;
  for (const Dim& d : dims) parts.push_back(extent(d, sizes));
  return tree::array(std::move(parts));
}

ast::TypePtr written_type(const ir::Type& type, std::span<const std::string> sizes) {
  ast::NamedType out{{std::string(ir::name(type.elem)), {}}, {}};
  for (const Dim& d : type.dims) {
    out.dims.emplace_back();
    out.dims.back().value = extent(d, sizes);
  }
  return std::make_unique<ast::TypeExpr>(ast::TypeExpr{{}, std::move(out)});
}

}  // namespace rg::dsl
