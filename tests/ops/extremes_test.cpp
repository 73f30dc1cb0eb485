// The value, the partial derivatives and theirs of every floating elementwise op, as compiled code, against the oracle
// in multiprecision over the whole range of operands. The error is counted in units in the last place of the exact
// number, or in what a unit in the last place of an operand makes of it where that is more; its bounds stand in the
// op's samples.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "compiler/oracle/oracle.h"
#include "tests/ops/harness.h"

using namespace rg;
using namespace rg::test;
using ir::Elem;

namespace {

using Point = std::vector<double>;

constexpr int kBits = 160;
constexpr std::string_view kGammaFamily[] = {"lgamma", "tgamma", "digamma", "polygamma"};

double least(Elem e) { return e == Elem::f32 ? 0x1p-149 : 0x1p-1074; }
double greatest(Elem e) { return e == Elem::f32 ? 0x1.fffffep127 : 0x1.fffffffffffffp1023; }
double rounded(Elem e, double v) { return e == Elem::f32 ? static_cast<double>(static_cast<float>(v)) : v; }
double next(Elem e, double v, double to) {
  return e == Elem::f32 ? static_cast<double>(std::nextafter(static_cast<float>(v), static_cast<float>(to)))
                        : std::nextafter(v, to);
}

/// Operands near which something ends, begins or saturates.
std::vector<double> marked(Elem e) {
  const double normal = e == Elem::f32 ? 0x1p-126 : 0x1p-1022, unit = e == Elem::f32 ? 0x1p-24 : 0x1p-53;
  std::vector<double> out{least(e),
                          3 * least(e),
                          normal,
                          greatest(e),
                          greatest(e) / 2,
                          unit,
                          1 - unit,
                          1,
                          1 + 2 * unit,
                          0.5,
                          0.5 - unit / 2,
                          2,
                          3,
                          1.5,
                          20,
                          40,
                          88,
                          5,
                          10,
                          100,
                          300,
                          700,
                          1e5};
  const std::size_t count = out.size();
  for (std::size_t i = 0; i < count; ++i) out.push_back(-out[i]);
  for (double& v : out) v = rounded(e, v);
  return out;
}

/// An operand of any exponent, or of a moderate one.
double draw_operand(Elem e, Random& random) {
  std::uniform_real_distribution<double> unit(0, 1);
  const double low = std::log2(least(e)), high = std::log2(greatest(e)), kind = unit(random);
  const double exponent = kind < 0.4 ? low + (high - low) * unit(random) : -20 + 30 * unit(random);
  const double v = kind < 0.8 ? std::exp2(exponent) : 3 * unit(random);
  return rounded(e, unit(random) < 0.35 ? -v : v);
}

std::vector<Point> points_for(std::size_t operands, Elem e) {
  std::vector<Point> out;
  Random random(9);
  const auto marks = marked(e);
  std::uniform_int_distribution<std::size_t> mark(0, marks.size() - 1);
  const auto near = [&](double v) { return random() % 2 == 0 ? v : next(e, v, random() % 2 == 0 ? 2 * v : 0); };
  const std::size_t count = operands == 1 ? 120 : 200;
  if (operands == 1) {
    for (const double v : marks) out.push_back({v});
  }
  for (std::size_t i = 0; i < count; ++i) {
    Point p;
    for (std::size_t k = 0; k < operands; ++k) {
      const auto kind = random() % 8;
      const bool alike = k > 0 && kind >= 6;  // as large as the first
      p.push_back(rounded(e, alike      ? p[0] * (0.5 + static_cast<double>(random() % 1000) / 500)
                             : kind < 2 ? near(marks[mark(random)])
                                        : draw_operand(e, random)));
    }
    out.push_back(std::move(p));
  }
  return out;
}

double unit_in_last_place(Elem e, double v) {
  int exponent = 0;
  std::frexp(v, &exponent);
  const int digits = e == Elem::f32 ? 24 : 53, lowest = e == Elem::f32 ? -149 : -1074;
  return std::ldexp(1, std::max(exponent - digits, lowest));
}

/// A value of an op of n operands, or a derivative of it: the numbers are flat, {y, d/dx_0, …, d²/dx_0², d²/dx_0 dx_1,
/// …}.
struct Quantity {
  std::size_t order = 0, at = 0;
  static std::vector<Quantity> all(std::size_t n, bool differentiable) {
    std::vector<Quantity> out{{}};
    for (std::size_t at = 1; differentiable && at <= n + n * n; ++at) out.push_back({at <= n ? 1U : 2U, at});
    return out;
  }
  std::string str(std::size_t n) const {
    if (order == 0) return "the value";
    return order == 1 ? fmt::format("d{}", at - 1) : fmt::format("d{},{}", (at - 1 - n) / n, (at - 1 - n) % n);
  }
};

/// The op by the oracle.
class Exact {
 public:
  Exact(const ops::OpInfo& op, const ir::Attributes& attrs, std::size_t operands)
      : op_(op), attrs_(attrs), operands_(operands) {}

