#include "tests/ops/harness.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <type_traits>

#include "compiler/ad/expand.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/opt/pipeline.h"
#include "compiler/oracle/oracle.h"
#include "compiler/plan/pass/pipeline.h"

namespace rg::test {

using namespace ir;

std::string Subject::str() const { return fmt::format("{} {}, {}", op.name, name(elem), example.about); }

std::vector<ValueId> emit_example(Builder& b, const ops::OpInfo& op, const ops::Example& example,
                                  std::span<const ValueId> operands) {
  if (example.body) return example.body(b, operands);
  return b.emit(op.code, {operands.begin(), operands.end()}, example.attrs);
}

namespace {

Function function_of(const ops::OpInfo& op, const ops::Example& example, std::string name) {
  Function f;
  f.name = std::move(name);
  f.size_names = {"n", "m"};
  Builder b(f);
  for (const ops::ExampleOperand& o : example.operands) b.add_param(o.type);
  const std::vector<ValueId> params = f.block(f.body).params;
  b.set_yields(emit_example(b, op, example, params));
  return f;
}

}  // namespace

void for_each_subject(std::initializer_list<Elem> elems, const std::function<void(Subject&)>& test) {
  const char* const only = std::getenv("RG_ONLY_OPS");  // names with commas between: the tests of a few ops
  for (const ops::OpInfo& op : ops::all_ops()) {
    if (only != nullptr && ("," + std::string(only) + ",").find("," + std::string(op.name) + ",") == std::string::npos)
      continue;
    for (const Elem elem : elems) {
      for (const ops::Example& example : op.examples(elem)) {
        Subject s{op, elem, example, {}};
        for (std::size_t k = 0; k < example.callees.size(); ++k)
          s.module.functions.push_back(function_of(op, example.callees[k], "callee" + std::to_string(k)));
        s.module.functions.push_back(function_of(op, example, "f"));
        INFO(s.str());
        test(s);
      }
    }
  }
}

namespace {

std::vector<std::int64_t> shape_of(const Type& type, std::span<const std::int64_t> sizes) {
  std::vector<std::int64_t> shape;
  for (const Dim& d : type.dims) shape.push_back(*d.evaluate(sizes));
  return shape;
}

double rounded(Elem e, double v) { return e == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v; }

}  // namespace

Tensor draw(const ops::ExampleOperand& operand, bool apart, std::span<const std::int64_t> sizes, Random& random) {
  Tensor t(operand.type.elem, shape_of(operand.type, sizes));
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<std::size_t> places(t.reals.size());
  std::iota(places.begin(), places.end(), 0);
  std::ranges::shuffle(places, random);
  for (std::size_t i = 0; i < t.reals.size(); ++i) {
    const double at =
        apart ? (static_cast<double>(places[i]) + 0.3 + 0.4 * unit(random)) / static_cast<double>(places.size())
              : unit(random);
    t.reals[i] = rounded(t.elem, operand.low + (operand.high - operand.low) * at);
  }
  const std::int64_t below = operand.below.evaluate(sizes).value_or(0);
  for (std::int64_t& v : t.integers) {
    const auto bits = static_cast<std::int64_t>(random());
    v = t.elem == Elem::boolean ? bits % 2 : below > 0 ? bits % below : bits % 19 - 9;
  }
  return t;
}

Tensors draw(const Subject& s, std::span<const std::int64_t> sizes, Random& random) {
  Tensors out;
  for (const ops::ExampleOperand& o : s.example.operands) out.push_back(draw(o, !s.op.elementwise, sizes, random));
  return out;
}

Tensor direction(const Type& type, std::span<const std::int64_t> sizes, Random& random) {
  return draw(ops::ExampleOperand{.type = type, .low = -1, .high = 1}, false, sizes, random);
}

Function prepared(const Module& m, std::string_view name) {
  auto f = opt::prepare(m, name, ad::expand_derive);
  REQUIRE_MESSAGE(f, (f ? "" : f.error()));
  return *f;
}

Tensors run(const Module& m, const Function& f, std::span<const std::int64_t> sizes, const Tensors& arguments) {
  auto r = oracle::interpret(m, f, sizes, arguments);
  REQUIRE_MESSAGE(r, (r ? "" : r.error()));
  return *r;
}

std::vector<std::int64_t> floating_params(const Function& f) {
  std::vector<std::int64_t> out;
  const auto types = f.param_types();
  for (std::size_t k = 0; k < types.size(); ++k) {
    if (is_float(types[k].elem)) out.push_back(static_cast<std::int64_t>(k));
  }
  return out;
}

bool has_floating_result(const Function& f) {
  return std::ranges::any_of(f.result_types(), [](const Type& t) { return is_float(t.elem); });
}

namespace {

/// The function of the parameters of `of` and then the seeds that gives the derivatives `types` by one `derive`.
const Function& add_derive(Module& m, const Function& of, const std::string& name, ops::Derive::Attrs attrs,
                           const std::vector<Type>& seeds, const std::vector<Type>& types) {
  Function f;
  f.name = name;
  f.size_names = of.size_names;
  Builder b(f);
  for (const Type& t : of.param_types()) b.add_param(t);
  for (const Type& t : seeds) b.add_param(t);
  for (std::uint32_t i = 0; i < f.size_names.size(); ++i) attrs.sizes.push_back(Dim::size(i));
  attrs.callee = {of.name};
  std::vector<Type> results = of.result_types();
  const auto primals = static_cast<std::ptrdiff_t>(results.size());
  results.insert(results.end(), types.begin(), types.end());
  const std::vector<ValueId> operands = f.block(f.body).params;
  const auto all = b.emit_typed(ops::opcode<ops::Derive>(), operands, std::move(attrs), {}, results);
  b.set_yields({all.begin() + primals, all.end()});
  m.functions.push_back(std::move(f));
  return m.functions.back();
}

std::vector<Type> chosen(const std::vector<Type>& types, const std::vector<std::int64_t>& numbers) {
  std::vector<Type> out;
  for (const std::int64_t k : numbers) out.push_back(types[static_cast<std::size_t>(k)]);
  return out;
}

std::vector<Type> floating(std::vector<Type> types) {
  std::erase_if(types, [](const Type& t) { return !is_float(t.elem); });
  return types;
}

}  // namespace

const Function& add_derivative(Module& m, const Function& of, const std::string& name, const std::string& mode,
                               const std::vector<std::int64_t>& wrt) {
  const std::vector<Type> in = chosen(of.param_types(), wrt), out = floating(of.result_types());
  const bool forward = mode == "jvp";
  const auto kind = forward ? ops::DeriveMode::jvp : ops::DeriveMode::vjp;
  return add_derive(m, of, name, {.mode = kind, .wrt = wrt}, forward ? in : out, forward ? out : in);
}

const Function& add_jacobian(Module& m, const Function& of, const std::string& name, ops::DeriveMode mode,
                             const std::vector<std::int64_t>& wrt) {
  std::vector<Type> blocks;
  for (const Type& r : floating(of.result_types())) {
    for (const Type& w : chosen(of.param_types(), wrt)) {
      blocks.push_back(r);
      blocks.back().dims.insert(blocks.back().dims.end(), w.dims.begin(), w.dims.end());
    }
  }
  return add_derive(m, of, name, {.mode = mode, .wrt = wrt}, {}, blocks);
}

jit::Session& session() {
  static const auto s = [] {
    auto made = jit::Session::create();
    REQUIRE(made);
    return std::move(*made);
  }();
  return *s;
}

Compiled::Compiled(jit::Session& session, const Function& prepared, const plan::PlanOptions& options)
    : results_(prepared.result_types()) {
  plan::PlanOptions verified = options;
  verified.after = plan::EachVerified();
  const auto entry = session.add(plan::make_plan(prepared, verified));
  REQUIRE_MESSAGE(entry, (entry ? "" : entry.error()));
  entry_ = *entry;
}

namespace {

template <class T, class From>
void store(std::vector<char>& bytes, const std::vector<From>& from) {
  bytes.resize(from.size() * sizeof(T));
  for (std::size_t i = 0; i < from.size(); ++i) {
    const T v = static_cast<T>(from[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &v, sizeof(T));
  }
}

template <class T, class To>
void load(std::vector<To>& to, const std::vector<char>& bytes) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    T v;
    std::memcpy(&v, bytes.data() + i * sizeof(T), sizeof(T));
    to[i] = static_cast<To>(v);
  }
}

std::vector<char> bytes_of(const Tensor& t) {
  std::vector<char> out;
  switch (t.elem) {
    case Elem::f32:
      store<float>(out, t.reals);
      break;
    case Elem::f64:
      store<double>(out, t.reals);
      break;
    case Elem::i32:
      store<std::int32_t>(out, t.integers);
      break;
    case Elem::i64:
      store<std::int64_t>(out, t.integers);
      break;
    case Elem::boolean:
      store<std::uint8_t>(out, t.integers);
      break;
  }
  return out;
}

void read_bytes(Tensor& t, const std::vector<char>& bytes) {
  switch (t.elem) {
    case Elem::f32:
      return load<float>(t.reals, bytes);
    case Elem::f64:
      return load<double>(t.reals, bytes);
    case Elem::i32:
      return load<std::int32_t>(t.integers, bytes);
    case Elem::i64:
      return load<std::int64_t>(t.integers, bytes);
    case Elem::boolean:
      return load<std::uint8_t>(t.integers, bytes);
  }
}

template <class T, class I>
double ulps_as(T a, T b) {
  const auto order = [](T v) {
    I i;
    std::memcpy(&i, &v, sizeof i);
    return i < 0 ? std::numeric_limits<I>::min() - i : i;
  };
  const I low = std::min(order(a), order(b)), high = std::max(order(a), order(b));
  using Unsigned = std::make_unsigned_t<I>;  // the difference may be more than I holds
  return static_cast<double>(static_cast<Unsigned>(static_cast<Unsigned>(high) - static_cast<Unsigned>(low)));
}

}  // namespace

