// What is not chosen or not read has derivative exactly 0, through every op, whatever stands in front of it: for every
// example of every op and every floating operand t of it, the op is given t + Σ (g(z) - g(1)) over functions g with an
// infinite derivative at 0, each of a z of its own, and of its results only those count that a mask picks. Elements of
// every z that no such result reads are 0, the others 1. The derivatives must be 0 at the former, and everywhere what
// they are where all of z is 1.
//
// Which elements are read is found by setting them to NaN, which shares nothing with the code that is tested.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/ad/expand.h"
#include "compiler/ops/all.h"
#include "compiler/opt/pipeline.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Builder;
using ir::Dim;
using ir::Elem;
using ir::Tensor;
using ir::Type;
using ir::ValueId;

namespace {

struct Inner {
  ValueId (*emit)(Builder&, ValueId);
};
constexpr Inner kInner[] = {{[](Builder& b, ValueId x) { return b.call("sqrt", {x}); }},
                            {[](Builder& b, ValueId x) { return b.call("log", {x}); }},
                            {[](Builder& b, ValueId x) { return b.div(b.one(x), x); }}};

/// How the op's results are picked.
enum class Form { select, branch, loop, item, call };

/// f of a subject with operand k as above, as a function of f's parameters, a z for each inner function and a mask for
/// each floating result.
class Guarded {
 public:
  Guarded(const Subject& s, std::size_t operand, std::span<const Inner> inner, Form form)
      : s_(s), operand_(operand), inner_(inner.size()), module_(s.module) {
    ir::Function g;
    g.name = "g";
    g.size_names = {"n", "m"};
    Builder b(g);
    for (const Type& t : s.f().param_types()) b.add_param(t);
    for (std::size_t i = 0; i < inner_; ++i) b.add_param(s.f().param_types()[operand]);
    for (const Type& t : s.f().result_types()) {
      if (!is_float(t.elem)) continue;
      results_.push_back(t);
      masks_.push_back({Elem::boolean, t.dims});
    }
    for (const Type& t : masks_) b.add_param(t);
    std::vector<ValueId> x = g.block(g.body).params;
    const std::vector<ValueId> masks(x.end() - static_cast<std::ptrdiff_t>(masks_.size()), x.end());
    for (std::size_t i = 0; i < inner_; ++i) {
      const ValueId z = x[z_number() + i];
      x[operand] = b.add(x[operand], b.sub(inner[i].emit(b, z), inner[i].emit(b, b.one(z))));
    }
    x.resize(z_number());
    b.set_yields(picked(b, x, masks, form));
    module_.functions.push_back(std::move(g));
    for (const std::int64_t k : floating_params(*module_.find("g"))) {
      if (static_cast<std::size_t>(k) != operand) wrt_.push_back(k);
    }
    add_derivative(module_, *module_.find("g"), "jvp", "jvp", wrt_);
    const ir::Function& reverse = add_derivative(module_, *module_.find("g"), "vjp", "vjp", wrt_);
    add_derivative(module_, reverse, "second", "jvp", wrt_);
    add_derivative(module_, *module_.find("jvp"), "reverse_jvp", "vjp", wrt_);
  }

  /// The first z among the parameters, and how many there are.
  std::size_t z_number() const { return s_.f().param_types().size(); }
  std::size_t z_count() const { return inner_; }
  const std::vector<Type>& masks() const { return masks_; }
  ir::Module& module() { return module_; }
  const std::vector<std::int64_t>& wrt() const { return wrt_; }
  std::size_t z_among_wrt() const {
    return static_cast<std::size_t>(std::ranges::find(wrt_, static_cast<std::int64_t>(z_number())) - wrt_.begin());
  }

