// What the oracle gives for an expression over a loaded program.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "compiler/api/unit.h"
#include "compiler/oracle/oracle.h"

namespace rg::test {

inline ir::Tensor reals(std::vector<double> values, std::vector<std::int64_t> shape) {
  ir::Tensor t(ir::Elem::f64, std::move(shape));
  t.reals = std::move(values);
  return t;
}

/// The numbers of the first result; `name` is the function's that the expression becomes.
inline std::vector<double> interpreted(api::Unit& unit, const std::string& expression, const std::string& name,
                                       const std::vector<ir::Tensor>& arguments,
                                       const std::map<std::string, std::int64_t>& sizes) {
  const ir::Function* f = unit.check_expression(expression, name);
  REQUIRE_MESSAGE(f != nullptr, unit.rendered());
  std::vector<std::int64_t> in_order;
  for (const std::string& s : f->size_names) in_order.push_back(sizes.at(s));
  const auto r = oracle::interpret(unit.program().module(), *f, in_order, arguments);
  REQUIRE_MESSAGE(r, (r ? "" : r.error()));
  return (*r)[0].reals;
}

}  // namespace rg::test
