#include "compiler/support/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <system_error>

namespace rg {

namespace {

// A descriptor that the caller has closed would be the next file's that is opened: here it refuses what is written.
void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  }
}

// Whether all of a stream has been written; `error` gets the reason where not.
bool written(std::FILE* stream, int& error) {
  errno = 0;
  const bool flushed = std::fflush(stream) == 0;
  if (!flushed && errno != 0) error = errno;
  return flushed && std::ferror(stream) == 0;
}

}  // namespace

int with_checked_output(const std::function<int()>& body) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  int code = 0, error = 0;
  try {
    code = body();
  } catch (const std::system_error& e) {  // fmt's, of a print that failed
    if (std::ferror(stdout) == 0 && std::ferror(stderr) == 0) throw;
    error = e.code().value();
  }
  const bool out = written(stdout, error) && std::cout.flush().good(), err = written(stderr, error);
  if (out && err) return code;
  if (!out)
    std::fprintf(stderr, "error: cannot write to standard output%s%s\n", error == 0 ? "" : ": ",
                 error == 0 ? "" : std::strerror(error));
  return code == 0 || error != 0 ? 1 : code;
}

}  // namespace rg
