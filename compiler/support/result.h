// A value or the reason why there is none.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace rg {

enum class Code : std::uint16_t;  // diagnostic.h

/// Why there is no value. What a user can cause has a code; one without is a fault of ours.
struct Failure {
  std::string message;
  Code code{};
  std::string hint = {};
};

/// Either a T or a message for the user. Test before use.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}            // NOLINT: a value is a result
  Result(Failure failure) : state_(std::move(failure)) {}  // NOLINT
  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }
  const Failure& failure() const { return std::get<Failure>(state_); }
  const std::string& error() const { return failure().message; }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace rg
