#include "compiler/ir/attributes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "compiler/support/internal_error.h"

namespace rg::ir {

namespace {

std::uint64_t bits_of(double v) {
  return std::isnan(v) ? std::uint64_t{0x7ff8000000000000} : std::bit_cast<std::uint64_t>(v);
}

bool same_value(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, {}, bits_of, bits_of);
}
template <class T>
bool same_value(const T& a, const T& b) {
  return a == b;
}

bool less_value(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::lexicographical_compare(a, b, {}, bits_of, bits_of);
}
bool less_value(const Symbol& a, const Symbol& b) { return a.name < b.name; }
template <class T>
bool less_value(const T& a, const T& b) {
  return a < b;
}

/// Mixes a number into a hash (the finaliser of MurmurHash3).
void mix(std::size_t& hash, std::uint64_t v) {
  v += hash * 0x9e3779b97f4a7c15U + 1;
  v = (v ^ (v >> 33)) * 0xff51afd7ed558ccdU;
  v = (v ^ (v >> 33)) * 0xc4ceb9fe1a85ec53U;
  hash = static_cast<std::size_t>(v ^ (v >> 33));
}

void mix_value(std::size_t& hash, double v) { mix(hash, bits_of(v)); }
void mix_value(std::size_t& hash, bool v) { mix(hash, v ? 1 : 0); }
void mix_value(std::size_t& hash, std::int64_t v) { mix(hash, static_cast<std::uint64_t>(v)); }
void mix_value(std::size_t& hash, std::size_t v) { mix(hash, v); }
void mix_value(std::size_t& hash, const std::string& v) { mix(hash, std::hash<std::string>{}(v)); }
void mix_value(std::size_t& hash, const Symbol& v) { mix_value(hash, v.name); }
void mix_value(std::size_t& hash, const Dim& v) { mix(hash, v.hash()); }
template <class T>
void mix_value(std::size_t& hash, const std::vector<T>& v) {
  mix(hash, v.size());
  for (const auto& x : v) mix_value(hash, x);
}

}  // namespace

bool same_field(const FieldRef& a, const FieldRef& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<class T>(const T& x) {
        const T& y = std::get<T>(b);
        if constexpr (std::is_same_v<T, WordRef>)
          return *x.at == *y.at;
        else
          return same_value(*x, *y);
      },
      a);
}

void Attributes::expect(const AttrsType& type) const {
  if (type_ != &type) internal_error("an instruction has the attributes of another op");
}

void Attributes::each(const Visit& f) const {
  if (type_ == nullptr) return;
  const auto refs = type_->fields(const_cast<void*>(value_.get()));
  for (std::size_t k = 0; k < refs.size(); ++k) f(type_->names[k], refs[k]);
}

void Attributes::edit(const Visit& f) {
  if (type_ == nullptr) return;
  std::shared_ptr<void> own = type_->copy(value_.get());
  const auto refs = type_->fields(own.get());
  for (std::size_t k = 0; k < refs.size(); ++k) f(type_->names[k], refs[k]);
  value_ = std::move(own);
}

Attributes Attributes::with_dims(const std::function<Dim(const Dim&)>& f) const {
  Attributes out = *this;
  if (type_ == nullptr || !type_->has_dims) return out;
  out.edit([&](std::string_view, const FieldRef& field) {
    if (Dim* const* one = std::get_if<Dim*>(&field)) **one = f(**one);
    if (std::vector<Dim>* const* list = std::get_if<std::vector<Dim>*>(&field)) {
      for (Dim& d : **list) d = f(d);
    }
  });
  return out;
}

std::vector<Dim> Attributes::dims() const {
  std::vector<Dim> out;
  if (type_ == nullptr || !type_->has_dims) return out;
  each([&](std::string_view, const FieldRef& field) {
    if (Dim* const* one = std::get_if<Dim*>(&field)) out.push_back(**one);
    if (std::vector<Dim>* const* list = std::get_if<std::vector<Dim>*>(&field))
      out.insert(out.end(), (*list)->begin(), (*list)->end());
  });
  return out;
}

bool Attributes::operator==(const Attributes& other) const {
  if (value_ == other.value_ && type_ == other.type_) return true;
  if (type_ == nullptr || type_ != other.type_) return false;
  const auto a = type_->fields(const_cast<void*>(value_.get()));
  const auto b = type_->fields(const_cast<void*>(other.value_.get()));
  return std::ranges::equal(a, b, same_field);
}

bool Attributes::operator<(const Attributes& other) const {
  if (type_ != other.type_) return std::less<>()(type_, other.type_);
  if (type_ == nullptr || value_ == other.value_) return false;
  const auto a = type_->fields(const_cast<void*>(value_.get()));
  const auto b = type_->fields(const_cast<void*>(other.value_.get()));
  const auto less = [](const FieldRef& x, const FieldRef& y) {
    return std::visit(
        [&]<class T>(const T& v) {
          const T& w = std::get<T>(y);
          if constexpr (std::is_same_v<T, WordRef>)
            return *v.at < *w.at;
          else
            return less_value(*v, *w);
        },
        x);
  };
  return std::ranges::lexicographical_compare(a, b, less);
}

std::size_t Attributes::hash() const {
  std::size_t h = 0;
  each([&](std::string_view, const FieldRef& field) {
    std::visit(
        [&]<class T>(const T& x) {
          if constexpr (std::is_same_v<T, WordRef>)
            mix(h, *x.at);
          else
            mix_value(h, *x);
        },
        field);
  });
  return h;
}

Attributes initial_attributes(const AttrsType& type) {
  Attributes out;
  if (type.names.empty()) return out;
  out.type_ = &type;
  out.value_ = type.copy(type.initial);
  return out;
}

}  // namespace rg::ir