  const ops::OpInfo& op() const { return op_; }
  /// NaN where the recurrence of the functions of the gamma family is too long.
  std::vector<double> operator()(Point x) const {
    if (x[0] < -1e3 && std::ranges::find(kGammaFamily, op_.name) != std::end(kGammaFamily))
      return std::vector<double>(3, std::numeric_limits<double>::quiet_NaN());
    x.resize(static_cast<std::size_t>(op_.operands));  // a slope's value does not depend on what is consistent
    if (op_.derivative != ops::Derivative::by_partials) return {oracle::evaluate(op_.code, attrs_, x, kBits)};
    const oracle::Derivatives d = oracle::derivatives(op_.code, attrs_, x, kBits);
    std::vector<double> out{d.value};
    out.insert(out.end(), d.first.begin(), d.first.begin() + static_cast<std::ptrdiff_t>(operands_));
    for (std::size_t k = 0; k < operands_; ++k) {
      for (std::size_t l = 0; l < operands_; ++l) out.push_back(d.second[k * x.size() + l]);
    }
    return out;
  }

 private:
  const ops::OpInfo& op_;
  const ir::Attributes& attrs_;
  std::size_t operands_;
};

/// |got - want| in units; 0 where both have left the range, on the same side or in a second derivative, which may be of
/// two infinite parts, anyhow.
double error_of(Elem e, const Quantity& q, double got, double want, double unit) {
  if (std::abs(want) + 8 * unit > greatest(e)) {
    if (std::abs(got) + 8 * unit > greatest(e) && std::signbit(got) == std::signbit(want)) return 0;
    if (q.order == 2 && !std::isfinite(got)) return 0;
  }
  const double error = std::abs(got - want) / unit;
  return std::isnan(error) ? INFINITY : error;
}

struct Measured {
  double error = 0;
  std::string worst;
  std::size_t points = 0;
};

/// Where nothing is promised of second derivatives (dsl/arithmetic.md): parts of them are beyond the range.
struct Exclusion {
  std::string_view op;
  bool (*holds)(double greatest, const Point& x);
};
constexpr Exclusion kExclusions[] = {
    {"atan2", [](double greatest, const Point& x) { return 1 / std::hypot(x[0], x[1]) > std::sqrt(greatest); }},
    {"hypot_slope", [](double greatest, const Point& x) { return 1 / std::hypot(x[0], x[1]) > std::sqrt(greatest); }},
    {"log_erfc", [](double greatest, const Point& x) { return x[0] > std::sqrt(greatest / 2); }}};

bool is_excluded(const ops::OpInfo& op, Elem e, const Quantity& q, const Point& x) {
  const auto* found = std::ranges::find(kExclusions, op.name, &Exclusion::op);
  return q.order == 2 && found != std::end(kExclusions) && found->holds(greatest(e), x);
}

/// What the code gives for one quantity at the points, against the exact numbers.
class Measurement {
 public:
  Measurement(const Exact& exact, Elem e, const std::vector<Point>& points) : exact_(exact), e_(e), points_(points) {
    for (const Point& x : points) values_.push_back(exact(x));
  }