 private:
  std::vector<ValueId> example(Builder& b, const std::vector<ValueId>& x) {
    std::vector<ValueId> out;
    for (const ValueId y : emit_example(b, s_.op, s_.example, x)) {
      if (is_float(b.type(y).elem)) out.push_back(y);
    }
    return out;
  }
  std::vector<ValueId> selected(Builder& b, const std::vector<ValueId>& x, const std::vector<ValueId>& masks) {
    std::vector<ValueId> y = example(b, x);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = b.select(masks[k], y[k], b.zero(y[k]));
    return y;
  }
  std::vector<ValueId> picked(Builder& b, const std::vector<ValueId>& x, const std::vector<ValueId>& masks, Form form) {
    switch (form) {
      case Form::select:
        return selected(b, x, masks);
      case Form::branch: {  // taken where some result is picked
        ValueId some = b.boolean(false);
        for (const ValueId m : masks) some = b.logical_or(some, b.reduce("any", m, all_axes(b, m)));
        const auto then = b.in_block({}, [&](std::span<const ValueId>) { return selected(b, x, masks); });
        const auto otherwise = b.in_block({}, [&](std::span<const ValueId>) {
          std::vector<ValueId> zeros;
          for (const Type& t : results_) zeros.push_back(b.zeros(t));
          return zeros;
        });
        return b.emit(b.named("if"), {some}, {}, {then, otherwise});
      }
      case Form::loop: {
        std::vector<ValueId> zeros;
        for (const Type& t : results_) zeros.push_back(b.zeros(t));
        return b.scan(2, zeros, {}, [&](ValueId, std::span<const ValueId> states, std::span<const ValueId>) {
          std::vector<ValueId> y = selected(b, x, masks);
          for (std::size_t k = 0; k < y.size(); ++k) y[k] = b.add(states[k], y[k]);
          return std::pair{y, std::vector<ValueId>{}};
        });
      }
      case Form::item: {
        const std::vector<Type> index{{Elem::i64, {}}};
        const auto region = b.in_block(index, [&](std::span<const ValueId> i) {
          std::vector<ValueId> y = selected(b, x, masks);
          for (ValueId& v : y) v = b.mul(v, b.broadcast(b.convert(i[0], b.type(v).elem), b.dims(v), {}));
          return y;
        });
        return b.emit(b.named("map"), {}, ops::ExtentAttrs{{2}}, {region});
      }
      case Form::call: {
        const std::vector<Type> types = s_.f().result_types();
        std::vector<ValueId> out;
        const auto y = b.emit_typed(
            b.named("call"), x, ops::Call::Attrs{.callee = {"f"}, .sizes = {Dim::size(0), Dim::size(1)}}, {}, types);
        for (const ValueId v : y) {
          if (is_float(b.type(v).elem)) out.push_back(b.select(masks[out.size()], v, b.zero(v)));
        }
        return out;
      }
    }
    return {};
  }
  static std::vector<std::int64_t> all_axes(Builder& b, ValueId v) { return ops::iota_axes(b.dims(v).size()); }

  const Subject& s_;
  std::size_t operand_, inner_;
  ir::Module module_;
  std::vector<Type> results_, masks_;  // of the floating results
  std::vector<std::int64_t> wrt_;
};

std::vector<std::int64_t> shape_of(const Type& type, std::span<const std::int64_t> sizes) {
  std::vector<std::int64_t> shape;
  for (const Dim& d : type.dims) shape.push_back(*d.evaluate(sizes));
  return shape;
}

Tensor filled(const Type& type, std::span<const std::int64_t> sizes, double v) {
  Tensor t(type.elem, shape_of(type, sizes));
  std::ranges::fill(t.reals, v);
  return t;
}

bool equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Whether a result that a mask picks is another one when element `at` of operand k is a NaN or infinite.
bool is_read(const Subject& s, const ir::Function& f, std::span<const std::int64_t> sizes, const Tensors& x,
             std::size_t k, std::size_t at, const Tensors& masks) {
  const Tensors before = run(s.module, f, sizes, x);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const double v : {nan, inf, -inf}) {
    Tensors changed = x;
    changed[k].reals[at] = v;
    const Tensors after = run(s.module, f, sizes, changed);
    std::size_t next = 0;
    for (std::size_t r = 0; r < before.size(); ++r) {
      if (!before[r].is_real()) continue;
      const Tensor& mask = masks[next++];
      for (std::size_t i = 0; i < before[r].reals.size(); ++i) {
        if (mask.integers[i] != 0 && !equal(before[r].reals[i], after[r].reals[i])) return true;
      }
    }
  }
  return false;
}

