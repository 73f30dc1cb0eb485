#include "tests/api/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/oracle/oracle.h"

namespace rg::test {

namespace {

constexpr int kBits = 160;
constexpr int kPerturbations = 3;

double epsilon(ir::Elem e) { return e == ir::Elem::f32 ? 0x1p-23 : 0x1p-52; }

/// Floating elements moved by up to an ulp.
std::vector<ir::Tensor> perturbed(std::vector<ir::Tensor> x, std::mt19937& random) {
  std::uniform_real_distribution<double> unit(-1, 1);
  for (ir::Tensor& t : x) {
    for (double& v : t.reals) v *= 1 + unit(random) * epsilon(t.elem);
  }
  return x;
}

/// How far finite elements are apart at most.
double distance(const ir::Tensor& a, const ir::Tensor& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.reals.size(); ++i) {
    const double d = std::abs(a.reals[i] - b.reals[i]);
    if (std::isfinite(d)) most = std::max(most, d);
  }
  return most;
}

bool within(double got, double want, double bound) {
  if (std::isnan(want)) return std::isnan(got);
  return got == want || std::abs(got - want) <= bound;
}

}  // namespace

Expected expected(api::Unit& unit, const std::string& name, const Call& call) {
  const ir::Function* f = unit.check_expression(call.expression, name);
  if (f == nullptr) return {{}, {}, {}, unit.rendered()};
  std::vector<std::int64_t> sizes;
  for (const std::string& s : f->size_names) sizes.push_back(call.sizes.at(s));
  const ir::Module& module = unit.program().module();
  const auto plain = oracle::interpret(module, *f, sizes, call.arguments);
  const auto exact = oracle::interpret(module, *f, sizes, call.arguments, kBits);
  if (!plain || !exact) return {{}, {}, {}, plain ? exact.error() : plain.error()};
  Expected out{*plain, *exact, {}, {}};
  for (std::size_t k = 0; k < plain->size(); ++k) out.spread.push_back(distance((*plain)[k], (*exact)[k]));
  std::mt19937 random(1);
  for (int i = 0; i < kPerturbations; ++i) {
    const auto moved = oracle::interpret(module, *f, sizes, perturbed(call.arguments, random), kBits);
    if (!moved) continue;
    for (std::size_t k = 0; k < moved->size(); ++k)
      out.spread[k] = std::max(out.spread[k], distance((*moved)[k], (*exact)[k]));
  }
  return out;
}

std::string disagreement(const Expected& want, const std::vector<ir::Tensor>& got) {
  for (std::size_t k = 0; k < want.plain.size(); ++k) {
    const ir::Tensor &plain = want.plain[k], &exact = want.exact[k];
    for (std::size_t i = 0; i < plain.integers.size(); ++i) {
      if (got[k].integers[i] != plain.integers[i])
        return fmt::format("result {}[{}] is {}, not {}", k, i, got[k].integers[i], plain.integers[i]);
    }
    for (std::size_t i = 0; i < plain.reals.size(); ++i) {
      const double x = got[k].reals[i];
      const double bound = kSlack * want.spread[k] + kUlps * epsilon(plain.elem) * std::abs(exact.reals[i]);
      if (within(x, exact.reals[i], bound) || (!std::isfinite(plain.reals[i]) && within(x, plain.reals[i], 0)))
        continue;
      return fmt::format("result {}[{}] is {:.17g}; in f64 {:.17g}, in multiprecision {:.17g}, bound {:.3g}", k, i, x,
                         plain.reals[i], exact.reals[i], bound);
    }
  }
  return "";
}

std::string disagreement(runegrad::Program& program, const Call& call, const Expected& want, const Way& way) {
  const std::string how =
      fmt::format("{} at -O{}{}{} on {} threads: ", call.expression, way.level, way.strict ? " --strict" : "",
                  way.known_sizes ? " for known sizes" : "", way.threads);
  const auto f = program.function(call.expression,
                                  {.opt_level = way.level,
                                   .strict = way.strict,
                                   .sizes = way.known_sizes ? call.sizes : std::map<std::string, std::int64_t>{}});
  if (!f) return how + f.error();
  std::vector<runegrad::TensorRef> inputs, outputs;
  std::vector<ir::Tensor> in = call.arguments, out = want.plain;
  std::vector<std::vector<float>> singles(in.size() + out.size());
  std::size_t next = 0;
  const auto reference = [&](ir::Tensor& t) -> runegrad::TensorRef {
    std::vector<float>& single = singles[next++];
    if (t.elem == ir::Elem::f64) return {runegrad::Elem::f64, t.reals.data(), t.shape};
    if (t.elem == ir::Elem::i64) return {runegrad::Elem::i64, t.integers.data(), t.shape};
    single.assign(t.reals.begin(), t.reals.end());
    return {runegrad::Elem::f32, single.data(), t.shape};
  };
  for (ir::Tensor& t : in) inputs.push_back(reference(t));
  for (ir::Tensor& t : out) outputs.push_back(reference(t));
  runegrad::Context context(way.threads);
  const auto status = f->call(inputs, outputs, &context);
  if (!status) return how + status.error();
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::vector<float>& single = singles[in.size() + k];
    if (out[k].elem == ir::Elem::f32) out[k].reals.assign(single.begin(), single.end());
  }
  const std::string why = disagreement(want, out);
  return why.empty() ? "" : how + why;
}

}  // namespace rg::test
