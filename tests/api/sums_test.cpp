// Sums in every form that a program gives them: their error against exact sums, and their bits for one thread and more,
// for sizes known and unknown.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "runegrad/runegrad.hpp"

using namespace runegrad;

namespace {

using Exact = __float128;
using Sizes = std::map<std::string, std::int64_t>;

// A sum that is written down exactly: the terms of each result.
struct Form {
  const char* name;
  const char* text;  // F stands for the element type; the function is `f`
  std::vector<std::vector<std::string>> inputs;
  /// Calls term(result, value) for every term at the sizes and inputs.
  std::function<void(const Sizes&, const std::vector<std::vector<double>>&,
                     const std::function<void(std::size_t, Exact)>&)>
      terms;
  std::vector<Sizes> small, large;
};

using Inputs = std::vector<std::vector<double>>;
using Term = std::function<void(std::size_t, Exact)>;

std::size_t at(const Sizes& s, const char* name) { return static_cast<std::size_t>(s.at(name)); }

void whole(const Sizes&, const Inputs& x, const Term& term) {
  for (const double v : x[0]) term(0, v);
}

void by_rows(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i / at(s, "m"), x[0][i]);
}

void by_columns(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i % at(s, "m"), x[0][i]);
}

void by_pairs(const Sizes&, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(0, Exact(x[0][i]) * Exact(x[1][i]));
}

void matrix_by_vector(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i / at(s, "m"), Exact(x[0][i]) * Exact(x[1][i % at(s, "m")]));
}

void vector_by_matrix(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i % at(s, "m"), Exact(x[0][i]) * Exact(x[1][i / at(s, "m")]));
}

void matrices(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < at(s, "n"); ++i) {
    for (std::size_t j = 0; j < at(s, "m"); ++j) {
      for (std::size_t k = 0; k < at(s, "k"); ++k)
        term(i * at(s, "m") + j, Exact(x[0][i * at(s, "k") + k]) * Exact(x[1][k * at(s, "m") + j]));
    }
  }
}

void outer_and_inner(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i / at(s, "k") % at(s, "m"), x[0][i]);
}

void triangle(const Sizes& s, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < at(s, "n"); ++i) {
    for (std::size_t j = 0; j <= i; ++j) term(0, x[0][j]);
  }
}

void prefixes(const Sizes&, const Inputs& x, const Term& term) {
  Exact sum = 0, magnitude = 0;
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    sum += x[0][i];
    magnitude += std::fabs(x[0][i]);
    // Two terms with that sum and that sum of magnitudes.
    term(i, (sum + magnitude) / 2);
    term(i, (sum - magnitude) / 2);
  }
}

void three_places(const Sizes&, const Inputs& x, const Term& term) {
  for (std::size_t i = 0; i < x[0].size(); ++i) term(i % 3, x[0][i]);
}

void positive(const Sizes&, const Inputs& x, const Term& term) {
  for (const double v : x[0]) term(0, v > 0 ? v : 0);
}

std::vector<Sizes> lengths(std::initializer_list<std::int64_t> of) {
  std::vector<Sizes> out;
  for (const std::int64_t n : of) out.push_back({{"n", n}});
  return out;
}

std::vector<Sizes> shapes(std::initializer_list<std::array<std::int64_t, 2>> of) {
  std::vector<Sizes> out;
  for (const auto& s : of) out.push_back({{"n", s[0]}, {"m", s[1]}});
  return out;
}

std::vector<Sizes> boxes(std::initializer_list<std::array<std::int64_t, 3>> of) {
  std::vector<Sizes> out;
  for (const auto& s : of) out.push_back({{"n", s[0]}, {"m", s[1]}, {"k", s[2]}});
  return out;
}

// Below, at and above lanes, four vectors of them, chains and blocks.
const auto short_and_long = lengths({0, 1, 17, 31, 32, 33, 63, 64, 100, 127, 128, 129, 1000, 1023, 1024, 1025, 5000});
const auto thin_and_wide = shapes({{1, 40}, {3, 1000}, {33, 5}, {70, 70}, {129, 33}, {1025, 3}, {2500, 17}});