  Measured operator()(const Quantity& q, std::span<const double> got, double bound) const {
    Measured out;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double want = values_[i][q.at];
      if (std::isnan(want) || !has_derivative(values_[i], q) || is_excluded(exact_.op(), e_, q, points_[i])) continue;
      double error = error_of(e_, q, got[i], want, unit_of(want));
      if (error > bound) {
        const auto unit = unit_by_operands(points_[i], q, want);
        if (!unit) continue;
        error = error_of(e_, q, got[i], want, *unit);
      }
      ++out.points;
      if (error <= out.error) continue;
      out.error = error;
      out.worst = fmt::format("({}): {}, not {}", fmt::join(points_[i], ", "), got[i], want);
    }
    return out;
  }

 private:
  /// Nothing is said of derivatives of what is infinite.
  bool has_derivative(const std::vector<double>& exact, const Quantity& q) const {
    const std::size_t n = points_[0].size();
    const auto finite = [&](std::size_t at) { return std::abs(exact[at]) <= greatest(e_); };
    return finite(0) && (q.order < 2 || (finite(1 + (q.at - 1 - n) / n) && finite(1 + (q.at - 1 - n) % n)));
  }
  double unit_of(double want) const { return unit_in_last_place(e_, std::min(std::abs(want), greatest(e_))); }
  /// What the next numbers of an operand make of it; nothing beside the end of the domain.
  std::optional<double> unit_by_operands(const Point& x, const Quantity& q, double want) const {
    double unit = unit_of(want);
    for (std::size_t k = 0; k < x.size(); ++k) {
      for (const double to : {-INFINITY, INFINITY}) {
        Point moved = x;
        moved[k] = next(e_, x[k], to);
        const double there = exact_(moved)[q.at];
        if (!std::isfinite(there - want)) return std::nullopt;
        unit = std::max(unit, std::abs(there - want));
      }
    }
    return unit;
  }

  const Exact& exact_;
  Elem e_;
  const std::vector<Point>& points_;
  std::vector<std::vector<double>> values_;
};

/// An op as a function of vectors or of numbers, with its partials, and theirs, as further results.
class Code {
 public:
  Code(const ops::OpInfo& op, Elem e, const ops::Example& example, bool vectors, bool second)
      : elem_(e), operands_(example.operands.size()), vectors_(vectors) {
    ir::Module m;
    ir::Function f = function("f");
    ir::Builder b(f);
    const auto x = params(b);
    b.set_yields(emit_example(b, op, example, x));
    m.functions.push_back(std::move(f));
    std::vector<std::string> parts{"f"};
    if (op.derivative == ops::Derivative::by_partials) {
      for (std::size_t k = 0; k < operands_; ++k) derive(m, parts, "f", k);
      for (std::size_t k = 0; second && k < operands_; ++k) {
        for (std::size_t l = 0; l < operands_; ++l) derive(m, parts, fmt::format("f_{}", k), l);
      }
    }
    m.functions.push_back(joined(parts));
    ready_ = prepared(m, "all");
    quantities_ = parts.size();
  }

  /// By quantity, then by point.
  std::vector<std::vector<double>> run(jit::Session& session, std::span<const Point> points) const {
    const Compiled code(session, ready_);
    std::vector<std::vector<double>> out(quantities_);
    const std::size_t step = vectors_ ? points.size() : 1;
    for (std::size_t from = 0; from < points.size(); from += step) {
      const auto count = static_cast<std::int64_t>(step);
      Tensors arguments(operands_, ir::Tensor(elem_, vectors_ ? std::vector{count} : std::vector<std::int64_t>{})), got;
      for (std::size_t k = 0; k < operands_; ++k) {
        for (std::size_t i = 0; i < step; ++i) arguments[k].reals[i] = points[from + i][k];
      }
      REQUIRE(code({{count}}, arguments, got) == RG_OK);
      for (std::size_t q = 0; q < quantities_; ++q)
        out[q].insert(out[q].end(), got[q].reals.begin(), got[q].reals.end());
    }
    return out;
  }

