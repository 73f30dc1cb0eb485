// Derivatives checked a second way: forward mode along random directions, which shares no rule of the reverse sweep's
// order, tapes or sums with the result that it checks.
#pragma once

#include <string>
#include <vector>

#include "bench/gradbench/evals.h"

namespace rg::gradbench {

struct Agreement {
  int directions = 0;
  /// Of the derivative along a direction by both ways, relative to the root of the sum of the squared terms that the
  /// derivative's own is the sum of; absolute where all of them are 0. Infinity for NaN.
  double largest = 0;
  bool all_zero = true;  ///< by both ways along every direction: this says little
  std::string failure;   ///< why nothing was compared; empty otherwise
};

/// An eval's function in forward mode, compiled once for all sizes.
class ForwardMode {
 public:
  explicit ForwardMode(const Eval& eval);

  /// Compares `derivative`, the results of the eval's second function at `arguments`, along up to `directions` random
  /// ones; no further one is begun after `seconds`.
  Agreement compare(const Arguments& arguments, const std::vector<Array>& derivative, int directions, double seconds,
                    runegrad::Context* context);

 private:
  struct Rule;
  static const Rule& rule_of(std::string_view eval);
  std::vector<Array> along(std::size_t function, const Arguments& arguments, const std::vector<const Array*>& tangents,
                           runegrad::Context* context) const;

  const Rule& rule_;
  std::vector<runegrad::Function> functions_;
  std::string failure_;
};

}  // namespace rg::gradbench
