// runegrad-gradbench: GradBench's tool. Reads messages from standard input, a line each, until it ends.
#include <charconv>
#include <cstring>
#include <iostream>
#include <string>

#include "bench/gradbench/session.h"
#include "compiler/support/streams.h"

namespace {

int usage() {
  std::cerr << "usage: runegrad-gradbench [--threads N]\n"
               "Speaks GradBench's protocol on standard input and output: one JSON message a line.\n";
  return 2;
}

int run(int argc, char** argv) {
  rg::gradbench::SessionOptions options;
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) {
    const char* end = argv[2] + std::strlen(argv[2]);
    const auto [at, error] = std::from_chars(argv[2], end, options.threads);
    if (error != std::errc() || at != end || options.threads < 1) return usage();
  } else if (argc != 1) {
    return usage();
  }
  std::ios::sync_with_stdio(false);
  rg::gradbench::Session session(options);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    std::cout << session.answer(line) << '\n' << std::flush;
    if (!std::cout) break;  // nobody reads any more
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return rg::with_checked_output([&] { return run(argc, argv); });
}
