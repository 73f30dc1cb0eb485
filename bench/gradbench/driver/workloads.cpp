#include "bench/gradbench/driver/workloads.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bench/gradbench/driver/numbers.h"

namespace rg::gradbench {

namespace {

using Extents = std::map<std::string, std::int64_t>;

Json list(Numbers& r, std::int64_t n, double (Numbers::*next)() = &Numbers::uniform) {
  Json j = Json::array();
  for (std::int64_t i = 0; i < n; ++i) j.push_back((r.*next)());
  return j;
}
Json matrix(Numbers& r, std::int64_t n, std::int64_t m, double (Numbers::*next)() = &Numbers::uniform) {
  Json j = Json::array();
  for (std::int64_t i = 0; i < n; ++i) j.push_back(list(r, m, next));
  return j;
}

// Of a file in UTF-8.
std::vector<unsigned> code_points(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.empty()) throw std::runtime_error(std::string("cannot read ") + path);
  std::vector<unsigned> points;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      points.push_back(byte);
    } else if (byte < 0xC0) {
      points.back() = points.back() << 6 | (byte & 0x3FU);
    } else {
      points.push_back(byte & (byte < 0xE0 ? 0x1FU : byte < 0xF0 ? 0x0FU : 0x07U));
    }
  }
  return points;
}

Json vector_input(const Extents& e, const char* length, const char* parameter) {
  Numbers r(1);
  Json j{{"x", list(r, e.at(length))}};
  if (parameter != nullptr) j[parameter] = e.at(parameter);
  return j;
}

// The centroids are the last points, so that no cluster is empty.
Json kmeans_input(const Extents& e) {
  Numbers r(2);
  const Json points = matrix(r, e.at("n"), e.at("d"));
  Json centroids = Json::array();
  for (auto at = points.end() - e.at("k"); at != points.end(); ++at) centroids.push_back(*at);
  return {{"points", points}, {"centroids", centroids}};
}

Json gmm_input(const Extents& e) {
  const std::int64_t d = e.at("d"), k = e.at("k"), n = e.at("n");
  Numbers r(3);
  return {{"d", d},
          {"k", k},
          {"n", n},
          {"m", 0},
          {"gamma", 1.0},
          {"alpha", list(r, k, &Numbers::normal)},
          {"mu", matrix(r, k, d)},
          {"q", matrix(r, k, d, &Numbers::normal)},
          {"l", matrix(r, k, d * (d - 1) / 2, &Numbers::normal)},
          {"x", matrix(r, n, d, &Numbers::normal)}};
}

Json ba_input(const Extents& e) {
  return {{"n", e.at("n")},
          {"m", e.at("m")},
          {"p", e.at("p")},
          {"cam",
           {-0.758453, -1.109613, -0.845551, 34.556073, 39.676747, 53.881673, 419.194514, 5.864426, -8.51887, 0.087812,
            0.002739}},
          {"x", {7.203245, 0.001144, 3.023326}},
          {"w", 0.417022},
          {"feat", {271.760969, 834.209256}}};
}

// The bits of the text's characters, most significant first; the text starts over where it is too short.
Json lstm_input(const Extents& e) {
  const std::int64_t l = e.at("l"), c = e.at("c"), b = e.at("b");
  const std::vector<unsigned> text = code_points(RG_GRADBENCH_VECTORS "/lstm/text4096.txt");
  Json sequence = Json::array();
  for (std::int64_t t = 0; t < c; ++t) {
    const unsigned letter = text[static_cast<std::size_t>(t) % text.size()];
    Json bits = Json::array();
    for (std::int64_t bit = b - 1; bit >= 0; --bit) bits.push_back(static_cast<double>(letter >> bit & 1));
    sequence.push_back(std::move(bits));
  }
  Numbers r(4);
  return {{"main_params", matrix(r, 2 * l, 4 * b)},
          {"extra_params", matrix(r, 3, b)},
          {"state", matrix(r, 2 * l, b)},
          {"sequence", std::move(sequence)}};
}

struct Kind {
  const char* eval;
  std::vector<Workload> (*sizes)();
  Json (*input)(const Extents&);
  Work (*work)(const Extents&, bool derivative);
};

