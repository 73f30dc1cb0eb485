// The operators: how each is written, read, printed, and what it is on arrays. The one table for the parser, the
// printer, the checker and the writer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "dsl/lex/token.h"

namespace rg::dsl::ast {

/// Precedences of everything between `=>` and postfix, which the parser and the printer share.
inline constexpr int prec_lambda = 0, prec_or = 1, prec_and = 2, prec_compare = 3, prec_sum = 4, prec_product = 5,
                     prec_unary = 6, prec_pow = 7, prec_postfix = 8, prec_primary = 9;

enum class UnaryOp : std::uint8_t { neg, logical_not };

enum class BinaryOp : std::uint8_t {
  add,
  sub,
  mul,
  div,
  matmul,
  int_div,
  int_mod,
  pow,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  logical_and,
  logical_or,
};

struct UnaryInfo {
  UnaryOp op;
  TokenKind token;
  std::string_view name;         // as in dumps
  std::string_view elementwise;  // the IR's op
};
inline constexpr UnaryInfo unary_operators[] = {
    {UnaryOp::neg, TokenKind::minus, "neg", "neg"},
    {UnaryOp::logical_not, TokenKind::bang, "not", "not"},
};

struct BinaryInfo {
  BinaryOp op;
  TokenKind token;
  std::string_view name;  // as in dumps: "add"
  int precedence;         // higher binds tighter
  enum Assoc : std::uint8_t { left, right, none } assoc;
  std::string_view elementwise;  // the IR's op; empty where the operator is more than one
  std::string_view of_floats;    // … on floating-point numbers, where that is another one
  constexpr std::string_view spelling() const { return dsl::spelling(token); }
};
/// In the order of the enumeration.
inline constexpr BinaryInfo binary_operators[] = {
    {BinaryOp::add, TokenKind::plus, "add", prec_sum, BinaryInfo::left, "add", ""},
    {BinaryOp::sub, TokenKind::minus, "sub", prec_sum, BinaryInfo::left, "sub", ""},
    {BinaryOp::mul, TokenKind::star, "mul", prec_product, BinaryInfo::left, "mul", ""},
    {BinaryOp::div, TokenKind::slash, "div", prec_product, BinaryInfo::left, "div", ""},
    {BinaryOp::matmul, TokenKind::at, "matmul", prec_product, BinaryInfo::left, "", ""},
    {BinaryOp::int_div, TokenKind::kw_div, "int_div", prec_product, BinaryInfo::left, "idiv", ""},
    {BinaryOp::int_mod, TokenKind::kw_mod, "int_mod", prec_product, BinaryInfo::left, "imod", "floor_mod"},
    {BinaryOp::pow, TokenKind::caret, "pow", prec_pow, BinaryInfo::right, "", ""},
    {BinaryOp::eq, TokenKind::equal_equal, "eq", prec_compare, BinaryInfo::none, "eq", ""},
    {BinaryOp::ne, TokenKind::bang_equal, "ne", prec_compare, BinaryInfo::none, "ne", ""},
    {BinaryOp::lt, TokenKind::less, "lt", prec_compare, BinaryInfo::none, "lt", ""},
    {BinaryOp::le, TokenKind::less_equal, "le", prec_compare, BinaryInfo::none, "le", ""},
    {BinaryOp::gt, TokenKind::greater, "gt", prec_compare, BinaryInfo::none, "gt", ""},
    {BinaryOp::ge, TokenKind::greater_equal, "ge", prec_compare, BinaryInfo::none, "ge", ""},
    {BinaryOp::logical_and, TokenKind::and_and, "and", prec_and, BinaryInfo::left, "and", ""},
    {BinaryOp::logical_or, TokenKind::or_or, "or", prec_or, BinaryInfo::left, "or", ""},
};

constexpr const UnaryInfo& info(UnaryOp op) { return unary_operators[static_cast<std::size_t>(op)]; }
constexpr const BinaryInfo& info(BinaryOp op) { return binary_operators[static_cast<std::size_t>(op)]; }
static_assert(std::ranges::all_of(binary_operators, [](const BinaryInfo& o) { return info(o.op).name == o.name; }));
static_assert(std::ranges::all_of(unary_operators, [](const UnaryInfo& o) { return info(o.op).name == o.name; }));

/// The operator that the token writes before or between operands, or null.
constexpr const UnaryInfo* unary_operator(TokenKind token) {
  const auto* at = std::ranges::find(unary_operators, token, &UnaryInfo::token);
  return at == std::end(unary_operators) ? nullptr : at;
}
constexpr const BinaryInfo* binary_operator(TokenKind token) {
  const auto* at = std::ranges::find(binary_operators, token, &BinaryInfo::token);
  return at == std::end(binary_operators) ? nullptr : at;
}

}  // namespace rg::dsl::ast
