#include "compiler/api/file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/support/diagnostic.h"

namespace rg::api {

Result<std::string> read_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return Failure{path + " is a directory", Code::file_unreadable};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Failure{"cannot read " + path + ": " + std::strerror(errno == 0 ? ENOENT : errno), Code::file_unreadable};
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return Failure{"cannot read " + path, Code::file_unreadable};
  return text.str();
}

}  // namespace rg::api