/// The functions whose results are compared; they take seeds after the parameters of g.
struct Compared {
  const char* name;
  bool of_z;      // whether a result has z's shape
  bool compiled;  // compared in compiled code too
};
constexpr Compared kCompared[] = {
    {"jvp", false, false}, {"vjp", true, true}, {"second", true, true}, {"reverse_jvp", true, false}};

/// Masks: none picked, every other, all.
constexpr int kMasks = 3;

class Trial {
 public:
  Trial(Guarded& g, const Subject& s, std::size_t operand)
      : g_(g), s_(s), operand_(operand), f_(prepared(s.module, "f")) {}

  void operator()(std::span<const std::int64_t> sizes, Random& random, bool strict, bool compiled) {
    const Tensors x = draw(s_, sizes, random);
    for (int pick = 0; pick < kMasks; ++pick) {
      if (compiled && pick != 1) continue;  // code generation takes its time
      CAPTURE(pick);
      Tensors masks;
      for (const Type& t : g_.masks()) {
        masks.emplace_back(Elem::boolean, shape_of(t, sizes));
        for (std::size_t i = 0; i < masks.back().integers.size(); ++i)
          masks.back().integers[i] = pick == 2 || (pick == 1 && i % 2 == 1);
      }
      const Type z_type = s_.f().param_types()[operand_];
      const Tensor ones = filled(z_type, sizes, 1);
      Tensor z = ones;
      for (std::size_t i = 0; i < z.reals.size(); ++i) z.reals[i] = is_read(s_, f_, sizes, x, operand_, i, masks);
      for (const Compared& c : kCompared) {
        if (compiled && !c.compiled) continue;
        compare(c, sizes, arguments(x, z, masks), arguments(x, ones, masks), z, strict, compiled);
      }
    }
  }

 private:
  Tensors arguments(const Tensors& x, const Tensor& z, const Tensors& masks) const {
    Tensors out = x;
    out.insert(out.end(), g_.z_count(), z);
    out.insert(out.end(), masks.begin(), masks.end());
    return out;
  }

  const ir::Function& ready(const std::string& name, bool strict) {
    const auto [at, fresh] = ready_.try_emplace({name, strict});
    if (!fresh) return at->second;
    auto f = opt::prepare(g_.module(), name, ad::expand_derive, {.strict = strict});
    REQUIRE_MESSAGE(f, (f ? "" : f.error()));
    return at->second = std::move(*f);
  }

  void compare(const Compared& c, std::span<const std::int64_t> sizes, Tensors at, Tensors clean, const Tensor& z,
               bool strict, bool compiled) {
    CAPTURE(c.name);
    const ir::Function& f = ready(c.name, strict);
    const auto params = f.param_types();
    for (std::size_t k = at.size(); k < params.size(); ++k) {  // seeds
      at.push_back(filled(params[k], sizes, 1));
      clean.push_back(at.back());
    }
    Tensors got;
    if (compiled)
      REQUIRE(Compiled(session(), f)(sizes, at, got) == RG_OK);
    else
      got = run(g_.module(), f, sizes, at);
    const Tensors want = run(g_.module(), f, sizes, clean);
    if (c.of_z) {
      for (std::size_t k = 0; k < g_.z_count(); ++k) {
        const Tensor& of_z = got[g_.z_among_wrt() + k];
        CAPTURE(k);
        for (std::size_t i = 0; i < z.reals.size(); ++i) {
          if (z.reals[i] == 0) CHECK(of_z.reals[i] == 0);
        }
      }
    }
    std::string differs = difference(got, finite_or(want, got), {.ulp = 64, .epsilons = 4096});
    CHECK(differs == "");
  }