const std::vector<Form>& forms() {
  static const std::vector<Form> all{
      {"all of a vector", "fn f(x: F[n]) -> F { sum(x) }", {{"n"}}, whole, short_and_long, lengths({100000})},
      {"all of a matrix",
       "fn f(x: F[n, m]) -> F { sum(x) }",
       {{"n", "m"}},
       whole,
       thin_and_wide,
       shapes({{300, 400}, {40000, 3}, {3, 40000}})},
      {"rows",
       "fn f(x: F[n, m]) -> F[n] { sum(x, axis: 1) }",
       {{"n", "m"}},
       by_rows,
       thin_and_wide,
       shapes({{20, 10000}})},
      {"columns",
       "fn f(x: F[n, m]) -> F[m] { sum(x, axis: 0) }",
       {{"n", "m"}},
       by_columns,
       thin_and_wide,
       shapes({{10000, 20}, {30000, 70}})},
      {"outer and inner",
       "fn f(x: F[n, m, k]) -> F[m] { sum(x, axis: [0, 2]) }",
       {{"n", "m", "k"}},
       outer_and_inner,
       boxes({{20, 3, 50}, {50, 33, 5}}),
       boxes({{300, 20, 40}})},
      {"inner product",
       "fn f(x: F[n], y: F[n]) -> F { dot(x, y) }",
       {{"n"}, {"n"}},
       by_pairs,
       short_and_long,
       lengths({100000})},
      {"matrix by vector",
       "fn f(x: F[n, m], y: F[m]) -> F[n] { x @ y }",
       {{"n", "m"}, {"m"}},
       matrix_by_vector,
       thin_and_wide,
       shapes({{20, 10000}})},
      {"vector by matrix",
       "fn f(x: F[n, m], y: F[n]) -> F[m] { y @ x }",
       {{"n", "m"}, {"n"}},
       vector_by_matrix,
       thin_and_wide,
       shapes({{10000, 20}})},
      {"matrices",
       "fn f(x: F[n, k], y: F[k, m]) -> F[n, m] { x @ y }",
       {{"n", "k"}, {"k", "m"}},
       matrices,
       boxes({{5, 7, 100}, {13, 33, 257}, {40, 40, 1000}}),
       boxes({{3, 5, 60000}})},
      {"triangle",
       "fn f(x: F[n]) -> F { sum[i: n => sum[j: i + 1 => x[j]]] }",
       {{"n"}},
       triangle,
       lengths({17, 100}),
       lengths({700})},
      {"choice",
       "fn f(x: F[n]) -> F { sum[i: n => if x[i] > 0 { x[i] } else { 0 }] }",
       {{"n"}},
       positive,
       short_and_long,
       lengths({100000})},
      {"cumulative sum", "fn f(x: F[n]) -> F[n] { cumsum(x) }", {{"n"}}, prefixes, short_and_long, lengths({100000})},
      {"cumulative sums of columns",
       "fn f(x: F[n, m]) -> F[n] { cumsum(x, axis: 0)[:, 0] }",
       {{"n", "m"}},
       [](const Sizes& s, const Inputs& x, const Term& term) {
         Inputs column(1);
         for (std::size_t i = 0; i < at(s, "n"); ++i) column[0].push_back(x[0][i * at(s, "m")]);
         prefixes(s, column, term);
       },
       shapes({{70, 70}, {129, 33}}),
       shapes({{20000, 17}})},
      {"derivative by what is read often",
       "fn g(t: F[3], x: F[n]) -> F { sum[i: n => t[i mod 3] * x[i]] } fn f(x: F[n]) -> F[3] { grad(g, wrt: t)([1, 1, "
       "1], x) }",
       {{"n"}},
       three_places,
       short_and_long,
       lengths({100000})},
      {"derivative by a row",
       "fn g(r: F[m], x: F[n, m]) -> F { sum(r * x) } fn f(x: F[n, m]) -> F[m] { grad(g, wrt: r)([j: m => F(1)], x) }",
       {{"n", "m"}},
       by_columns,
       thin_and_wide,
       shapes({{10000, 20}})},
      {"derivative by a number",
       "fn g(a: F, x: F[n]) -> F { sum(a * x) } fn f(x: F[n]) -> F { grad(g, wrt: a)(1, x) }",
       {{"n"}},
       whole,
       short_and_long,
       lengths({100000})},
  };
  return all;
}

