#include "bench/gradbench/driver/forward.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "bench/gradbench/driver/numbers.h"

namespace rg::gradbench {

namespace {

/// A sum of products, and the root of the sum of their squares: the size that rounding is judged by where the products
/// cancel.
struct Sum {
  double value = 0, squares = 0;
  void add(double a, double b) {
    value += a * b;
    squares += a * b * a * b;
  }
};

struct Compared {
  double largest = 0, scale = 0;
  void add(const Sum& ours, double forward) {
    const double d = std::abs(ours.value - forward);
    largest = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(largest, d);
    scale = std::max({scale, std::sqrt(ours.squares), std::abs(forward)});
  }
};

Sum inner_product(const std::vector<Array>& derivative, const std::vector<Array>& direction) {
  Sum s;
  for (std::size_t k = 0; k < derivative.size(); ++k) {
    for (std::size_t i = 0; i < derivative[k].reals.size(); ++i) s.add(derivative[k].reals[i], direction[k].reals[i]);
  }
  return s;
}

Compared gradient_along(const std::vector<Array>& derivative, const std::vector<Array>& direction,
                        const std::vector<std::vector<Array>>& forward) {
  Compared c;
  // A vector's last component is the one that is differentiated.
  c.add(inner_product(derivative, direction), forward[0][0].reals.back());
  return c;
}

// The Newton step s solves H s = J: along any direction u, the second derivative by (s, u) is the first one by u.
Compared newton_step_along(const std::vector<Array>&, const std::vector<Array>&,
                           const std::vector<std::vector<Array>>& forward) {
  Compared c;
  Sum second;
  second.add(forward[0][0].reals[0], 1);
  c.add(second, forward[1][0].reals[0]);
  return c;
}

// Rows, columns and values, the rows of residuals before those of weights; a column for each number of the direction.
Compared sparse_rows_along(const std::vector<Array>& derivative, const std::vector<Array>& direction,
                           const std::vector<std::vector<Array>>& forward) {
  std::vector<double> v, products;
  for (const Array& a : direction) v.insert(v.end(), a.reals.begin(), a.reals.end());
  for (const Array& a : forward[0]) products.insert(products.end(), a.reals.begin(), a.reals.end());
  const auto& rows = derivative[0].integers;
  const auto& columns = derivative[1].integers;
  const auto& values = derivative[2].reals;
  const auto wrong = [] { return Compared{std::numeric_limits<double>::infinity(), 1}; };
  if (rows.size() != products.size() + 1 || columns.size() != values.size()) return wrong();
  Compared c;
  for (std::size_t row = 0; row + 1 < rows.size(); ++row) {
    Sum s;
    if (rows[row] < 0 || rows[row + 1] < rows[row] || static_cast<std::size_t>(rows[row + 1]) > values.size())
      return wrong();
    for (auto at = static_cast<std::size_t>(rows[row]); at < static_cast<std::size_t>(rows[row + 1]); ++at) {
      if (columns[at] < 0 || static_cast<std::size_t>(columns[at]) >= v.size()) return wrong();
      s.add(values[at], v[static_cast<std::size_t>(columns[at])]);
    }
    c.add(s, products[row]);
  }
  return c;
}

}  // namespace

struct ForwardMode::Rule {
  std::string_view eval;
  std::vector<std::string> expressions;  // derivatives along the direction
  std::vector<std::size_t> wrt;          // inputs that the direction is of
  bool along_derivative;                 // the first expression takes the derivative itself as its first direction
  Compared (*compared)(const std::vector<Array>& derivative, const std::vector<Array>& direction,
                       const std::vector<std::vector<Array>>& forward);
};

const ForwardMode::Rule& ForwardMode::rule_of(std::string_view eval) {
  static const Rule rules[] = {
      {"lse", {"jvp(primal, wrt: x)"}, {0}, false, gradient_along},
      {"llsq", {"jvp(primal, wrt: x)"}, {0}, false, gradient_along},
      {"ode", {"jvp(primal, wrt: x)"}, {0}, false, gradient_along},
      {"kmeans",
       {"jvp(jvp(cost, wrt: centroids), wrt: centroids)", "jvp(cost, wrt: centroids)"},
       {1},
       true,
       newton_step_along},
      {"gmm", {"jvp(objective, wrt: p)"}, {0, 1, 2, 3}, false, gradient_along},
      {"lstm", {"jvp(objective, wrt: (main, extra))"}, {0, 1}, false, gradient_along},
      {"ba", {"jvp(objective, wrt: (cams, x, w))"}, {0, 1, 2}, false, sparse_rows_along},
  };
  return *std::ranges::find(rules, eval, &Rule::eval);
}

ForwardMode::ForwardMode(const Eval& eval) : rule_(rule_of(eval.name)) {
  auto program = runegrad::Program::from_string(std::string(eval.source), std::string(eval.name) + ".rg");
  if (!program) throw std::runtime_error(program.error());
  for (const std::string& expression : rule_.expressions) {
    auto function = program->function(expression);
    if (!function) {
      failure_ = expression + ": " + function.error();
      return;
    }
    functions_.push_back(*function);
  }
}

std::vector<Array> ForwardMode::along(std::size_t function, const Arguments& arguments,
                                      const std::vector<const Array*>& tangents, runegrad::Context* context) const {
  const runegrad::Function& f = functions_[function];
  std::vector<runegrad::TensorRef> inputs;
  for (const Array& a : arguments.inputs) inputs.push_back(const_cast<Array&>(a).ref());  // only read
  for (const Array* a : tangents) inputs.push_back(const_cast<Array*>(a)->ref());
  const auto sizes = f.infer_sizes(inputs, arguments.sizes);
  if (!sizes) throw std::runtime_error(sizes.error());
  std::vector<Array> results = results_for(f, *sizes);
  if (const auto status = f.call(inputs, refs(results), context, arguments.sizes); !status)
    throw std::runtime_error(status.error());
  return results;
}

Agreement ForwardMode::compare(const Arguments& arguments, const std::vector<Array>& derivative, int directions,
                               double seconds, runegrad::Context* context) {
  Agreement out;
  out.failure = failure_;
  const auto start = std::chrono::steady_clock::now();
  const auto spent = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  while (out.failure.empty() && out.directions < directions && (out.directions == 0 || spent() < seconds)) {
    Numbers numbers(1000 + static_cast<std::uint64_t>(out.directions));
    std::vector<Array> direction;
    for (const std::size_t input : rule_.wrt) {
      direction.push_back(arguments.inputs[input]);
      for (double& v : direction.back().reals) v = 2 * numbers.uniform() - 1;
    }
    try {
      std::vector<std::vector<Array>> forward;
      for (std::size_t f = 0; f < functions_.size(); ++f) {
        std::vector<const Array*> tangents;
        if (f == 0 && rule_.along_derivative) {
          for (const Array& a : derivative) tangents.push_back(&a);
        }
        for (const Array& a : direction) tangents.push_back(&a);
        forward.push_back(along(f, arguments, tangents, context));
      }
      const Compared c = rule_.compared(derivative, direction, forward);
      out.largest = std::max(out.largest, c.scale > 0 ? c.largest / c.scale : c.largest);
      out.all_zero = out.all_zero && c.scale == 0;
      ++out.directions;
    } catch (const std::exception& e) {
      out.failure = e.what();
    }
  }
  return out;
}

}  // namespace rg::gradbench
