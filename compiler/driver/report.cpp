#include "compiler/driver/report.h"

#include <fmt/format.h>

namespace rg::driver {

int fail(const std::string& message) {
  fmt::print(stderr, "error: {}\n", message);
  return 1;
}

int fail(const api::Unit& unit, bool color) {
  fmt::print(stderr, "{}", unit.rendered(color));
  return 1;
}

int fail(const Failure& failure, const api::Unit& unit, bool color) {
  return failure.message.empty() ? fail(unit, color) : fail(failure.message);
}

bool load(api::Unit& unit, const std::string& file, const std::string& text, bool color) {
  if (unit.load(file, text)) return true;
  fail(unit, color);
  return false;
}

bool load(api::Unit& unit, const std::string& file, bool color) {
  const auto text = api::read_file(file);
  if (text) return load(unit, file, *text, color);
  fail(text.error());
  return false;
}

}  // namespace rg::driver
