// Attributes: what an instruction is besides its operands and regions. Each op declares a struct of its own with a list
// of its fields (ops/op.h); here is the value that an instruction holds, and what is made of the list of fields:
// comparison, hashing, substitution of sizes, the text form (code/text.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/ir/type.h"

namespace rg::ir {

/// A field of the attributes `Owner`: its name in the text form, and where it is.
template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::* member;
};
template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::string_view name, Member Owner::* member) {
  return {name, member};
}

/// What an op without attributes has. An op's own struct is an aggregate with such a list, its defaults in the members'
/// initialisers: `struct Attrs { std::int64_t axis = 0; static constexpr std::tuple fields{field("axis",
/// &Attrs::axis)}; }`.
struct NoAttrs {
  static constexpr std::tuple<> fields{};
};
template <class A>
concept AttrsStruct = requires { std::tuple_size<std::remove_cvref_t<decltype(A::fields)>>::value; };

/// The name of a function of the module.
struct Symbol {
  std::string name;
  bool operator==(const Symbol&) const = default;
};

using Integers = std::vector<std::int64_t>;

/// An attribute of an enumeration type E (of std::uint8_t), which has `names_of(E)`: the words of the text form.
struct WordRef {
  std::uint8_t* at;
  std::span<const std::string_view> names;
};

/// A field of any type that a field may have. What it points to is read only where the attributes are.
using FieldRef = std::variant<bool*, std::int64_t*, std::size_t*, Dim*, std::string*, Symbol*, WordRef, Integers*,
                              std::vector<Dim>*, std::vector<Integers>*, std::vector<double>*>;

/// What is known of an op's struct without naming it; one constant a struct.
struct AttrsType {
  std::span<const std::string_view> names;  // of the fields, in order
  bool has_dims;                            // some field holds extents
  const void* initial;                      // the struct as it is made
  std::shared_ptr<void> (*copy)(const void*);
  std::vector<FieldRef> (*fields)(void*);
};

namespace detail {

template <class M>
FieldRef field_ref(M& member) {
  if constexpr (std::is_enum_v<M>) {
    static_assert(sizeof(M) == 1);
    return WordRef{reinterpret_cast<std::uint8_t*>(&member), names_of(M{})};
  } else {
    return &member;
  }
}

template <class A>
constexpr bool holds_dims = std::apply(
    []<class... F>(const F&...) {
      constexpr auto dims = []<class O, class M>(const Field<O, M>*) {
        return std::is_same_v<M, Dim> || std::is_same_v<M, std::vector<Dim>>;
      };
      return (dims(static_cast<const F*>(nullptr)) || ... || false);
    },
    A::fields);

template <class A>
struct TypeOf {
  static constexpr std::size_t count = std::tuple_size_v<std::remove_cvref_t<decltype(A::fields)>>;
  static constexpr std::array<std::string_view, count> names =
      std::apply([](const auto&... f) { return std::array<std::string_view, count>{f.name...}; }, A::fields);
  static std::vector<FieldRef> fields(void* value) {
    A& a = *static_cast<A*>(value);
    return std::apply([&](const auto&... f) { return std::vector<FieldRef>{field_ref(a.*f.member)...}; }, A::fields);
  }
  static const AttrsType& get() {
    static const A initial{};
    static const AttrsType type{
        names, holds_dims<A>, &initial,
        [](const void* from) -> std::shared_ptr<void> { return std::make_shared<A>(*static_cast<const A*>(from)); },
        fields};
    return type;
  }
};

}  // namespace detail

template <AttrsStruct A>
const AttrsType& attrs_type() {
  return detail::TypeOf<A>::get();
}

/// Attributes of some op: a value of its struct, shared between copies and never changed in place. An empty one stands
/// for every struct as it is made.
class Attributes {
 public:
  Attributes() = default;
  template <class A>
    requires AttrsStruct<A>
  Attributes(A attrs) {  // NOLINT(google-explicit-constructor): an op's struct is attributes
    if constexpr (!std::is_same_v<A, NoAttrs>) {
      type_ = &attrs_type<A>();
      value_ = std::make_shared<A>(std::move(attrs));
    }
  }

  /// The struct; another one's is an internal error.
  template <AttrsStruct A>
  const A& as() const {
    if (type_ == nullptr) return *static_cast<const A*>(attrs_type<A>().initial);
    expect(attrs_type<A>());
    return *static_cast<const A*>(value_.get());
  }
  template <AttrsStruct A>
  const A* get_if() const {
    return type_ == &attrs_type<A>() ? static_cast<const A*>(value_.get()) : nullptr;
  }
  bool empty() const { return type_ == nullptr; }
  /// The type of the struct, null of empty ones.
  const AttrsType* type() const { return type_; }

  using Visit = std::function<void(std::string_view name, const FieldRef& field)>;
  /// Calls f with each field, to be read.
  void each(const Visit& f) const;
  /// With fields that f may write: this value only is changed.
  void edit(const Visit& f);
  /// With other extents; itself where the op has none.
  Attributes with_dims(const std::function<Dim(const Dim&)>& f) const;
  /// The extents of all fields.
  std::vector<Dim> dims() const;

  /// Equal in all fields; numbers bit by bit, NaNs are equal.
  bool operator==(const Attributes& other) const;
  std::size_t hash() const;
  /// Any total order, for use as a key.
  bool operator<(const Attributes& other) const;

 private:
  friend Attributes initial_attributes(const AttrsType& type);
  void expect(const AttrsType& type) const;

  const AttrsType* type_ = nullptr;
  std::shared_ptr<const void> value_;
};

/// A struct as it is made.
Attributes initial_attributes(const AttrsType& type);
/// Whether two fields of the same type have the same value.
bool same_field(const FieldRef& a, const FieldRef& b);

}  // namespace rg::ir
