#include "bench/gradbench/baseline/call.h"

#include "bench/gradbench/baseline/baseline.h"

namespace rg::gradbench::baseline {

namespace {

using Sizes = std::map<std::string, std::int64_t>;
using Inputs = std::span<const Array>;
using Results = std::span<Array>;

const double* real(const Array& a) { return a.reals.data(); }
double* real(Array& a) { return a.reals.data(); }

Gmm gmm_of(Inputs in) {
  return {in[4].shape[1], in[0].shape[0], in[4].shape[0], in[6].longs[0], in[5].reals[0],
          real(in[0]),    real(in[1]),    real(in[2]),    real(in[3]),    real(in[4])};
}
Ba ba_of(Inputs in) {
  return {in[0].shape[0], in[1].shape[0], in[2].shape[0],        real(in[0]),          real(in[1]),
          real(in[2]),    real(in[3]),    in[4].integers.data(), in[5].integers.data()};
}
Lstm lstm_of(Inputs in) {
  return {in[0].shape[0] / 2, in[3].shape[1], in[3].shape[0], real(in[0]), real(in[1]), real(in[2]), real(in[3])};
}

struct Entry {
  std::string_view eval, function;
  Call call;
};

const Entry kEntries[] = {
    {"lse", "primal", [](Inputs in, const Sizes&, Results out) { *real(out[0]) = lse(in[0].shape[0], real(in[0])); }},
    {"lse", "gradient",
     [](Inputs in, const Sizes&, Results out) { lse_gradient(in[0].shape[0], real(in[0]), real(out[0])); }},
    {"llsq", "primal",
     [](Inputs in, const Sizes& s, Results out) { *real(out[0]) = llsq(in[0].shape[0], s.at("n"), real(in[0])); }},
    {"llsq", "gradient",
     [](Inputs in, const Sizes& s, Results out) {
       llsq_gradient(in[0].shape[0], s.at("n"), real(in[0]), real(out[0]));
     }},
    {"ode", "primal",
     [](Inputs in, const Sizes& s, Results out) { ode(in[0].shape[0], s.at("s"), real(in[0]), real(out[0])); }},
    {"ode", "gradient",
     [](Inputs in, const Sizes& s, Results out) {
       ode_gradient(in[0].shape[0], s.at("s"), real(in[0]), real(out[0]));
     }},
    {"kmeans", "cost",
     [](Inputs in, const Sizes&, Results out) {
       *real(out[0]) = kmeans(in[1].shape[0], in[0].shape[0], in[0].shape[1], real(in[0]), real(in[1]));
     }},
    {"kmeans", "dir",
     [](Inputs in, const Sizes&, Results out) {
       kmeans_dir(in[1].shape[0], in[0].shape[0], in[0].shape[1], real(in[0]), real(in[1]), real(out[0]));
     }},
    {"gmm", "objective", [](Inputs in, const Sizes&, Results out) { *real(out[0]) = gmm(gmm_of(in)); }},
    {"gmm", "jacobian",
     [](Inputs in, const Sizes&, Results out) {
       gmm_gradient(gmm_of(in), real(out[0]), real(out[1]), real(out[2]), real(out[3]));
     }},
    {"ba", "objective", [](Inputs in, const Sizes&, Results out) { ba(ba_of(in), real(out[0]), real(out[1])); }},
    {"ba", "jacobian",
     [](Inputs in, const Sizes&, Results out) {
       ba_jacobian(ba_of(in), out[0].integers.data(), out[1].integers.data(), real(out[2]));
     }},
    {"lstm", "objective", [](Inputs in, const Sizes&, Results out) { *real(out[0]) = lstm(lstm_of(in)); }},
    {"lstm", "jacobian",
     [](Inputs in, const Sizes&, Results out) { lstm_gradient(lstm_of(in), real(out[0]), real(out[1])); }},
};

}  // namespace

Call find(std::string_view eval, std::string_view function) {
  for (const Entry& e : kEntries) {
    if (e.eval == eval && e.function == function) return e.call;
  }
  return nullptr;
}

}  // namespace rg::gradbench::baseline