double number(const Extents& e, const char* name) { return static_cast<double>(e.at(name)); }

std::vector<Workload> lse_sizes() {
  std::vector<Workload> all;
  for (std::int64_t n = 2500; n <= 1280000; n *= 2) all.push_back({"lse", "n=" + std::to_string(n), {{"n", n}}});
  return all;
}
Work lse_work(const Extents& e, bool derivative) {
  const double n = number(e, "n");
  if (!derivative) return {n * (3 + kExp), 8 * n, 8 * n};
  return {n * (4 + kExp), 16 * n, 16 * n};
}

std::vector<Workload> llsq_sizes() {
  std::vector<Workload> all;
  for (const std::int64_t n : {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8196, 16392})
    all.push_back({"llsq", "n=" + std::to_string(n) + ",m=128", {{"m", 128}, {"n", n}}});
  return all;
}
// Horner's rule is two operations a term; the gradient has the residual, its product with a power, and a sum besides.
Work llsq_work(const Extents& e, bool derivative) {
  const double n = number(e, "n"), m = number(e, "m");
  return {n * (derivative ? 4 * m : 2 * m), 8 * m, 8 * m};
}

std::vector<Workload> by_product(std::vector<Workload> all, std::initializer_list<const char*> extents) {
  const auto product = [&](const Workload& w) {
    std::int64_t p = 1;
    for (const char* e : extents) p *= w.extents.at(e);
    return p;
  };
  std::ranges::stable_sort(all, {}, product);
  return all;
}

std::vector<Workload> ode_sizes() {
  std::vector<Workload> all;
  for (const std::int64_t n : {1000, 10000, 100000}) {
    for (const std::int64_t s : {1, 10, 100})
      all.push_back({"ode", "n=" + std::to_string(n) + ",s=" + std::to_string(s), {{"n", n}, {"s", s}}});
  }
  return by_product(all, {"n", "s"});
}
// A step: four slopes, three midpoints, the sum. Back: the stages again, their adjoints, the products for x.
Work ode_work(const Extents& e, bool derivative) {
  const double n = number(e, "n"), s = number(e, "s");
  if (!derivative) return {16 * n * s, 24 * n * s, 16 * n};
  return {(16 + 10 + 30) * n * s, (24 + 48) * n * s, 8 * n * s + 32 * n};
}

std::vector<Workload> kmeans_sizes() {
  std::vector<Workload> all;
  for (const std::int64_t k : {10, 100, 1000}) {
    for (const std::int64_t n : {1000, 10000}) {
      for (const std::int64_t d : {8, 16})
        all.push_back({"kmeans",
                       "k=" + std::to_string(k) + ",n=" + std::to_string(n) + ",d=" + std::to_string(d),
                       {{"k", k}, {"n", n}, {"d", d}}});
    }
  }
  return by_product(all, {"k", "n", "d"});
}
// A difference, a square and a sum a coordinate.
Work kmeans_work(const Extents& e, bool derivative) {
  const double n = number(e, "n"), k = number(e, "k"), d = number(e, "d");
  return {3 * n * k * d + (derivative ? 3 * n * d : 0), 8 * n * d, 8 * (n + k) * d};
}

std::vector<Workload> gmm_sizes() {
  std::vector<Workload> all;
  for (const std::int64_t d : {2, 10, 20, 32, 64}) {
    for (const std::int64_t k : {5, 10, 25, 50, 100})
      all.push_back({"gmm", std::to_string(d) + "_" + std::to_string(k) + "_1000", {{"d", d}, {"k", k}, {"n", 1000}}});
  }
  return by_product(all, {"d", "k"});
}
// Q (x - mu): two operations an entry of the triangle; the gradient has one more such product, for Q.
Work gmm_work(const Extents& e, bool derivative) {
  const double n = number(e, "n"), k = number(e, "k"), d = number(e, "d");
  if (!derivative) return {n * k * (d * (d + 1) + 3 * d + kExp + 4), 8 * n * d, 8 * n * d};
  return {n * k * (2 * d * (d + 1) + 6 * d + kExp + 6), 16 * n * d, 8 * n * d};
}

