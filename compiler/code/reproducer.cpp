#include "compiler/code/reproducer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace rg::ir {

std::string save_reproducer(std::string_view function, std::string_view phase, const std::string& text) {
  std::string name = fmt::format("{}.{}.ir", function, phase);
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_'; }, '_');
  std::error_code code;
  const auto path = std::filesystem::temp_directory_path(code) / name;
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  return out ? fmt::format("\nThe IR before that is in {}", path.string()) : std::string();
}

void rethrow_reproducible(const InternalError& error, std::string_view function, std::string_view phase,
                          const std::function<std::string()>& text) {
  if (error.reproducible) throw error;
  InternalError located(fmt::format("in {}: {}{}", phase, error.what(), save_reproducer(function, phase, text())));
  located.reproducible = true;
  throw located;
}

}  // namespace rg::ir
