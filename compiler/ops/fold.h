// How a monoid folds: the op that folds two values, with its rules for NaN and ties, and which position wins.
#pragma once

#include "compiler/ops/arithmetic.h"
#include "compiler/ops/compare.h"
#include "compiler/ops/monoid.h"

namespace rg::ops {

/// Calls f<Op>() with the op that folds two values: NaN and ties are as its own. Of argmin and argmax it folds the
/// values.
template <class F>
decltype(auto) with_fold(Monoid m, const F& f) {
  switch (m) {
    case Monoid::prod:
      return f.template operator()<Mul>();
    case Monoid::min:
    case Monoid::argmin:
      return f.template operator()<Min>();
    case Monoid::max:
    case Monoid::argmax:
      return f.template operator()<Max>();
    case Monoid::any:
      return f.template operator()<Or>();
    case Monoid::all:
      return f.template operator()<And>();
    case Monoid::sum:
      break;
  }
  return f.template operator()<Add>();
}

/// Whether the pair (y, q) takes the place of (x, p): a NaN before all, then the extreme, then the lower position. B is
/// vecmath's builder.
template <class B, class V>
auto takes_place(B& b, Monoid m, std::pair<V, V> x, std::pair<V, V> y) {
  const auto nan_x = b.ne(x.first, x.first), nan_y = b.ne(y.first, y.first);
  const auto better = m == Monoid::argmin ? b.lt(y.first, x.first) : b.gt(y.first, x.first);
  const auto tie = b.or_mask(b.eq(x.first, y.first), b.and_mask(nan_x, nan_y));
  const auto nan_wins = b.and_mask(nan_y, b.not_mask(nan_x));
  const auto earlier = b.and_mask(tie, b.lt(y.second, x.second));
  return b.or_mask(b.or_mask(nan_wins, earlier), b.and_mask(better, b.not_mask(nan_x)));
}

/// The same of a y that is known to stand behind x: only a better one, or the first NaN, takes the place.
template <class B, class V>
auto takes_place_behind(B& b, Monoid m, V x, V y) {
  const auto stays = m == Monoid::argmin ? b.le(x, y) : b.ge(x, y);
  return b.and_mask(b.not_mask(stays), b.eq(x, x));
}

}  // namespace rg::ops
