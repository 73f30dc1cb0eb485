// Index types that do not mix: an id of one kind is not accepted where another kind is expected.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace rg {

/// An index into one kind of table; `Tag` tells the kinds apart. The default value is invalid.
template <class Tag>
struct Id {
  std::uint32_t index = UINT32_MAX;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t i) : index(static_cast<std::uint32_t>(i)) {}
  constexpr bool valid() const { return index != UINT32_MAX; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace rg

template <class Tag>
struct std::hash<rg::Id<Tag>> {
  std::size_t operator()(rg::Id<Tag> id) const noexcept { return std::hash<std::uint32_t>{}(id.index); }
};
