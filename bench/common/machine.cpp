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

// From the first core's description; hypervisors make sysconf's answer wrong more often than this one.
std::size_t cache_bytes(int level) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    int this_level = 0;
    std::string size;
    std::ifstream(folder + "level") >> this_level;
    std::ifstream(folder + "size") >> size;
    if (this_level == level) return parse_cache_size(size);
  }
  return 0;
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

std::size_t parse_cache_size(const std::string& text) {
  std::istringstream in(text);
  std::size_t number = 0;
  char unit = ' ';
  if (!(in >> number)) return 0;
  in >> unit;
  return number << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0);
}

std::vector<int> usable_cores() {
  std::vector<int> cores;
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.push_back(core);
#endif
  if (cores.empty())
    for (unsigned core = 0; core < std::max(1U, std::thread::hardware_concurrency()); ++core) cores.push_back(core);
  return cores;
}

bool hold_to([[maybe_unused]] const std::vector<int>& cores) {
#ifdef __linux__
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (const int core : cores) CPU_SET(core, &chosen);
  return sched_setaffinity(0, sizeof chosen, &chosen) == 0;
#else
  return false;
#endif
}

bool hold_to_cores(int count) {
  std::vector<int> cores = usable_cores();
  if (count < 1 || count > static_cast<int>(cores.size())) return false;
  cores.resize(count);
  return hold_to(cores);
}

Machine describe_machine(int threads) {
  std::ifstream file("/proc/cpuinfo");
  std::stringstream text;
  text << file.rdbuf();
  Machine machine;
  machine.cpu = cpuinfo_field(text.str(), "model name");
  machine.features = notable_features(text.str());
  machine.cores = static_cast<int>(usable_cores().size());
  machine.threads = threads;
  machine.l2_bytes = cache_bytes(2);
  machine.l3_bytes = cache_bytes(3);
  utsname names{};
  if (uname(&names) == 0) machine.system = std::string(names.sysname) + " " + names.release + " " + names.machine;
  if (machine.cpu.empty()) machine.cpu = names.machine;
  return machine;
}

}  // namespace rg::bench
