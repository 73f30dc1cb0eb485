// A set of ids for walks over shared graphs: membership and insertion only, without an allocation an element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/support/ids.h"

namespace rg {

/// Open addressing, at most half full. Holds valid ids only.
template <class IdType>
class IdSet {
 public:
  /// Whether the id was not in the set.
  bool insert(IdType id) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    std::size_t at = place(id.index);
    if (slots_[at] == id.index) return false;
    slots_[at] = id.index;
    ++count_;
    return true;
  }
  bool contains(IdType id) const { return !slots_.empty() && slots_[place(id.index)] == id.index; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;

  /// The slot of an index, or the free one where it would go.
  std::size_t place(std::uint32_t index) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (index * 0x9E3779B1U) >> 7 & mask;
    while (slots_[at] != kFree && slots_[at] != index) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<std::uint32_t> before = std::exchange(slots_, {});
    slots_.assign(before.empty() ? 32 : 2 * before.size(), kFree);
    for (const std::uint32_t index : before) {
      if (index != kFree) slots_[place(index)] = index;
    }
  }

  std::vector<std::uint32_t> slots_;
  std::size_t count_ = 0;
};

}  // namespace rg
