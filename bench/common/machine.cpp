#include "bench/common/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

namespace rg::bench {

namespace {

constexpr std::array kNotable = {"avx2",        "fma",         "avx512f",  "avx512dq", "avx512vl", "avx512_bf16",
                                 "avx512_fp16", "avx512_vnni", "amx_bf16", "amx_tile", "asimd",    "sve"};

std::vector<std::string> notable_features(const std::string& cpuinfo) {
  std::string flags = cpuinfo_field(cpuinfo, "flags");
  if (flags.empty()) flags = cpuinfo_field(cpuinfo, "Features");
  std::istringstream words(flags);
  std::vector<std::string> found;
  for (std::string word; words >> word;)
    if (std::find(kNotable.begin(), kNotable.end(), word) != kNotable.end()) found.push_back(word);
  return found;
}

std::size_t cache_bytes([[maybe_unused]] int level) {
#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
  const long bytes = sysconf(level == 2 ? _SC_LEVEL2_CACHE_SIZE : _SC_LEVEL3_CACHE_SIZE);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
#else
  return 0;
#endif
}

}  // namespace

std::string cpuinfo_field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto key_end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (key_end == std::string::npos || line.substr(0, key_end + 1) != key) continue;
    const auto value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

int usable_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

bool hold_to_cores([[maybe_unused]] int count) {
#ifdef __linux__
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return false;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int core = 0, taken = 0; core < CPU_SETSIZE && taken < count; ++core) {
    if (!CPU_ISSET(core, &usable)) continue;
    CPU_SET(core, &chosen);
    ++taken;
  }
  return CPU_COUNT(&chosen) == count && sched_setaffinity(0, sizeof chosen, &chosen) == 0;
#else
  return false;
#endif
}

Machine describe_machine(int threads) {
  std::ifstream file("/proc/cpuinfo");
  std::stringstream text;
  text << file.rdbuf();
  Machine machine;
  machine.cpu = cpuinfo_field(text.str(), "model name");
  machine.features = notable_features(text.str());
  machine.cores = usable_cores();
  machine.threads = threads;
  machine.l2_bytes = cache_bytes(2);
  machine.l3_bytes = cache_bytes(3);
  utsname names{};
  if (uname(&names) == 0) machine.system = std::string(names.sysname) + " " + names.release + " " + names.machine;
  if (machine.cpu.empty()) machine.cpu = names.machine;
  return machine;
}

}  // namespace rg::bench
