#include "compiler/ir/type.h"

namespace rg::ir {

namespace {
constexpr std::array<std::string_view, 5> kNames{"f32", "f64", "i32", "i64", "bool"};
}

std::string_view name(Elem elem) { return kNames[static_cast<std::size_t>(elem)]; }

std::span<const std::string_view> names_of(Elem) { return kNames; }

std::optional<Elem> elem_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Elem>(i);
  }
  return std::nullopt;
}

std::string Type::str(std::span<const std::string> size_names) const {
  std::string out(name(elem));
  if (dims.empty()) return out;
  for (std::size_t i = 0; i < dims.size(); ++i) out += (i == 0 ? "[" : ", ") + dims[i].str(size_names);
  return out + "]";
}

Type Type::substitute(std::span<const Dim> sizes) const {
  Type r{elem, {}};
  for (const Dim& d : dims) r.dims.push_back(d.substitute(sizes));
  return r;
}

Dim Type::count() const {
  Dim n = 1;
  for (const Dim& d : dims) n = n * d;
  return n;
}

}  // namespace rg::ir