  // Where even the clean derivative is no number, nothing is asked.
  static Tensors finite_or(Tensors want, const Tensors& got) {
    for (std::size_t k = 0; k < want.size(); ++k) {
      for (std::size_t i = 0; i < want[k].reals.size(); ++i) {
        if (!std::isfinite(want[k].reals[i])) want[k].reals[i] = got[k].reals[i];
      }
    }
    return want;
  }

  Guarded& g_;
  const Subject& s_;
  std::size_t operand_;
  ir::Function f_;
  std::map<std::pair<std::string, bool>, ir::Function> ready_;
};

void for_each_operand(const std::function<void(Subject&, std::size_t)>& test) {
  for_each_subject({Elem::f64}, [&](Subject& s) {
    if (s.example.fails || s.op.effect || !has_floating_result(s.f())) return;
    if (s.op.rule == ops::ElemRule::guarded) return;  // what derivatives are guarded by: see below
    if (s.op.elementwise && s.example.about != "vector") return;
    for (const std::int64_t k : floating_params(s.f())) {
      CAPTURE(k);
      test(s, static_cast<std::size_t>(k));
    }
  });
}

}  // namespace

TEST_CASE("what a choice leaves out or nothing reads has derivative 0, through every op") {
  Random random(11);
  for_each_operand([&](Subject& s, std::size_t k) {
    Guarded g(s, k, kInner, Form::select);
    Trial trial(g, s, k);
    trial(s.example.sizes[0], random, false, false);
    if (!s.op.elementwise) trial(s.example.sizes.back(), random, false, false);
    trial(s.example.sizes[0], random, true, false);
  });
}

TEST_CASE("also in branches, loops, maps and calls") {
  Random random(12);
  for_each_operand([&](Subject& s, std::size_t k) {
    for (const Form form : {Form::branch, Form::loop, Form::item, Form::call}) {
      CAPTURE(static_cast<int>(form));
      Guarded g(s, k, std::span(kInner).first(1), form);
      Trial(g, s, k)(s.example.sizes[0], random, false, false);
    }
  });
}

TEST_CASE("also in compiled code") {
  Random random(13);
  for_each_operand([&](Subject& s, std::size_t k) {
    if (s.op.elementwise && s.op.guard == nullptr && !s.op.smooth) return;  // one of a kind is enough
    Guarded g(s, k, std::span(kInner).subspan(1, 1), Form::select);
    Trial(g, s, k)(s.example.sizes[0], random, false, true);
  });
}

TEST_CASE("a product that is guarded by a seed keeps the derivative in it") {
  ir::Module m;
  ir::Function f;
  f.name = "f";
  Builder b(f);
  const ValueId a = b.add_param({Elem::f64, {}}), t = b.add_param({Elem::f64, {}});
  b.set_yields({b.emit1(b.named("guarded_mul"), {b.compare("ne", t, b.zero(t)), b.call("log", {a}), t})});
  m.functions.push_back(std::move(f));
  add_derivative(m, *m.find("f"), "vjp", "vjp", {0, 1});
  add_derivative(m, *m.find("f"), "jvp", "jvp", {0});
  const auto number = [](double v) {
    Tensor x(Elem::f64, {});
    x.reals = {v};
    return x;
  };
  const auto at = [&](std::string_view name, double x, double y) {
    return run(m, prepared(m, name), {}, {number(x), number(y), number(1)});
  };
  CHECK(at("vjp", 2, 0)[0].reals[0] == 0);
  CHECK(at("vjp", 2, 0)[1].reals[0] == std::log(2.0));
  CHECK(at("vjp", 2, 3)[0].reals[0] == 1.5);
  CHECK(at("vjp", 0, 0)[0].reals[0] == 0);
  CHECK(at("jvp", 0, 0)[0].reals[0] == 0);
  CHECK(at("jvp", 2, 3)[0].reals[0] == 1.5);
}
