#include "compiler/driver/report.h"

#include <fmt/format.h>

#include "compiler/support/internal_error.h"

namespace rg::driver {

int fail(const Failure& failure, bool color) {
  if (failure.code == Code{}) internal_error(failure.message);
  fmt::print(stderr, "{}", render(failure, {.color = color}));
  return 1;
}

int fail(const api::Unit& unit, bool color) {
  fmt::print(stderr, "{}", unit.rendered(color));
  return 1;
}

int fail(const Failure& failure, const api::Unit& unit, bool color) {
  return failure.message.empty() ? fail(unit, color) : fail(failure, color);
}

bool load(api::Unit& unit, const std::string& file, const std::string& text, bool color) {
  const bool good = unit.load(file, text);
  fmt::print(stderr, "{}", unit.rendered(color));  // warnings too
  return good;
}

bool load(api::Unit& unit, const std::string& file, bool color) {
  const auto text = api::read_file(file);
  if (text) return load(unit, file, *text, color);
  fail(text.failure(), color);
  return false;
}

}  // namespace rg::driver
