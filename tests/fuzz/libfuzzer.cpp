// libFuzzer's entry: the target is named by RG_FUZZ_TARGET, a folder with seeds is given on the command line.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const rg::fuzz::Target* const target = [] {
    const char* name = std::getenv("RG_FUZZ_TARGET");
    for (const rg::fuzz::Target& t : rg::fuzz::targets()) {
      if (name != nullptr && t.name == name) return &t;
    }
    std::fputs("RG_FUZZ_TARGET names none of the targets\n", stderr);
    std::exit(2);
  }();
  try {
    target->run(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    std::abort();
  }
  return 0;
}
