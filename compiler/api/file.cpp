#include "compiler/api/file.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "compiler/support/diagnostic.h"

namespace rg::api {

Result<std::string> read_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return Failure{path + " is a directory", Code::file_unreadable};
  if (path.empty()) return Failure{"the name of a file is empty", Code::file_unreadable};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Failure{"cannot read " + path + ": " + std::strerror(errno == 0 ? ENOENT : errno), Code::file_unreadable};
  // A device may have no end.
  const std::size_t most = std::filesystem::is_regular_file(path, code) ? SIZE_MAX : std::size_t{1} << 28;
  std::string text;
  std::vector<char> part(std::size_t{1} << 16);
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())), in.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > most) return Failure{path + " has no end within 256 MiB", Code::file_unreadable};
  }
  if (in.bad()) return Failure{"cannot read " + path, Code::file_unreadable};
  return text;
}

Result<std::string> write_file(const std::string& path, const std::string& bytes) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  const bool opened = out.is_open();
  out << bytes;
  out.close();
  if (out) return path;
  const int error = errno;
  std::error_code code;
  if (opened && std::filesystem::is_regular_file(path, code)) std::filesystem::remove(path, code);
  return Failure{"cannot write " + path + (error == 0 ? "" : std::string(": ") + std::strerror(error)),
                 Code::file_unwritable};
}

}  // namespace rg::api
