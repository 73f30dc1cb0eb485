// Sorting along the last axis.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/ops/gather.h"
#include "compiler/ops/kernel.h"

extern "C" {
rg_kernel rg_sort_f32, rg_sort_f64, rg_sort_i32, rg_sort_i64;  // runtime/kernels/sort.c
}

namespace rg::ops {

struct Sort : KernelOp {
  static constexpr std::string_view name = "sort";
  static constexpr std::string_view doc =
      "x in ascending order along its last axis, the position in x of each element of that, and the position in that "
      "of "
      "each element of x. Equal elements stay in order; NaNs come last.";
  static constexpr int operands = 1;
  static constexpr Derivative derivative = Derivative::custom;
  static constexpr std::array<Kernel, 4> kernels = {{{Elem::f32, "rg_sort_f32", rg_sort_f32},
                                                     {Elem::f64, "rg_sort_f64", rg_sort_f64},
                                                     {Elem::i32, "rg_sort_i32", rg_sort_i32},
                                                     {Elem::i64, "rg_sort_i64", rg_sort_i64}}};
  // Two lists of positions, between which runs are merged.
  static Dim workspace(std::span<const Type> x, const Attrs&) { return Dim(16) * x[0].dims.back(); }
  static Inferred infer(const Input<Attrs>& in) {
    const Type& x = in.operands[0];
    if (x.is_scalar() || x.elem == Elem::boolean) return Failure{"sort takes an array of numbers"};
    const Type positions{Elem::i64, x.dims};
    return std::vector<Type>{x, positions, positions};
  }
  static std::vector<Example> examples(Elem elem) {
    if (elem == Elem::boolean) return {};
    const Dim n = example_n(), m = example_m();
    return {{.about = "vector", .operands = {{{elem, {m}}}}}, {.about = "rows", .operands = {{{elem, {n, m}}}}}};
  }
  template <class S>
  static void eval(S& s) {
    const auto& x = *s.operands[0];
    const std::int64_t length = x.shape.back(), rows = length == 0 ? 0 : x.count() / length;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto first = static_cast<std::size_t>(row * length);
      std::vector<std::size_t> order(static_cast<std::size_t>(length));
      std::iota(order.begin(), order.end(), first);
      std::ranges::stable_sort(order, [&](std::size_t i, std::size_t j) {
        if (!x.is_real()) return x.integers[i] < x.integers[j];
        const auto &a = x.reals[i].value, &b = x.reals[j].value;
        return a == a && (b != b || a < b);
      });
      for (std::size_t k = 0; k < order.size(); ++k) {
        if (x.is_real())
          s.results[0].reals[first + k] = x.reals[order[k]];
        else
          s.results[0].integers[first + k] = x.integers[order[k]];
        s.results[1].integers[first + k] = static_cast<std::int64_t>(order[k] - first);
        s.results[2].integers[order[k]] = static_cast<std::int64_t>(k);
      }
    }
  }
  // y_tan[k] = x_tan[position k]
  template <class B, class V = typename B::Val>
  static std::vector<V> jvp(Site<B>& s, std::span<const V> x_tan) {
    return {permuted(s, x_tan[0], s.y(1)), V{}, V{}};
  }
  // x_adj[i] = y_adj[rank of i]
  template <class B, class V = typename B::Val>
  static std::vector<V> vjp(Site<B>& s, std::span<const V> y_adj) {
    return {permuted(s, y_adj[0], s.y(2))};
  }
  template <class B, class V = typename B::Val>
  static V reach(Site<B>& s, int, V y_pred) {
    return permuted(s, y_pred, s.y(2));
  }
  template <class B, class V = typename B::Val>
  static V reached(Site<B>& s, std::span<const V> x_pred) {
    return permuted(s, x_pred[0], s.y(1));
  }
  template <class B, class V = typename B::Val>
  static std::vector<V> batch(Site<B>& s, std::span<const bool>, const Dim&) {
    return s.b.emit(s.b.named(name), {s.x(0)});
  }

 private:
  /// v[…, position] at the positions given.
  template <class B, class V = typename B::Val>
  static V permuted(Site<B>& s, V v, V positions) {
    const Labels own = iota_axes(s.x_type(0).rank());
    Labels read = own;
    read.back() = -1;
    return s.b.template emit_op<Gather>({v, positions}, {.labels = {read, own, own}});
  }
};

using SortOps = OpList<Sort>;

}  // namespace rg::ops
