// The operator table.
#include "dsl/parse/ast.h"

#include <cassert>

namespace rg::dsl::ast {

const std::vector<BinaryInfo>& binary_operators() {
  using Op = BinaryOp;
  static const std::vector<BinaryInfo> table = {
      {Op::add, "add", "+", prec_sum, BinaryInfo::left},
      {Op::sub, "sub", "-", prec_sum, BinaryInfo::left},
      {Op::mul, "mul", "*", prec_product, BinaryInfo::left},
      {Op::div, "div", "/", prec_product, BinaryInfo::left},
      {Op::matmul, "matmul", "@", prec_product, BinaryInfo::left},
      {Op::int_div, "int_div", "div", prec_product, BinaryInfo::left},
      {Op::int_mod, "int_mod", "mod", prec_product, BinaryInfo::left},
      {Op::pow, "pow", "^", prec_pow, BinaryInfo::right},
      {Op::eq, "eq", "==", prec_compare, BinaryInfo::none},
      {Op::ne, "ne", "!=", prec_compare, BinaryInfo::none},
      {Op::lt, "lt", "<", prec_compare, BinaryInfo::none},
      {Op::le, "le", "<=", prec_compare, BinaryInfo::none},
      {Op::gt, "gt", ">", prec_compare, BinaryInfo::none},
      {Op::ge, "ge", ">=", prec_compare, BinaryInfo::none},
      {Op::logical_and, "and", "&&", prec_and, BinaryInfo::left},
      {Op::logical_or, "or", "||", prec_or, BinaryInfo::left},
  };
  return table;
}

const BinaryInfo& info(BinaryOp op) {
  const BinaryInfo& entry = binary_operators()[static_cast<std::size_t>(op)];
  assert(entry.op == op && "the table is in the order of the enumeration");
  return entry;
}

std::string_view spelling(UnaryOp op) { return op == UnaryOp::neg ? "-" : "!"; }

}  // namespace rg::dsl::ast
