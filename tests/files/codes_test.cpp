// Every diagnostic has a file test that shows it, and each of those belongs to a diagnostic.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "compiler/support/diagnostic.h"

namespace fs = std::filesystem;

namespace {

const fs::path kFolder = std::string(RG_SOURCE_DIR) + "/tests/files/diagnostics";

/// Whether a line of the file is the head of a diagnostic with that code.
bool shows(const fs::path& file, const std::string& code) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("error[" + code + "]: ") || line.starts_with("warning[" + code + "]: ")) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every diagnostic is shown by the file test of its name") {
  std::set<std::string> names;
  for (const rg::CodeInfo& info : rg::all_codes()) {
    const std::string code = rg::code_string(info.code);
    names.insert(code + ".test");
    INFO(code, " (", info.title, ")");
    CHECK(shows(kFolder / (code + ".test"), code));
  }
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    INFO("no diagnostic has the code of ", entry.path().filename().string());
    CHECK(names.contains(entry.path().filename().string()));
  }
}