std::string replaced(std::string text, const std::string& elem) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 'F') text.replace(i, 1, elem);
  }
  return text;
}

struct Data {
  const char* name;
  std::function<double(std::uint64_t random, std::size_t i)> value;
};

double unit(std::uint64_t r) { return static_cast<double>(r >> 11) * 0x1p-53; }

const Data kinds[] = {{"random", [](std::uint64_t r, std::size_t) { return 2 * unit(r) - 1; }},
                      {"one sign", [](std::uint64_t r, std::size_t) { return unit(r); }},
                      {"constant", [](std::uint64_t, std::size_t) { return 0.1; }},
                      {"of all magnitudes", [](std::uint64_t r, std::size_t i) {
                         return std::ldexp(unit(r) - 0.25, static_cast<int>(i * 7 % 40) - 20);
                       }}};

template <class T>
std::vector<T> numbers(std::size_t count, const Data& kind, std::uint64_t seed) {
  std::vector<T> v(count);
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    v[i] = static_cast<T>(kind.value(seed, i));
  }
  return v;
}

std::int64_t count_of(const std::vector<std::string>& extents, const Sizes& s) {
  std::int64_t n = 1;
  for (const std::string& e : extents) n *= s.at(e);
  return n;
}

template <class T>
struct Call {
  std::vector<std::vector<T>> inputs;
  std::vector<TensorRef> refs;
  Call(const Form& form, const Sizes& s, const Data& kind) {
    for (const auto& extents : form.inputs)
      inputs.push_back(numbers<T>(static_cast<std::size_t>(count_of(extents, s)), kind, 5 + 77 * (inputs.size() + 1)));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      std::vector<std::int64_t> shape;
      for (const std::string& e : form.inputs[k]) shape.push_back(s.at(e));
      refs.push_back(in(inputs[k], shape));
    }
  }
  std::vector<T> operator()(const Function& f, const Sizes& s, int threads) const {
    std::vector<std::int64_t> order;
    for (const std::string& name : f.sizes()) order.push_back(s.at(name));
    const auto shape = f.output_shapes(order)[0];
    std::size_t n = 1;
    for (const std::int64_t e : shape) n *= static_cast<std::size_t>(e);
    std::vector<T> y(n);
    Context context(threads);
    const auto status = f.call(refs, {out(y, shape)}, &context);
    REQUIRE_MESSAGE(status, status.error());
    return y;
  }
};

template <class T>
constexpr const char* elem_name = std::is_same_v<T, float> ? "f32" : "f64";

template <class T>
std::string about(const Form& form, const Sizes& s) {
  std::string text = form.name + std::string(" of ") + elem_name<T>;
  for (const auto& [name, value] : s) text += ", " + name + " = " + std::to_string(value);
  return text;
}

// Half-ulps of the sum of magnitudes that the worst result is off.
template <class T>
double worst(const Form& form, const Sizes& s, const Call<T>& call, const std::vector<T>& y, std::size_t& terms) {
  Inputs x;
  for (const auto& v : call.inputs) x.emplace_back(v.begin(), v.end());
  std::vector<Exact> exact(y.size(), 0), magnitude(y.size(), 0);
  std::vector<std::size_t> counts(y.size(), 0);
  form.terms(s, x, [&](std::size_t to, Exact v) {
    exact[to] += v;
    magnitude[to] += v < 0 ? -v : v;
    ++counts[to];
  });
  double most = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    terms = std::max(terms, counts[i]);
    const Exact off = Exact(y[i]) - exact[i], half_ulp = magnitude[i] * Exact(std::numeric_limits<T>::epsilon() / 2);
    if (off != 0) most = std::max(most, std::fabs(static_cast<double>(off / half_ulp)));
  }
  return most;
}

