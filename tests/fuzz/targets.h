// What is fed with inputs that may be anything. A target returns, or throws: what it throws, a signal or a hang is a
// fault of ours.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rg::fuzz {

struct Target {
  std::string_view name;   // also the folder of its seeds in tests/fuzz/seeds
  std::string_view about;  // what reads the input
  void (*run)(const std::string& input);
};

std::span<const Target> targets();

}  // namespace rg::fuzz