int Compiled::operator()(std::span<const std::int64_t> sizes, const Tensors& arguments, Tensors& results) const {
  std::vector<std::vector<char>> in, out;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  results.clear();
  for (const Tensor& t : arguments) in.push_back(bytes_of(t));
  for (const Type& t : results_) {
    results.emplace_back(t.elem, shape_of(t, sizes));
    out.push_back(bytes_of(results.back()));
  }
  for (const auto& b : in) inputs.push_back(b.data());
  for (auto& b : out) outputs.push_back(b.data());
  const int status = entry_.packed(sizes.data(), inputs.data(), outputs.data(), nullptr);
  for (std::size_t k = 0; k < out.size(); ++k) read_bytes(results[k], out[k]);
  return status;
}

double ulps(Elem elem, double a, double b) {
  if ((std::isnan(a) && std::isnan(b)) || a == b) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  return elem == Elem::f32 ? ulps_as<float, std::int32_t>(static_cast<float>(a), static_cast<float>(b))
                           : ulps_as<double, std::int64_t>(a, b);
}

std::string difference(const Tensors& got, const Tensors& want, const Allowed& allowed) {
  if (got.size() != want.size()) return fmt::format("{} results, not {}", got.size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k) {
    const Tensor &g = got[k], &w = want[k];
    if (g.shape != w.shape || g.elem != w.elem) return fmt::format("result {} has another shape or type", k);
    for (std::size_t i = 0; i < w.integers.size(); ++i) {
      if (g.integers[i] != w.integers[i])
        return fmt::format("result {}[{}] is {}, not {}", k, i, g.integers[i], w.integers[i]);
    }
    double scale = 1;
    for (const double v : w.reals) scale = std::isfinite(v) ? std::max(scale, std::abs(v)) : scale;
    const double epsilon =
        w.elem == Elem::f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
    for (std::size_t i = 0; i < w.reals.size(); ++i) {
      const double expected = rounded(w.elem, w.reals[i]);
      const bool near = std::abs(g.reals[i] - expected) <= allowed.epsilons * epsilon * scale;
      if (!near && !(ulps(w.elem, g.reals[i], expected) <= allowed.ulp))
        return fmt::format("result {}[{}] is {}, not {}: {} ulp", k, i, g.reals[i], expected,
                           ulps(w.elem, g.reals[i], expected));
    }
  }
  return {};
}

}  // namespace rg::test