std::vector<Workload> lstm_sizes() {
  std::vector<Workload> all;
  for (const std::int64_t l : {2, 4, 6}) {
    for (const std::int64_t c : {1024, 4096, 8192})
      all.push_back({"lstm", "l=" + std::to_string(l) + ",c=" + std::to_string(c), {{"l", l}, {"c", c}, {"b", 14}}});
  }
  return by_product(all, {"l", "c"});
}
Work lstm_work(const Extents& e, bool derivative) {
  const double l = number(e, "l"), c = number(e, "c"), b = number(e, "b");
  const double cell = 3 * (kSigmoid + 2) + kTanh + 2 + 3 + kTanh + 1;
  const double forward = c * (b * (1 + l * cell + kExp + 6) + kLog);
  if (!derivative) return {forward, 8 * b * c, 8 * b * c};
  const double tape = 8 * b * l * c * 6;  // four gates, the memory and its tanh
  return {forward + c * b * (l * 45 + 10), 16 * b * c + 2 * tape, tape};
}

std::vector<Workload> ba_sizes() {
  constexpr std::array<std::array<std::int64_t, 3>, 14> kSizes{{{49, 7776, 31843},
                                                                {21, 11315, 36455},
                                                                {161, 48126, 182072},
                                                                {372, 47423, 204472},
                                                                {257, 65132, 225911},
                                                                {539, 65220, 277273},
                                                                {93, 61203, 287451},
                                                                {88, 64298, 383937},
                                                                {810, 88814, 393775},
                                                                {1197, 126327, 563734},
                                                                {1723, 156502, 678718},
                                                                {253, 163691, 899155},
                                                                {245, 198739, 1091386},
                                                                {356, 226730, 1255268}}};
  std::vector<Workload> all;
  for (const auto& [n, m, p] : kSizes) {
    const std::string name = "ba" + std::to_string(all.size() + 1) + "_n" + std::to_string(n) + "_m" +
                             std::to_string(m) + "_p" + std::to_string(p);
    all.push_back({"ba", name, {{"n", n}, {"m", m}, {"p", p}}});
  }
  return all;
}
// A rotation is 40 operations besides its functions, a projection 20; a row of the Jacobian 90. Read: camera and point
// numbers, weight, feature, point. Written: two errors and one; or 31 values with their columns, and three rows.
Work ba_work(const Extents& e, bool derivative) {
  const double p = number(e, "p");
  const double forward = kSineAndCosine + kRoot + 4 * kDivide + 60;
  if (!derivative) return {p * forward, p * (8 + 8 + 16 + 24 + 24), p * 80};
  return {p * (forward + 2 * 90), p * (8 + 8 + 16 + 24 + 31 * 12 + 12), p * 440};
}

const Kind kKinds[] = {
    {"lse", lse_sizes, [](const Extents& e) { return vector_input(e, "n", nullptr); }, lse_work},
    {"llsq", llsq_sizes, [](const Extents& e) { return vector_input(e, "m", "n"); }, llsq_work},
    {"ode", ode_sizes, [](const Extents& e) { return vector_input(e, "n", "s"); }, ode_work},
    {"kmeans", kmeans_sizes, kmeans_input, kmeans_work},
    {"gmm", gmm_sizes, gmm_input, gmm_work},
    {"lstm", lstm_sizes, lstm_input, lstm_work},
    {"ba", ba_sizes, ba_input, ba_work},
};

const Kind& kind_of(const std::string& eval) {
  return *std::ranges::find_if(kKinds, [&](const Kind& k) { return k.eval == eval; });
}

}  // namespace

Json Workload::input() const { return kind_of(eval).input(extents); }
Work Workload::primal() const { return kind_of(eval).work(extents, false); }
Work Workload::derivative() const { return kind_of(eval).work(extents, true); }

std::vector<Workload> workloads(const std::string& eval) { return kind_of(eval).sizes(); }

std::vector<std::string> measured_evals() {
  std::vector<std::string> names;
  for (const Kind& k : kKinds) names.emplace_back(k.eval);
  return names;
}

}  // namespace rg::gradbench