 private:
  static ir::Function function(std::string name) {
    ir::Function f;
    f.name = std::move(name);
    f.size_names = {"n"};
    return f;
  }
  ir::Type type() const { return {elem_, vectors_ ? std::vector{ir::Dim::size(0)} : std::vector<ir::Dim>{}}; }
  std::vector<ir::ValueId> params(ir::Builder& b) const {
    std::vector<ir::ValueId> x;
    for (std::size_t k = 0; k < operands_; ++k) x.push_back(b.add_param(type()));
    return x;
  }
  static void derive(ir::Module& m, std::vector<std::string>& parts, const std::string& of, std::size_t k) {
    parts.push_back(fmt::format("{}_{}", of, k));
    add_derivative(m, ir::Function(*m.find(of)), parts.back(), "vjp", {static_cast<std::int64_t>(k)});
  }
  /// All of them at the same operands, by seeds 1.
  ir::Function joined(const std::vector<std::string>& parts) const {
    ir::Function f = function("all");
    ir::Builder b(f);
    const auto x = params(b);
    std::vector<ir::ValueId> results;
    for (const std::string& part : parts) {
      std::vector<ir::ValueId> arguments = x;
      const auto order = static_cast<std::size_t>(std::ranges::count(part, '_'));
      arguments.resize(x.size() + order, b.constant(elem_, 1, type().dims));
      const ops::Call::Attrs call{.callee = {part}, .sizes = {ir::Dim::size(0)}};
      results.push_back(b.emit_typed(b.named("call"), arguments, call, {}, {type()})[0]);
    }
    b.set_yields(results);
    return f;
  }

  Elem elem_;
  std::size_t operands_, quantities_ = 0;
  bool vectors_;
  ir::Function ready_;
};

jit::Session& unoptimised() {
  static const auto s = [] {
    auto made = jit::Session::create({.opt_level = 0});
    REQUIRE(made);
    return std::move(*made);
  }();
  return *s;
}

void check_op(const ops::OpInfo& op, Elem e, const ir::Attributes& attrs) {
  const auto examples = op.examples(e);
  const ops::Example& example =
      *std::ranges::find_if(examples, [&](const ops::Example& x) { return x.about == "vector" && x.attrs == attrs; });
  const auto operands = example.operands.size();
  const auto points = points_for(operands, e);
  const Exact exact(op, attrs, operands);
  const Measurement measurement(exact, e, points);
  const auto bound = [&](const Quantity& q) {
    return q.order == 0 ? std::max(op.samples.ulp, 2.0) : q.order == 1 ? op.samples.partial_ulp : op.samples.second_ulp;
  };
  const auto check = [&](const char* how, const std::vector<std::vector<double>>& got) {
    CAPTURE(how);
    for (const Quantity& q : Quantity::all(operands, got.size() > 1)) {
      if (q.at >= got.size()) break;
      const Measured m = measurement(q, got[q.at], bound(q));
      CAPTURE(q.str(operands));
      CAPTURE(m.worst);
      CHECK(m.error <= bound(q));
      CHECK(m.points >= 10);
    }
  };
  check("vectors", Code(op, e, example, true, true).run(session(), points));
  check("numbers, unoptimised", Code(op, e, example, false, false).run(unoptimised(), points));
}

}  // namespace

TEST_CASE("functions and their partial derivatives are accurate over the whole range of operands") {
  for (const ops::OpInfo& op : ops::all_ops()) {
    const bool floating = op.rule == ops::ElemRule::floating || op.rule == ops::ElemRule::number;
    if (!op.elementwise || !floating) continue;
    for (const Elem e : {Elem::f64, Elem::f32}) {
      std::vector<ir::Attributes> seen;
      for (const ops::Example& example : op.examples(e)) {
        if (std::ranges::find(seen, example.attrs) != seen.end()) continue;
        seen.push_back(example.attrs);
        CAPTURE(op.name);
        CAPTURE(ir::name(e));
        check_op(op, e, example.attrs);
      }
    }
  }
}
