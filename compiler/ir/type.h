// Element types and tensor types.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/dim.h"

namespace rg::ir {

enum class Elem : std::uint8_t { f32, f64, i32, i64, boolean };

/// "f32", "f64", "i32", "i64", "bool".
std::string_view name(Elem elem);
std::optional<Elem> elem_named(std::string_view name);
/// All names, by value.
std::span<const std::string_view> names_of(Elem);
constexpr bool is_float(Elem e) { return e == Elem::f32 || e == Elem::f64; }
constexpr bool is_integer(Elem e) { return e == Elem::i32 || e == Elem::i64; }
/// Bytes of one element in memory (a bool takes one).
constexpr int byte_size(Elem e) {
  constexpr std::array<int, 5> bytes{4, 8, 4, 8, 1};
  return bytes[static_cast<std::size_t>(e)];
}

/// A tensor's element type and extents, outermost first (row-major). A scalar has no dims.
struct Type {
  Elem elem = Elem::f64;
  std::vector<Dim> dims = {};

  std::size_t rank() const { return dims.size(); }
  bool is_scalar() const { return dims.empty(); }
  bool operator==(const Type&) const = default;
  /// "f32[n, 2*m]", a scalar as "f32".
  std::string str(std::span<const std::string> size_names) const;
  Type substitute(std::span<const Dim> sizes) const;
  /// The product of the extents.
  Dim count() const;
};

}  // namespace rg::ir
