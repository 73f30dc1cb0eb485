// What assertions before the place that is being planned have made certain: which integers are valid subscripts.
#pragma once

#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include "compiler/ir/module.h"

namespace rg::plan {

class Facts {
 public:
  explicit Facts(const ir::Function& function) : function_(function) {}
  /// From here on the condition is true (every element of it), until `forget` to the mark.
  void assume(ir::ValueId condition);
  std::size_t mark() const { return order_.size(); }
  void forget(std::size_t mark);
  /// Whether 0 <= v < extent is known of every element of the integers v, where there is something along each of the
  /// axes `around`.
  bool valid_subscript(ir::ValueId v, const ir::Dim& extent, std::span<const ir::Dim> around = {}) const;

 private:
  // low: 0 <= v; else v < extent. Unless one of `empty` is 0.
  struct Condition {
    bool low = false;
    ir::Dim extent;
    std::vector<ir::Dim> empty;
  };
  const ir::Function& function_;
  std::unordered_map<ir::ValueId, std::vector<Condition>> conditions_;  // of each v
  std::vector<ir::ValueId> order_;                                      // in which they were added
};

}  // namespace rg::plan
