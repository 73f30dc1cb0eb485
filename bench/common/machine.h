// What the measurements ran on, and holding the process to a number of cores.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace rg::bench {

struct Machine {
  std::string cpu;                    ///< model name as the system gives it
  int cores = 0;                      ///< cores that this process may use
  int threads = 0;                    ///< cores that the measurements are held to
  std::vector<std::string> features;  ///< vector and matrix extensions, as the system names them
  std::string system;                 ///< kernel name, release and architecture
  std::size_t l2_bytes = 0;           ///< one core's; 0 where unknown
  std::size_t l3_bytes = 0;           ///< shared; 0 where unknown
};

/// Describes this machine; `threads` is copied.
Machine describe_machine(int threads);

/// The value of the first line `key : value` of a text in the form of /proc/cpuinfo; empty where there is none.
std::string cpuinfo_field(const std::string& text, const std::string& key);

/// Bytes from a size in the form of sysfs: "1024K", "32M" or a plain number; 0 for other text.
std::size_t parse_cache_size(const std::string& text);

/// The system's numbers of the cores that the calling thread may run on; at least one.
std::vector<int> usable_cores();

/// Binds the calling thread, and the threads and processes it starts from then on, to these cores. False where the
/// system refuses or has no such call.
bool hold_to(const std::vector<int>& cores);

/// hold_to the first `count` of the usable cores. False also where there are fewer.
bool hold_to_cores(int count);

}  // namespace rg::bench
