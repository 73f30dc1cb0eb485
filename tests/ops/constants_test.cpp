// Every elementwise op on special operands, as constants of the program and as arguments, unoptimised and optimised:
// what is folded, by whatever part of the compiler, is what the op gives.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <span>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

namespace {

jit::Session& session_of(int opt_level) {
  static std::map<int, std::unique_ptr<jit::Session>> sessions;
  auto& s = sessions[opt_level];
  if (!s) {
    auto made = jit::Session::create({.opt_level = opt_level});
    REQUIRE(made);
    s = std::move(*made);
  }
  return *s;
}

std::vector<double> specials(Elem e) {
  if (e == Elem::boolean) return {0, 1};
  if (!ir::is_float(e)) {
    return {0, 1, -1, 7, static_cast<double>(ir::extreme(e, false)), static_cast<double>(INT32_MAX)};
  }
  using F = std::numeric_limits<float>;
  using D = std::numeric_limits<double>;
  const bool narrow = e == Elem::f32;
  const double most = narrow ? F::max() : D::max(), least = narrow ? F::min() : D::min();
  return {0,
          -0.0,
          D::infinity(),
          -D::infinity(),
          D::quiet_NaN(),
          most,
          -most,
          least,
          -least,
          least / 8,
          -least / 1024,
          0.5,
          -1,
          1,
          1e10,
          -1e10,
          0.3,
          narrow ? 3e9 : 9.3e18,
          narrow ? -3e9 : -1e19};
}

using Signature = std::vector<Elem>;

/// Operands of ops of one signature: some choices of special values, so that each is in every place.
struct Choices {
  std::vector<std::vector<double>> operands;  // by operand, then by choice

  explicit Choices(const Signature& signature) : operands(signature.size()) {
    std::vector<std::vector<double>> values;
    std::size_t all = 1;
    for (const Elem e : signature) {
      values.push_back(specials(e));
      all *= values.back().size();
    }
    // Odd and prime to the numbers of values that there are.
    const std::size_t step = all > 6000 ? 155 : all > 600 ? 17 : all > 300 ? 9 : 1;
    for (std::size_t i = 0; i < all; i += step) {
      std::size_t rest = i;
      for (std::size_t k = 0; k < values.size(); ++k) {
        operands[k].push_back(values[k][rest % values[k].size()]);
        rest /= values[k].size();
      }
    }
  }
  std::size_t count() const { return operands[0].size(); }
};

struct Case {
  const ops::OpInfo* op;
  ir::Attributes attrs;
  Signature signature;
};

/// All elementwise ops on one element type.
std::vector<Case> cases_of(Elem e) {
  std::vector<Case> out;
  for (const ops::OpInfo& op : ops::all_ops()) {
    if (!op.elementwise) continue;
    for (const ops::Example& example : op.examples(e)) {
      if (example.about != "scalar") continue;
      out.push_back({&op, example.attrs, {}});
      for (const ops::ExampleOperand& x : example.operands) out.back().signature.push_back(x.type.elem);
    }
  }
  return out;
}

/// Some ops in one function of constants and one of arguments; either gives an array a case.
class Family {
 public:
  explicit Family(std::span<const Case> cases) : cases_(cases) {
    for (const Case& c : cases) choices_.try_emplace(c.signature, c.signature);
    module_.functions.push_back(of_constants());
    module_.functions.push_back(of_arguments());
  }

  const ir::Module& module() const { return module_; }
  const ir::Function& arguments_function() const { return module_.functions[1]; }

  std::vector<std::int64_t> sizes() const {
    std::vector<std::int64_t> out;
    for (const auto& [signature, choices] : choices_) out.push_back(static_cast<std::int64_t>(choices.count()));
    return out;
  }
  Tensors arguments() const {
    Tensors out;
    for (const auto& [signature, choices] : choices_) {
      for (std::size_t k = 0; k < signature.size(); ++k) {
        ir::Tensor t(signature[k], {static_cast<std::int64_t>(choices.count())});
        for (std::size_t i = 0; i < choices.count(); ++i) {
          const double v = choices.operands[k][i];
          if (t.is_real())
            t.reals[i] = t.elem == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v;
          else
            t.integers[i] = ir::truncated(t.elem, v);
        }
        out.push_back(std::move(t));
      }
    }
    return out;
  }

 private:
  ir::Function of_constants() const {
    ir::Function f;
    f.name = "constants";
    ir::Builder b(f);
    std::vector<ir::ValueId> results;
    for (const Case& c : cases_) {
      const Choices& choices = choices_.at(c.signature);
      std::vector<ir::ValueId> elements;
      for (std::size_t i = 0; i < choices.count(); ++i) {
        std::vector<ir::ValueId> x;
        for (std::size_t k = 0; k < c.signature.size(); ++k)
          x.push_back(b.constant(c.signature[k], choices.operands[k][i]));
        elements.push_back(b.reshape(b.emit1(c.op->code, x, c.attrs), {1}));
      }
      results.push_back(b.emit_op<ops::Concat>(elements, {.axis = 0}));
    }
    b.set_yields(results);
    return f;
  }
  ir::Function of_arguments() const {
    ir::Function f;
    f.name = "arguments";
    ir::Builder b(f);
    std::map<Signature, std::vector<ir::ValueId>> params;
    for (const auto& [signature, choices] : choices_) {
      const ir::Dim n = ir::Dim::size(f.size_names.size());
      f.size_names.push_back(fmt::format("n{}", f.size_names.size()));
      for (const Elem e : signature) params[signature].push_back(b.add_param({e, {n}}));
    }
    std::vector<ir::ValueId> results;
    for (const Case& c : cases_) results.push_back(b.emit1(c.op->code, params[c.signature], c.attrs));
    b.set_yields(results);
    return f;
  }

  std::span<const Case> cases_;
  std::map<Signature, Choices> choices_;
  ir::Module module_;
};

void check_family(std::span<const Case> cases) {
  const Family family(cases);
  const Tensors x = family.arguments();
  const Tensors want = run(family.module(), family.arguments_function(), family.sizes(), x);
  const auto check = [&](const Tensors& got) {
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const ops::OpInfo& op = *cases[i].op;
      CAPTURE(op.name);
      CHECK(difference({got[i]}, {want[i]}, {.ulp = std::max(1.0, op.samples.ulp)}) == "");
    }
  };
  for (const int level : {0, 2}) {
    CAPTURE(level);
    Tensors got;
    REQUIRE(Compiled(session_of(level), prepared(family.module(), "constants"))({}, {}, got) == RG_OK);
    check(got);
    REQUIRE(Compiled(session_of(level), prepared(family.module(), "arguments"))(family.sizes(), x, got) == RG_OK);
    check(got);
  }
}

}  // namespace

TEST_CASE("special operands give the same as constants, as arguments and in the reference, optimised or not") {
  constexpr std::size_t kTogether = 8;  // code generation takes more than twice as long for twice as much
  for (const Elem e : {Elem::f32, Elem::f64, Elem::i32, Elem::i64}) {
    CAPTURE(ir::name(e));
    const std::vector<Case> cases = cases_of(e);
    for (std::size_t from = 0; from < cases.size(); from += kTogether)
      check_family(std::span(cases).subspan(from, std::min(kTogether, cases.size() - from)));
  }
}
