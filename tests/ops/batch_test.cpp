// Batching: the lift of a map over an op against a loop of evaluations, for every choice of batched operands.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "compiler/ops/all.h"
#include "compiler/oracle/oracle.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using namespace rg::ir;

namespace {

const Dim kExtent = Dim::size(2);

/// `x` read at index i of its leading axis.
ValueId item(Builder& b, ValueId x, ValueId i) {
  std::vector<std::int64_t> rest(b.type(x).rank() - 1);
  std::iota(rest.begin(), rest.end(), 0);
  std::vector<std::int64_t> read{-1};
  read.insert(read.end(), rest.begin(), rest.end());
  return b.emit_op<ops::Gather>({x, i}, {.labels = {read, {}, rest}});
}

/// The example mapped over a size p, the operands marked in `batched` with p leading.
Function mapped(const Subject& s, const std::vector<bool>& batched) {
  Function f;
  f.name = "mapped";
  f.size_names = {"n", "m", "p"};
  Builder b(f);
  for (std::size_t k = 0; k < batched.size(); ++k) {
    Type t = s.example.operands[k].type;
    if (batched[k]) t.dims.insert(t.dims.begin(), kExtent);
    b.add_param(t);
  }
  const std::vector<ValueId> params = f.block(f.body).params;
  const Type index{Elem::i64, {}};
  const BlockId region = b.in_block({&index, 1}, [&](std::span<const ValueId> i) {
    std::vector<ValueId> operands;
    for (std::size_t k = 0; k < params.size(); ++k)
      operands.push_back(batched[k] ? item(b, params[k], i[0]) : params[k]);
    return emit_example(b, s.op, s.example, operands);
  });
  b.set_yields(b.emit(ops::opcode<ops::Map>(), {}, ops::ExtentAttrs{{kExtent}}, {region}));
  return f;
}

void store(Tensor& into, std::int64_t at, const Tensor& x) {
  std::ranges::copy(x.reals, into.reals.begin() + at * x.count() * (x.is_real() ? 1 : 0));
  std::ranges::copy(x.integers, into.integers.begin() + at * x.count() * (x.is_real() ? 0 : 1));
}

void check(Subject& s, const std::vector<bool>& batched, const std::vector<std::int64_t>& sizes, Random& random) {
  constexpr std::int64_t p = 3;
  std::vector<Tensors> items;
  for (std::int64_t i = 0; i < p; ++i) items.push_back(draw(s, sizes, random));
  Tensors arguments;
  for (std::size_t k = 0; k < batched.size(); ++k) {
    std::vector<std::int64_t> shape = items[0][k].shape;
    shape.insert(shape.begin(), p);
    Tensor all = batched[k] ? Tensor(items[0][k].elem, shape) : items[0][k];
    for (std::int64_t i = 0; i < p; ++i) {
      if (batched[k])
        store(all, i, items[static_cast<std::size_t>(i)][k]);
      else
        items[static_cast<std::size_t>(i)][k] = items[0][k];
    }
    arguments.push_back(std::move(all));
  }
  std::vector<std::int64_t> with_p = sizes;
  with_p.push_back(p);
  const Function f = prepared(s.module, "f");
  const auto got = oracle::interpret(s.module, prepared(s.module, "mapped"), with_p, arguments);
  REQUIRE(bool(got) == !s.example.fails);
  if (!got) return;
  Tensors want;
  for (std::int64_t i = 0; i < p; ++i) {
    const Tensors one = run(s.module, f, sizes, items[static_cast<std::size_t>(i)]);
    for (std::size_t k = 0; k < one.size(); ++k) {
      std::vector<std::int64_t> shape = one[k].shape;
      shape.insert(shape.begin(), p);
      if (i == 0) want.emplace_back(one[k].elem, shape);
      store(want[k], i, one[k]);
    }
  }
  CHECK(difference(*got, want, {.ulp = 4, .epsilons = 16}) == "");
}

}  // namespace

TEST_CASE("the lift of a map over an op is a loop of evaluations") {
  Random random(7);
  for_each_subject({Elem::f64, Elem::i64, Elem::boolean}, [&](Subject& s) {
    const std::size_t count = s.example.operands.size();
    if (count == 0) return;
    // All operands, and each alone.
    for (std::size_t choice = 0; choice <= (count == 1 ? 0 : count); ++choice) {
      std::vector<bool> batched(count, choice == 0);
      if (choice > 0) batched[choice - 1] = true;
      CAPTURE(choice);
      s.module.functions.push_back(mapped(s, batched));
      for (std::size_t at = 0; at < std::min<std::size_t>(s.example.sizes.size(), 3); ++at)
        check(s, batched, s.example.sizes[at], random);
      s.module.functions.pop_back();
    }
  });
}
