// Pieces of `.rg` text: expressions with their precedence, unique names, literals.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/type.h"

namespace rg::emit {

/// How tightly an expression binds, as the language's precedences.
enum class Binds { lambda, logical_or, logical_and, compare, sum, product, unary, power, postfix };

struct Text {
  std::string text;
  Binds binds = Binds::postfix;
  /// The text where at least this precedence is needed, in parentheses if necessary.
  std::string at(Binds least) const { return binds < least ? "(" + text + ")" : text; }
};

/// Gives out names that are identifiers, no keywords, no names of builtins, and distinct.
class Names {
 public:
  Names();
  /// `wanted` where it is free, or a name like it.
  std::string fresh(std::string_view wanted);
  /// Takes a name as it stands.
  void take(const std::string& name) { used_.insert(name); }

 private:
  std::set<std::string> used_;
  std::map<std::string, int> next_;  // numbers given out, by stem
};

/// A number that a neighbour of its type gives its type, or with its type where `typed`.
Text real_literal(ir::Elem elem, double value, bool typed);
Text integer_literal(ir::Elem elem, std::int64_t value, bool typed);

/// "[n, 2*m]".
std::string shape_list(const std::vector<ir::Dim>& dims, const std::vector<std::string>& sizes);
/// "a, b, c".
std::string joined(const std::vector<std::string>& parts, std::string_view separator = ", ");
/// The extent as an expression.
Text extent(const ir::Dim& dim, const std::vector<std::string>& sizes);

}  // namespace rg::emit