template <class T>
void check_error(const Form& form, bool strict) {
  auto program = Program::from_string(replaced(form.text, elem_name<T>));
  REQUIRE_MESSAGE(program, program.error());
  Options options;
  options.strict = strict;
  const auto f = program->function("f", options);
  REQUIRE_MESSAGE(f, f.error());
  for (const Sizes& s : form.large) {
    for (const Data& kind : kinds) {
      INFO(about<T>(form, s), ", ", std::string(kind.name), std::string(strict ? ", strict" : ""));
      const Call<T> call(form, s, kind);
      std::size_t terms = 0;
      const double most = worst(form, s, call, call(*f, s, 1), terms);
      CHECK(most <= 8 + std::max(0.0, std::log2(static_cast<double>(terms) / 1024)));
    }
  }
}

template <class T>
void check_bits(const Form& form) {
  auto program = Program::from_string(replaced(form.text, elem_name<T>));
  REQUIRE_MESSAGE(program, program.error());
  const auto any = program->function("f");
  REQUIRE_MESSAGE(any, any.error());
  std::vector<Sizes> all = form.small;
  all.insert(all.end(), form.large.begin(), form.large.end());
  for (const Sizes& s : all) {
    INFO(about<T>(form, s));
    const Call<T> call(form, s, kinds[0]);
    const auto y = call(*any, s, 1);
    for (const int threads : {2, 3}) CHECK(call(*any, s, threads) == y);
    // Short axes that are known are written out: dsl/arithmetic.md.
    if (std::ranges::any_of(s, [](const auto& size) { return size.second <= 16; })) continue;
    Options sized;
    sized.sizes = s;
    const auto known = program->function("f", sized);
    REQUIRE_MESSAGE(known, known.error());
    for (const int threads : {1, 2}) CHECK(call(*known, s, threads) == y);
  }
}

}  // namespace

TEST_CASE("sums are as exact as a tree") {
  for (const Form& form : forms()) {
    for (const bool strict : {false, true}) {
      check_error<float>(form, strict);
      check_error<double>(form, strict);
    }
  }
}

namespace {

double value_of(const std::string& text, const char* function, std::int64_t n, bool strict) {
  auto program = Program::from_string(text);
  REQUIRE_MESSAGE(program, program.error());
  Options options;
  options.strict = strict;
  const auto f = program->function(function, options);
  REQUIRE_MESSAGE(f, f.error());
  std::vector<float> y(1);
  const auto status = f->call({}, {out(y, {})}, nullptr, {{"n", n}});
  REQUIRE_MESSAGE(status, status.error());
  return static_cast<double>(y[0]);
}

}  // namespace

TEST_CASE("what is made of sums of many f32 numbers near 10^4 is as exact as they are") {
  const std::string text = R"(
    fn data(n: size) -> f32[n] { [i: n => 10000 + f32((i * 7919) mod 1000) * 0.001] }
    fn average(n: size) -> f32 { mean(data(n)) }
    fn spread(n: size) -> f32 { var(data(n)) }
    fn length(n: size) -> f32 { norm(data(n)) }
    fn level(n: size) -> f32 { logsumexp(data(n)) }
    fn equal(n: size) -> f32 { let g = grad(x => var(x))([i: n => f32(0.1)]); max(g) - min(g) }
  )";
  for (const bool strict : {false, true}) {
    CAPTURE(strict);
    CHECK(value_of(text, "average", 1000000, strict) == doctest::Approx(10000.4995).epsilon(1e-7));
    CHECK(value_of(text, "spread", 1000000, strict) == doctest::Approx(0.08333325).epsilon(1e-5));
    CHECK(value_of(text, "spread", 10000000, strict) == doctest::Approx(0.08333325).epsilon(1e-5));
    CHECK(value_of(text, "length", 1000000, strict) == doctest::Approx(10000499.5041663).epsilon(2e-7));
    // log(10^6) + log(mean(exp(x - max))) + max: the mean is (1 - 1/e) to 0.0005
    CHECK(value_of(text, "level", 1000000, strict) == doctest::Approx(10000.999 + 13.8155106 - 0.4584).epsilon(1e-7));
    CHECK(value_of(text, "equal", 1000000, strict) == 0);
  }
}

TEST_CASE("sums have the same bits on every number of threads, for known and unknown sizes") {
  for (const Form& form : forms()) {
    check_bits<float>(form);
    check_bits<double>(form);
  }
}
