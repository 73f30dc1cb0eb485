// The tables of the language's words: what they say of each other and of the IR's ops.
#include "dsl/parse/operators.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "compiler/code/registry.h"
#include "dsl/check/vocabulary.h"

using namespace rg;
using namespace rg::dsl;

TEST_CASE("operators are elementwise ops, and tokens write one each") {
  for (const ast::UnaryInfo& o : ast::unary_operators) {
    CAPTURE(o.name);
    CHECK(ops::opcode_named(o.elementwise).has_value());
    CHECK(ast::unary_operator(o.token)->op == o.op);
  }
  for (const ast::BinaryInfo& o : ast::binary_operators) {
    CAPTURE(o.name);
    CHECK(ast::binary_operator(o.token)->op == o.op);
    for (const std::string_view op : {o.elementwise, o.of_floats}) {
      if (!op.empty()) CHECK(ops::opcode_named(op).has_value());
    }
  }
}

TEST_CASE("every fixed spelling is a token's, and keywords are the last of them") {
  for (std::size_t k = 0; k < std::size(fixed_spellings); ++k)
    CHECK(spelling(static_cast<TokenKind>(first_fixed + k)) == fixed_spellings[k]);
  CHECK(keywords.front() == "fn");
  CHECK(keywords.back() == "false");
}

TEST_CASE("names with a meaning are listed once") {
  std::vector<std::string> names = all_names();
  for (const char* name : {"grad", "value_and_vjp", "pi", "f64", "bool", "sum", "einsum", "where", "let", "size"}) {
    CAPTURE(name);
    CHECK(std::ranges::count(names, name) == 1);
  }
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
}
